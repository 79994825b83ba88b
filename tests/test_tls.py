"""The node over TLS, from both ends: every service by every profile, and who is not let in."""

import contextlib
import socket
import ssl
import time

import pytest

from cli.main import run
from config import contexts
from config.certificates import Credentials
from config.errors import ConfigError
from config.limits import Limits
from config.listeners import Listener
from config.peers import Peer
from config.profiles import PROFILES
from scp.node import Node
from scu import instances
from scu.associate import Target
from scu.echo import echo
from tests.certificates import Authority
from tests.clients import CALLER, get, move, query, send
from tests.nodes import HERE, node, settings
from tests.objects import identifier, instance, uid, written
from tests.secured import PATIENCE, logged
from wire.errors import Ended, Unreachable, WireError

ALL = pytest.mark.parametrize("profile", PROFILES)
NAMES = list(PROFILES)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def own(ca):
    return ca.issue("node")


@pytest.fixture(scope="module")
def person(ca):
    return ca.issue("client")


def listener(profile, ca, own, **keys):
    files = {"certificate": own.certificate, "key": own.key, "ca": ca.certificate}
    return Listener(**{"host": HERE, "port": 0, "tls": profile, **files, **keys})


def called(serving, profile, ca, one=None, *, number=0, host=HERE):
    """The node as a client of this profile calls it, with a certificate or without."""
    files = (one.certificate, one.key) if one else (None, None)
    context = contexts.client(PROFILES[profile], Credentials(*files, ca.certificate))
    return Target("ANODE", host, serving.addresses[number][1], contexts.to(context, host))


@ALL
def test_every_service_works_by_every_profile(profile, tmp_path, ca, own, person):
    """Store, find, get; C-MOVE goes out by another profile than it came in by."""
    other = NAMES[NAMES.index(profile) - 1]
    study = uid("over TLS")
    files = written(tmp_path / "files", *(instance(n, StudyInstanceUID=study) for n in range(3)))
    there = (listener(other, ca, own),)
    with node(tmp_path / "there", "DEST", listener=there) as destination:
        dest = Peer(ae_title="DEST", host=HERE, port=destination.addresses[0][1], tls=other)
        tester = Peer(ae_title="TESTER", host=HERE, move_to=("DEST",))
        here = (listener(profile, ca, own),)
        with node(tmp_path / "here", peers=(dest, tester), listener=here) as serving:
            target = called(serving, profile, ca, person)
            assert echo(target, CALLER).status == 0
            assert [one.status for one in send(target, files)] == [0, 0, 0]
            asked = identifier("STUDY", StudyInstanceUID=study)
            assert len(query(target, asked)) == 1
            wanted = [instances.read(path) for path in files]
            last, kept = get(target, asked, wanted)
            assert last[-1].status == 0
            assert set(kept) == {one.sop_instance_uid for one in wanted}
            moved = move(target, asked, "DEST")[-1]
            assert (moved.status, moved.completed) == (0, 3), moved.comment
        assert destination.archive.counts().instances == 3


def test_plain_and_tls_listeners_at_once(tmp_path, ca, own, person):
    both = (Listener(host=HERE, port=0), listener("rfc9325", ca, own))
    with node(tmp_path, listener=both) as serving:
        assert echo(Target("ANODE", HERE, serving.addresses[0][1]), CALLER).status == 0
        assert echo(called(serving, "rfc9325", ca, person, number=1), CALLER).status == 0
        with pytest.raises(Ended):
            echo(Target("ANODE", HERE, serving.addresses[1][1]), CALLER)
        with pytest.raises(Unreachable, match="no TLS with"):
            echo(called(serving, "rfc9325", ca, person), CALLER)


def test_tls_over_ipv6(tmp_path, ca):
    own = ca.issue("six", names=["::1"])
    with node(tmp_path, listener=(listener("rfc9325", ca, own, host="::1"),)) as serving:
        assert echo(called(serving, "rfc9325", ca, own, host="::1"), CALLER).status == 0


def _strange(ca, tmp_path):
    return Authority(tmp_path / "strange", "Strange CA").issue("stranger")


def _unchecked(profile, ca, one):
    """A client context that takes any certificate of its own, as a stranger's would."""
    context = contexts.client(PROFILES[profile], Credentials(ca=ca.certificate))
    if one is not None:
        context.load_cert_chain(one.certificate, one.key)
    return context


@pytest.mark.parametrize("wish", ["optional", "none"])
def test_a_client_certificate_may_be_left_out_where_the_listener_says_so(wish, tmp_path, ca, own):
    listeners = (listener("rfc9325", ca, own, client_certificate=wish),)
    with node(tmp_path / "node", listener=listeners) as serving:
        assert echo(called(serving, "rfc9325", ca), CALLER).status == 0
        stranger = _unchecked("rfc9325", ca, _strange(ca, tmp_path))
        target = Target("ANODE", HERE, serving.addresses[0][1], contexts.to(stranger, HERE))
        if wish == "optional":
            with pytest.raises(WireError):
                echo(target, CALLER)
        else:
            assert echo(target, CALLER).status == 0


def test_a_move_to_a_destination_whose_certificate_is_wrong_fails_and_says_why(
    tmp_path, ca, own, person
):
    elsewhere = ca.issue("elsewhere", names=["elsewhere.example"])
    files = written(tmp_path / "files", one := instance())
    with node(tmp_path / "there", "DEST", listener=(listener("extended", ca, elsewhere),)) as dest:
        peers = (
            Peer(ae_title="DEST", host=HERE, port=dest.addresses[0][1], tls="extended"),
            Peer(ae_title="TESTER", host=HERE, move_to=("DEST",)),
        )
        with node(
            tmp_path / "here", peers=peers, listener=(listener("rfc9325", ca, own),)
        ) as serving:
            target = called(serving, "rfc9325", ca, person)
            send(target, files)
            asked = identifier("STUDY", StudyInstanceUID=one.StudyInstanceUID)
            last = move(target, asked, "DEST")[-1]
        assert last.failed == 1
        assert dest.archive.counts().instances == 0


# -- silence --------------------------------------------------------------------------------------


def test_a_handshake_has_its_deadline_however_it_drips(tmp_path, ca, own, caplog):
    limits = Limits(handshake_seconds=0.3)
    with node(tmp_path, listener=(listener("rfc9325", ca, own),), limits=limits) as serving:
        words = "TLS handshake failed: it was not complete within 0.3 s"
        begun = time.monotonic()
        with (
            logged(caplog, words),
            contextlib.suppress(ConnectionError),  # it has closed while we dripped
            socket.create_connection((HERE, serving.addresses[0][1])) as sock,
        ):
            sock.sendall(b"\x16\x03\x01\x02\x00")
            sock.settimeout(0.05)
            while time.monotonic() - begun < PATIENCE:
                with contextlib.suppress(TimeoutError):
                    if not sock.recv(1):
                        break
                sock.sendall(b"\x01")
        assert time.monotonic() - begun < PATIENCE


def test_a_server_that_never_shakes_hands_is_unreachable(ca):
    from dataclasses import replace

    context = contexts.client(PROFILES["rfc9325"], Credentials(ca=ca.certificate))
    with socket.create_server((HERE, 0)) as server:
        target = Target("ANODE", HERE, server.getsockname()[1], contexts.to(context, HERE))
        with pytest.raises(Unreachable, match="no TLS with"):
            echo(target, replace(CALLER, limits=Limits(handshake_seconds=0.1)))


def test_what_is_not_tls_is_refused_in_one_line(tmp_path, ca, own, caplog):
    with (
        node(tmp_path, listener=(listener("rfc9325", ca, own),)) as serving,
        logged(caplog, "refused: TLS handshake failed: "),
        socket.create_connection((HERE, serving.addresses[0][1])) as sock,
    ):
        sock.settimeout(PATIENCE)
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            while sock.recv(100):
                pass


def test_associations_over_tls_are_ended_with_the_node(tmp_path, ca, own, person):
    from scu.associate import associate

    serving = Node(settings(tmp_path, listener=(listener("rfc9325", ca, own),)))
    serving.start()
    offer = [("1.2.840.10008.1.1", ("1.2.840.10008.1.2",))]
    association = associate(called(serving, "rfc9325", ca, person), CALLER, offer)
    begun = time.monotonic()
    serving.stop(seconds=0.1)
    assert time.monotonic() - begun < PATIENCE
    with pytest.raises(Ended):
        association.channel.next(PATIENCE)


# -- at start, and on the command line ------------------------------------------------------------


def test_a_node_with_a_bad_certificate_does_not_start(tmp_path, ca, own):
    late = ca.issue("late", days=(-3, -1))
    with pytest.raises(ConfigError, match="expired on"):
        Node(settings(tmp_path, listener=(listener("rfc9325", ca, late),))).start()


@ALL
def test_the_command_line_calls_over_tls(profile, tmp_path, ca, own, person, capsys):
    files = ["--cert", str(person.certificate), "--tls-key", str(person.key)]
    believed = ["--ca", str(ca.certificate)]
    (path,) = written(tmp_path / "files", one := instance())
    key = ["-k", f"StudyInstanceUID={one.StudyInstanceUID}"]
    with node(tmp_path / "node", listener=(listener(profile, ca, own),)) as serving:
        at = f"ANODE@{HERE}:{serving.addresses[0][1]}"
        over = ["--tls", profile, *files, *believed]
        assert run(["echo", at, *over]) == 0
        assert run(["send", at, str(path), *over]) == 0
        assert run(["find", at, *key, *over]) == 0
        assert run(["get", at, *key, "-o", str(tmp_path / "got"), *over]) == 0
        assert run(["move", at, "NOBODY", *key, *over]) == 1
        assert "A801" in capsys.readouterr().err
        assert run(["echo", at, "--tls", profile, *believed]) in (3, 5)
        assert run(["echo", at, *files, *believed]) == 2
        assert run(["echo", at, "--tls", profile]) == 2
        assert "--tls needs --ca" in capsys.readouterr().err


def test_who_is_bound_to_another_certificate_is_told_that_it_may_be_that(
    tmp_path, ca, own, person, capsys
):
    """The node tells a thief nothing; the command knows what else it may be, over TLS."""
    bound = Peer(ae_title="CT1", host=HERE, certificate=ca.issue("ct1", number=2).pin)
    with node(tmp_path, listener=(listener("rfc9325", ca, own),), peers=(bound,)) as serving:
        at = f"ANODE@{HERE}:{serving.addresses[0][1]}"
        over = ["--tls", "rfc9325", "--ca", str(ca.certificate), "--cert", str(person.certificate)]
        over += ["--tls-key", str(person.key)]
        assert run(["echo", at, "--aet", "CT1", *over]) == 4
    assert "or it knows us by another certificate" in capsys.readouterr().err


def test_a_configured_peer_is_called_as_it_says(tmp_path, ca, own, capsys):
    with node(tmp_path / "node", listener=(listener("extended", ca, own),)) as serving:
        file = tmp_path / "anode.toml"
        port = serving.addresses[0][1]
        file.write_text(
            f'[node]\ndata = "node"\n[[listener]]\nport = {port}\n'
            f'tls = "extended"\ncertificate = "{own.certificate}"\n'
            f'key = "{own.key}"\nca = "{ca.certificate}"\n'
            f'[[peer]]\nae_title = "ANODE"\nhost = "{HERE}"\nport = {port}\ntls = "rfc9325"\n'
        )
        assert run(["echo", "ANODE", "-c", str(file)]) == 0
        assert run(["peers", "-c", str(file)]) == 0
        assert run(["status", "-c", str(file)]) == 0
        assert "listening" in capsys.readouterr().out


def test_what_each_profile_means_is_told(capsys):
    import json

    assert run(["tls", "profiles"]) == 0
    told = capsys.readouterr().out
    assert run(["tls", "profiles", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["openssl"] == ssl.OPENSSL_VERSION
    for each in document["profiles"]:
        assert f"{each['name']}: {each['title']}, {each['clause']}, {each['status']}\n" in told
        have = contexts.offering(PROFILES[each["name"]])
        assert (each["suites"], each["missing"]) == (list(have.suites), list(have.missing))
        assert set(have.suites) | set(have.missing) <= set(told.split())
