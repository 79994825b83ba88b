"""The command line against DCMTK's programs, which know nothing of us."""

import pytest

from cli import sources
from tests.commands import anode, at, process
from tests.nodes import node
from tests.objects import MR_IMAGE, instance, uid, written
from tests.peers import needs_dcmtk, storescp, tool
from tests.test_cli_serve import listening

pytestmark = [pytest.mark.interop, needs_dcmtk]

STUDY = f"StudyInstanceUID={uid('s')}"


def data_sets(folder):
    found = sources.collect([folder])
    return {each.sop_instance_uid: each.path.read_bytes()[each.offset :] for each in found.sources}


def three(folder):
    return written(folder, instance(1), instance(2), instance(3, sop_class=MR_IMAGE, Modality="MR"))


def test_what_is_sent_to_storescp_arrives_byte_for_byte(tmp_path):
    three(tmp_path / "in")
    with storescp(tmp_path / "out") as there:
        ran = anode("send", f"STORESCP@127.0.0.1:{there.port}", tmp_path / "in", "--jobs", 2)
    assert ran.code == 0
    assert "3 of 3 objects stored" in ran.out
    assert data_sets(tmp_path / "out") == data_sets(tmp_path / "in")


def test_a_storescp_that_refuses_ends_with_4(tmp_path):
    three(tmp_path / "in")
    with storescp(tmp_path / "out", "--refuse") as there:
        ran = anode("send", f"STORESCP@127.0.0.1:{there.port}", tmp_path / "in")
    assert ran.code == 4


def test_a_storescp_that_aborts_ends_with_5(tmp_path):
    three(tmp_path / "in")
    with storescp(tmp_path / "out", "--abort-during") as there:
        ran = anode("send", f"STORESCP@127.0.0.1:{there.port}", tmp_path / "in")
    assert ran.code == 5
    assert "aborted" in ran.err


def test_skip_stored_says_when_the_peer_cannot_be_asked(tmp_path):
    three(tmp_path / "in")
    with storescp(tmp_path / "out") as there:
        peer = f"STORESCP@127.0.0.1:{there.port}"
        ran = anode("send", peer, tmp_path / "in", "--skip-stored")
    assert ran.code == 4
    assert "presentation context" in ran.err


def test_a_node_that_is_served_by_the_command_answers_dcmtk(tmp_path):
    (path, *_) = three(tmp_path / "in")
    with process(tmp_path, "serve", "--port", 0) as started:
        title, port, _ = listening(started)
        here = ("-aec", title, "127.0.0.1", str(port))
        assert tool("echoscu", *here).returncode == 0
        assert tool("storescu", *here, path).returncode == 0
        keys = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID")
        found = tool("findscu", *keys, *here)
        (tmp_path / "out").mkdir()
        got = tool("getscu", "-S", "-od", tmp_path / "out", *here, "-k", "QueryRetrieveLevel=STUDY",
                   "-k", STUDY)  # fmt: skip
    assert uid("s") in found.stdout + found.stderr
    assert got.returncode == 0
    assert data_sets(tmp_path / "out") == data_sets(path)


def test_what_dcmsend_stores_anode_gets(tmp_path):
    three(tmp_path / "in")
    with node(tmp_path / "data") as ours:
        port = at(ours).rpartition(":")[2]
        sent = tool("dcmsend", "-aec", "ANODE", "127.0.0.1", port, "+sd", tmp_path / "in")
        assert sent.returncode == 0
        assert anode("get", at(ours), "-k", STUDY, "-o", tmp_path / "out").code == 0
    assert data_sets(tmp_path / "out") == data_sets(tmp_path / "in")
