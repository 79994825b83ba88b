"""Many objects for one set of presentation contexts; one outcome each, whatever happens.

Law: an association that breaks costs the object it was sending, the others go on a new one. Only a
peer that cannot be had, or that breaks three in a row unfruitfully, ends it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from queue import SimpleQueue

from scu.instances import Instance
from scu.outcomes import Outcome
from wire.association import Association
from wire.errors import DeadlineExceeded, Ended, WireError

FRUITLESS = 3

Connect = Callable[[], Association]
Send = Callable[[Association, Instance], Outcome]
"""Sends one object, whose own failures are outcomes; raises Ended."""


class Waiting:
    """Instances that are read no earlier than they are wanted; for several threads."""

    def __init__(self, instances: Iterable[Instance]) -> None:
        self._rest = iter(instances)
        self._lock = threading.Lock()
        self._next: Instance | None = None
        self._fault: Exception | None = None

    def __bool__(self) -> bool:
        with self._lock:
            return self._peek() is not None or self._fault is not None

    def following(self) -> Instance | None:
        """What `take` would give; None also where it would raise."""
        with self._lock:
            return self._peek()

    def take(self) -> Instance | None:
        """The next of them; raises what reading them has raised."""
        with self._lock:
            taken, self._next = self._peek(), None
            if taken is None and self._fault is not None:
                fault, self._fault = self._fault, None
                raise fault
            return taken

    def clear(self) -> None:
        """Let go of the rest."""
        with self._lock:
            self._rest, self._next, self._fault = iter(()), None, None

    def _peek(self) -> Instance | None:
        if self._next is None and self._fault is None:
            try:
                self._next = next(self._rest, None)
            except Exception as error:  # noqa: BLE001 - told in its turn, after what was sent before it
                self._fault = error
        return self._next


class Load:
    """Objects that wait for associations; any number of threads may take from it at once."""

    def __init__(self, connect: Connect, send: Send, instances: Collection[Instance]) -> None:
        self._connect = connect
        self._send = send
        self._number = len(instances)
        self._waiting = Waiting(instances)
        self.following = self._waiting.following
        self._broken: WireError | None = None
        self._fault: Exception | None = None

    def outcomes(self) -> Generator[Outcome, None, None]:
        """Send everything from this thread; closing it early leaves the rest unsent."""
        yield from self._sent()
        yield from self._left()

    def outcomes_by(self, threads: int) -> Iterator[Outcome]:
        """The same from several threads; closing it early ends with the objects under way."""
        results: SimpleQueue[Outcome | None] = SimpleQueue()
        workers = [
            threading.Thread(target=self._work, args=(results,), name=f"send {number}")
            for number in range(min(threads, self._number))
        ]
        for worker in workers:
            worker.start()
        try:
            for _ in workers:
                yield from iter(results.get, None)
            if self._fault is not None:
                raise self._fault
            yield from self._left()
        finally:
            self._waiting.clear()
            for worker in workers:
                worker.join()

    def _work(self, results: SimpleQueue[Outcome | None]) -> None:
        try:
            for outcome in self._sent():
                results.put(outcome)
        except Exception as error:  # noqa: BLE001 - `outcomes_by` raises it where it is heard
            self._fault = error
        finally:
            results.put(None)

    def _sent(self) -> Generator[Outcome, None, None]:
        fruitless = 0
        while self._waiting and fruitless < FRUITLESS:
            number = 0
            try:
                with self._connect() as association:
                    for outcome in self._on(association):
                        number += 1
                        yield outcome
                        if isinstance(outcome.error, Ended):
                            raise outcome.error
                fruitless = 0 if number else fruitless + 1
            except Ended as error:
                self._broken = error
                if isinstance(error, DeadlineExceeded) and not number:
                    return  # waiting for it twice more would take minutes
                fruitless = 0 if number > 1 else fruitless + 1
            except WireError as error:
                self._broken = error
                return

    def _on(self, association: Association) -> Iterator[Outcome]:
        """Outcomes until nothing waits or the association is over, by whose will ever."""
        while association.alive:
            instance = self._waiting.take()
            if instance is None:
                return
            try:
                yield self._send(association, instance)
            except Ended as error:
                yield Outcome(instance, None, str(error), error=error)

    def _left(self) -> Iterator[Outcome]:
        """What nobody took, because the peer cannot be had."""
        error = self._broken
        why = str(error)
        if isinstance(error, Ended):
            why = f"the peer ends every association it is offered: {why}"
        while instance := self._waiting.take():
            yield Outcome(instance, None, why, error=error)
