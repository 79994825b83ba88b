"""Objects to a peer on several associations at once; one result for each, whatever happens.

Law: an association that breaks costs the object it was sending, the others go on a new one.  Only
a peer that cannot be had, or that breaks three in a row unfruitfully, ends it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import cast

from cli.calls import Call
from cli.failures import Code, Failure, explain
from cli.sources import Source
from config import catalogue
from scu import statuses
from scu.associate import Proposal, associate
from scu.store import attempt, groups
from wire.association import Association
from wire.errors import Ended, NoContext, Unreadable, WireError

FRUITLESS = 3


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one object; `code` is what its failure says of the peer."""

    source: Source
    category: str
    cause: str = ""
    code: Code = Code.DONE


class Load:
    """The objects of one set of presentation contexts, shared by the threads that send them."""

    def __init__(
        self, call: Call, proposals: Sequence[Proposal], sources: Iterable[Source]
    ) -> None:
        self._call = call
        self._proposals = proposals
        self._waiting = deque(sources)
        self._results: SimpleQueue[Sent | None] = SimpleQueue()
        self._broken: Failure | None = None
        self._fault: Exception | None = None

    def send(self, jobs: int) -> Iterator[Sent]:
        """Results as they come; leaving early stops after the objects under way."""
        number = min(jobs, len(self._waiting))
        threads = [threading.Thread(target=self._work, name=f"send {n}") for n in range(number)]
        for thread in threads:
            thread.start()
        try:
            for _ in threads:
                yield from iter(self._results.get, None)
            if self._fault is not None:
                raise self._fault
            yield from self._left()
        finally:
            self._waiting.clear()
            for thread in threads:
                thread.join()

    def _left(self) -> Iterator[Sent]:
        broken = self._broken or Failure(Code.ENDED, "not sent")
        while self._waiting:
            yield _failed(self._waiting.popleft(), broken)

    def _work(self) -> None:
        fruitless = 0
        try:
            while self._waiting and fruitless < FRUITLESS:
                left = len(self._waiting)
                try:
                    with associate(
                        self._call.target, self._call.caller, self._proposals
                    ) as association:
                        self._store(association)
                except Ended as error:
                    self._broken = explain(error, self._call)
                    # The object that broke it is gone from the waiting ones; more means fruit.
                    fruitless = fruitless + 1 if left - len(self._waiting) <= 1 else 0
        except WireError as error:
            self._broken = explain(error, self._call)
        except Exception as error:  # noqa: BLE001 - `send` raises it where it is heard
            self._fault = error
        finally:
            self._results.put(None)

    def _store(self, association: Association) -> None:
        while True:
            try:
                source = self._waiting.popleft()
            except IndexError:
                return
            self._results.put(self._one(association, source))
            if not association.alive:
                return

    def _one(self, association: Association, source: Source) -> Sent:
        try:
            association.context_for(source.sop_class_uid, source.transfer_syntax_uid)
            outcome = attempt(association, source)
        except NoContext:
            return Sent(source, statuses.FAILURE, _not_accepted(source), Code.REJECTED)
        except Unreadable as error:
            return Sent(source, statuses.FAILURE, str(error), Code.PARTIAL)
        except Ended as error:
            self._results.put(_failed(source, explain(error, self._call)))
            raise
        if outcome.status is None:
            return Sent(source, statuses.FAILURE, outcome.comment, Code.PARTIAL)
        if outcome.category == statuses.SUCCESS:
            return Sent(source, statuses.SUCCESS)
        said = statuses.describe(outcome.status, "store", outcome.comment)
        return Sent(source, outcome.category, said, Code.PARTIAL)


def send(call: Call, sources: Sequence[Source], jobs: int) -> Iterator[Sent]:
    """Send every object; never raises for what a peer does."""
    for proposals, members in groups(sources):
        # The members are our sources; `groups` knows them by less.
        yield from Load(call, proposals, cast(list[Source], members)).send(jobs)


def _failed(source: Source, failure: Failure) -> Sent:
    return Sent(source, statuses.FAILURE, str(failure), failure.code)


def _not_accepted(source: Source) -> str:
    kind = catalogue.name_of(source.sop_class_uid)
    return f"the peer does not take {kind} in {catalogue.name_of(source.transfer_syntax_uid)}"
