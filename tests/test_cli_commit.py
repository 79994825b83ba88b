"""`anode commit` and `anode send --commit`: 0 only when the peer answers for every object."""

from __future__ import annotations

import socket
import threading

import pytest

from cli.calls import Call
from cli.hearing import Ear, hearing
from config.limits import Limits
from config.listeners import Listener
from scu.associate import Caller, Target, associate
from scu.commit import SYNTAXES, Commitment
from scu.references import MODEL, Information, Reference, decode, encode
from tests.certificates import Authority
from tests.commands import anode, at, configuration
from tests.committing import eventually, files
from tests.nodes import HERE, node, peer
from tests.objects import CT_IMAGE, MR_IMAGE, instance, uid, written
from tests.pairs import accepting, serving
from tests.peers import free_port
from wire.command import Command, Field
from wire.errors import Rejected


def many(folder, number, **values):
    return written(folder, *(instance(n, **values) for n in range(1, number + 1)))


def test_what_the_peer_holds_is_committed_by_sop_class(tmp_path):
    many(tmp_path / "in", 2)
    many(tmp_path / "in" / "mr", 1, sop_class=MR_IMAGE, Modality="MR")
    (tmp_path / "in" / "notes.txt").write_text("no DICOM")
    with node(tmp_path / "data") as ours:
        assert anode("send", at(ours), tmp_path / "in").code == 0
        ran = anode("commit", at(ours), tmp_path / "in")
        again = anode("commit", at(ours), tmp_path / "in", "--json").document
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[0].split() == ["SOP", "class", "Committed", "Failed", "Unreported"]
    assert lines[2].split() == ["CT", "Image", "Storage", "2", "0", "0"]
    assert lines[3].split() == ["MR", "Image", "Storage", "1", "0", "0"]
    assert lines[4].startswith("3 of 3 objects committed by ANODE@127.0.0.1:")
    assert (again["committed"], again["failed"], again["unreported"]) == (3, 0, 0)
    assert len(again["transactions"]) == 1


def test_what_it_does_not_hold_is_listed_with_the_reason_in_words(tmp_path):
    first, *_ = many(tmp_path / "in", 3)
    with node(tmp_path / "data") as ours:
        assert anode("send", at(ours), first).code == 0
        ran = anode("commit", at(ours), tmp_path / "in")
    assert ran.code == 1
    assert "1 of 3 objects committed" in ran.out
    assert ran.err.count("0x0112 (no such object instance)") == 2
    assert "not committed: " in ran.err


def test_an_object_in_two_files_is_asked_for_once(tmp_path):
    many(tmp_path / "in", 1)
    many(tmp_path / "in" / "copy", 1)
    with node(tmp_path / "data") as ours:
        anode("send", at(ours), tmp_path / "in")
        ran = anode("commit", at(ours), tmp_path / "in", "--json")
    assert (ran.code, ran.document["committed"]) == (0, 2)


def test_many_objects_go_in_several_transactions():
    wanted = Commitment([Reference(CT_IMAGE, f"1.2.{n}") for n in range(10)], 4)
    assert [len(each) for each in wanted.transactions.values()] == [4, 4, 2]
    assert len(wanted) == 10


def test_send_commits_what_was_stored_and_what_was_there(tmp_path):
    first, *_ = many(tmp_path / "in", 4)
    with node(tmp_path / "data") as ours:
        assert anode("send", at(ours), first).code == 0
        ran = anode("send", at(ours), tmp_path / "in", "--skip-stored", "--commit")
        document = anode("send", at(ours), tmp_path / "in", "--commit", "--json").document
    assert ran.code == 0
    assert "3 of 3 objects stored" in ran.out
    assert "4 of 4 objects committed" in ran.out
    assert document["commitment"]["committed"] == 4


def test_send_does_not_ask_for_what_could_not_be_stored(tmp_path):
    _, second, _ = many(tmp_path / "in", 3)
    second.write_bytes(second.read_bytes()[:-3])
    with node(tmp_path / "data") as ours:
        ran = anode("send", at(ours), tmp_path / "in", "--commit", "--json")
    assert ran.code == 1
    assert (ran.document["stored"], ran.document["commitment"]["committed"]) == (2, 2)


def test_a_peer_that_may_store_and_not_commit_is_told_from_a_good_one(tmp_path):
    many(tmp_path / "in", 2)
    with node(tmp_path / "data", peers=(peer("ANODE", may=("store",)),)) as ours:
        ran = anode("send", at(ours), tmp_path / "in", "--commit")
        alone = anode("commit", at(ours), tmp_path / "in")
    assert (ran.code, alone.code) == (4, 4)
    assert "2 of 2 objects stored" in ran.out
    assert "no presentation context for Storage Commitment Push Model" in ran.err


def test_a_request_that_is_refused_is_a_failure_with_its_status(tmp_path):
    many(tmp_path / "in", 3)
    with node(tmp_path / "data", limits=Limits(commitment_instances=2)) as ours:
        ran = anode("commit", at(ours), tmp_path / "in")
    assert ran.code == 1
    assert "answered 0x0213" in ran.err
    assert "more than 2 instances in one request" in ran.err


def test_an_unreachable_peer_and_nothing_to_commit(tmp_path):
    many(tmp_path / "in", 1)
    (tmp_path / "empty").mkdir()
    assert anode("commit", "ANODE@127.0.0.1:1", tmp_path / "in").code == 3
    ran = anode("commit", "ANODE@127.0.0.1:1", tmp_path / "empty")
    assert ran.code == 1
    assert "nothing to commit" in ran.err


@pytest.mark.parametrize("where", ["x", "host:", "1.2.3.4:99999", "a b:1"])
def test_a_bad_place_to_listen_is_a_usage_error(tmp_path, where):
    many(tmp_path / "in", 1)
    ran = anode("commit", "ANODE@127.0.0.1:1", tmp_path / "in", "--listen", where)
    assert ran.code == 2
    assert "--listen takes PORT or HOST:PORT" in ran.err


def test_a_place_that_is_taken_is_told(tmp_path):
    many(tmp_path / "in", 1)
    with socket.create_server((HERE, 0)) as taken, node(tmp_path / "data") as ours:
        place = f"{HERE}:{taken.getsockname()[1]}"
        ran = anode("commit", at(ours), tmp_path / "in", "--listen", place)
    assert ran.code == 1
    assert "cannot listen on" in ran.err
    assert "if our node is there, stop it meanwhile" in ran.err


def test_a_report_that_leaves_objects_out_commits_them_not(tmp_path):
    many(tmp_path / "in", 2)

    def half(association):
        request = association.receive()
        raw = request.identifier()
        association.send(request.context, request.command.response(0))
        told = decode(raw, request.context.transfer_syntax, 10)
        made = Information(told.transaction_uid, told.referenced[:1])
        report = Command(
            Field.N_EVENT_REPORT,
            affected_sop_class_uid=MODEL,
            affected_sop_instance_uid="1.2.840.10008.1.20.1.1",
            message_id=1,
            event_type_id=1,
            command_data_set_type=1,
        )
        data = encode(made, request.context.transfer_syntax)
        association.send(request.context, report, data)
        association.response(report)
        association.receive()

    with serving(accepting(half)) as port:
        ran = anode("commit", f"SCP@{HERE}:{port}", tmp_path / "in", "--json")
    assert (ran.code, ran.document["committed"]) == (1, 1)
    assert ran.document["failures"][0]["cause"] == "the report does not name it"


def test_the_door_is_for_the_peer_that_was_asked_only():
    wanted = Commitment([Reference(CT_IMAGE, uid("x"))])
    (transaction,) = wanted.transactions
    here = free_port()
    call = Call(Target("PACS", "192.0.2.1", 104), Caller("US"))
    roles = {MODEL: (False, True)}
    with hearing(Ear(HERE, here), call, wanted) as bell:
        for called, calling in (("US", "OTHER"), ("OTHER", "PACS")):
            with pytest.raises(Rejected):
                associate(Target(called, HERE, here), Caller(calling), [(MODEL, SYNTAXES)], roles)
        place = Target("US", HERE, here)
        proposals = [(MODEL, SYNTAXES), (CT_IMAGE, SYNTAXES)]
        with associate(place, Caller("PACS"), proposals, roles) as association:
            (context,) = association.contexts.values()
            data = encode(
                Information(transaction, [Reference(CT_IMAGE, uid("x"))]), context.transfer_syntax
            )
            report = Command(
                Field.N_EVENT_REPORT,
                affected_sop_class_uid=MODEL,
                affected_sop_instance_uid="1.2.840.10008.1.20.1.1",
                message_id=1,
                event_type_id=1,
                command_data_set_type=1,
            )
            association.send(context, report, data)
            assert association.response(report).command.status == 0
        bell.wait(10)
    assert wanted.reported
    assert wanted.reasons == {uid("x"): 0}
    assert eventually(lambda: not [t for t in threading.enumerate() if str(here) in t.name])


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize("held", [5.0, 0.1], ids=["same association", "a new one"])
def test_all_of_it_over_tls_with_bound_certificates(tmp_path, ca, monkeypatch, held):
    """Both ways by the rows of the configuration, each bound to the other's certificate."""
    if held < 1:
        monkeypatch.setattr("cli.committing.HELD_SECONDS", held)
    own, theirs = ca.issue("node"), ca.issue("us", number=1)
    many(tmp_path / "in", 3)
    here = free_port()
    files_ = {"certificate": own.certificate, "key": own.key, "ca": ca.certificate}
    doors = (Listener(host=HERE, port=0, tls="rfc9325", **files_),)
    known = (peer("US", here, tls="rfc9325", certificate=theirs.pin),)
    with node(tmp_path / "data", peers=known, listener=doors) as ours:
        text = (
            '[node]\nae_title = "US"\n'
            f'[[listener]]\nport = 1\ntls = "rfc9325"\ncertificate = "{theirs.certificate}"\n'
            f'key = "{theirs.key}"\nca = "{ca.certificate}"\n'
            f'[[peer]]\nae_title = "ANODE"\nhost = "{HERE}"\nport = {ours.addresses[0][1]}\n'
            f'tls = "rfc9325"\ncertificate = "{own.pin}"\n'
        )
        file = configuration(tmp_path, text)
        listen = ("--listen", f"{HERE}:{here}")
        ran = anode("send", "ANODE", tmp_path / "in", "--commit", "-c", file, "--json", *listen)
        assert eventually(lambda: len(files(tmp_path / "data", "reported")) == 1)
    assert (ran.code, ran.document["commitment"]["committed"]) == (0, 3)


@pytest.mark.parametrize("how", ["aborted", "released"])
def test_who_takes_the_request_and_hangs_up_may_report_where_we_listen(tmp_path, how):
    """As Orthanc does: it reports on an association of its own, and gives ours up meanwhile."""
    many(tmp_path / "in", 2)

    def hangs_up(association):
        request = association.receive()
        request.drain()
        association.send(request.context, request.command.response(0))
        if how == "released":
            association.release()
        association.abort()

    with serving(accepting(hangs_up), connections=2) as port:
        told = anode("commit", f"SCP@{HERE}:{port}", tmp_path / "in")
        listed = anode("commit", f"SCP@{HERE}:{port}", tmp_path / "in", "--json")
    assert (told.code, listed.code) == (5, 5)
    assert f"No report came: the peer {how} the association, after it took" in told.err
    assert "in time" not in told.err, "waiting longer would not help"
    assert "say --listen PORT" in told.err
    assert "0 of 2 objects committed" in told.out
    assert listed.document["unreported"] == 2
