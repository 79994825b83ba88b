"""N-EVENT-REPORT of storage commitment, PS3.4 J.3.3, as its SCP: what it says, and one call.

Law: only the configured address of a peer is ever called (A3), and only what is on the disk is
told.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from archive.commitments import Damaged, Transaction
from config import contexts
from config.peers import Peer
from scu import references, statuses
from scu.associate import Caller, Target, associate
from scu.references import ALL_COMMITTED, FAILURES_EXIST, INSTANCE, MODEL, Information, Reference
from wire.association import Association
from wire.command import Command, Field
from wire.errors import NoContext
from wire.handshake import Secure
from wire.negotiation import Context

if TYPE_CHECKING:
    from scp.exchange import House

_log = logging.getLogger("anode.commitment")
SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")


def report(
    house: House, association: Association, context: Context, transaction: Transaction
) -> tuple[Command, bytes]:
    """The request that tells a result, read from the disk; raises ArchiveError."""
    found = [Reference(*each) for each in house.commitments.results(transaction)]
    failed = [each for each in found if each.reason]
    done = [each for each in found if not each.reason]
    command = Command(
        command_field=Field.N_EVENT_REPORT,
        affected_sop_class_uid=MODEL,
        affected_sop_instance_uid=INSTANCE,
        message_id=association.next_message_id(),
        event_type_id=FAILURES_EXIST if failed else ALL_COMMITTED,
        command_data_set_type=1,
    )
    title = transaction.called if done else ""
    told = Information(transaction.uid, done, failed, retrieve_ae_title=title)
    return command, references.encode(told, context.transfer_syntax)


def answered(house: House, transaction: Transaction, status: int | None) -> None:
    """The requestor has heard the result, whatever it says of it. Raises ArchiveError."""
    house.commitments.end(transaction, "reported")
    if statuses.category(status) == statuses.SUCCESS:
        _log.info("%s: reported", transaction)
    else:
        said = statuses.describe(status, "commit")
        _log.warning("%s: the report was answered %s; it is not repeated", transaction, said)


def lost(house: House, transaction: Transaction, error: Damaged) -> None:
    """Its file cannot be read: a person has to look at it. Raises ArchiveError."""
    _log.error("%s: %s; it is set aside", transaction, error)
    house.commitments.set_aside(transaction)


def callable_peer(house: House, requestor: str) -> Peer | None:
    """Who is to be called for this requestor; None when it has no address of its own."""
    peer = house.settings.peer_named(requestor)
    return peer if peer is not None and peer.port is not None else None


class Calls:
    """Associations of ours that are open, so that they can be ended when the node stops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._over = False

    @contextmanager
    def begun(self, secure: Secure | None) -> Iterator[Secure]:
        """Make connections with this, and they are known for as long."""
        made: list[socket.socket] = []

        def note(sock: socket.socket) -> socket.socket:
            made.append(secure(sock) if secure else sock)
            with self._lock:
                if self._over:
                    raise OSError("the node stops")
                self._open.update(made)
            return made[-1]

        try:
            yield note
        finally:
            with self._lock:
                self._open.difference_update(made)

    def hang_up(self) -> None:
        """End them all; none comes about any more."""
        with self._lock:
            self._over = True
            for sock in self._open:
                with suppress(OSError):
                    # Not the method of a TLS socket, which would leave its thread without TLS.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)


def told(house: House, transactions: Sequence[Transaction], calls: Calls) -> Iterator[Transaction]:
    """Those of one requestor that are over, as they are. Raises WireError, ArchiveError.

    All called us by the same name: a report comes from who was asked.
    """
    settings = house.settings
    requestor, called = transactions[0].requestor, transactions[0].called
    peer = callable_peer(house, requestor)
    if peer is None:
        return
    title = called if called in settings.ae_titles else settings.node.ae_title
    caller, roles = Caller(title, settings.limits), {MODEL: (False, True)}
    with calls.begun(contexts.secure(house.calling, peer)) as secure:
        target = Target(peer.ae_title, peer.host, peer.port or 0, secure)
        with associate(target, caller, [(MODEL, SYNTAXES)], roles) as association:
            # Many who take reports leave the role selection unanswered: the context is what counts.
            context = next(iter(association.contexts.values()), None)
            if context is None:
                raise NoContext(f"{target} takes no reports of storage commitment")
            for each in transactions:
                _tell(house, association, context, each)
                yield each


def _tell(
    house: House, association: Association, context: Context, transaction: Transaction
) -> None:
    """Report one, and hear the answer. Raises Ended, ArchiveError."""
    try:
        request, data = report(house, association, context, transaction)
    except Damaged as error:
        lost(house, transaction, error)
        return
    association.send(context, request, data)
    answer = association.response(request)
    answer.drain(house.settings.limits.identifier_bytes)
    answered(house, transaction, answer.command.status)
