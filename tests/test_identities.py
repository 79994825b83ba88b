"""An AE title belongs to a certificate: pins and names, of callers and of whom we call."""

from __future__ import annotations

import base64
import hashlib
import logging
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization

from config import contexts, facts, identities, pins
from config.certificates import Credentials
from config.identities import identity
from config.listeners import Listener
from config.peers import Peer
from config.profiles import PROFILES
from scu.associate import Caller, Target
from scu.echo import echo
from tests.audit_sinks import journal
from tests.certificates import Authority
from tests.clients import move, send
from tests.nodes import HERE, node
from tests.objects import identifier, instance, uid, written
from wire.errors import Rejected, Unreachable

PIN = "spki-sha256:" + base64.b64encode(bytes(32)).decode()
NAMED = "uri:urn:oid:1.2.3"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


def listener(ca, **keys):
    own = ca.issue("node")
    files = {"certificate": own.certificate, "key": own.key, "ca": ca.certificate}
    return Listener(**{"host": HERE, "port": 0, "tls": "rfc9325", **files, **keys})


def calling(serving, ca, one):
    credentials = Credentials(one.certificate, one.key, ca.certificate)
    context = contexts.client(PROFILES["rfc9325"], credentials)
    return Target("ANODE", HERE, serving.addresses[0][1], contexts.to(context, HERE))


def test_a_pin_is_the_digest_of_the_key_as_openssl_computes_it(ca):
    one = ca.issue("one")
    key = one.made.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    assert one.pin == f"spki-sha256:{digest}"


def test_a_renewed_certificate_of_the_same_key_keeps_its_pin(ca):
    assert ca.issue("old", number=3).pin == ca.issue("new", number=3).pin
    assert ca.issue("old", number=3).pin != ca.issue("other", number=4).pin


def test_names_are_those_of_the_subject_alternative_name(ca):
    one = ca.issue("CN.example", names=["CT1.Example", "uri:urn:oid:1.2.3", "10.0.0.5"])
    found = identity(one.made.public_bytes(serialization.Encoding.DER))
    assert found.names == {"dns:ct1.example", NAMED}, "neither the common name nor addresses"
    assert found.is_one_of(("dns:other.example", "dns:ct1.example"))
    assert found.is_one_of((one.pin,))
    assert not found.is_one_of(())
    assert not found.is_one_of(("dns:cn.example",))


def test_a_certificate_with_names_nobody_reads_still_has_its_pin(tmp_path):
    """An ediPartyName: a peer that was bound by pin could not be let in."""
    path, extension = tmp_path / "odd.crt", "subjectAltName=DER:30:07:A5:05:A1:03:0C:01:41"
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "odd.key"]
    command = ["openssl", "req", "-x509", *key, "-subj", "/CN=odd", "-addext", extension]
    subprocess.run([*command, "-outform", "DER", "-out", path], check=True, capture_output=True)
    found = identity(path.read_bytes())
    assert found.names == frozenset()
    assert pins.in_file(path).pin == facts.certificate(path.read_bytes()).pin == found.pin


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        (PIN, PIN),
        ("dns:CT1.Example.", "dns:ct1.example"),
        ("uri:urn:Oid", "uri:urn:Oid"),
    ],
)
def test_a_binding_has_one_spelling(spelled, meant):
    assert identities.binding(spelled) == meant


@pytest.mark.parametrize(
    "spelled", ["", "ct1", "dns:", "uri:", "dns:*.example", "spki-sha256:", f"{PIN}A", "sha256:x"]
)
def test_what_binds_nothing_is_refused(spelled):
    with pytest.raises(ValueError, match="must"):
        identities.binding(spelled)


@pytest.mark.parametrize("bound", ["pin", "dns:ct1.example", NAMED, "either"])
def test_a_caller_with_the_certificate_of_its_title_is_let_in(tmp_path, ca, bound):
    one = ca.issue("ct1", number=1, names=["ct1.example", "uri:urn:oid:1.2.3"])
    bindings = {"pin": one.pin, "either": (PIN, one.pin)}.get(bound, bound)
    peer = Peer(ae_title="CT1", host=HERE, certificate=bindings)
    with node(tmp_path, peers=(peer,), listener=(listener(ca),)) as serving:
        assert echo(calling(serving, ca, one), Caller("CT1")).status == 0


def test_a_stolen_title_is_rejected_and_the_thief_is_not_told_why(tmp_path, ca, caplog):
    one, thief = ca.issue("ct1", number=1), ca.issue("thief", number=2)
    peer = Peer(ae_title="CT1", host=HERE, certificate=one.pin)
    with (
        caplog.at_level(logging.WARNING),
        node(tmp_path, peers=(peer,), listener=(listener(ca),)) as serving,
    ):
        with pytest.raises(Rejected) as refused:
            echo(calling(serving, ca, thief), Caller("CT1"))
        with pytest.raises(Rejected) as unknown:
            echo(calling(serving, ca, thief), Caller("NOBODY"))
        answer = refused.value.result, refused.value.source, refused.value.reason
        assert answer == (1, 1, 3)
        assert str(refused.value) == str(unknown.value), "an unknown title is refused alike"
        assert echo(calling(serving, ca, one), Caller("CT1")).status == 0
    assert f"is bound to another certificate; it showed {thief.pin}" in caplog.text


def test_a_stolen_title_raises_a_security_alert(tmp_path, ca):
    one, thief = ca.issue("ct1", number=1), ca.issue("thief", number=2)
    peer = Peer(ae_title="CT1", host=HERE, certificate=one.pin)
    with (
        node(tmp_path, peers=(peer,), listener=(listener(ca),)) as serving,
        pytest.raises(Rejected),
    ):
        echo(calling(serving, ca, thief), Caller("CT1"))
    (alert,) = [each for each in journal(tmp_path) if each.event == "110113 E 110126"]
    said = alert.detail("Alert Description")
    assert "association from 'CT1' to 'ANODE' rejected" in said
    assert thief.pin in said
    assert HERE in alert.text


def test_a_bound_title_is_not_let_in_over_a_plain_listener(tmp_path, ca, caplog):
    peer = Peer(ae_title="CT1", host=HERE, certificate=ca.issue("ct1").pin)
    both = (Listener(host=HERE, port=0), listener(ca))
    with (
        node(tmp_path, peers=(peer,), listener=both) as serving,
        pytest.raises(Rejected),
    ):
        echo(Target("ANODE", HERE, serving.addresses[0][1]), Caller("CT1"))
    assert "it showed none" in caplog.text


def test_a_name_is_looked_for_in_each_certificate_of_a_key(tmp_path, ca):
    """One key, so one pin, and an acceptance that is kept: the second has not the name."""
    one = ca.issue("named", number=1, names=["ct1.example"])
    other = ca.issue("unnamed", number=1, names=["other.example"])
    peer = Peer(ae_title="CT1", host=HERE, certificate="dns:ct1.example")
    with node(tmp_path, peers=(peer,), listener=(listener(ca),)) as serving:
        assert echo(calling(serving, ca, one), Caller("CT1")).status == 0
        with pytest.raises(Rejected):
            echo(calling(serving, ca, other), Caller("CT1"))


def test_titles_that_any_certificate_may_use_are_told_at_start(tmp_path, ca, caplog):
    peers = (Peer(ae_title="CT1", host=HERE), Peer(ae_title="CT2", host=HERE, certificate=PIN))
    with node(tmp_path, peers=peers, listener=(listener(ca),)):
        pass
    assert "bound to no certificate, so that any of the CA may call itself so: CT1;" in caplog.text


@pytest.mark.parametrize("right", [True, False])
def test_a_peer_we_call_is_known_by_its_certificate_instead_of_its_name(tmp_path, ca, right):
    """It lives at an address its certificate does not name."""
    theirs = ca.issue("dest", number=5, names=["dest.example"])
    there = listener(ca, certificate=theirs.certificate, key=theirs.key)
    with node(tmp_path / "there", "DEST", listener=(there,)) as destination:
        pin = theirs.pin if right else PIN
        at = {"port": destination.addresses[0][1], "tls": "rfc9325"}
        dest = Peer(ae_title="DEST", host=HERE, certificate=pin, **at)
        tester = Peer(ae_title="TESTER", host=HERE, move_to=("DEST",))
        with node(tmp_path / "here", peers=(dest, tester), listener=(listener(ca),)) as serving:
            here = calling(serving, ca, ca.issue("tester"))
            (path,) = written(tmp_path / "files", instance(1, StudyInstanceUID=uid("moved")))
            assert [one.status for one in send(here, [path])] == [0]
            asked = identifier("STUDY", StudyInstanceUID=uid("moved"))
            last = move(here, asked, "DEST")[-1]
            assert (last.completed, last.failed) == ((1, 0) if right else (0, 1))
            call = contexts.secure_to(dest, serving.settings)
            target = Target("DEST", HERE, dest.port or 0, call)
            if right:
                assert echo(target, Caller("ANODE")).status == 0
            else:
                with pytest.raises(Unreachable, match="not that of its"):
                    echo(target, Caller("ANODE"))
