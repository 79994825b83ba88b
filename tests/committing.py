"""Storage commitment in tests: our SCU, raw requests, and pynetdicom as who hears reports."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel

from scp.node import Node
from scu import commit, instances, store
from scu.associate import Caller, Target, associate
from scu.references import INSTANCE, MODEL, Information, Reference, decode, encode
from tests.nodes import target
from tests.objects import instance, written
from wire.association import Association
from wire.command import Command, Field

PROPOSAL = (MODEL, commit.SYNTAXES)
HEARS = Caller("HEARS")
SECONDS = 30.0


def references(paths: Iterable[Path]) -> list[Reference]:
    """What these files hold."""
    found = (dcmread(path, stop_before_pixels=True) for path in paths)
    return [Reference(one.SOPClassUID, one.SOPInstanceUID) for one in found]


def stored(
    ours: Node, folder: Path, number: int = 3, caller: Caller = HEARS, **values: object
) -> list[Reference]:
    """So many objects, held by the node."""
    paths = written(folder, *(instance(n, **values) for n in range(1, number + 1)))
    found = [instances.read(path) for path in paths]
    assert all(one.status == 0 for one in store.store_all(target(ours), caller, found))
    return references(paths)


def committed(place: Target, caller: Caller, objects: Iterable[Reference]) -> dict[str, int]:
    """Ask, and hear the report on the same association; reasons by instance."""
    wanted = commit.Commitment(objects)
    with associate(place, caller, [PROPOSAL]) as association:
        commit.request(association, wanted)
        commit.listen(association, wanted, SECONDS)
    assert wanted.reported
    return wanted.reasons


def action(**changed: Any) -> Command:
    """An N-ACTION request, PS3.4 J.3.2; what is wrong with it is told."""
    usual: dict[str, Any] = {
        "requested_sop_class_uid": MODEL,
        "requested_sop_instance_uid": INSTANCE,
        "message_id": 7,
        "action_type_id": 1,
        "command_data_set_type": 1,
    }
    return Command(Field.N_ACTION, **{**usual, **changed})


def ask(association: Association, transaction: str, objects: Iterable[Reference]) -> int | None:
    """An N-ACTION with this transaction UID; its status."""
    context = association.context_for(MODEL)
    data = encode(Information(transaction, list(objects)), context.transfer_syntax)
    request = action(message_id=association.next_message_id())
    association.send(context, request, data)
    return association.response(request).command.status


def ask_and_go(
    place: Target, transaction: str, objects: Iterable[Reference], caller: Caller = HEARS
) -> int | None:
    """The same, on an association that is released at once."""
    with associate(place, caller, [PROPOSAL]) as association:
        return ask(association, transaction, objects)


def reasons_of_report(association: Association) -> set[int]:
    """The reasons in the next report, which is answered."""
    message = association.expect(10)
    assert message.command.command_field == Field.N_EVENT_REPORT
    told = decode(message.identifier(), message.context.transfer_syntax, 1000)
    association.send(message.context, message.command.response(0))
    return {one.reason for one in (*told.referenced, *told.failed)}


@dataclass(frozen=True)
class Heard:
    """A report as a peer got it."""

    event_type: int
    transaction: str
    committed: list[str]
    failed: dict[str, int]
    calling: str
    retrieve: str
    number: int  # of the association it came on

    @classmethod
    def of(cls, event: evt.Event) -> Heard:
        told: Dataset = event.event_information
        failed = told.get("FailedSOPSequence") or []
        done = told.get("ReferencedSOPSequence") or []
        return cls(
            event.event_type,
            told.TransactionUID,
            [one.ReferencedSOPInstanceUID for one in done],
            {one.ReferencedSOPInstanceUID: one.FailureReason for one in failed},
            event.assoc.requestor.ae_title,
            told.get("RetrieveAETitle", ""),
            id(event.assoc),
        )


@dataclass
class Hearing:
    """A peer that takes reports, and what it got."""

    port: int = 0
    reports: queue.Queue[Heard] = field(default_factory=queue.Queue)
    free: threading.Event = field(default_factory=threading.Event)  # until then none is answered

    def next(self) -> Heard:
        """Long enough for a call that hangs in pynetdicom to be given up and made again."""
        return self.reports.get(timeout=4 * SECONDS)


@contextmanager
def hearing(at: int = 0, *, status: int = 0, title: str = "HEARS") -> Iterator[Hearing]:
    """pynetdicom as SCU of the class, called by its SCP: role selection, PS3.7 D.3.3.4."""
    ae = AE(ae_title=title)
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
    ae.maximum_associations = 100
    made = Hearing()
    made.free.set()

    def on_report(event: evt.Event) -> tuple[int, None]:
        made.free.wait(SECONDS)
        made.reports.put(Heard.of(event))
        return status, None

    handlers = [(evt.EVT_N_EVENT_REPORT, on_report)]
    server = ae.start_server(("127.0.0.1", at), block=False, evt_handlers=handlers)
    made.port = server.socket.getsockname()[1]
    try:
        yield made
    finally:
        made.free.set()
        server.shutdown()


def eventually(true: Callable[[], object]) -> bool:
    """Whether this comes true."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if true():
            return True
        threading.Event().wait(0.02)
    return False


def files(data: Path, folder: str) -> list[Path]:
    """The transactions in `open`, `reported`, `given-up` or `damaged`."""
    return sorted((data / "commitments" / folder).iterdir())
