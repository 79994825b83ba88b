"""The upper layer protocol without I/O, PS3.8 9.2: bytes in, indications out, and back.

This file never touches a socket or a clock and does not know which role it plays; `wire.states`
says what may follow what. The receive buffer lives here so that data values can be handed on as
views of it: a view is good until the next call of `space`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NoReturn

from wire import framing
from wire.errors import ProtocolError
from wire.framing import HEADER, INVALID_PARAMETER, UNRECOGNISED_PDU, Pdv, Type
from wire.limits import Limits
from wire.states import ARTIM_STATES, TABLE, Event, Role, State, following

_FIRST_BUFFER = 16 * 1024
_MOST_VALUES = 4096  # in one indication, so that tiny values cannot multiply what memory holds
_TYPES = {int(t): t for t in Type}


@dataclass(frozen=True, slots=True)
class AssociationRequested:
    """A-ASSOCIATE indication; `pdu` is the whole A-ASSOCIATE-RQ."""

    pdu: bytes


@dataclass(frozen=True, slots=True)
class AssociationAccepted:
    """A-ASSOCIATE confirmation (accept); `pdu` is the whole A-ASSOCIATE-AC."""

    pdu: bytes


@dataclass(frozen=True, slots=True)
class AssociationRejected:
    """A-ASSOCIATE confirmation (reject), PS3.8 9.3.4."""

    result: int
    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class Data:
    """P-DATA indication: the values of the complete P-DATA-TFs at hand, at least one."""

    pdvs: list[Pdv]


@dataclass(frozen=True, slots=True)
class ReleaseRequested:
    """A-RELEASE indication."""


@dataclass(frozen=True, slots=True)
class Released:
    """A-RELEASE confirmation."""


@dataclass(frozen=True, slots=True)
class AbortReceived:
    """A-ABORT or A-P-ABORT indication, PS3.8 9.3.8."""

    source: int
    reason: int


Indication = (
    AssociationRequested
    | AssociationAccepted
    | AssociationRejected
    | Data
    | ReleaseRequested
    | Released
    | AbortReceived
)


class Core:
    """One association's protocol machine.

    `space`, `received` and `indication` are the way in, `request` the way out. ProtocolError means
    the peer broke PS3.8: the state is then AWAIT_CLOSE and the A-ABORT it carries is due.
    """

    def __init__(self, role: Role, limits: Limits) -> None:
        self.role: Final = role
        self.state = State.IDLE
        self._limits = limits
        self._buffer = bytearray(_FIRST_BUFFER)
        self._start = self._end = 0
        opening = Event.ASSOCIATE_REQUEST if role is Role.REQUESTOR else Event.TRANSPORT_INDICATED
        self._act(opening)

    @property
    def artim(self) -> bool:
        """Whether the ARTIM timer runs, PS3.8 9.1.5."""
        return self.state in ARTIM_STATES

    @property
    def partial(self) -> bool:
        """Whether a PDU has begun to arrive and is not complete."""
        return self._end > self._start

    @property
    def ready(self) -> bool:
        """Whether a whole PDU is at hand."""
        return self._end - self._start >= self._needed()

    @property
    def missing(self) -> int:
        """Bytes without which there is no indication; of a PDU whose header is not there, its."""
        return self._needed() - (self._end - self._start)

    def space(self) -> memoryview:
        """Room to receive into; never empty."""
        held = self._end - self._start
        need = self._needed()
        if self._start + need > len(self._buffer) or self._end == len(self._buffer):
            # A new buffer when it must grow; views handed out earlier keep the old one alive.
            size = len(self._buffer)
            target = self._buffer if need <= size else bytearray(self._capacity(need))
            target[:held] = self._buffer[self._start : self._end]
            self._buffer, self._start, self._end = target, 0, held
        return memoryview(self._buffer)[self._end :]

    def _needed(self) -> int:
        held = self._end - self._start
        if held < HEADER.size:
            return HEADER.size
        length: int = HEADER.unpack_from(self._buffer, self._start)[1]
        # A length that lies costs no memory, whether or not it has been judged yet.
        return HEADER.size + min(length, max(self._limits.pdu, self._limits.request_bytes))

    def _capacity(self, need: int) -> int:
        # Twice the largest data PDU, so that one receive can bring several.
        return max(need, 2 * (self._limits.pdu + HEADER.size)) if self._established else need

    @property
    def _established(self) -> bool:
        return self.state is State.DATA or self.state is State.RELEASING

    def received(self, count: int) -> None:
        """`count` bytes were written to the front of `space`."""
        self._end += count

    def closed(self) -> None:
        """The transport connection is gone."""
        if self.state is not State.IDLE:
            self._act(Event.TRANSPORT_CLOSED)

    def indication(self) -> Indication | None:
        """What the peer's bytes mean so far; None when more of them are needed."""
        if self.state in (State.IDLE, State.AWAIT_CLOSE):
            self._start = self._end = 0  # AA-6: nothing matters any more but the close
            return None
        pdu_type, length = self._peek()
        if pdu_type is None or self._end - self._start < HEADER.size + length:
            return None
        if pdu_type is Type.DATA:
            return self._data()
        body = bytes(memoryview(self._buffer)[self._start : self._start + HEADER.size + length])
        self._consume(HEADER.size + length)
        self._act(framing.EVENTS[pdu_type])
        return _meaning(pdu_type, body)

    def _peek(self) -> tuple[Type | None, int]:
        """Type and length of the PDU at hand; its length is judged before its body is read."""
        if self._end - self._start < HEADER.size:
            return None, 0
        code, length = HEADER.unpack_from(self._buffer, self._start)
        pdu_type = _TYPES.get(code)
        if pdu_type is None:
            self._refuse(framing.strange(code), UNRECOGNISED_PDU)
        least, most = self._bounds(pdu_type)
        if not least <= length <= most:
            what = f"a PDU of type {code} with length {length} (allowed: {least} to {most})"
            self._refuse(what, INVALID_PARAMETER)
        if self._action(framing.EVENTS[pdu_type]) in ("AA-1", "AA-8"):
            self._refuse(f"PDU type {code} is not expected in state {self.state.name}", 2)
        return pdu_type, length

    def _bounds(self, pdu_type: Type) -> tuple[int, int]:
        if pdu_type in (Type.ASSOCIATE_RQ, Type.ASSOCIATE_AC):
            return 68, self._limits.request_bytes
        if pdu_type is Type.DATA:
            return 6, self._limits.pdu
        return 4, 4

    def _data(self) -> Data:
        values: list[Pdv] = []
        view = memoryview(self._buffer)
        pdu_type: Type | None = Type.DATA
        self._act(Event.GOT_DATA)  # once for all of them: DT-2 and AR-6 stay in their state
        while pdu_type is Type.DATA and len(values) < _MOST_VALUES:
            body = self._start + HEADER.size
            length: int = HEADER.unpack_from(self._buffer, self._start)[1]
            if self._end < body + length:
                break
            try:
                found = list(framing.pdvs(view[body : body + length]))
            except ProtocolError as error:
                if values:  # what came before it is heard first
                    break
                self._refuse(str(error), error.reason)
            values += found
            self._consume(HEADER.size + length)
            pdu_type = self._following_type()
        return Data(values)

    def _following_type(self) -> Type | None:
        """The type of the next PDU if it is legal; anything else waits for its own turn."""
        if self._end - self._start < HEADER.size:
            return None
        code, length = HEADER.unpack_from(self._buffer, self._start)
        return Type.DATA if code == Type.DATA and 6 <= length <= self._limits.pdu else None

    def _consume(self, count: int) -> None:
        self._start += count
        if self._start == self._end:
            self._start = self._end = 0

    def request(self, event: Event, pdu: bytes = b"") -> bytes:
        """Carry out a request of the local user; returns the bytes to send."""
        self._act(event)
        return pdu

    def abort(self, source: int = 0, reason: int = 0) -> bytes:
        """The A-ABORT that ends this association from our side; empty when none is due."""
        if self.state in (State.IDLE, State.AWAIT_TRANSPORT):
            return b""
        self.state = State.AWAIT_CLOSE
        return framing.abort(source, reason)

    def _refuse(self, message: str, reason: int) -> NoReturn:
        """The peer's bytes are illegal: AA-8 (AA-1 before the association), PS3.8 9.2.3."""
        self.state = State.AWAIT_CLOSE
        raise ProtocolError(message, reason=reason)

    def _action(self, event: Event) -> str:
        try:
            return TABLE[event, self.state]
        except KeyError:
            raise RuntimeError(f"{event.name} in {self.state.name} is our own mistake") from None

    def _act(self, event: Event) -> None:
        self.state = following(self._action(event), self.role)


def _meaning(pdu_type: Type, pdu: bytes) -> Indication:
    match pdu_type:
        case Type.ASSOCIATE_RQ:
            return AssociationRequested(pdu)
        case Type.ASSOCIATE_AC:
            return AssociationAccepted(pdu)
        case Type.ASSOCIATE_RJ:
            return AssociationRejected(pdu[7], pdu[8], pdu[9])
        case Type.RELEASE_RQ:
            return ReleaseRequested()
        case Type.RELEASE_RP:
            return Released()
        case _:
            return AbortReceived(pdu[8], pdu[9])
