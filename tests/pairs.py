"""Both ends of an association for tests: in memory, over a socket pair, and over loopback."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from config.limits import Limits
from wire import command as commands
from wire import establish, negotiation
from wire.association import Association
from wire.command import Command, Field
from wire.core import Core, Data, Indication
from wire.items import ProposedContext, Request
from wire.negotiation import Acceptance, Context, Decision, Offer
from wire.states import Event, Role

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
LIMITS = Limits()
BRISK = Limits(
    request_seconds=0.05,
    pdu_seconds=0.05,
    idle_seconds=0.05,
    response_seconds=0.05,
    connect_seconds=5.0,
)
PATIENCE = 30.0
"""No wait in a test is longer; one that is has failed."""


def item(kind: int, value: bytes) -> bytes:
    """An A-ASSOCIATE item."""
    return struct.pack(">BxH", kind, len(value)) + value


def context_item(context_id: int, abstract: str = VERIFICATION, *transfer: str) -> bytes:
    syntaxes = b"".join(item(0x40, uid.encode()) for uid in transfer or (IMPLICIT,))
    return item(0x20, bytes([context_id, 0, 0, 0]) + item(0x30, abstract.encode()) + syntaxes)


USER = item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3")


def request_pdu(
    *contexts: bytes,
    user: bytes = USER,
    calling: bytes = b"SCU",
    called: bytes = b"SCP",
    application: bytes = b"1.2.840.10008.3.1.1.1",
    version: int = 1,
    more: bytes = b"",
) -> bytes:
    """An A-ASSOCIATE-RQ written by hand, so that it may be wrong."""
    titles = called.ljust(16) + calling.ljust(16) + bytes(range(32))
    body = struct.pack(">Hxx", version) + titles + item(0x10, application)
    body += b"".join(contexts or (context_item(1),)) + item(0x50, user) + more
    return struct.pack(">BxI", 1, len(body)) + body


def data_pdu(*values: tuple[int, int, bytes]) -> bytes:
    """A P-DATA-TF of (context ID, control, data) values."""
    body = b"".join(struct.pack(">IBB", len(d) + 2, cx, control) + d for cx, control, d in values)
    return struct.pack(">BxI", 4, len(body)) + body


def echo_request(message_id: int = 1) -> Command:
    return Command(Field.C_ECHO, affected_sop_class_uid=VERIFICATION, message_id=message_id)


ECHO = commands.encode(echo_request())
STORE = Command(
    Field.C_STORE,
    affected_sop_class_uid=CT,
    affected_sop_instance_uid="1.2.3",
    message_id=5,
    priority=0,
    command_data_set_type=1,
)
STORED = commands.encode(STORE)
FIND = STORE._replace(command_field=Field.C_FIND, affected_sop_instance_uid=None)


def cancel(message_id):
    raw = commands.encode(Command(Field.C_CANCEL, message_id_being_responded_to=message_id))
    return data_pdu((3, 3, raw))


def message_pdus(command, data=b"identifier"):
    return data_pdu((3, 3, commands.encode(command)), (3, 2, data))


def frozen(indication: Indication) -> Any:
    """An indication whose data outlive the receive buffer."""
    if isinstance(indication, Data):
        return [(v.context_id, v.command, v.last, bytes(v.fragment)) for v in indication.pdvs]
    return indication


def feed(core: Core, data: bytes, sizes: Sequence[int] = (1,)) -> list[Any]:
    """What `core` makes of `data` arriving in pieces of `sizes`, by turns."""
    found: list[Any] = []
    at, turn = 0, 0
    while at < len(data):
        piece = data[at : at + sizes[turn % len(sizes)]]
        turn += 1
        room = core.space()[: len(piece)]
        room[:] = piece[: len(room)]
        core.received(len(room))
        at += len(room)
        while (indication := core.indication()) is not None:
            made = frozen(indication)
            if isinstance(made, list) and found and isinstance(found[-1], list):
                found[-1] += made
            else:
                found.append(made)
    return found


def established_core(role: Role, limits: Limits = LIMITS) -> Core:
    """A core in an association."""
    core = Core(role, limits)
    if role is Role.ACCEPTOR:
        feed(core, request_pdu(), [4096])
        core.request(Event.ACCEPT)
    else:
        core.request(Event.TRANSPORT_CONFIRMED)
        feed(core, answer_pdu(), [4096])
    return core


def answer_pdu(
    pdu: bytes | None = None, offers: dict[str, Offer] | None = None, limits: Limits = LIMITS
) -> bytes:
    """The A-ASSOCIATE-AC for a request."""
    accepted = Acceptance(offers or {VERIFICATION: Offer([IMPLICIT])})
    made = negotiation.accept(pdu or request_pdu(), limits, lambda _: accepted)
    assert isinstance(made, negotiation.Negotiated)
    return made.answer


CONTEXTS = {
    1: Context(1, VERIFICATION, IMPLICIT, scu=True, scp=True),
    3: Context(3, CT, EXPLICIT, scu=True, scp=True),
}


@dataclass
class Raw:
    """The far end of a connection as bytes."""

    socket: socket.socket

    def send(self, *pdus: bytes) -> None:
        self.socket.sendall(b"".join(pdus))

    def read(self, count: int) -> bytes:
        got = bytearray()
        while len(got) < count and (piece := self.socket.recv(count - len(got))):
            got += piece
        return bytes(got)

    def pdu(self) -> bytes:
        """The next whole PDU; empty at the end."""
        head = self.read(6)
        return head + self.read(struct.unpack(">BxI", head)[1]) if head else b""

    def rest(self) -> bytes:
        """Everything up to the end, our own sending closed first."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: self.socket.recv(65536), b""))


@contextlib.contextmanager
def raw_association(
    role: Role = Role.ACCEPTOR, limits: Limits = LIMITS, *, maximum_length: int = 16384
) -> Iterator[tuple[Association, Raw]]:
    """An association of ours, its peer played as bytes."""
    near, far = socket.socketpair()
    far.settimeout(PATIENCE)
    make = establish.acceptor if role is Role.ACCEPTOR else establish.requestor
    channel = make(near, limits)
    channel.core = established_core(role, limits)
    with far:
        yield Association(channel, CONTEXTS, maximum_length=maximum_length), Raw(far)
        channel.close()


@contextlib.contextmanager
def raw_acceptor(limits: Limits = LIMITS) -> Iterator[tuple[Any, Raw]]:
    """A channel of ours that awaits a request, its peer played as bytes."""
    near, far = socket.socketpair()
    far.settimeout(PATIENCE)
    channel = establish.acceptor(near, limits)
    with far:
        yield channel, Raw(far)
        channel.close()


@contextlib.contextmanager
def serving(serve: Callable[[socket.socket], object], connections: int = 1) -> Iterator[int]:
    """A listener on a free port whose connections `serve` gets, one after the other; its errors
    come out at the end."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            for _ in range(connections):
                sock, _ = listener.accept()
                with sock:
                    serve(sock)
        except BaseException as error:  # noqa: BLE001 - it comes out below
            failures.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(2 * PATIENCE)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


def everything(request: Request) -> Decision:
    """Accept whatever is asked, as it is asked; both roles."""
    return Acceptance(
        {cx.abstract_syntax: Offer(cx.transfer_syntaxes, scu=True) for cx in request.contexts},
        extended=request.extended,
    )


def accepting(
    serve: Callable[[Association], object],
    limits: Limits = LIMITS,
    decide: Callable[[Request], Decision] = everything,
) -> Callable[[socket.socket], None]:
    """An acceptor made of `wire` alone, for `serving`."""

    def run(sock: socket.socket) -> None:
        channel = establish.acceptor(sock, limits)
        made = establish.accept(channel, lambda pdu: negotiation.accept(pdu, limits, decide))
        if isinstance(made, establish.Established):
            serve(made.association)

    return run


def echoing(association: Association) -> None:
    """Answer every request with success until the peer releases."""
    while (message := association.receive()) is not None:
        message.drain()
        association.send(message.context, message.command.response(0))


def wanted(*proposals: tuple[str, Sequence[str]], **more: Any) -> Request:
    """A request for these contexts."""
    contexts = tuple(
        ProposedContext(2 * n + 1, uid, tuple(syntaxes))
        for n, (uid, syntaxes) in enumerate(proposals or [(VERIFICATION, [IMPLICIT])])
    )
    return Request("SCU", "SCP", contexts, maximum_length=LIMITS.pdu, **more)


def calling(port: int, request: Request | None = None, limits: Limits = LIMITS) -> Association:
    """Our association with the peer on `port`."""
    return establish.request(("127.0.0.1", port), request or wanted(), limits)
