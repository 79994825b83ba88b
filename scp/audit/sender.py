"""From the spool to one sink, in a thread of its own: delivery at least once, in order.

Law: what was written in the last seconds of a connection that broke is written again on the next
one, since nobody can know whether it was read; the spool's place moves on behind that. A sink that
is down costs an attempt now and then, and nobody waits for it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from config.auditing import Sink
from config.errors import ConfigError
from scp.audit import connections
from scp.audit.connections import Connection
from scp.audit.spool import Spool

SETTLE_SECONDS = 5.0  # after which what the peer's TCP took is believed to have been read
LOOK_SECONDS = 5.0  # between two looks for what other processes have recorded
BATCH_BYTES = 64 << 10
LEAST_PAUSE, MOST_PAUSE = 0.1, 30.0
STOP_SECONDS = 1.0  # to send the last messages, where there is a connection

_log = logging.getLogger("anode.audit")


@dataclass(slots=True)
class _Written:
    """A batch on its way."""

    segment: str
    end: int
    when: float
    taken: bool = False  # by the peer's TCP


class Sender:
    """The thread that feeds one sink."""

    def __init__(self, sink: Sink, spool: Spool, moved: Callable[[], None]) -> None:
        """`moved` is called when the sink has taken something."""
        self.sink = sink
        self.spool = spool
        self._change = threading.Event()
        self._stopping = False  # send what is left, if that can be done at once
        self._over = False  # send no more
        self._moved = moved
        self._connection: Connection | None = None
        self._down = False
        self._pause = LEAST_PAUSE
        self._thread = threading.Thread(target=self._run, name=f"audit {sink.name}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """There is something new."""
        self._change.set()

    def stop(self) -> None:
        """Send what can be sent at once, and end; what could not is sent after the next start."""
        self._stopping = True
        self._change.set()
        self._thread.join(STOP_SECONDS if self._connection or not self._down else 0.0)
        self._over = True
        if self._thread.is_alive() and (connection := self._connection):
            connection.interrupt()
            self._thread.join(STOP_SECONDS)
        try:
            self.spool.close()  # a thread that hangs in a name server changes nothing any more
        except OSError as error:
            _log.warning("audit sink %s: its place is not saved: %s", self.sink.name, error)

    def _run(self) -> None:
        while not self._stopping:
            try:
                if not self.spool.waits():
                    self._await(LOOK_SECONDS)
                else:
                    self._connected()
            except (OSError, ValueError, ConfigError) as error:
                self._failed(error)
            except Exception as error:  # noqa: BLE001 - the trail to this sink must not end
                self._failed(error)

    def _await(self, seconds: float) -> None:
        self._change.wait(seconds)
        self._change.clear()

    def _connected(self) -> None:
        connection = connections.connect(self.sink)
        self._connection = connection
        try:
            self._feed(connection)
        finally:
            self._connection = None
            connection.close()

    def _feed(self, connection: Connection) -> None:
        """Send for as long as the connection lasts. Raises OSError."""
        ahead: dict[str, int] = {}
        written: deque[_Written] = deque()
        while not self._over:
            self._settle(connection, written)
            batch = self.spool.batch(ahead, BATCH_BYTES)
            if batch is not None:
                connection.send(batch.messages)
                ahead[batch.segment] = batch.end
                written.append(_Written(batch.segment, batch.end, time.monotonic()))
            elif self._stopping:
                if connection.finish(STOP_SECONDS / 2):
                    self._confirm(written)
                return
            else:
                self._await(min(1.0, SETTLE_SECONDS) if written else LOOK_SECONDS)

    def _settle(self, connection: Connection, written: deque[_Written]) -> None:
        """Look whether the peer is still there, and believe what has been there for long."""
        try:
            connection.check()
        except ConnectionError:
            if written or self.spool.waits():
                raise
            raise _Idle from None
        if connection.drained():
            for each in written:
                each.taken = True
        settled: deque[_Written] = deque()
        latest = time.monotonic() - SETTLE_SECONDS
        while written and written[0].taken and written[0].when < latest:
            settled.append(written.popleft())
        if settled:
            self._confirm(settled)
            self._reached()

    def _confirm(self, written: deque[_Written]) -> None:
        for each in written:
            self.spool.confirm(each.segment, each.end)
        with contextlib.suppress(OSError):  # a disk that is full: told by who records
            self.spool.save()
        self._moved()

    def _reached(self) -> None:
        self._pause = LEAST_PAUSE
        if self._down:
            self._down = False
            _log.info("audit sink %s takes messages again", self.sink.name)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, _Idle):
            return
        if not self._down and not self._stopping:
            self._down = True
            why = str(error) or type(error).__name__
            kept = "messages are kept for it"
            _log.warning("audit sink %s cannot be reached: %s; %s", self.sink.name, why, kept)
        pause, self._pause = self._pause, min(self._pause * 2, MOST_PAUSE)
        self._rest(pause)

    def _rest(self, seconds: float) -> None:
        """A pause that new messages do not shorten, and `stop` does."""
        until = time.monotonic() + seconds
        while not self._stopping and (left := until - time.monotonic()) > 0:
            self._await(left)


class _Idle(ConnectionError):
    """The peer closed a connection on which nothing was under way: no failure."""
