"""What the processes of one node say to each other: calls, both ways, over a socket pair.

Law: only processes that this node has begun itself are ever at the other end, so what they say is
unpickled. Who only tells is not answered and keeps its order; who asks waits, and each question
has a thread of its own. When the other end is gone, whoever waits for it hears `ConnectionError`.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

_log = logging.getLogger("anode.workers")
_HEAD = struct.Struct("!QI")  # bytes, descriptors
_MOST_DESCRIPTORS = 200
_TELL, _ASK, _ANSWER, _FAULT = range(4)

Hear = Callable[[str, Sequence[Any], list[int]], object]
"""Does what is asked: a name, its arguments, descriptors that came along."""


class Line:
    """One end; `start` begins to listen, `gone` is called once when the other end has ended."""

    def __init__(self, sock: socket.socket, hear: Hear, gone: Callable[[], None]) -> None:
        self._socket = sock
        self._hear = hear
        self._gone = gone
        self._sending = threading.Lock()
        self._change = threading.Condition()  # guards the two below
        self._answers: dict[int, tuple[int, object]] = {}
        self._over = False
        self._numbers = count()

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._listen, name="line", daemon=True).start()

    def tell(self, name: str, *args: object, descriptors: Sequence[int] = ()) -> None:
        """Say something; raises OSError when nobody is there."""
        self._send((_TELL, 0, name, args), descriptors)

    def ask(self, name: str, *args: object) -> Any:
        """The other end's answer; raises OSError, and RuntimeError for an error it had."""
        return self._asked(name, args, ())

    def hand(self, name: str, *args: object, descriptors: Sequence[int]) -> Any:
        """The same, with descriptors."""
        return self._asked(name, args, descriptors)

    def _asked(self, name: str, args: Sequence[object], descriptors: Sequence[int]) -> Any:
        number = next(self._numbers)
        self._send((_ASK, number, name, args), descriptors)
        with self._change:
            self._change.wait_for(lambda: number in self._answers or self._over)
            if number not in self._answers:
                raise ConnectionResetError("the other process has ended")
            kind, answer = self._answers.pop(number)
        if kind == _FAULT:
            raise RuntimeError(str(answer))
        return answer

    def close(self) -> None:
        """Say and hear no more."""
        # Who listens closes it: a number let go of under a `recv` may be a peer's socket by then.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _send(self, said: tuple[object, ...], descriptors: Sequence[int] = ()) -> None:
        data = pickle.dumps(said)
        with self._sending:
            socket.send_fds(self._socket, [_HEAD.pack(len(data), len(descriptors))], descriptors)
            self._socket.sendall(data)

    def _listen(self) -> None:
        try:
            while True:
                self._take(*self._received())
        except (OSError, EOFError):
            pass
        finally:
            self._socket.close()
        with self._change:
            self._over = True
            self._change.notify_all()
        self._gone()

    def _received(self) -> tuple[tuple[Any, ...], list[int]]:
        head, descriptors, _, _ = socket.recv_fds(self._socket, _HEAD.size, _MOST_DESCRIPTORS)
        size, _ = _HEAD.unpack(head + self._exactly(_HEAD.size - len(head)))
        return pickle.loads(self._exactly(size)), list(descriptors)  # noqa: S301 - our own process

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            more = self._socket.recv(min(size - len(data), 1 << 20))
            if not more:
                raise EOFError
            data += more
        return bytes(data)

    def _take(self, said: tuple[Any, ...], descriptors: list[int]) -> None:
        kind, number, *rest = said
        if kind in (_ANSWER, _FAULT):
            with self._change:
                self._answers[number] = kind, rest[0]
                self._change.notify_all()
        elif kind == _TELL:
            self._answer(None, rest[0], rest[1], descriptors)
        else:
            args = number, rest[0], rest[1], descriptors
            threading.Thread(target=self._answer, args=args, name="line", daemon=True).start()

    def _answer(
        self, number: int | None, name: str, args: Sequence[Any], descriptors: list[int]
    ) -> None:
        try:
            kind, answer = _ANSWER, self._hear(name, args, descriptors)
        except Exception as error:  # noqa: BLE001 - who asked hears it
            kind, answer = _FAULT, str(error) or type(error).__name__
            if number is None:
                _log.exception("what another process of this node said was not taken: %s", name)
        if number is not None:
            try:
                self._send((kind, number, answer))
            except OSError:
                _log.debug("nobody waits for the answer to %s any more", name)
