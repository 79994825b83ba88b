"""The audit trail of a node on its way to receivers: nothing is lost, and no service waits."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from contextlib import ExitStack

import pytest

from config.auditing import Sink
from config.errors import ConfigError
from config.settings import Archive, load
from scp.audit import Trail, repeats, reports
from scp.node import Node
from scu import echo, instances
from tests import audit_sinks
from tests.audit_sinks import HERE, audit, journal, tcp_sink, udp_sink
from tests.clients import CALLER, get, move, query, send
from tests.commands import anode
from tests.nodes import node, settings, target
from tests.objects import identifier, uid
from tests.peers import free_port
from tests.test_audit_node import (
    BEGIN,
    ID,
    NAME,
    NEW,
    READ,
    STUDIES,
    audited,
    events,
    objects,
    sent,
    subject,
)
from tests.test_audit_syslog import eventually, over_tls, secured
from wire.errors import Rejected

SESSION = [BEGIN, NEW, "110112 E", BEGIN, READ, "110113 E 110132"]


def session(serving: Node, folder) -> None:
    """Store, find, get, and a move that is refused."""
    paths = objects(folder)
    sent(serving, paths)
    query(target(serving), identifier(PatientID=ID))
    wanted = [instances.read(path) for path in paths]
    get(target(serving), identifier(StudyInstanceUID=STUDIES[0]), wanted)
    move(target(serving), identifier(StudyInstanceUID=STUDIES[0]), "NOWHERE")


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_session_reaches_the_receiver_as_it_stands_in_the_journal(tmp_path, transport):
    with ExitStack() as stack:
        if transport == "udp":
            received = stack.enter_context(udp_sink())
            sink = audit_sinks.at(received, "udp")
        elif transport == "tcp":
            received = stack.enter_context(tcp_sink())
            sink = audit_sinks.at(received)
        else:
            ca, context = secured(tmp_path / "tls")
            received = stack.enter_context(tcp_sink(context))
            sink = over_tls(received.port, ca)
        with audited(tmp_path / "n", sink) as (serving, found):
            session(serving, tmp_path / "o")
            received.await_messages(7)
        received.await_event("110100 E 110121")
    assert events(found) == SESSION
    assert [each.text for each in received.messages] == [each.text for each in found]


def test_what_could_not_be_sent_is_sent_by_the_node_after_a_restart(tmp_path):
    place = free_port()
    sink = Sink(host=HERE, port=place, transport="tcp")
    with audited(tmp_path / "n", sink) as (serving, found):
        session(serving, tmp_path / "o")
    with tcp_sink(port=place) as received, audited(tmp_path / "n", sink):
        messages = received.await_messages(9)
    assert [each.text for each in messages[: len(found)]] == [each.text for each in found]


@pytest.mark.parametrize("state", ["down", "deaf"])
def test_a_sink_that_does_not_work_delays_no_service(tmp_path, state):
    """Compared with a node that has none."""
    paths = objects(tmp_path / "o", 100)
    with ExitStack() as stack:
        if state == "deaf":
            listening = stack.enter_context(socket.create_server((HERE, 0)))
            place = listening.getsockname()[1]
        else:
            place = free_port()
        sink = Sink(host=HERE, port=place, transport="tcp")
        with audited(tmp_path / "a", sink) as (one, _), audited(tmp_path / "b") as (other, _):
            times = {name: [] for name in "ab"}
            for _ in range(5):
                for name, serving in (("a", one), ("b", other)):
                    begun = time.perf_counter()
                    sent(serving, paths)
                    times[name].append(time.perf_counter() - begun)
    assert min(times["a"]) < 3 * min(times["b"]) + 1.0


def test_stopping_does_not_wait_for_a_sink_that_is_down(tmp_path):
    sink = Sink(host=HERE, port=free_port(), transport="tcp")
    with audited(tmp_path, sink) as (serving, _):
        echo.echo(target(serving), CALLER)
        begun = time.monotonic()
    assert time.monotonic() - begun < 10.0


def test_many_associations_at_once_are_all_recorded(tmp_path):
    many = [objects(tmp_path / f"o{n}", 3, StudyInstanceUID=uid("many", n)) for n in range(12)]
    with audited(tmp_path / "n") as (serving, found):
        threads = [threading.Thread(target=send, args=(target(serving), paths)) for paths in many]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    done = {subject(each)[0] for each in found if each.event == NEW}
    assert done == {uid("many", number) for number in range(12)}


def test_no_patient_data_in_the_ordinary_log(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    sink = Sink(host=HERE, port=free_port(), transport="tcp")
    with audited(tmp_path / "n", sink, archive=Archive()) as (serving, found):
        session(serving, tmp_path / "o")
        (bad,) = objects(tmp_path / "p", 1, PatientComments="other", SOPInstanceUID=uid("x"))
        sent(serving, [bad])
    assert any(ID in each.text for each in found)
    assert NAME not in caplog.text
    assert "Geheim" not in caplog.text
    assert ID not in caplog.text


def test_a_flood_of_alerts_is_counted(tmp_path):
    """From one address a minute's worth is told, and how many there were beyond it."""
    trail = Trail.open(settings(tmp_path, audit=audit()))
    for number in range(1000):
        trail.record(reports.rejected("10.0.0.66", f"GUESS{number}", "ANODE", "unknown"))
    trail.record(reports.rejected("10.0.0.5", "CT1", "ANODE", "unknown"))
    trail.close()
    found = journal(tmp_path)
    assert len(found) == repeats.MOST_TOLD + 2
    said = [each.detail("Alert Description") for each in found]
    assert any("'CT1'" in each for each in said)
    more = re.search(r"(\d+) more of these within 60 s; the last: .*'GUESS999'", said[-1])
    assert int(more[1]) == 1000 - repeats.MOST_TOLD


def test_a_flood_of_wrong_passcodes_is_counted_and_of_right_ones_none(tmp_path):
    trail = Trail.open(settings(tmp_path, audit=audit()))
    for number in range(1000):
        trail.record(reports.identity("10.0.0.66", f"guess{number}", "CT1", "wrong"))
        trail.record(reports.identity("10.0.0.66", "jane", "CT1"))
    trail.close()
    outcomes = [each.outcome for each in journal(tmp_path)]
    assert outcomes.count("0") == 1000
    assert outcomes.count("4") == repeats.MOST_TOLD + 1
    (more,) = [each for each in journal(tmp_path) if " more of these" in each.text]
    assert f"{1000 - repeats.MOST_TOLD} more of these within 60 s; the last: wrong" in more.text


def test_after_a_minute_the_same_alert_is_told_again():
    alerts, known = [reports.tls_failed("10.0.0.66", "x")] * 100, repeats.Repeats()
    assert len(list(known.sift(alerts, 0.0))) == repeats.MOST_TOLD
    assert known.counting
    assert list(known.sift(alerts, 30.0)) == []
    later = list(known.sift(alerts, 61.0))
    assert "140 more of these" in later[0].why
    assert len(later) == 1 + repeats.MOST_TOLD


def test_what_is_no_alert_is_never_counted_away():
    events = [reports.stopped()] * 500
    assert list(repeats.Repeats().sift(events, 0.0)) == events


def test_associations_are_refused_while_a_trail_that_must_not_lose_is_full(tmp_path):
    sink = Sink(host=HERE, port=free_port(), transport="tcp")
    keys = {"spool_bytes": 1 << 16, "when_full": "refuse"}
    with node(tmp_path, peers=(), audit=audit(sink, **keys)) as serving:
        assert echo.echo(target(serving), CALLER).status == 0
        for number in range(200):
            serving._home.trail.record(reports.log_read(str(number), "file:///x"))
        assert eventually(lambda: serving._home.trail.full)
        with pytest.raises(Rejected) as rejected:
            echo.echo(target(serving), CALLER)
    refusal = rejected.value
    assert (refusal.result, refusal.source, refusal.reason) == (2, 3, 1)


def test_a_changed_audit_trail_needs_a_restart(tmp_path):
    with node(tmp_path) as serving, pytest.raises(ConfigError, match="keep_days was changed"):
        serving.reload(lambda: settings(tmp_path, audit=audit(keep_days=5)))


def test_status_tells_what_a_sink_has_yet_to_get(tmp_path):
    nobody = free_port()
    toml = f"""
[[listener]]
port = 1
[[audit.sink]]
host = "{HERE}"
port = {nobody}
transport = "tcp"
"""
    configuration = tmp_path / "anode.toml"
    configuration.write_text(toml, encoding="utf-8")
    (tmp_path / "anode-data").mkdir()
    told = anode("status", "-c", configuration, "--json").document["audit_sinks"]
    assert list(told.values()) == [None], "no node has run yet"
    given = load(configuration, {})
    table = given.listener[0].model_copy(update={"port": 0})
    with Node(given.model_copy(update={"listener": (table,)})):
        pass
    (waiting,) = anode("status", "-c", configuration, "--json").document["audit_sinks"].values()
    written = sum(each.stat().st_size for each in (given.node.data / "audit").glob("*.log"))
    assert 0 < waiting <= written
    assert "waiting" in anode("status", "-c", configuration).out
