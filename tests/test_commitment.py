"""Storage commitment as its SCP, PS3.4 Annex J: what is promised is there, to its last byte."""

from __future__ import annotations

import errno
import logging
import os
import resource
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from archive import commitments
from archive.commitments import Commitments
from config.limits import Limits
from config.settings import Archive
from scp import judging
from scp.node import Node
from scu import commit, instances, store
from scu.associate import associate
from scu.echo import VERIFICATION, echo, verify
from scu.find import begin, matches
from scu.references import MODEL, Reason, Reference
from tests.clients import CALLER, STUDY_ROOT
from tests.committing import (
    HEARS,
    PROPOSAL,
    SECONDS,
    ask,
    ask_and_go,
    committed,
    eventually,
    files,
    hearing,
    reasons_of_report,
    references,
    stored,
)
from tests.nodes import node, peer, target
from tests.objects import CT_IMAGE, MR_IMAGE, identifier, instance, uid, written
from wire.command import Command, Field
from wire.errors import NoContext

LATER = Limits(commitment_seconds=1e-6)
"""Nothing is read before the answer."""


@pytest.fixture(params=[Limits(), LATER], ids=["before the answer", "after it"])
def limits(request):
    """Objects are read again before the request is answered, or after."""
    return request.param


def held(ours: Node, one: Reference):
    found = ours.archive.lookup(one.sop_instance_uid)
    assert found is not None
    return found.path


def test_what_is_held_is_committed_on_the_association_that_asked(tmp_path, limits):
    with node(tmp_path / "node", limits=limits) as ours:
        objects = stored(ours, tmp_path / "in", 5)
        reasons = committed(target(ours), CALLER, objects)
        assert reasons == {one.sop_instance_uid: 0 for one in objects}
        assert len(files(tmp_path / "node", "reported")) == 1
        assert files(tmp_path / "node", "open") == []


def _missing_row(ours, one):
    ours.archive._index.remove(one.sop_instance_uid)


def _missing_file(ours, one):
    held(ours, one).unlink()


def _truncated(ours, one):
    path = held(ours, one)
    os.truncate(path, path.stat().st_size - 2)


def _longer(ours, one):
    with held(ours, one).open("ab") as file:
        file.write(b"\0\0")


def _flipped(at):
    def flip(ours, one):
        with held(ours, one).open("r+b") as file:
            file.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))

    return flip


def _no_file(ours, one):
    path = held(ours, one)
    path.unlink()
    path.mkdir()


HARM = {
    "the row is missing": (_missing_row, Reason.NO_SUCH_INSTANCE),
    "the file is missing": (_missing_file, Reason.NO_SUCH_INSTANCE),
    "the file is truncated": (_truncated, Reason.PROCESSING_FAILURE),
    "the file has grown": (_longer, Reason.PROCESSING_FAILURE),
    "the last byte is flipped": (_flipped(-1), Reason.PROCESSING_FAILURE),
    "the meta information is damaged": (_flipped(130), Reason.PROCESSING_FAILURE),
    "there is a folder in its place": (_no_file, Reason.PROCESSING_FAILURE),
}


@pytest.mark.parametrize("what", HARM)
def test_what_is_harmed_is_not_committed_and_the_others_are(tmp_path, what, limits):
    harm, reason = HARM[what]
    with node(tmp_path / "node", limits=limits) as ours:
        first, second, third = stored(ours, tmp_path / "in")
        harm(ours, second)
        reasons = committed(target(ours), CALLER, [first, second, third])
    assert list(reasons.values()) == [0, reason, 0]


def test_what_is_not_what_it_is_said_to_be_is_not_committed(tmp_path):
    with node(tmp_path / "node") as ours:
        first, second, third = stored(ours, tmp_path / "in")
        asked = [
            first,
            second._replace(sop_class_uid=MR_IMAGE),
            third._replace(sop_class_uid="1.2.3.4"),
            Reference(CT_IMAGE, uid("nowhere")),
            Reference("1.2.3.4", uid("nowhere else")),
        ]
        reasons = committed(target(ours), CALLER, asked)
    assert list(reasons.values()) == [
        Reason.NONE,
        Reason.CLASS_INSTANCE_CONFLICT,
        Reason.CLASS_INSTANCE_CONFLICT,
        Reason.NO_SUCH_INSTANCE,
        Reason.CLASS_NOT_SUPPORTED,
    ]


def test_a_node_that_stores_unknown_classes_knows_of_none_it_lacks(tmp_path):
    with node(tmp_path / "node", archive=Archive(unknown_classes="store")) as ours:
        reasons = committed(target(ours), CALLER, [Reference("1.2.3.4", "1.2.3")])
    assert reasons == {"1.2.3": Reason.NO_SUCH_INSTANCE}


def test_an_object_that_cannot_be_opened_for_now_is_short_of_resources(tmp_path):
    with node(tmp_path / "node", archive=Archive(sync="always")) as ours:
        (one,) = stored(ours, tmp_path / "in", 1)
        asked = [Reference(CT_IMAGE, one.sop_instance_uid)]
        house = ours._home
        held = ours.archive.lookup(one.sop_instance_uid)
        assert ours.archive.examined(held) is None
        spare = os.open(os.devnull, os.O_RDONLY)
        usual = resource.getrlimit(resource.RLIMIT_NOFILE)
        os.close(spare)
        resource.setrlimit(resource.RLIMIT_NOFILE, (spare, usual[1]))
        try:
            (result,) = judging.results(house.archive, house.settings, asked, lambda: None)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, usual)
        assert result[-1] == Reason.RESOURCE_LIMITATION


def test_a_report_comes_on_a_new_association_to_who_has_released(tmp_path, limits):
    with (
        hearing() as remote,
        node(tmp_path / "node", peers=(peer("HEARS", remote.port),), limits=limits) as ours,
    ):
        objects = stored(ours, tmp_path / "in")
        lost = Reference(CT_IMAGE, uid("lost"))
        assert ask_and_go(target(ours), "1.2.3", objects) == 0
        good = remote.next()
        assert ask_and_go(target(ours), "1.2.4", [*objects, lost]) == 0
        bad = remote.next()
    uids = [one.sop_instance_uid for one in objects]
    assert (good.event_type, good.transaction, good.committed) == (1, "1.2.3", uids)
    assert (good.failed, good.calling, good.retrieve) == ({}, "ANODE", "ANODE")
    assert (bad.event_type, bad.transaction, bad.committed) == (2, "1.2.4", uids)
    assert bad.failed == {lost.sop_instance_uid: Reason.NO_SUCH_INSTANCE}


def test_a_report_comes_from_the_name_that_was_asked(tmp_path):
    with (
        hearing() as remote,
        node(tmp_path / "node", peers=(peer("HEARS", remote.port),)) as ours,
    ):
        both = ours.settings.node.model_copy(update={"other_ae_titles": ("OTHER",)})
        ours.reload(lambda: ours.settings.model_copy(update={"node": both}))
        other = replace(target(ours), ae_title="OTHER")
        ask_and_go(other, "1.2.3", [Reference(CT_IMAGE, "1.2")])
        assert remote.next().calling == "OTHER"


def test_a_transaction_uid_is_used_once_by_each_requestor(tmp_path):
    known = (peer("TESTER"), peer("HEARS"))
    with node(tmp_path / "node", peers=known) as ours:
        objects = stored(ours, tmp_path / "in")
        first = commit.Commitment(objects)
        transaction = next(iter(first.transactions))
        again, other = commit.Commitment(objects), commit.Commitment(objects)
        for each in (again, other):
            each.transactions = {transaction: objects}
            each._open = {transaction: None}
        for wanted, caller in ((first, HEARS), (again, HEARS), (other, CALLER)):
            with associate(target(ours), caller, [PROPOSAL]) as association:
                commit.request(association, wanted)
                commit.listen(association, wanted, 10)
    assert set(first.reasons.values()) == {Reason.NONE}
    assert set(again.reasons.values()) == {Reason.DUPLICATE_TRANSACTION}
    assert set(other.reasons.values()) == {Reason.NONE}


def test_a_transaction_that_is_asked_twice_at_once_is_reported_both_ways(tmp_path):
    with node(tmp_path / "node", limits=LATER) as ours:
        objects = stored(ours, tmp_path / "in")
        with associate(target(ours), HEARS, [PROPOSAL]) as association:
            assert [ask(association, "1.2.3", objects) for _ in range(2)] == [0, 0]
            assert len(files(tmp_path / "node", "open")) == 2
            heard = [reasons_of_report(association) for _ in range(2)]
    assert sorted(heard, key=max) == [{Reason.NONE}, {Reason.DUPLICATE_TRANSACTION}]


def test_other_requests_are_answered_while_a_report_is_awaited(tmp_path):
    """PS3.7 D.3.3.3: one request of ours and one of theirs may be under way."""
    model = STUDY_ROOT + "1"
    proposals = [PROPOSAL, ("1.2.840.10008.1.1", commit.SYNTAXES), (model, commit.SYNTAXES)]
    with node(tmp_path / "node") as ours:
        objects = stored(ours, tmp_path / "in", 200)
        with associate(target(ours), HEARS, proposals) as association:
            assert ask(association, "1.2.3", objects) == 0
            report = association.expect(10)  # not answered yet
            assert report.command.command_field == Field.N_EVENT_REPORT
            report.drain()
            assert verify(association) == 0
            assert ask(association, "1.2.4", objects[:1]) == 0
            above = {"StudyInstanceUID": uid("s"), "SeriesInstanceUID": uid("e")}
            asked = begin(association, model, identifier("IMAGE", SOPInstanceUID="", **above))
            # The answer crosses what C-FIND sends
            association.send(report.context, report.command.response(0))
            assert len(list(matches(association, asked))) == 200
            assert reasons_of_report(association) == {0}
        assert eventually(lambda: len(files(tmp_path / "node", "reported")) == 2)


def test_a_peer_that_never_is_silent_gets_its_report_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("scp.outbox.LONGEST_SECONDS", 0.2)
    proposals = [PROPOSAL, ("1.2.840.10008.1.1", commit.SYNTAXES)]
    with (
        node(tmp_path / "node") as ours,
        associate(target(ours), HEARS, proposals) as association,
    ):
        assert ask(association, "1.2.3", [Reference(CT_IMAGE, "1.2")]) == 0
        context = association.context_for(VERIFICATION)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            echo = Command(Field.C_ECHO, affected_sop_class_uid=VERIFICATION, message_id=9)
            association.send(context, echo)
            message = association.expect(10)
            if message.command.command_field == Field.N_EVENT_REPORT:
                break
        assert message.command.command_field == Field.N_EVENT_REPORT


def test_a_lazy_archive_syncs_what_it_commits(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("archive.kernel.syncfs", synced.append)
    with node(tmp_path / "node", archive=Archive(sync="lazy")) as ours:
        objects = stored(ours, tmp_path / "in")
        assert not synced
        assert set(committed(target(ours), CALLER, objects).values()) == {0}
    assert synced


def test_nothing_is_committed_by_a_store_whose_sync_failed(tmp_path, monkeypatch):
    with node(tmp_path / "node", archive=Archive(sync="always")) as ours:
        objects = stored(ours, tmp_path / "in")

        def fail(_fd):
            raise OSError(5, "Input/output error")

        monkeypatch.setattr("archive.kernel.syncfs", fail)
        assert ask_and_go(target(ours), "1.2.3", objects) == 0x0110
        assert files(tmp_path / "node", "open") == []


def test_big_objects_do_not_hold_up_others(tmp_path, caplog):
    """They are read after the answer, in a thread that lets others run."""
    caplog.set_level(logging.INFO)
    with node(tmp_path / "node", limits=Limits(commitment_seconds=0.05)) as ours:
        big = instance(1)
        big.PixelData = bytes(256 << 20)
        big["PixelData"].VR = "OW"
        (path,) = written(tmp_path / "in", big)
        (sent,) = store.store_all(target(ours), HEARS, [instances.read(path)])
        assert sent.status == 0
        wanted = commit.Commitment(references([path]))
        with associate(target(ours), HEARS, [PROPOSAL]) as association:
            begun = time.monotonic()
            commit.request(association, wanted)
            answered = time.monotonic() - begun
            times = []
            while not wanted.reported:
                begun = time.monotonic()
                assert echo(target(ours), CALLER).status == 0
                times.append(time.monotonic() - begun)
                commit.listen(association, wanted, 0.05)
        assert set(wanted.reasons.values()) == {0}
        assert answered < 10.0
        assert max(times) < 10.0
    assert "still being read" in caplog.text


def test_commitments_outlive_the_index(tmp_path):
    with node(tmp_path / "node") as ours:
        objects = stored(ours, tmp_path / "in")
        committed(target(ours), CALLER, objects)
    for path in (tmp_path / "node").glob("index.sqlite3*"):
        path.unlink()
    with node(tmp_path / "node"):
        assert len(files(tmp_path / "node", "reported")) == 1


def test_who_may_not_commit_gets_no_context(tmp_path):
    proposals = [PROPOSAL, ("1.2.840.10008.1.1", commit.SYNTAXES)]
    with (
        node(tmp_path / "node", peers=(peer("HEARS", may=("echo", "store")),)) as ours,
        associate(target(ours), HEARS, proposals) as association,
        pytest.raises(NoContext),
    ):
        association.context_for(MODEL)


def test_what_ended_is_forgotten_after_its_days(tmp_path):
    commitments = Commitments(tmp_path)
    begun = commitments.begin("1.2.3", "A", "B", 1)
    accepted = commitments.accept(begun, [("1.2", "3.4", 0)], judged=True)
    commitments.end(accepted, "reported")
    commitments.forget(400)
    assert commitments.known(begun)
    long_ago = time.time() - 401 * 86400
    os.utime(files(tmp_path, "reported")[0], (long_ago, long_ago))
    commitments.forget(400)
    assert not commitments.known(begun)


def test_a_disk_that_fails_is_told_and_the_association_goes_on(tmp_path):
    with node(tmp_path / "node") as ours:
        objects = stored(ours, tmp_path / "in")
        place = tmp_path / "node" / "commitments" / "open"
        place.rename(tmp_path / "elsewhere")
        with associate(target(ours), HEARS, [PROPOSAL]) as association:
            assert ask(association, "1.2.3", objects) == 0x0110
            (tmp_path / "elsewhere").rename(place)
            assert ask(association, "1.2.3", objects) == 0
            assert reasons_of_report(association) == {0}
        assert list((tmp_path / "node" / "commitments").glob("*.part")) == []


def test_a_disk_that_has_no_locks_is_told_and_the_association_goes_on(tmp_path, monkeypatch):
    def flock(_fd, _how):
        raise OSError(errno.ENOLCK, "No locks available")

    with node(tmp_path / "node") as ours, associate(target(ours), HEARS, [PROPOSAL]) as association:
        with monkeypatch.context() as patched:
            patched.setattr(commitments.fcntl, "flock", flock)
            assert ask(association, "1.2.3", [Reference(CT_IMAGE, "1.2")]) == 0x0110
        assert ask(association, "1.2.4", [Reference(CT_IMAGE, "1.2")]) == 0


def test_of_processes_that_are_asked_the_same_at_once_one_accepts_it(tmp_path):
    """PS3.4 J.3.2: a Transaction UID names one transaction; its file is never written over."""
    processes = [Commitments(tmp_path) for _ in range(8)]
    together = threading.Barrier(len(processes))

    def accept(commitments, number):
        begun = commitments.begin("1.2.3", "CT1", "ANODE", 1)
        together.wait(SECONDS)
        with suppress(FileExistsError):
            return commitments.accept(begun, [("1.2", f"1.2.{number}", 0)], judged=True)

    with ThreadPoolExecutor(len(processes)) as pool:
        made = list(pool.map(accept, processes, range(len(processes))))
    (number,) = (number for number, each in enumerate(made) if each is not None)
    assert processes[0].results(made[number]) == [("1.2", f"1.2.{number}", 0)]
    assert sum(each.waiting().total() for each in processes) == 1
