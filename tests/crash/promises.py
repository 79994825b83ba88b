"""What was promised by storage commitment, and whether it is kept over a fall. Suite C6, P3.

Law: what a report calls committed is there after any fall, whoever was told of its C-STORE. What
was accepted is reported, if need be by the next node, to the configured address. What had been
acknowledged before it was asked about is never called not committed.

The peer that takes reports at its address is pynetdicom; it and this ledger outlive every fall.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel

from scu.commit import SYNTAXES
from scu.references import INSTANCE, MODEL, REQUEST, Information, Reference, decode, encode
from tests.datasets import CT
from wire.association import Association, Message
from wire.command import RESPONSE, Command, Field

PROPOSAL = (MODEL, SYNTAXES)
TITLE = "SENDER"
MOST = 1 << 20  # bytes of a report
UNNAMED = -1

TABLES = """
[access]
unknown_peers = ["echo", "store", "find", "get"]
[[peer]]
ae_title = "{title}"
host = "127.0.0.1"
port = {port}
may = ["echo", "store", "commit"]
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """The objects of a transaction, and those of them that were acknowledged by then."""

    uids: tuple[str, ...]
    acknowledged: frozenset[str]


def _nobody() -> None:
    """Nobody waits for a report."""


class Promises:
    """Every transaction of one archive; any thread may use it."""

    def __init__(self) -> None:
        self.asked: dict[str, Asked] = {}
        self.accepted: set[str] = set()
        self.told: Callable[[], None] = _nobody  # called right after each report
        self._reasons: dict[str, Mapping[str, int]] = {}
        self._change = threading.Condition()

    def heard(self, transaction: str, reasons: Mapping[str, int]) -> None:
        """A report has come, the first or once more; by instance, 0 is committed."""
        with self._change:
            self._reasons[transaction] = reasons
            self._change.notify_all()
        self.told()

    @property
    def committed(self) -> set[str]:
        """The instances of which a report said so."""
        told = list(self._reasons.values())
        return {uid for reasons in told for uid, reason in reasons.items() if not reason}

    def unreported(self, seconds: float) -> list[str]:
        """The transactions that were accepted, and have no report within this time."""
        with self._change:
            self._change.wait_for(lambda: self.accepted <= self._reasons.keys(), seconds)
            return sorted(self.accepted - self._reasons.keys())

    def denied(self) -> list[str]:
        """The instances that were acknowledged, and of which a report said no, or nothing."""
        return [
            uid
            for transaction, reasons in self._reasons.items()
            if transaction in self.asked
            for uid in self.asked[transaction].acknowledged
            if reasons.get(uid, UNNAMED)
        ]

    def take(self, association: Association, message: Message) -> None:
        """A message on an association of a sender, that is to be a report. Raises Ended."""
        if message.command.command_field != Field.N_EVENT_REPORT:
            raise association.violated("neither an answer nor a report")
        told = decode(message.identifier(MOST), message.context.transfer_syntax, MOST)
        association.send(message.context, message.command.response(0))
        referenced = (*told.referenced, *told.failed)
        self.heard(
            told.transaction_uid, {each.sop_instance_uid: each.reason for each in referenced}
        )


def asked(
    promises: Promises, association: Association, transaction: str, objects: Asked
) -> int | None:
    """One N-ACTION by the book: into the ledger first, and its status after. Raises Ended."""
    promises.asked[transaction] = objects
    context = association.context_for(MODEL)
    request = Command(
        command_field=Field.N_ACTION,
        requested_sop_class_uid=MODEL,
        requested_sop_instance_uid=INSTANCE,
        message_id=association.next_message_id(),
        action_type_id=REQUEST,
        command_data_set_type=1,
    )
    wanted = Information(transaction, [Reference(CT, uid) for uid in objects.uids])
    association.send(context, request, encode(wanted, context.transfer_syntax))
    status = answer(promises, association, request).status
    if status == 0:
        promises.accepted.add(transaction)
    return status


def answer(promises: Promises, association: Association, request: Command) -> Command:
    """The response to a request; reports that overtake it are heard. Raises Ended."""
    limits = association.channel.limits
    while True:
        message = association.expect(limits.response_seconds)
        if message.command.command_field & RESPONSE:
            association.answers(message, request)
            message.drain(limits.identifier_bytes)
            return message.command
        promises.take(association, message)


def listen(promises: Promises, association: Association, seconds: float) -> None:
    """Be silent for so long, or until one report has come. Raises Ended."""
    if association.arrives(seconds) and (message := association.receive()) is not None:
        promises.take(association, message)


@contextmanager
def hearing(promises: Promises) -> Iterator[str]:
    """A peer that takes reports at an address of its own; the tables that tell a node of it."""
    ae = AE(ae_title=TITLE)
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
    ae.maximum_associations = 100

    def on_report(event: evt.Event) -> tuple[int, None]:
        told = event.event_information
        done = {one.ReferencedSOPInstanceUID: 0 for one in told.get("ReferencedSOPSequence") or []}
        failed = _failed(told.get("FailedSOPSequence") or [])
        promises.heard(str(told.TransactionUID), done | failed)
        return 0, None

    handlers = [(evt.EVT_N_EVENT_REPORT, on_report)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        yield TABLES.format(title=TITLE, port=server.socket.getsockname()[1])
    finally:
        server.shutdown()


def _failed(items: Iterable[evt.Dataset]) -> dict[str, int]:
    return {one.ReferencedSOPInstanceUID: int(one.FailureReason) for one in items}
