"""A day of a node in minutes: eight associations at a time that store, ask, fetch, commit and err.

Each of the eight goes from one job to the next; the same study is asked for by several of them.
What a job expects is asserted; what the node holds meanwhile is sampled.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

from scu import commit, find, instances, retrieve, store
from scu.associate import Caller, Target, associate
from scu.instances import FileInstance
from scu.references import Reference
from tests.clients import STUDY_ROOT
from tests.fuzz.mutation import converse, mutated
from tests.fuzz.recording import Conversation
from tests.hostile import Victim
from tests.lines import STORE, Line, associated
from tests.objects import CT_IMAGE, identifier, instance, uid, written
from tests.pairs import data_pdu
from wire.association import Message

WORKERS = 8
OBJECTS = 10  # of a study
SYNTAXES = ("1.2.840.10008.1.2.1",)
FIND, MOVE, GET = (STUDY_ROOT + number for number in "123")
CALLER = Caller("TESTER")


@dataclass(frozen=True)
class Sample:
    """What the node holds at a moment."""

    at: float
    memory: int
    threads: int
    descriptors: int
    temporary: int


@dataclass
class Day:
    """The jobs and their outcome; run it for so many seconds."""

    node: Victim
    folder: Path
    recorded: Sequence[Conversation]
    pause: float
    studies: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    failed: list[BaseException] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def run(self, seconds: float) -> None:
        """Work, and look on every half second."""
        over = threading.Event()
        workers = [
            threading.Thread(target=self._work, args=(random.Random(number), over))
            for number in range(WORKERS)
        ]
        self.studies.append(self._stored())
        for worker in workers:
            worker.start()
        begun = time.monotonic()
        try:
            while (at := time.monotonic() - begun) < seconds and not self.failed:
                self.samples.append(self._sample(at))
                over.wait(0.5)
        finally:
            over.set()
            for worker in workers:
                worker.join()

    def _sample(self, at: float) -> Sample:
        usage = self.node.usage()
        drafts = list((self.node.data / "incoming").glob("*.part"))
        # What is made to be sent has a folder of its own, that may go while we look.
        made = list((self.node.data / "outgoing").glob("*"))
        temporary = len(drafts) + len(made)
        return Sample(at, self.node.memory(), usage.threads, usage.descriptors, temporary)

    def _work(self, rng: random.Random, over: threading.Event) -> None:
        jobs: list[Callable[[random.Random], object]] = [
            self.store_new,
            *[self.store_again] * 3,
            *[self.ask] * 6,
            *[self.fetch] * 3,
            *[self.move] * 2,
            self.commit,
            *[self.abort] * 2,
            *[self.misbehave] * 4,
        ]
        while not over.wait(self.pause * rng.random()):
            job = rng.choice(jobs)
            try:
                job(rng)
            except BaseException as error:  # noqa: BLE001 - it is told at the end
                self.failed.append(error)
                return
            self.done[job.__name__] += 1

    # -- jobs -------------------------------------------------------------------------------------

    @property
    def _target(self) -> Target:
        return self.node.target

    def _stored(self) -> str:
        number = next(self._numbers)
        study = uid("soak", number)
        made = (
            instance(
                n,
                StudyInstanceUID=study,
                SeriesInstanceUID=uid("soak series", number),
                PatientID=f"P{number % 50}",
                PatientName=f"Doe^{number}",
            )
            for n in range(OBJECTS)
        )
        paths = written(self.folder / study, *made)
        self._send([instances.read(path) for path in paths])
        return study

    def _send(self, objects: Sequence[FileInstance]) -> None:
        outcomes = list(store.store_all(self._target, CALLER, objects))
        assert [one.status for one in outcomes] == [0] * len(objects)

    def _objects(self, study: str) -> list[FileInstance]:
        return [instances.read(path) for path in sorted((self.folder / study).iterdir())]

    def store_new(self, _: random.Random) -> None:
        """A study nobody has seen."""
        self.studies.append(self._stored())

    def store_again(self, rng: random.Random) -> None:
        """One that is held: a success that changes nothing."""
        self._send(self._objects(rng.choice(self.studies)))

    def ask(self, rng: random.Random) -> None:
        """C-FIND of one study, of a patient's, of all with a name; some are cancelled."""
        questions = [
            identifier("STUDY", StudyInstanceUID=rng.choice(self.studies), PatientName=""),
            identifier("STUDY", PatientID=f"P{rng.randrange(50)}", StudyInstanceUID=""),
            identifier("STUDY", PatientName="*7*", ModalitiesInStudy="", StudyDate="20240102"),
        ]
        with associate(self._target, CALLER, [(FIND, SYNTAXES)]) as association:
            answers = find.find(association, FIND, rng.choice(questions))
            with contextlib.closing(answers):
                for number, _ in enumerate(answers):
                    if number == rng.randrange(500):
                        break

    def fetch(self, rng: random.Random) -> None:
        """C-GET of a study."""
        question = identifier("STUDY", StudyInstanceUID=rng.choice(self.studies))

        def keep(message: Message) -> int:
            message.drain()
            return 0

        proposals = [(GET, SYNTAXES), (CT_IMAGE, SYNTAXES)]
        roles = {CT_IMAGE: (False, True)}
        with associate(self._target, CALLER, proposals, roles) as association:
            last = list(retrieve.get(association, GET, question, keep))[-1]
        assert (last.status, last.completed) == (0, OBJECTS)

    def move(self, rng: random.Random) -> None:
        """C-MOVE of a study to a receiver that takes it, or to one that is not there."""
        question = identifier("STUDY", StudyInstanceUID=rng.choice(self.studies))
        there = rng.random() < 0.8
        with associate(self._target, CALLER, [(MOVE, SYNTAXES)]) as association:
            last = list(retrieve.move(association, MOVE, question, "DEST" if there else "AWAY"))[-1]
        assert (last.completed, last.failed) == ((OBJECTS, 0) if there else (0, OBJECTS))

    def commit(self, rng: random.Random) -> None:
        """Storage commitment of a study, heard on the same association."""
        held = self._objects(rng.choice(self.studies))
        wanted = commit.Commitment(
            [Reference(one.sop_class_uid, one.sop_instance_uid) for one in held]
        )
        with associate(self._target, CALLER, [(commit.MODEL, commit.SYNTAXES)]) as association:
            commit.request(association, wanted)
            commit.listen(association, wanted, 60.0)
        assert wanted.reported
        assert not any(wanted.reasons.values())

    def abort(self, rng: random.Random) -> None:
        """A sender that goes away in the middle of an object, by an abort or without a word."""
        with associated(Line(self.node.port)) as line:
            line.say(data_pdu((5, 3, STORE)), data_pdu((5, 0, bytes(rng.randrange(1, 200_000)))))
            if rng.random() < 0.5:
                line.say(b"\x07\0\0\0\0\4\0\0\0\0")

    def misbehave(self, rng: random.Random) -> None:
        """A mutated conversation, of the first thousand."""
        converse(self.node.port, mutated(rng.randrange(1000), self.recorded), in_step=True)


def between(samples: Sequence[Sample], begin: float, end: float) -> Sample:
    """The usual of a stretch of time: medians, but for temporary files and descriptors the least,
    which is what is never given back."""
    some = [one for one in samples if begin <= one.at < end]
    return Sample(
        begin,
        int(median(one.memory for one in some)),
        min(one.threads for one in some),
        min(one.descriptors for one in some),
        min(one.temporary for one in some),
    )
