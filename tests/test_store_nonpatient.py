"""C-STORE of objects without a patient, PS3.4 GG: three codes of refusal, and all is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom import Dataset, FileDataset

from config import catalogue
from config.limits import Limits
from config.settings import Archive as Rules
from scp import statuses
from scp.node import Node
from scu import instances
from scu.associate import associate
from tests import clients
from tests.clients import CALLER, SYNTAXES
from tests.nodes import node, target
from tests.nonpatients import CLASSES, GET, VALUES, objects
from tests.objects import uid, written
from wire.command import Command, Field

A700, A900, C000 = 0xA700, 0xA900, 0xC000
HANGING = CLASSES["hanging"]


def stored(serving: Node, command: Command, data: bytes | None) -> tuple[int | None, str]:
    """Status and comment of one C-STORE as it stands; the association goes on."""
    with associate(target(serving), CALLER, [(HANGING, SYNTAXES[:1])]) as association:
        association.send(association.context_for(HANGING), command, data)
        answer = association.response(command).command
        assert association.alive
        return answer.status, answer.error_comment or ""


def request(**values: object) -> Command:
    """A C-STORE-RQ for the hanging protocol "a"."""
    given = {
        "command_field": Field.C_STORE,
        "affected_sop_class_uid": HANGING,
        "affected_sop_instance_uid": uid("hanging", "a"),
        "message_id": 1,
        "priority": 0,
        "command_data_set_type": 1,
    }
    return Command(**{**given, **values})


def encoded(folder: Path, **values: object) -> bytes:
    """Its data set, with these values; None leaves one out."""
    made = objects("hanging")["a"]
    for keyword, value in values.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    (path,) = written(folder, made)
    return path.read_bytes()[instances.read(path).offset :]


@pytest.mark.parametrize(
    ("command", "values", "expected"),
    [
        (request(affected_sop_instance_uid="1.2.3"), {}, A900),
        (request(), {"SOPClassUID": CLASSES["palette"]}, A900),
        (request(affected_sop_class_uid=CLASSES["palette"]), {}, A900),
        (request(affected_sop_instance_uid="../../evil"), {}, C000),
        (request(affected_sop_instance_uid=None), {}, C000),
        (request(), {"SOPInstanceUID": None}, C000),
        (request(), {"SOPClassUID": None}, C000),
    ],
)
def test_what_contradicts_itself_is_a900_or_c000(command, values, expected, tmp_path: Path):
    data = encoded(tmp_path / "o", **values)
    with node(tmp_path / "node") as serving:
        status, comment = stored(serving, command, data)
        assert (status, bool(comment)) == (expected, True)
        assert serving.archive.counts().instances == 0


def test_what_cannot_be_read_is_c000(tmp_path: Path):
    data = encoded(tmp_path / "o")
    with node(tmp_path / "node") as serving:
        assert stored(serving, request(), data[:-1])[0] == C000
        without = request(command_data_set_type=0x0101)
        assert stored(serving, without, None) == (C000, "C-STORE-RQ without a data set")


def test_other_bytes_under_a_uid_are_c000_and_the_first_ones_stay(tmp_path: Path):
    """GG.4.2: no value changes under a SOP Instance UID, and GG.4 has no status for a duplicate."""
    first = encoded(tmp_path / "a")
    other = encoded(tmp_path / "b", HangingProtocolName="ANOTHER")
    with node(tmp_path / "node") as serving:
        assert stored(serving, request(), first) == (0, "")
        status, comment = stored(serving, request(), other)
        assert status == C000
        assert comment.startswith("held already, with other bytes")
        assert stored(serving, request(), first) == (0, "")
        held = serving.archive.lookup(uid("hanging", "a"))
        assert held is not None
        assert held.path.read_bytes().endswith(first)


def test_a_disk_without_room_is_a700(tmp_path: Path):
    data = encoded(tmp_path / "o")
    with node(tmp_path / "node", limits=Limits(free_bytes=1 << 50)) as serving:
        assert stored(serving, request(), data)[0] == A700


def test_a_store_that_fails_is_a700(tmp_path: Path):
    """Of a patient's object it is 0110, PS3.7 C.5.3."""
    data = encoded(tmp_path / "o")
    with node(tmp_path / "node") as serving:
        year = f"{datetime.now(UTC):%Y}"
        (serving.settings.node.data / "objects" / year).write_text("a file in the way")
        assert stored(serving, request(), data) == (A700, "object storage failed: Not a directory")


def test_what_breaks_a_rule_is_a900_where_such_are_rejected(tmp_path: Path):
    data = encoded(tmp_path / "o", HangingProtocolName=None)
    with node(tmp_path / "node", archive=Rules(check="reject")) as serving:
        assert stored(serving, request(), data)[0] == A900


def test_no_way_to_fail_has_another_code():
    assert statuses.STORE_NON_PATIENT.keys() == statuses.STORE.keys()
    assert set(statuses.STORE_NON_PATIENT.values()) == {A700, A900, C000}
    assert all(map(catalogue.is_non_patient, CLASSES.values()))
    assert not catalogue.is_non_patient("1.2.840.10008.5.1.4.1.1.2")


def with_more(made: FileDataset) -> FileDataset:
    """An object with what no table of its model knows: standard, retired and private."""
    made.InstanceCreatorUID = "1.2.3"
    made.add_new(0x00080001, "UL", 12)  # Length to End, retired
    block = made.private_block(0x0009, "ACME 1", create=True)
    block.add_new(1, "LO", "private")
    block.add_new(2, "OB", b"\1\2\3\4")
    within = Dataset()
    within.private_block(0x0009, "ACME 1", create=True).add_new(1, "SH", "deeper")
    block.add_new(3, "SQ", [within])
    return made


@pytest.mark.parametrize("model", VALUES)
def test_all_attributes_come_back_private_ones_too(model: str, tmp_path: Path):
    """GG.4.2, level 2: whatever a sender put in, a reader gets."""
    made = with_more(objects(model)["a"])
    (path,) = written(tmp_path / "o", made)
    with node(tmp_path / "node") as serving:
        assert [one.status for one in clients.send(target(serving), [path])] == [0]
        wanted = Dataset()
        wanted.SOPInstanceUID = made.SOPInstanceUID
        one = instances.read(path)
        (*_, last), kept = clients.get(target(serving), wanted, [one], root=GET[model])
    assert (last.status, last.completed) == (0, 1)
    assert kept == {made.SOPInstanceUID: path.read_bytes()[one.offset :]}
