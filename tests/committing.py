"""Storage commitment in tests: our SCU, raw requests, and pynetdicom as a peer that hears reports."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import Dataset, dcmread
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel

from scu import commit
from scu.associate import Caller, Target, associate
from scu.references import INSTANCE, MODEL, Information, Reference, decode, encode
from wire.association import Association
from wire.command import Command, Field

PROPOSAL = (MODEL, commit.SYNTAXES)
SECONDS = 20.0


def reference(path: Path) -> Reference:
    """What a file holds."""
    found = dcmread(path, stop_before_pixels=True)
    return Reference(found.SOPClassUID, found.SOPInstanceUID)


def references(paths: Iterable[Path]) -> list[Reference]:
    return [reference(path) for path in paths]


def committed(target: Target, caller: Caller, objects: Iterable[Reference]) -> dict[str, int]:
    """Ask, and hear the report on the same association; reasons by instance."""
    wanted = commit.Commitment(objects)
    with associate(target, caller, [PROPOSAL]) as association:
        commit.request(association, wanted)
        commit.listen(association, wanted, SECONDS)
    assert wanted.reported
    return wanted.reasons


def action(**changed: object) -> Command:
    """An N-ACTION request, PS3.4 J.3.2; what is wrong with it is told."""
    usual: dict[str, object] = {
        "requested_sop_class_uid": MODEL,
        "requested_sop_instance_uid": INSTANCE,
        "message_id": 7,
        "action_type_id": 1,
        "command_data_set_type": 1,
    }
    return Command(Field.N_ACTION, **{**usual, **changed})


def asked(association: Association, transaction: str, objects: Iterable[Reference]) -> int | None:
    """An N-ACTION with this transaction UID; returns its status."""
    context = association.context_for(MODEL)
    data = encode(Information(transaction, list(objects)), context.transfer_syntax)
    request = action(message_id=association.next_message_id())
    association.send(context, request, data)
    return association.response(request).command.status


@dataclass
class Heard:
    """A report that a peer got."""

    event_type: int
    transaction: str
    committed: list[str]
    failed: dict[str, int]
    calling: str
    retrieve: str = ""

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
        )


@dataclass
class Hearing:
    """A pynetdicom peer that takes reports, and what it got."""

    port: int
    reports: queue.Queue[Heard] = field(default_factory=queue.Queue)

    def next(self) -> Heard:
        return self.reports.get(timeout=SECONDS)


@contextmanager
def hearing(
    title: str = "HEARS", at: int = 0, status: int = 0, **options: object
) -> Iterator[Hearing]:
    """pynetdicom as SCU of the class, called by its SCP: role selection, PS3.7 D.3.3.4."""
    ae = AE(ae_title=title)
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
    made = Hearing(0)

    def on_report(event: evt.Event) -> tuple[int, None]:
        made.reports.put(Heard.of(event))
        return status, None

    server = ae.start_server(
        ("127.0.0.1", at),
        block=False,
        evt_handlers=[(evt.EVT_N_EVENT_REPORT, on_report)],
        **options,
    )
    made.port = server.socket.getsockname()[1]
    try:
        yield made
    finally:
        server.shutdown()


def told(raw: bytes, transfer_syntax: str) -> Information:
    return decode(raw, transfer_syntax, 100_000)


def threads() -> list[str]:
    return [each.name for each in threading.enumerate()]
