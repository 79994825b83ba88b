"""What a node records of real sessions, PS3.15 A.5.3: valid messages that reach their receivers."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64decode
from contextlib import contextmanager

import pytest

from config.settings import Listener
from scp.audit import sender
from scu import echo, instances, store
from scu.associate import associate
from scu.find import QueryFailed
from tests import audit_sinks
from tests.audit_sinks import HERE, Message, audit, journal, tcp_sink
from tests.certificates import Authority
from tests.clients import CALLER, STUDY_ROOT, SYNTAXES, get, move, query, send
from tests.commands import ROOT
from tests.nodes import node, peer, port, target
from tests.objects import CT_IMAGE, MR_IMAGE, identifier, instance, non_patient, uid, written
from wire.errors import Ended, NoContext, Rejected

NAME, ID = "Geheim^Patientin", "SECRET-4711"
STUDIES = [uid("study", number) for number in range(3)]
BEGIN, NEW, READ = "110102 E", "110104 C", "110104 R"


def objects(folder, count=3, study=0, **values):
    """Objects of one study of a patient whose name must not be seen in a log."""
    values = {"PatientName": NAME, "PatientID": ID, "StudyInstanceUID": STUDIES[study], **values}
    return written(folder, *(instance(number, **values) for number in range(count)))


@contextmanager
def audited(folder, *sinks, **keys):
    """A node, and after the block what it has recorded."""
    found: list[Message] = []
    peers = keys.pop("peers", (peer(CALLER.ae_title),))
    with node(folder, peers=peers, audit=audit(*sinks), **keys) as serving:
        yield serving, found
    found += journal(folder)


def sent(serving, paths):
    """C-STORE, and the end of its association here, which is when it is recorded."""
    send(target(serving), paths)
    assert serving._doors.crowd.drain(5)


def events(found):
    """Without those of the application."""
    return [each.event for each in found if not each.event.startswith("110100")]


def subject(message):
    """Study, patient and name."""
    study, patient = message.all("//@ParticipantObjectID")
    name = message.all("//ParticipantObjectName/text()")[1]
    return study, patient, name


# -- each service ---------------------------------------------------------------------------------


def test_start_and_stop(tmp_path):
    with audited(tmp_path) as (_, found):
        pass
    assert [each.event for each in found] == ["110100 E 110120", "110100 E 110121"]
    assert found[0].roles() == {"110150": "ANODE"}


def test_objects_that_are_new(tmp_path):
    with audited(tmp_path / "n") as (serving, found):
        sent(serving, objects(tmp_path / "o"))
    assert events(found) == [BEGIN, NEW]
    begin, done = found[1:3]
    assert subject(begin) == subject(done) == (STUDIES[0], ID, NAME)
    assert done.classes() == {CT_IMAGE: 3}
    assert done.roles() == {"110153": "TESTER", "110152": "ANODE"}
    assert done.all("//@UserIsRequestor") == ["true", "false"]
    assert done.all("//@NetworkAccessPointID")[0] == HERE
    assert done.outcome == "0"


def test_objects_that_are_held_already(tmp_path):
    paths = objects(tmp_path / "o")
    with audited(tmp_path / "n") as (serving, found):
        sent(serving, paths[:1])
        sent(serving, paths)
    assert events(found) == [BEGIN, NEW, BEGIN, NEW, READ]
    assert [each.classes()[CT_IMAGE] for each in found if each.event in (NEW, READ)] == [1, 2, 1]


def test_objects_that_were_refused_are_a_failure(tmp_path):
    """The same instance with other bytes: it may be somebody's attempt to exchange it."""
    (good,) = objects(tmp_path / "o", 1)
    same = instances.read(good).sop_instance_uid
    (bad,) = objects(tmp_path / "p", 1, SOPInstanceUID=same, PatientComments="other")
    with audited(tmp_path / "n") as (serving, found):
        sent(serving, [good])
        sent(serving, [bad])
    assert events(found) == [BEGIN, NEW, READ]
    failed = found[3]
    assert failed.outcome == "4"
    assert "other bytes" in failed.one("//EventOutcomeDescription/text()")


def test_a_message_speaks_of_one_study_of_one_patient(tmp_path):
    paths = [
        *objects(tmp_path / "a", 2, study=0),
        *objects(tmp_path / "b", 2, study=1),
        *objects(tmp_path / "c", 2, study=2, PatientID="OTHER"),
    ]
    with audited(tmp_path / "n") as (serving, found):
        sent(serving, paths)
    assert events(found) == [BEGIN, NEW] * 3
    assert [subject(each)[:2] for each in found if each.event == NEW] == [
        (STUDIES[0], ID),
        (STUDIES[1], ID),
        (STUDIES[2], "OTHER"),
    ]


def test_studies_that_come_mixed_are_not_a_message_for_each_object(tmp_path):
    every = [objects(tmp_path / str(study), 20, study=study) for study in range(3)]
    mixed = [path for three in zip(*every, strict=True) for path in three]
    with audited(tmp_path / "n") as (serving, found):
        sent(serving, mixed)
    done = [each for each in found if each.event == NEW]
    assert sum(each.classes()[CT_IMAGE] for each in done) == 60
    assert len(done) < 10


def test_classes_are_counted_apart(tmp_path):
    paths = [
        *objects(tmp_path / "a", 2),
        *objects(tmp_path / "b", 1, sop_class=MR_IMAGE, ImageComments="m"),
    ]
    with audited(tmp_path / "n") as (serving, found):
        sent(serving, paths)
    assert found[2].classes() == {CT_IMAGE: 2, MR_IMAGE: 1}


def test_objects_of_no_patient(tmp_path):
    palette = "1.2.840.10008.5.1.4.39.1"
    with audited(tmp_path / "n") as (serving, found):
        sent(serving, written(tmp_path / "o", non_patient(palette)))
    assert events(found) == [BEGIN, NEW]
    assert found[2].classes() == {palette: 1}


def test_an_association_that_breaks_has_transferred_what_it_has(tmp_path):
    paths = objects(tmp_path / "o", 2)
    with audited(tmp_path / "n") as (serving, found):
        association = associate(target(serving), CALLER, [(CT_IMAGE, SYNTAXES)])
        assert store.store(association, instances.read(paths[0])).status == 0
        association.abort()
    assert events(found) == [BEGIN, NEW]


def test_a_query_holds_its_identifier(tmp_path):
    with audited(tmp_path / "n") as (serving, found):
        query(target(serving), identifier(PatientName=NAME))
    assert events(found) == ["110112 E"]
    asked = found[1]
    assert NAME.encode() in b64decode(asked.one("//ParticipantObjectQuery/text()"))
    assert asked.one("//@ParticipantObjectID") == STUDY_ROOT + "1"
    assert asked.detail("TransferSyntax") == SYNTAXES[0]
    assert asked.roles() == {"110153": "TESTER", "110152": "ANODE"}


def test_a_query_that_is_refused_was_asked_all_the_same(tmp_path):
    with audited(tmp_path / "n") as (serving, found), pytest.raises(QueryFailed):
        query(target(serving), identifier("NONSENSE"))
    assert events(found) == ["110112 E"]


def test_what_c_get_sends(tmp_path):
    paths = objects(tmp_path / "o")
    with audited(tmp_path / "n") as (serving, found):
        sent(serving, paths)
        wanted = [instances.read(path) for path in paths]
        get(target(serving), identifier(StudyInstanceUID=STUDIES[0]), wanted)
    assert events(found) == [BEGIN, NEW, BEGIN, READ]
    done = found[4]
    assert done.roles() == {"110153": "ANODE", "110152": "TESTER"}
    assert done.all("//@UserIsRequestor") == ["false", "true"]
    assert (subject(done), done.classes()) == ((STUDIES[0], ID, NAME), {CT_IMAGE: 3})


def test_what_the_receiver_of_a_c_get_refuses_is_a_failure(tmp_path):
    paths = objects(tmp_path / "o")
    with audited(tmp_path / "n") as (serving, found):
        sent(serving, paths)
        wanted = [instances.read(path) for path in paths]
        asked = identifier(StudyInstanceUID=STUDIES[0])
        get(target(serving), asked, wanted, status=0xA700)
    assert events(found) == [BEGIN, NEW, BEGIN, READ]
    assert found[4].outcome == "4"
    assert "A700" in found[4].one("//EventOutcomeDescription/text()")


def test_what_c_move_sends_names_who_asked_for_it(tmp_path):
    with node(tmp_path / "d", "DEST", peers=(peer("ANODE"),), audit=audit()) as dest:
        peers = (peer(CALLER.ae_title, move_to=("DEST",)), peer("DEST", port(dest)))
        with audited(tmp_path / "n", peers=peers) as (serving, found):
            sent(serving, [*objects(tmp_path / "a"), *objects(tmp_path / "b", 2, study=1)])
            asked = identifier("PATIENT", PatientID=ID)
            move(target(serving), asked, "DEST", root="1.2.840.10008.5.1.4.1.2.1.")
    assert events(found) == [BEGIN, NEW] * 2 + [BEGIN, BEGIN, READ, READ]
    done = found[-2]
    assert done.roles() == {"110153": "ANODE", "110152": "DEST", "": "TESTER"}
    assert done.all("//@UserIsRequestor") == ["false", "false", "true"]
    theirs = journal(tmp_path / "d")
    assert events(theirs) == [BEGIN, NEW] * 2
    assert theirs[2].roles() == {"110153": "ANODE", "110152": "DEST"}


# -- refusals -------------------------------------------------------------------------------------


def test_a_caller_that_is_rejected(tmp_path):
    with (
        audited(tmp_path / "n", peers=(peer("OTHER"),)) as (serving, found),
        pytest.raises(Rejected),
    ):
        echo.echo(target(serving), CALLER)
    assert events(found) == ["110113 E 110126"]
    assert found[1].one("//@ParticipantObjectID") == HERE
    assert "'TESTER' to 'ANODE' rejected" in found[1].detail("Alert Description")


def test_that_we_are_full_is_no_alert_about_the_caller(tmp_path):
    few = (peer(CALLER.ae_title, associations=1),)
    with (
        audited(tmp_path / "n", peers=few) as (serving, found),
        associate(target(serving), CALLER, [(echo.VERIFICATION, SYNTAXES)]),
        pytest.raises(Rejected, match="limit"),
    ):
        echo.echo(target(serving), CALLER)
    assert events(found) == []


def test_a_move_to_where_the_caller_may_not(tmp_path):
    with audited(tmp_path / "n") as (serving, found):
        move(target(serving), identifier(StudyInstanceUID="1.2"), "ELSEWHERE")
    assert events(found) == ["110113 E 110132"]
    assert "'ELSEWHERE'" in found[1].detail("Alert Description")


def test_a_right_that_is_missing(tmp_path, caplog):
    """Storage contexts accepted for C-GET give no right to store."""
    (path,) = objects(tmp_path / "o", 1)
    proposals = [(STUDY_ROOT + "3", SYNTAXES), (CT_IMAGE, SYNTAXES)]
    getter = (peer(CALLER.ae_title, may=("get",)),)
    with audited(tmp_path / "n", peers=getter) as (serving, found):
        with associate(target(serving), CALLER, proposals) as association:
            assert store.store(association, instances.read(path)).status == 0x0124
        with (
            associate(target(serving), CALLER, proposals[1:]) as association,
            pytest.raises(NoContext),
        ):
            store.store(association, instances.read(path))
    assert events(found) == ["110113 E 110132"] * 2
    said = [each.detail("Alert Description") for each in found[1:3]]
    assert said == [
        "C-STORE (CT Image Storage) refused: no right to store",
        "presentation contexts refused: CT Image Storage",
    ]
    assert "C-STORE (CT Image Storage) of TESTER refused" in caplog.text


def test_a_connection_that_comes_to_no_tls_session(tmp_path):
    ca = Authority(tmp_path / "tls")
    ours = ca.issue("node")
    listener = Listener(
        port=0,
        tls="rfc9325",
        ca=ca.certificate,
        certificate=ours.certificate,
        key=ours.key,
    )
    with audited(tmp_path / "n", listener=(listener,)) as (serving, found):
        with pytest.raises(Ended):
            echo.echo(target(serving), CALLER)
        assert serving._doors.crowd.drain(5)
    assert events(found) == ["110113 E 110126"]
    assert found[1].all("//ActiveParticipant/@UserID")[1] == HERE


# -- media ----------------------------------------------------------------------------------------


def test_import_and_export_beside_a_running_node(tmp_path, monkeypatch):
    """A process of its own writes into the same journal, and the node sends it."""
    monkeypatch.setattr(sender, "LOOK_SECONDS", 0.1)
    paths = [*objects(tmp_path / "a", 2), *objects(tmp_path / "b", 1, study=1)]
    with tcp_sink() as received, audited(tmp_path / "n", audit_sinks.at(received)) as (serving, _):
        sent(serving, paths[:1])
        file = tmp_path / "anode.toml"
        place = f'[[audit.sink]]\nhost = "{HERE}"\nport = {received.port}\ntransport = "tcp"\n'
        file.write_text(f'[node]\ndata = "{tmp_path / "n"}"\n{place}')
        for command in (["import", *paths], ["export", "-o", tmp_path / "out"]):
            ran = subprocess.run(
                [sys.executable, "-m", "cli.main", command[0], "-c", file, *command[1:]],
                check=False,
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
            assert ran.returncode == 0, ran.stderr
        received.await_messages(7)
    told = [each for each in received.messages if each.event in ("110107 C", "110106 R")]
    assert sorted(each.event for each in told) == ["110106 R"] * 2 + ["110107 C"] * 2
    assert {(each.event, *subject(each)[:2], *each.classes().values()) for each in told} == {
        ("110107 C", STUDIES[0], ID, 1),
        ("110107 C", STUDIES[1], ID, 1),
        ("110106 R", STUDIES[0], ID, 2),
        ("110106 R", STUDIES[1], ID, 1),
    }
    for each in told:
        person, process, media = each.all("//ActiveParticipant/@UserID")
        assert "@" in person
        assert process.isdecimal()
        assert media.startswith("file:///")
        assert each.all("//@UserIsRequestor") == ["true", "false", "false"]
        assert each.one("//MediaType/@csd-code") == "110037"
