"""SIGHUP: the next association meets the new configuration, those under way do not notice."""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import contextmanager, suppress

import pytest

from config import contexts
from config.certificates import Credentials
from config.errors import ConfigError
from config.identities import identity
from config.limits import Limits
from config.listeners import Listener
from config.peers import Peer
from config.profiles import PROFILES
from scp import doors
from scp.node import Node
from scp.watch import Watch
from scu.associate import Caller, Target, associate
from scu.echo import echo, verify
from tests.audit_sinks import journal
from tests.certificates import Authority
from tests.clients import CALLER, send
from tests.commands import anode, process
from tests.nodes import HERE, node, peer, settings, target
from tests.objects import instance, written
from wire.errors import Rejected, Unreachable, WireError

VERIFICATION = ("1.2.840.10008.1.1", ("1.2.840.10008.1.2",))
SECONDS = 30


def changed(serving: Node, **tables):
    """What reads the settings in force with other tables."""
    made = serving.settings.model_copy(update=tables)
    return lambda: made


def test_a_changed_list_of_peers_acts_on_the_next_association(tmp_path):
    with node(tmp_path, peers=(peer("OLD"),)) as serving:
        place = target(serving)
        with associate(place, Caller("OLD"), [VERIFICATION]) as running:
            serving.reload(changed(serving, peer=(peer("NEW"),)))
            assert verify(running) == 0, "who is within stays"
            assert echo(place, Caller("NEW")).status == 0
            with pytest.raises(Rejected):
                echo(place, Caller("OLD"))


def test_a_cached_acceptance_does_not_outlive_a_reload(tmp_path):
    with node(tmp_path) as serving:
        assert [echo(target(serving), CALLER).status for _ in range(3)] == [0, 0, 0]
        serving.reload(changed(serving, peer=(peer("ELSE"),)))
        with pytest.raises(Rejected):
            echo(target(serving), CALLER)


def test_limits_of_a_reload_are_kept(tmp_path):
    with node(tmp_path) as serving:
        serving.reload(changed(serving, limits=Limits(associations=1)))
        with (
            associate(target(serving), CALLER, [VERIFICATION]),
            pytest.raises(Rejected, match="limit"),
        ):
            echo(target(serving), CALLER)


def test_listeners_come_and_go(tmp_path):
    with node(tmp_path, listener=(Listener(host=HERE, port=0),)) as serving:
        first = serving.addresses[0][1]
        more = (Listener(host=HERE, port=0), Listener(host="::1", port=0))
        serving.reload(changed(serving, listener=more))
        assert serving.addresses[0][1] == first, "the one that stays keeps its socket"
        second = serving.addresses[1][1]
        assert echo(Target("ANODE", "::1", second), CALLER).status == 0
        serving.reload(changed(serving, listener=more[:1]))
        assert echo(Target("ANODE", HERE, first), CALLER).status == 0
        with pytest.raises(Unreachable):
            echo(Target("ANODE", "::1", second), CALLER)


def test_a_new_listener_knows_no_old_policy(tmp_path, monkeypatch):
    """It is open while those that are gone are still being closed."""
    told = []

    def stopping(listeners):
        for title in ("NEW", "OLD"):
            with suppress(Rejected):
                place = Target("ANODE", "::1", serving.addresses[0][1])
                told.append((title, echo(place, Caller(title)).status))
        stop(listeners)

    with node(tmp_path, peers=(Peer(ae_title="OLD", host="::1"),)) as serving:
        stop = doors._stop
        monkeypatch.setattr(doors, "_stop", stopping)
        new = Peer(ae_title="NEW", host="::1")
        serving.reload(changed(serving, peer=(new,), listener=(Listener(host="::1", port=0),)))
        monkeypatch.undo()
    assert told == [("NEW", 0)]


def refused_table(tmp_path, serving):
    taken = serving.addresses[0][1]
    (tmp_path / "empty.pem").write_text("", encoding="utf-8")
    files = dict.fromkeys(("certificate", "key", "ca"), tmp_path / "empty.pem")
    (tmp_path / "empty.pem").chmod(0o600)
    tls = Listener(host=HERE, port=0, tls="rfc9325", **files)
    return {
        "a port that is taken": {"listener": (Listener(host="127.0.0.2", port=0), _at(taken))},
        "a certificate that is none": {"listener": (tls,)},
        "another data folder": {"node": serving.settings.node.model_copy(update={"data": "x"})},
        "another bound of the archive": {"limits": Limits(elements=7)},
    }


def _at(port: int) -> Listener:
    return Listener(host="127.0.0.1", port=port)


@pytest.mark.parametrize(
    "what",
    [
        "a port that is taken",
        "a certificate that is none",
        "another data folder",
        "another bound of the archive",
    ],
)
def test_a_bad_reload_changes_nothing(tmp_path, what):
    with node(tmp_path / "node", peers=(peer("OLD"),)) as serving:
        before, places = serving.settings, serving.addresses
        wrong = refused_table(tmp_path, serving)[what]
        with pytest.raises((ConfigError, OSError)):
            serving.reload(changed(serving, peer=(peer("NEW"),), **wrong))
        assert serving.settings is before
        assert serving.addresses == places
        assert echo(target(serving), Caller("OLD")).status == 0
        with pytest.raises(Rejected):
            echo(target(serving), Caller("NEW"))


def test_reloads_good_and_bad_are_in_the_audit_trail(tmp_path):
    with node(tmp_path) as serving:
        serving.reload(changed(serving, peer=(peer("NEW"),)))
        with pytest.raises(ConfigError):
            serving.reload(changed(serving, limits=Limits(elements=7)))
    alerts = [each for each in journal(tmp_path) if each.event == "110113 E 110129"]
    assert [each.outcome for each in alerts] == ["0", "4"]
    assert "elements was changed" in alerts[1].detail("Alert Description")


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


def listening(ca, own, **keys):
    files = {"certificate": own.certificate, "key": own.key, "ca": ca.certificate}
    return Listener(host=HERE, port=0, tls="rfc9325", **files, **keys)


def calling(serving, ca, one):
    credentials = Credentials(one.certificate, one.key, ca.certificate)
    context = contexts.client(PROFILES["rfc9325"], credentials)
    return Target("ANODE", HERE, serving.addresses[0][1], contexts.to(context, HERE))


def test_a_revoked_certificate_is_refused_after_a_reload(tmp_path, ca):
    own, one = ca.issue("node"), ca.issue("one", number=1)
    listener = listening(ca, own, crl=ca.revoke())
    with node(tmp_path, listener=(listener,)) as serving:
        assert echo(calling(serving, ca, one), CALLER).status == 0
        ca.revoke(one)
        serving.reload(changed(serving))
        with pytest.raises(WireError, match="revoked"):
            echo(calling(serving, ca, one), CALLER)


def _shown(port: int, ca) -> str:
    """The pin of the certificate the node shows now."""
    import socket

    context = contexts.client(PROFILES["rfc9325"], Credentials(None, None, ca.certificate))
    with (
        socket.create_connection((HERE, port)) as plain,
        context.wrap_socket(plain, server_hostname=HERE) as sock,
    ):
        return identity(sock.getpeercert(binary_form=True) or b"").pin


CONFIGURATION = """
[[listener]]
port = 0
tls = "rfc9325"
certificate = "own.crt"
key = "own.key"
ca = "ca.crt"
client_certificate = "optional"
"""


def _put(folder, issued):
    for name, path in (("own.crt", issued.certificate), ("own.key", issued.key)):
        (folder / name).write_bytes(path.read_bytes())
        (folder / name).chmod(0o600)


@contextmanager
def serving_tls(folder, ca):
    _put(folder, ca.issue("before", number=1))
    (folder / "ca.crt").write_bytes(ca.certificate.read_bytes())
    (folder / "anode.toml").write_text(CONFIGURATION, encoding="utf-8")
    with process(folder, "serve") as started:
        assert started.stderr is not None
        line = next(line for line in started.stderr if " listens on " in line)
        yield started, int(line.split(" (TLS")[0].rpartition(":")[2])


def said(started, words):
    return next(line for line in started.stderr if words in line)


def test_certificates_are_replaced_under_a_send_of_200_objects(tmp_path, ca):
    """T6 of tls.md: no failure, and the next connection shows the new certificate."""
    after = ca.issue("after", number=2)
    files = written(tmp_path / "files", *(instance(n) for n in range(200)))
    with serving_tls(tmp_path, ca) as (started, port):
        old = _shown(port, ca)
        context = contexts.client(PROFILES["rfc9325"], Credentials(None, None, ca.certificate))
        there = Target("ANODE", HERE, port, contexts.to(context, HERE))
        outcomes: list[int | None] = []
        sending = threading.Thread(
            target=lambda: outcomes.extend(one.status for one in send(there, files))
        )
        sending.start()
        _put(tmp_path, after)
        started.send_signal(signal.SIGHUP)
        said(started, "SIGHUP: the configuration was read anew")
        assert (old, _shown(port, ca)) == (ca.issue("before", number=1).pin, after.pin)
        sending.join(SECONDS)
        assert outcomes == [0] * 200


def test_a_bad_file_is_told_on_sighup_and_the_node_goes_on(tmp_path, ca):
    with serving_tls(tmp_path, ca) as (started, port):
        pin = _shown(port, ca)
        (tmp_path / "anode.toml").write_text("[nod]\n", encoding="utf-8")
        started.send_signal(signal.SIGHUP)
        assert "did you mean 'node'" in said(started, "SIGHUP: nothing was changed: ")
        (tmp_path / "anode.toml").write_text(CONFIGURATION, encoding="utf-8")
        (tmp_path / "own.crt").write_text("nothing", encoding="utf-8")
        started.send_signal(signal.SIGHUP)
        assert "no certificate in PEM" in said(started, "SIGHUP: nothing was changed: ")
        assert _shown(port, ca) == pin
        os.kill(started.pid, signal.SIGTERM)
        assert started.wait(SECONDS) == 0


def test_an_end_that_comes_near_is_warned_of_at_start(tmp_path, ca, caplog):
    own, soon = ca.issue("own", days=(-1, 300)), ca.issue("soon", number=1, days=(-1, 20))
    with node(tmp_path, listener=(listening(ca, own), listening(ca, soon))):
        pass
    told = {one.levelname: one.getMessage() for one in caplog.records if "ends on" in one.message}
    assert "soon.crt: the certificate of CN=soon ends on" in told["WARNING"]
    assert "in 19 days" in told["WARNING"]
    assert "own.crt" not in caplog.text


def test_an_end_is_looked_for_again_every_day(tmp_path, ca, caplog):
    soon = ca.issue("soon", number=1, days=(-1, 3))
    given = settings(tmp_path, listener=(listening(ca, soon, crl=ca.revoke(days=(-1, 2))),))
    looks, enough = [], threading.Event()

    def look():
        looks.append(1)
        if len(looks) == 4:
            enough.set()
        return given

    watch = Watch(look, every=0.01)
    with caplog.at_level(logging.WARNING):
        watch.start()
        assert enough.wait(SECONDS)
        watch.stop()
    errors = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    assert any("the CRL of CN=Test CA ends on" in one for one in errors)
    assert sum("soon.crt" in one for one in errors) >= 3


def test_status_tells_how_long_certificates_last(tmp_path, ca):
    _put(tmp_path, ca.issue("own", days=(-1, 20)))
    (tmp_path / "ca.crt").write_bytes(ca.certificate.read_bytes())
    configuration = tmp_path / "anode.toml"
    configuration.write_text(CONFIGURATION.replace("port = 0", "port = 1"), encoding="utf-8")
    (tmp_path / "anode-data").mkdir()
    told = anode("status", "-c", configuration).out
    assert "own.crt: until " in told
    assert "19 days (!)" in told
    rows = anode("status", "-c", configuration, "--json").document["certificates"]
    assert {(row["subject"], row["cert_days_left"]) for row in rows} == {
        ("CN=own", 19),
        ("CN=Test CA", 8),
    }
