"""Our own SCU at work against a node: what most tests of services begin and end with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydicom import Dataset

from scu import find, instances, retrieve, store
from scu.associate import MOST_CONTEXTS, Caller, Target, associate
from scu.instances import Instance
from scu.retrieve import Progress
from scu.store import Outcome
from wire.association import Message

CALLER = Caller("TESTER")
STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2."
PATIENT_ROOT = "1.2.840.10008.5.1.4.1.2.1."
SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")


def send(target: Target, paths: Iterable[Path]) -> list[Outcome]:
    """C-STORE of files."""
    return list(store.store_all(target, CALLER, [instances.read(path) for path in paths]))


def query(
    target: Target,
    identifier: Dataset,
    *,
    root: str = STUDY_ROOT,
    syntaxes: Sequence[str] = SYNTAXES,
) -> list[Dataset]:
    """C-FIND; all answers. `root` may be a whole UID of a FIND model."""
    model = root + "1" if root.endswith(".") else root
    with associate(target, CALLER, [(model, syntaxes)]) as association:
        return list(find.find(association, model, identifier))


def move(
    target: Target, identifier: Dataset, destination: str, *, root: str = STUDY_ROOT
) -> list[Progress]:
    """C-MOVE; all responses. `root` may be a whole UID of a MOVE model."""
    model = root + "2" if root.endswith(".") else root
    with associate(target, CALLER, [(model, SYNTAXES)]) as association:
        return list(retrieve.move(association, model, identifier, destination))


def get(
    target: Target,
    identifier: Dataset,
    wanted: Sequence[Instance],
    *,
    root: str = STUDY_ROOT,
    status: int = 0,
) -> tuple[list[Progress], dict[str, bytes]]:
    """C-GET with contexts for exactly the `wanted`; responses, and data sets by instance UID."""
    model = root + "3" if root.endswith(".") else root
    kinds = {(one.sop_class_uid, one.transfer_syntax_uid): None for one in wanted}
    assert len(kinds) < MOST_CONTEXTS
    proposals = [(model, SYNTAXES), *((cls, (syntax,)) for cls, syntax in kinds)]
    roles = {cls: (False, True) for cls, _ in kinds}
    kept: dict[str, bytes] = {}

    def keep(message: Message) -> int:
        data = message.identifier(1 << 32)
        kept[message.command.affected_sop_instance_uid or ""] = data
        return status

    with associate(target, CALLER, proposals, roles) as association:
        return list(retrieve.get(association, model, identifier, keep)), kept
