"""K associations that store objects until the node falls, and a ledger of what they were told.

Law: an object stands in the ledger before its first byte leaves, and is acknowledged there the
moment its 0000 is read. The ledger lies in this process, whom no cut reaches.

Some ask for storage commitment in between, of what they and their neighbours have sent, answered
or not; then they go on, go away, or are silent until they hear a report.
"""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from scu.associate import Caller, Target, associate
from tests.crash import promises
from tests.crash.promises import Asked, Promises
from tests.datasets import CT, EXPLICIT, Element, encode, instance
from wire.association import Association
from wire.command import Command, Field
from wire.errors import WireError

CALLER = Caller(promises.TITLE)
ROOT = "1.2.826.0.1.3680043.8.498"
# From a report to a slice of a CT.
SIZES = (300, 300, 1_000, 2_000, 5_000, 10_000, 30_000, 120_000)
PIXEL_DATA = 0x7FE00010
PIECES = os.urandom(1 << 20)  # no zeros: a block that was never written reads as zeros
AIMING_SECONDS = 5.0
EACH_ASSOCIATION = 40  # objects; then the sender associates anew
ASKING = 0.15  # of the objects are followed by a request for storage commitment
NEWEST = 24  # objects that a request may be about
SILENT_SECONDS = 1.0

Moment = Literal["store", "action", "report"]
"""What is heard of the node: the answer to a C-STORE or an N-ACTION, or an N-EVENT-REPORT."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent under a SOP Instance UID."""

    sha256: str
    size: int
    study: str
    series: str


@dataclass
class Ledger:
    """Everything that was ever sent to one archive."""

    sent: dict[str, Sent] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    refused: dict[str, int | None] = field(default_factory=dict)
    promises: Promises = field(default_factory=Promises)

    def of(self, study: str) -> Ledger:
        """The part of a study."""
        sent = {uid: one for uid, one in self.sent.items() if one.study == study}
        refused = {uid: status for uid, status in self.refused.items() if uid in sent}
        return Ledger(sent, self.acknowledged & sent.keys(), refused, self.promises)


def new_study() -> str:
    """A study of its own for each round."""
    return f"{ROOT}.{random.getrandbits(40)}"


def new_uid(study: str, series: int = 1) -> str:
    """An instance of this study and of its so-manieth series; its UID tells both."""
    return f"{study}.{series}.{random.getrandbits(50)}"


def parents(uid: str) -> tuple[str, str]:
    """Study and series of an instance."""
    series = uid.rpartition(".")[0]
    return series.rpartition(".")[0], series


def made(uid: str, size: int) -> bytes:
    """The data set of a small image with pixels that no other has."""
    study, series = parents(uid)
    begin = random.randrange(len(PIECES))
    mark = hashlib.sha256(uid.encode()).digest()
    pixels = (mark + PIECES[begin:] + PIECES)[: (size + 1) // 2 * 2]
    head = instance(uid, study=study, series=series, pixels=0)
    none = encode([Element(PIXEL_DATA, b"OW")])
    return head.removesuffix(none) + encode([Element(PIXEL_DATA, b"OW", pixels)])


@dataclass(frozen=True)
class Load:
    """What senders do: `at` the targets, one association each, an own series each."""

    at: list[Target]
    study: str = field(default_factory=new_study)
    sizes: tuple[int, ...] = SIZES
    asking: bool = False  # for storage commitment, too


Told = Callable[[Moment, int | None], None]
"""Called right after each answer, with its status, and each report."""


class Senders:
    """Threads that send a load without an end, until they are stopped or the node is gone."""

    def __init__(self, ledger: Ledger, load: Load, told: Told) -> None:
        self._ledger = ledger
        self._load = load
        self._told = told
        self._newest: deque[str] = deque(maxlen=NEWEST)
        self._over = threading.Event()
        self.broken: list[Exception] = []
        self._faults: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(number, target), daemon=True)
            for number, target in enumerate(load.at, start=1)
        ]

    def __enter__(self) -> Senders:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End with the objects under way; a node that is gone has ended them already."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self._faults:
            raise self._faults[0]

    def _run(self, number: int, target: Target) -> None:
        try:
            while not self._over.is_set():
                self._send(number, target)
        except (WireError, OSError) as broken:  # no fault when the node has been let fall
            self.broken.append(broken)
        except BaseException as fault:  # noqa: BLE001 - raised where it is heard
            self._faults.append(fault)

    def _send(self, number: int, target: Target) -> None:
        proposals = [(CT, (EXPLICIT,)), *([promises.PROPOSAL] if self._load.asking else [])]
        with associate(target, CALLER, proposals) as association:
            for _ in range(EACH_ASSOCIATION):
                uid = new_uid(self._load.study, number)
                data = made(uid, random.choice(self._load.sizes))
                self._newest.append(uid)
                self._told("store", sent(self._ledger, association, uid, data))
                asked = self._load.asking and random.random() < ASKING and self._ask(association)
                if self._over.is_set() or asked == "go":
                    return

    def _ask(self, association: Association) -> str:
        """For commitment of some of what was sent last, by whomever; returns what is done then."""
        ledger = self._ledger
        newest = self._newest.copy()
        uids = tuple(random.sample(newest, random.randint(1, len(newest))))
        objects = Asked(uids, frozenset(uid for uid in uids if uid in ledger.acknowledged))
        transaction = new_uid(self._load.study)
        self._told("action", promises.asked(ledger.promises, association, transaction, objects))
        then = random.choice(("go on", "go on", "go on", "go", "listen"))
        if then == "listen":
            promises.listen(ledger.promises, association, SILENT_SECONDS)
        return then


def fell(
    ledger: Ledger,
    load: Load,
    seconds: float,
    fall: Callable[[], None],
    at: Moment = "store",
) -> None:
    """Send for so long; then whoever hears the next such success lets the node fall, before all
    else."""
    due, fallen, once = threading.Event(), threading.Event(), threading.Lock()

    def told(what: Moment, status: int | None) -> None:
        if what == at and due.is_set() and status == 0 and once.acquire(blocking=False):
            fall()
            fallen.set()

    ledger.promises.told = partial(told, "report", 0)
    with Senders(ledger, load, told):
        fallen.wait(seconds)
        due.set()
        if not fallen.wait(AIMING_SECONDS) and once.acquire(blocking=False):
            fall()  # nobody is told success any more


def _stored(ledger: Ledger, association: Association, uid: str, data: bytes) -> int | None:
    request = Command(
        command_field=Field.C_STORE,
        affected_sop_class_uid=CT,
        affected_sop_instance_uid=uid,
        message_id=association.next_message_id(),
        priority=0,
        command_data_set_type=1,
    )
    association.send(association.context_for(CT), request, data)
    return promises.answer(ledger.promises, association, request).status


def sent(ledger: Ledger, association: Association, uid: str, data: bytes) -> int | None:
    """One C-STORE by the book: into the ledger first, and its status after. Raises Ended."""
    ledger.sent[uid] = Sent(hashlib.sha256(data).hexdigest(), len(data), *parents(uid))
    status = _stored(ledger, association, uid, data)
    if status == 0:
        ledger.acknowledged.add(uid)
    else:
        ledger.refused[uid] = status
    return status
