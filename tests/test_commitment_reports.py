"""Reports reach who asked, PS3.4 J.3.3: later, elsewhere, after a crash, and nobody else."""

from __future__ import annotations

import json
import logging
import shutil
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from config.limits import Limits
from config.listeners import Listener
from config.settings import Access
from scp.reporter import CALLS
from scu import commit
from scu.associate import Caller, Target, associate
from scu.references import Reason, Reference
from tests.certificates import Authority
from tests.clients import CALLER
from tests.commands import anode, configuration, process
from tests.committing import (
    HEARS,
    PROPOSAL,
    SECONDS,
    ask,
    ask_and_go,
    eventually,
    files,
    hearing,
    reasons_of_report,
    stored,
)
from tests.nodes import HERE, node, peer, target
from tests.objects import CT_IMAGE, uid
from tests.peers import free_port
from tests.test_cli_serve import listening

NOWHERE = [Reference(CT_IMAGE, uid("nowhere"))]
SOON = Limits(report_seconds=0.1, connect_seconds=2.0)


def test_a_peer_that_is_down_gets_its_report_once_it_is_up(tmp_path, caplog):
    port = free_port()
    with node(tmp_path, peers=(peer("HEARS", port),), limits=SOON) as ours:
        assert ask_and_go(target(ours), "1.2.3", NOWHERE) == 0
        assert eventually(lambda: caplog.text.count("1 wait for") >= 3)
        with hearing(port) as remote:
            assert remote.next().transaction == "1.2.3"
            assert eventually(lambda: files(tmp_path, "reported"))
    waits = [record.args[3] for record in caplog.records if "wait for" in record.message]
    assert waits[:3] == [0.1, 0.2, 0.4]


def test_a_peer_that_comes_by_ends_the_wait_for_it(tmp_path, caplog):
    port = free_port()
    with node(tmp_path, peers=(peer("HEARS", port),)) as ours:
        assert ask_and_go(target(ours), "1.2.3", NOWHERE) == 0
        assert eventually(lambda: "1 wait for 10 s" in caplog.text)
        with hearing(port) as remote:
            assert ask_and_go(target(ours), "1.2.4", NOWHERE) == 0
            assert {remote.next().transaction for _ in range(2)} == {"1.2.3", "1.2.4"}


@pytest.mark.parametrize("seconds", [3, 0.000001], ids=["judged", "not yet judged"])
@pytest.mark.crash
def test_a_node_killed_after_its_answer_reports_when_it_is_back(tmp_path, seconds):
    port, own = free_port(), free_port()
    text = (
        f'[[listener]]\nport = {own}\n[[peer]]\nae_title = "HEARS"\nhost = "127.0.0.1"\n'
        f"port = {port}\n[limits]\nreport_seconds = 0.2\ncommitment_seconds = {seconds}\n"
    )
    configuration(tmp_path, text)
    ours = Target("ANODE", HERE, own)
    with process(tmp_path, "serve") as running:
        assert listening(running)[1] == own
        association = associate(ours, HEARS, [PROPOSAL])
        assert ask(association, "1.2.3", NOWHERE) == 0
        running.send_signal(signal.SIGKILL)
        running.wait()
        association.channel.close()
    assert len(files(tmp_path / "anode-data", "open")) == 1
    with hearing(port) as remote, process(tmp_path, "serve"):
        heard = remote.next()
        assert (heard.event_type, heard.transaction) == (2, "1.2.3")
        assert heard.failed == {uid("nowhere"): Reason.NO_SUCH_INSTANCE}
        assert eventually(lambda: files(tmp_path / "anode-data", "reported"))


def test_a_report_is_repeated_until_it_is_answered(tmp_path, caplog):
    """Who breaks off before the answer may not have it."""
    heard, over = [], threading.Event()
    with socket.create_server((HERE, 0)) as server:
        port = server.getsockname()[1]

        def break_off():
            for _ in range(3):
                sock, _ = server.accept()
                heard.append(sock.recv(10))
                sock.close()
            over.set()

        threading.Thread(target=break_off, daemon=True).start()
        with node(tmp_path, peers=(peer("HEARS", port),), limits=SOON) as ours:
            assert ask_and_go(target(ours), "1.2.3", NOWHERE) == 0
            assert over.wait(SECONDS)
            assert len(files(tmp_path, "open")) == 1


def test_who_does_not_answer_where_it_asked_is_called(tmp_path, caplog):
    limits = Limits(response_seconds=2.0)  # and enough for who does answer
    with (
        hearing() as remote,
        node(tmp_path, peers=(peer("HEARS", remote.port),), limits=limits) as ours,
        associate(target(ours), HEARS, [PROPOSAL]) as association,
    ):
        assert [ask(association, f"1.2.{number}", NOWHERE) for number in range(2)] == [0, 0]
        report = association.expect(SECONDS)
        report.drain()
        assert {remote.next().transaction for _ in range(2)} == {"1.2.0", "1.2.1"}
        # Its answer comes after all, and costs nothing
        association.send(report.context, report.command.response(0))
        assert ask(association, "1.2.2", NOWHERE) == 0
        assert remote.next().transaction == "1.2.2", "the next one is not tried here any more"
        assert eventually(lambda: len(files(tmp_path, "reported")) >= 2)
    assert "the report was not answered in time" in caplog.text


def test_any_answer_ends_a_report(tmp_path, caplog):
    with (
        hearing(status=0x0110) as remote,
        node(tmp_path, peers=(peer("HEARS", remote.port),), limits=SOON) as ours,
    ):
        ask_and_go(target(ours), "1.2.3", NOWHERE)
        remote.next()
        assert eventually(lambda: files(tmp_path, "reported"))
    assert "the report was answered 0x0110 (Processing Failure); it is not repeated" in caplog.text


def test_a_peer_that_takes_no_reports_is_tried_again(tmp_path, caplog):
    with node(tmp_path / "other", "HEARS", peers=(peer("ANODE", may=("echo",)),)) as other:
        at = other.addresses[0][1]
        with node(tmp_path / "node", peers=(peer("HEARS", at),), limits=SOON) as ours:
            ask_and_go(target(ours), "1.2.3", NOWHERE)
            assert eventually(lambda: "takes no reports of storage commitment" in caplog.text)
            assert len(files(tmp_path / "node", "open")) == 1


def test_a_node_answers_for_what_it_never_asked(tmp_path, caplog):
    """N-EVENT-REPORT to a node: it asked for nothing, PS3.7 10.1.1.1.8."""
    with node(tmp_path / "other", "HEARS", peers=(peer("ANODE"),)) as other:
        at = other.addresses[0][1]
        with node(tmp_path / "node", peers=(peer("HEARS", at),), limits=SOON) as ours:
            ask_and_go(target(ours), "1.2.3", NOWHERE)
            assert eventually(lambda: files(tmp_path / "node", "reported"))
    assert "report of 'ANODE' refused: a transaction of nobody here" in caplog.text
    assert "answered 0x0110" in caplog.text


def test_only_the_configured_address_of_who_asked_is_called(tmp_path, caplog):
    """A3 of hostile-input.md: nothing a caller sends is an address, and titles have their own."""
    with hearing() as wrong, hearing() as right:
        known = (peer("OTHER", wrong.port), peer("HEARS", right.port))
        with node(tmp_path, peers=known) as ours:
            ask_and_go(target(ours), "1.2.3", NOWHERE)
            assert right.next().transaction == "1.2.3"
            assert eventually(lambda: files(tmp_path, "reported"))
        assert wrong.reports.empty()


def test_status_tells_how_many_reports_wait(tmp_path):
    with node(tmp_path / "anode-data", peers=(peer("HEARS"),)) as ours:
        ask_and_go(target(ours), "1.2.3", NOWHERE)
        file = configuration(tmp_path)
        told, document = anode("status", "-c", file), anode("status", "-c", file, "--json").document
    assert "1 report of storage commitment not answered yet" in told.out
    assert document["reports_waiting"] == 1


def test_who_is_no_peer_is_called_nowhere_until_it_is_one(tmp_path, caplog):
    anybody = Access(unknown_peers=("commit",))
    with (
        hearing() as remote,
        node(tmp_path, peers=(peer("OTHER", 1),), access=anybody, limits=SOON) as ours,
    ):
        ask_and_go(target(ours), "1.2.3", NOWHERE)
        ask_and_go(target(ours), "1.2.4", NOWHERE)
        waits = "waits for 'HEARS': no [[peer]] of this AE title has a port to call"
        assert eventually(lambda: waits in caplog.text)
        assert caplog.text.count(waits) == 1
        assert remote.reports.empty()
        known = (peer("HEARS", remote.port),)
        ours.reload(lambda: ours.settings.model_copy(update={"peer": known}))
        assert {remote.next().transaction for _ in range(2)} == {"1.2.3", "1.2.4"}


def test_a_peer_without_a_port_hears_its_report_when_it_is_back(tmp_path):
    with node(tmp_path, peers=(peer("HEARS"), peer("TESTER"))) as ours:
        ask_and_go(target(ours), "1.2.3", NOWHERE)
        assert eventually(lambda: files(tmp_path, "open"))
        with associate(target(ours), CALLER, [PROPOSAL]) as association:
            wanted = commit.Commitment(())
            commit.listen(association, wanted, 1.0)
            assert wanted.reported
            assert not association.arrives(1.5), "it is nobody else's"
        with associate(target(ours), HEARS, [PROPOSAL]) as association:
            assert reasons_of_report(association) == {Reason.NO_SUCH_INSTANCE}
        assert eventually(lambda: files(tmp_path, "reported"))


def test_fifty_reports_take_few_threads_and_few_associations(tmp_path):
    titles = [f"HEARS{number}" for number in range(10)]
    with hearing() as remote:
        remote.free.clear()
        known = tuple(peer(title, remote.port) for title in titles)
        with node(tmp_path, peers=known) as ours:
            for number in range(50):
                caller = Caller(titles[number % 10])
                assert ask_and_go(target(ours), f"1.2.3.{number}", NOWHERE, caller) == 0
            assert eventually(lambda: _reporting() == CALLS)
            remote.free.set()
            heard = [remote.next() for _ in range(50)]
            assert eventually(lambda: len(files(tmp_path, "reported")) == 50)
            assert eventually(lambda: _reporting() == 0)
    assert {one.transaction for one in heard} == {f"1.2.3.{number}" for number in range(50)}
    assert len({one.number for one in heard}) < 50


def _reporting():
    return sum(each.name.startswith("report ") for each in threading.enumerate())


def test_one_silent_peer_does_not_hold_up_another(tmp_path):
    with socket.create_server((HERE, 0)) as silent, hearing() as remote:
        known = (peer("SILENT", silent.getsockname()[1]), peer("HEARS", remote.port))
        with node(tmp_path, peers=known) as ours:
            ask_and_go(target(ours), "1.2.3", NOWHERE, Caller("SILENT"))
            ask_and_go(target(ours), "1.2.4", NOWHERE)
            assert remote.next().transaction == "1.2.4"
            begun = time.monotonic()
        assert time.monotonic() - begun < 30.0, "nor the end of the node"


def _aged(path: Path, days: float) -> None:
    head, *rest = path.read_text("ascii").splitlines()
    changed = {**json.loads(head), "accepted": time.time() - days * 86400}
    path.write_text("\n".join([json.dumps(changed), *rest, ""]), "ascii")


def test_a_report_nobody_wants_for_days_is_given_up_and_told(tmp_path, caplog):
    known = (peer("HEARS", free_port()),)
    with node(tmp_path, peers=known, limits=SOON) as ours:
        ask_and_go(target(ours), "1.2.3", NOWHERE)
        ask_and_go(target(ours), "1.2.4", NOWHERE)
    old = next(path for path in files(tmp_path, "open") if "1.2.3" in path.read_text("ascii"))
    _aged(old, 7.1)
    with node(tmp_path, peers=known, limits=SOON):
        assert eventually(lambda: files(tmp_path, "given-up"))
    assert len(files(tmp_path, "open")) == 1
    (told,) = [record for record in caplog.records if "given up" in record.message]
    assert (told.levelno, told.message) == (
        logging.ERROR,
        "storage commitment 1.2.3 of 'HEARS': the report is given up after 7 days",
    )


@pytest.mark.parametrize("what", ["cut", "empty", "garbage", "a reason that is none"])
def test_a_damaged_file_stops_neither_a_start_nor_other_reports(tmp_path, caplog, what):
    with node(tmp_path, peers=(peer("HEARS"),)) as ours:
        ask_and_go(target(ours), "1.2.3", NOWHERE)
        ask_and_go(target(ours), "1.2.4", NOWHERE)
    bad = next(path for path in files(tmp_path, "open") if "1.2.3" in path.read_text("ascii"))
    raw = bad.read_bytes()
    changed = {
        "cut": raw[: raw.index(b"\n") + 1],
        "empty": b"",
        "garbage": bytes(range(256)),
        "a reason that is none": raw.replace(b" 0112", b" xyz"),
    }
    bad.write_bytes(changed[what])
    with hearing() as remote, node(tmp_path, peers=(peer("HEARS", remote.port),)):
        assert remote.next().transaction == "1.2.4"
        assert eventually(lambda: files(tmp_path, "damaged"))
        assert remote.reports.empty()


def test_who_lets_reports_pile_up_gets_no_more(tmp_path):
    known = (peer("HEARS", free_port()), peer("TESTER"))
    anybody = Access(unknown_peers=("commit",))
    limits = Limits(commitments=2)
    with node(tmp_path, peers=known, limits=limits, access=anybody) as ours:
        place = target(ours)
        assert [ask_and_go(place, f"1.2.{n}", NOWHERE) for n in range(3)] == [0, 0, 0x0213]
        assert ask_and_go(place, "1.2.0", NOWHERE, CALLER) == 0, "the others are not to blame"
        strangers = [ask_and_go(place, "1.2.3", NOWHERE, Caller(f"STRANGER{n}")) for n in range(3)]
    assert strangers == [0, 0, 0x0213], "new names are no way around it"
    with node(tmp_path, peers=known, limits=limits, access=anybody) as ours:
        assert ask_and_go(target(ours), "1.2.9", NOWHERE) == 0x0213, "nor is a restart"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize("bound", [True, False], ids=["its own certificate", "another one"])
def test_reports_go_over_tls_to_the_certificate_the_peer_is_bound_to(tmp_path, ca, caplog, bound):
    own, theirs = ca.issue("node"), ca.issue("peer", number=1)
    other = ca.issue("other", number=2)

    def tls(issued):
        files_ = {"certificate": issued.certificate, "key": issued.key, "ca": ca.certificate}
        return (Listener(host=HERE, port=0, tls="rfc9325", **files_),)

    anode = peer("ANODE", certificate=own.pin)
    plain = Listener(host=HERE, port=0)
    with node(tmp_path / "peer", "HEARS", peers=(anode,), listener=tls(theirs)) as remote:
        pin = theirs.pin if bound else other.pin
        at = remote.addresses[0][1]
        known = peer("HEARS", at, tls="rfc9325", certificate=pin)
        stranger = peer("PLAIN", at, tls="rfc9325")
        doors = (plain, *tls(own))
        with node(tmp_path / "node", peers=(known, stranger), listener=doors, limits=SOON) as ours:
            # Who is bound to a certificate cannot ask in plain; what it asked before counts.
            made = ours.settings.model_copy(update={"peer": (peer("HEARS"),)})
            ours.reload(lambda: made)
            ask_and_go(target(ours), "1.2.3", NOWHERE)
            assert eventually(lambda: "no [[peer]] of this AE title" in caplog.text)
            ours.reload(lambda: made.model_copy(update={"peer": (known,)}))
            if bound:
                assert eventually(lambda: files(tmp_path / "node", "reported"))
                assert "report of 'ANODE' refused: a transaction of nobody" in caplog.text
            else:
                assert eventually(lambda: "is not that of its [[peer]]" in caplog.text)
                assert files(tmp_path / "node", "reported") == []


def test_a_stopping_node_leaves_no_thread(tmp_path):
    before = threading.active_count()
    with socket.create_server((HERE, 0)) as silent:
        known = (peer("HEARS", silent.getsockname()[1]),)
        with node(tmp_path, peers=known) as ours:
            ask_and_go(target(ours), "1.2.3", NOWHERE)
            assert eventually(lambda: _reporting() == 1)
        assert eventually(lambda: threading.active_count() <= before)


def test_a_node_restored_from_a_backup_sends_the_reports_that_were_open(tmp_path):
    with node(tmp_path / "old", peers=(peer("HEARS"),)) as ours:
        objects = stored(ours, tmp_path / "in")
        ask_and_go(target(ours), "1.2.3", objects)
        for name in ("commitments", "objects"):
            shutil.copytree(tmp_path / "old" / name, tmp_path / "anode-data" / name)
    file = configuration(tmp_path)
    assert anode("reindex", "-c", file).code == 0
    with (
        hearing() as remote,
        node(tmp_path / "anode-data", peers=(peer("HEARS", remote.port),)) as restored,
    ):
        assert len(remote.next().committed) == 3
        assert ask_and_go(target(restored), "1.2.4", objects) == 0
        assert remote.next().failed == {}


def test_a_transaction_being_judged_at_the_end_is_judged_at_the_next_start(tmp_path):
    with (
        hearing() as remote,
        node(tmp_path, limits=Limits(commitment_seconds=1e-6)) as ours,
    ):
        objects = stored(ours, tmp_path / "in")
        ask_and_go(target(ours), "1.2.3", objects)
    assert len(files(tmp_path, "open")) == 1
    with hearing() as remote, node(tmp_path, peers=(peer("HEARS", remote.port),)):
        assert len(remote.next().committed) == 3
