"""C-STORE over the wire, PS3.4 Annex B: success means kept; anything else leaves nothing behind."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.logs import TextFormatter
from config.limits import Limits
from config.settings import Archive
from scp.node import Node
from scu import instances, store
from scu.associate import associate
from tests import clients
from tests.clients import CALLER, SYNTAXES
from tests.nodes import node, target
from tests.objects import CT_IMAGE, MR_IMAGE, instance, uid, written
from wire.command import Command, Field
from wire.errors import Aborted, Ended


def left_over(serving: Node) -> list[Path]:
    """Files that no index row accounts for: temporary ones, or objects that were refused."""
    files = [path for path in serving.settings.node.data.rglob("*") if path.is_file()]
    objects = [path for path in files if path.suffix == ".dcm"]
    temporary = [path for path in files if path.parent.name == "incoming" and path.stat().st_size]
    held = serving.archive.counts().instances
    return temporary + (objects if len(objects) != held else [])


def stored(serving: Node, command: Command, data: bytes | None) -> tuple[int | None, str]:
    """Send one C-STORE as it stands; status and comment of the answer, then an echo of sorts."""
    contexts = [(CT_IMAGE, SYNTAXES[:1])]
    with associate(target(serving), CALLER, contexts) as association:
        context = association.context_for(CT_IMAGE)
        association.send(context, command, data)
        answer = association.response(command).command
        assert association.alive, "the association goes on"
        return answer.status, answer.error_comment or ""


def request(**values: object) -> Command:
    """A C-STORE-RQ for the CT of `uid("one")`."""
    given = {
        "command_field": Field.C_STORE,
        "affected_sop_class_uid": CT_IMAGE,
        "affected_sop_instance_uid": uid("one"),
        "message_id": 1,
        "priority": 0,
        "command_data_set_type": 1,
    }
    return Command(**{**given, **values})


def data_set(tmp_path: Path, **values: object) -> bytes:
    """The encoded CT of `uid("one")`, with these values; None leaves one out."""
    made = instance(SOPInstanceUID=uid("one"))
    for keyword, value in values.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    made.file_meta.MediaStorageSOPInstanceUID = uid("one")
    (path,) = written(tmp_path, made)
    one = instances.read(path)
    return path.read_bytes()[one.offset :]


def test_the_same_object_again_is_a_success_and_changes_nothing(tmp_path: Path):
    (path,) = written(tmp_path / "o", instance())
    with node(tmp_path / "node") as serving:
        assert [one.status for one in clients.send(target(serving), [path, path])] == [0, 0]
        assert serving.archive.counts().instances == 1
        assert not left_over(serving)


def test_the_same_uid_with_other_bytes_is_0111_and_the_first_one_stays(tmp_path: Path):
    first = data_set(tmp_path / "a")
    other = data_set(tmp_path / "b", PatientName="Other^Name")
    with node(tmp_path / "node") as serving:
        assert stored(serving, request(), first)[0] == 0
        status, comment = stored(serving, request(), other)
        assert status == 0x0111
        assert comment
        assert stored(serving, request(), first)[0] == 0
        assert not left_over(serving)


@pytest.mark.parametrize(
    ("command", "values", "expected"),
    [
        # PS3.4 B.2.3: the data set must be what the command says
        (request(affected_sop_instance_uid=uid("two")), {}, 0xA900),
        (request(), {"SOPClassUID": MR_IMAGE}, 0xA900),
        (request(affected_sop_class_uid=MR_IMAGE), {}, 0x0122),
        (request(affected_sop_instance_uid="../../evil"), {}, 0xC000),
        (request(affected_sop_instance_uid="1." * 32 + "1"), {}, 0xC000),
        (request(affected_sop_instance_uid=None), {}, 0xC000),
        (request(), {"SOPInstanceUID": None}, 0xC000),
        (request(), {"SOPClassUID": None}, 0xC000),
        (request(), {"StudyInstanceUID": None}, 0xC000),
        (request(), {"SeriesInstanceUID": None}, 0xC000),
    ],
)
def test_what_contradicts_itself_or_lacks_identity_is_refused_without_a_trace(
    command: Command, values: dict[str, object], expected: int, tmp_path: Path
):
    with node(tmp_path / "node") as serving:
        status, comment = stored(serving, command, data_set(tmp_path / "o", **values))
        assert status == expected
        assert comment
        assert serving.archive.counts().instances == 0
        assert not left_over(serving)
        assert stored(serving, request(), data_set(tmp_path / "good"))[0] == 0


@pytest.mark.parametrize("cut", [1, 3, 7, 100])
def test_a_truncated_data_set_is_never_a_success(cut: int, tmp_path: Path):
    """Hostile input D5: an object may end between elements, never inside one."""
    whole = data_set(tmp_path / "o", PixelData=b"\1\2" * 300, BitsAllocated=8)
    with node(tmp_path / "node") as serving:
        status, _ = stored(serving, request(), whole[:-cut])
        assert status == 0xC000
        assert not left_over(serving)


def test_a_request_without_a_data_set_is_refused(tmp_path: Path):
    with node(tmp_path) as serving:
        status, comment = stored(serving, request(command_data_set_type=0x0101), None)
        assert (status, comment) == (0xC000, "C-STORE-RQ without a data set")


@pytest.mark.parametrize(
    ("uid", "named"), [("../../evil", "../../evil"), ("1.2\n3", "1.2\\n3"), (None, "missing")]
)
def test_the_log_names_the_instance_that_is_refused(uid, named: str, tmp_path: Path, caplog):
    with node(tmp_path / "node") as serving:
        sent = request(affected_sop_instance_uid=uid)
        assert stored(serving, sent, data_set(tmp_path / "o"))[0] == 0xC000
    (told,) = [one for one in caplog.records if "C-STORE of a" in one.getMessage()]
    assert TextFormatter().format(told).endswith(f"its SOP Instance UID is {named}")


def test_where_our_files_lie_is_for_the_log_and_not_for_the_peer(tmp_path: Path, caplog):
    with node(tmp_path / "node") as serving:
        year = f"{datetime.now(UTC):%Y}"
        (serving.settings.node.data / "objects" / year).write_text("a file in the way")
        answer = stored(serving, request(), data_set(tmp_path / "o"))
    assert answer == (0x0110, "object storage failed: Not a directory")
    assert f"object storage failed: Not a directory ({year})" in caplog.text


def test_an_object_over_the_limit_ends_the_association_and_leaves_nothing(tmp_path: Path):
    """Hostile input N5: what is too large is not drained to be answered politely."""
    whole = data_set(tmp_path / "o", PixelData=bytes(200_000), BitsAllocated=8)
    limits = Limits(object_bytes=100_000)
    with node(tmp_path / "node", limits=limits) as serving:
        with pytest.raises(Ended):
            stored(serving, request(), whole)
        assert stored(serving, request(), data_set(tmp_path / "good"))[0] == 0
        assert not left_over(serving)


def test_an_association_that_ends_in_the_middle_leaves_nothing(tmp_path: Path):
    whole = data_set(tmp_path / "o", PixelData=bytes(200_000), BitsAllocated=8)
    with node(tmp_path / "node", archive=Archive(sync="always")) as serving:
        association = associate(target(serving), CALLER, [(CT_IMAGE, SYNTAXES[:1])])
        context = association.context_for(CT_IMAGE)
        association.queue(context, request(), whole)
        del association._outgoing[-1000:]
        association.flush()
        association.abort()
        # The node has noticed once it has drained.
        serving._doors.close()
        assert serving._doors.crowd.drain(10)
        assert not left_over(serving)
        assert serving.archive.counts().instances == 0


def test_an_unknown_operation_on_a_storage_context_is_0211(tmp_path: Path):
    with (
        node(tmp_path) as serving,
        associate(target(serving), CALLER, [(CT_IMAGE, SYNTAXES[:1])]) as association,
    ):
        context = association.context_for(CT_IMAGE)
        asked = Command(command_field=Field.N_GET, requested_sop_class_uid=CT_IMAGE, message_id=1)
        association.send(context, asked)
        assert association.response(asked).command.status == 0x0211


def test_a_whole_folder_on_one_association_is_stored(tmp_path: Path):
    paths = written(tmp_path / "o", *[instance(number) for number in range(50)])
    with node(tmp_path / "node") as serving:
        found = [instances.read(path) for path in paths]
        assert len(store.groups(found)) == 1
        assert all(one.status == 0 for one in clients.send(target(serving), paths))
        assert serving.archive.counts().instances == 50


def test_a_response_that_answers_nothing_ends_the_association(tmp_path: Path):
    """PS3.7 9.3.1: nothing was asked of the peer; an answer to an answer would go on for ever."""
    with (
        node(tmp_path) as serving,
        associate(target(serving), CALLER, [(CT_IMAGE, SYNTAXES[:1])]) as association,
    ):
        association.send(association.context_for(CT_IMAGE), request(message_id=1).response(0))
        with pytest.raises(Aborted):
            association.expect(10)


def test_what_nobody_may_do_is_for_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with node(tmp_path) as serving:
        data = data_set(tmp_path / "o")
        answer = stored(serving, request(command_field=Field.N_CREATE), data)
    assert answer == (0x0211, "not an operation of this SOP class")
    said = "N-CREATE (CT Image Storage) of TESTER refused: not an operation of this SOP class"
    assert ("anode.dispatch", logging.WARNING, said) in caplog.record_tuples


def test_a_refused_object_over_the_limit_is_not_drained(tmp_path: Path):
    """Hostile input N5: whatever it was refused for."""
    whole = data_set(tmp_path / "o", PixelData=bytes(200_000), BitsAllocated=8)
    limits = Limits(object_bytes=100_000)
    with node(tmp_path / "node", limits=limits) as serving:
        unnamed = request(affected_sop_instance_uid="none")
        with pytest.raises(Ended):
            stored(serving, unnamed, whole)
        assert stored(serving, unnamed, data_set(tmp_path / "good"))[0] == 0xC000
