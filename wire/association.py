"""An established association: DIMSE messages over a channel, PS3.7 6.3 and PS3.8 7.

One thread owns it. Data set fragments are handed on as views of the receive buffer, good until the
next is asked for; identifiers and command sets are gathered under their limits.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Mapping

from wire import command as commands
from wire import core, sending
from wire.channel import Channel
from wire.command import Command, Field
from wire.errors import Aborted, Closed, Ended, ProtocolError, Unreadable
from wire.framing import INVALID_PARAMETER, Pdv
from wire.message import Message
from wire.negotiation import Context, context_for
from wire.release import grant, release
from wire.sending import FileSlice
from wire.states import State
from wire.whole import Whole

_MOST_EMPTY = 1000  # fragments in a row that carry nothing and are not the last: a loop, PS3.8 E.2


class Association:
    """Messages in and out; ends by `release`, `abort`, or an Ended exception."""

    def __init__(
        self,
        channel: Channel,
        contexts: Mapping[int, Context],
        *,
        maximum_length: int,
        extended: Mapping[str, bytes] | None = None,
        results: Mapping[str, int] | None = None,
    ) -> None:
        self.channel = channel
        self.contexts = contexts
        self.extended: Mapping[str, bytes] = extended or {}  # as answered to us, PS3.7 D.3.3.5
        self.results: Mapping[str, int] = results or {}  # by abstract syntax, PS3.8 9.3.3.2
        self.room = sending.room(maximum_length)
        self._values: deque[Pdv] = deque()
        self._cancelled: set[int | None] = set()
        self._asked: Command | None = None
        self._set_aside: Message | None = None
        self._empty = 0
        self._message_id = 0
        self._outgoing = bytearray()

    # -- receiving

    def receive(self, seconds: float | None = None) -> Message | None:
        """The peer's next message; None once it has released the association.

        C-CANCEL requests are kept for `cancelled` and never returned. Raises Ended.
        """
        if self._set_aside is not None:
            message, self._set_aside = self._set_aside, None
            return message
        return self._receive(seconds)

    def _receive(self, seconds: float | None) -> Message | None:
        self.flush()
        wait = self.channel.limits.idle_seconds if seconds is None else seconds
        while True:
            first = self._value(wait, between_messages=True)
            if first is None:
                return None
            message = self._message(first)
            if message.command.command_field != Field.C_CANCEL:
                # A C-CANCEL that crossed the last response must not hit the next request:
                # many peers number all of theirs alike.
                self._cancelled.discard(message.command.message_id)
                return message
            self._cancelled.add(message.command.message_id_being_responded_to)

    def arrives(self, seconds: float, wake: int | None = None) -> bool:
        """Whether something for `receive` comes within `seconds`, before `wake` is readable."""
        self.flush()
        return bool(self._set_aside or self._values) or self.channel.arrives(seconds, wake)

    def _message(self, first: Pdv) -> Message:
        context = self.contexts.get(first.context_id)
        if context is None:
            raise self.violated(
                f"presentation context {first.context_id} was not accepted", INVALID_PARAMETER, 2
            )
        if not first.command:
            raise self.violated("a data set without its command set")
        command = self._decoded(self._command_set(first))
        return Message(context, command, self, not command.has_data_set)

    def _command_set(self, value: Pdv) -> bytes:
        raw, most = bytearray(value.fragment), self.channel.limits.command_bytes
        while not value.last and len(raw) <= most:
            value = self._same_context(value.context_id)
            if not value.command:
                raise self.violated("a data set before the end of its command set")
            raw += value.fragment
        if len(raw) > most:
            raise self.violated(f"a command set of more than {most} bytes")
        return bytes(raw)

    def _decoded(self, raw: bytes) -> Command:
        try:
            return commands.decode(raw)
        except ProtocolError as error:
            self.abort(error.source, error.reason)
            raise

    def data_values(self, context_id: int) -> tuple[list[memoryview], bool]:
        """The data set values at hand, at least one, and whether the last of them is among them."""
        pieces: list[memoryview] = []
        while not pieces or (self._values and self._values[0].context_id == context_id):
            value = self._same_context(context_id)
            if value.command:
                raise self.violated("a command set before the end of a data set")
            pieces.append(value.fragment)
            if value.last:
                return pieces, True
        return pieces, False

    def _same_context(self, context_id: int) -> Pdv:
        value = self._value(self.channel.limits.pdu_seconds, between_messages=False)
        if value is None or value.context_id != context_id:
            raise self.violated("a message that changes its presentation context")
        self._empty = 0 if value.fragment or value.last else self._empty + 1
        if self._empty > _MOST_EMPTY:  # no limit on bytes would ever end them (N5)
            raise self.violated(f"more than {_MOST_EMPTY} empty fragments in a row")
        return value

    def _value(self, seconds: float, *, between_messages: bool) -> Pdv | None:
        while not self._values:
            match self.channel.next(seconds):
                case core.Data(pdvs):
                    self._values.extend(pdvs)
                case core.ReleaseRequested() if between_messages:
                    self.flush()
                    grant(self.channel)
                    return None
                case core.ReleaseRequested():
                    raise self.violated("a release in the middle of a message", 2, 2)
                case other:
                    raise RuntimeError(f"{other} cannot come in an established association")
        return self._values.popleft()

    def violated(self, message: str, reason: int = 0, source: int = 0) -> ProtocolError:
        """Abort because the peer broke PS3.7; returns the exception to raise."""
        self.abort(source, reason)
        return ProtocolError(message, source=source, reason=reason)

    def cancelled(self, message_id: int | None) -> bool:
        """Whether the peer has sent C-CANCEL for this message; never waits for one to begin.

        Any other request in the meantime breaks the operations window of one, PS3.7 D.3.3.3.
        """
        while self._values or self.channel.readable():
            first = self._value(self.channel.limits.pdu_seconds, between_messages=True)
            if first is None:
                raise Closed("the peer released the association while it was being answered")
            message = self._message(first)
            if self._sets_aside(message):
                continue
            if message.command.command_field != Field.C_CANCEL:
                raise self.violated("a request before the answer to the one before it", 2, 2)
            self._cancelled.add(message.command.message_id_being_responded_to)
        return message_id in self._cancelled

    # -- sending

    def send(self, context: Context, command: Command, data: bytes | None = None) -> None:
        """Send a message now, after anything queued."""
        self.queue(context, command, data)
        self.flush()

    def queue(self, context: Context, command: Command | bytes, data: bytes | None = None) -> int:
        """Put a message behind those queued; returns the bytes waiting for `flush`.

        A command set that is sent many times may be given encoded.
        """
        raw = command if isinstance(command, bytes) else commands.encode(command)
        self._outgoing += sending.message(context.id, raw, data, self.room)
        return len(self._outgoing)

    def flush(self) -> None:
        """Send what is queued in one write."""
        if self._outgoing:
            waiting, self._outgoing = self._outgoing, bytearray()
            self.channel.write(waiting)

    def send_file(self, context: Context, command: Command, source: FileSlice) -> None:
        """Send a message whose data set is a slice of a file, byte for byte.

        Raises Unreadable when the file cannot be read; the association then goes on if nothing
        of the message has left, and is aborted if something has.
        """
        self.flush()
        begun = False
        try:
            raw = commands.encode(command)
            for piece in sending.file_message(context.id, raw, source, self.room):
                self.channel.write(piece)
                begun = True
        except Unreadable:
            if begun:
                self.abort()
            raise

    def send_whole(self, context: Context, command: Command, whole: Whole) -> None:
        """In one write what is queued, and a message whose data set was read for our `room`."""
        self.channel.write(whole.message(context.id, commands.encode(command), self._outgoing))
        self._outgoing.clear()

    # -- asking

    def next_message_id(self) -> int:
        """A message ID of ours, PS3.7 E.1: 16 bits, never 0."""
        self._message_id = self._message_id % 0xFFFF + 1
        return self._message_id

    def ask(self, context: Context, request: Command, data: bytes | None = None) -> None:
        """Send a request whose response `receive` brings, among the peer's own; one at a time."""
        self._asked = request
        self.send(context, request, data)

    def _sets_aside(self, message: Message) -> bool:
        """Whether it answers what was asked while the peer asked something itself."""
        if self._asked is None or not message.command.answers(self._asked):
            return False
        message.drain(self.channel.limits.identifier_bytes)
        self._set_aside, self._asked = message, None
        return True

    def response(self, request: Command) -> Message:
        """The next response to `request`; raises Ended, ProtocolError for any other message."""
        seconds = self.channel.limits.response_seconds
        while self._sets_aside(message := self.expect(seconds)):
            pass
        self.answers(message, request)
        return message

    def expect(self, seconds: float) -> Message:
        """The next message, which must come; raises Ended."""
        message = self._receive(seconds)
        if message is None:
            raise Closed("the peer released the association instead of answering")
        return message

    def answers(self, message: Message, request: Command) -> None:
        """Make sure that `message` answers `request`; raises ProtocolError."""
        if not message.command.answers(request):
            raise self.violated("a message that does not answer our request", 2, 2)

    def context_for(self, abstract_syntax: str, transfer_syntax: str | None = None) -> Context:
        """The accepted context to be SCU in; raises NoContext."""
        return context_for(self.contexts.values(), abstract_syntax, transfer_syntax)

    # -- ending

    def release(self) -> None:
        """Release the association, PS3.8 7.2, and close; nothing to do once it is over.

        Raises Ended when the peer does not play its part.
        """
        if self.alive:
            self.flush()
            release(self.channel)
        self.channel.close()

    @property
    def alive(self) -> bool:
        """Whether messages can still be exchanged."""
        return self.channel.core.state is State.DATA

    def abort(self, source: int = 0, reason: int = 0) -> None:
        """Abort the association, PS3.8 7.3, and close; never raises."""
        self._outgoing.clear()
        self.channel.abort(source, reason)

    def __enter__(self) -> Association:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Release when all went well, abort when not.

        A release that fails changes nothing about what was answered before it, so it is not raised.
        """
        if self.alive and kind in (None, GeneratorExit):
            with contextlib.suppress(Ended):
                self.release()
        elif self.alive:
            self.abort()
        self.channel.close()


__all__ = ["Aborted", "Association", "Context", "Ended", "Message"]
