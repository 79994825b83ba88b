"""`anode tls cert`: what it advises is right, and what cannot be is refused with what to do."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from tests.authorities import pin_by_openssl
from tests.commands import Ran, anode
from tests.nodes import HERE


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("init")
    assert anode("init", folder, "--tls").code == 0
    assert cert("issue", "WS1", "--host", HERE, "--write", "-c", folder / "anode.toml").code == 0
    return folder


@pytest.fixture
def home(beginning: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a node over TLS and its peer WS1; commands run in it."""
    shutil.copytree(beginning, tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    return tmp_path / "home"


def cert(*arguments: object) -> Ran:
    return anode("tls", "cert", *arguments)


# -- a key that was lost --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["WS1", "node"])
def test_the_pin_of_a_revoked_key_is_never_advised_again(name, home):
    lost = pin_by_openssl(f"tls/{name}.crt")
    cert("revoke", name, "--reason", "key-compromise")
    ran = cert("renew", name, "--new-key")
    assert ran.out == f'certificate = "{pin_by_openssl(f"tls/{name}.crt")}"\n'
    assert lost not in ran.out + ran.err
    assert "good until you revoke it" not in ran.err
    assert "The old key is revoked: a [[peer]] that is bound to it names only the new one:" in (
        ran.err
    )


def test_scripts_are_told_that_the_replaced_key_is_revoked(home):
    assert cert("renew", "WS1", "--new-key", "--json").document["previous_revoked"] is False
    cert("revoke", "WS1")
    assert cert("renew", "WS1", "--new-key", "--json").document["previous_revoked"] is True


def test_revoking_without_a_crl_in_force_tells_what_shuts_it_out_at_once(home):
    ran = cert("revoke", "WS1")
    assert "No listener reads it, so what is revoked is still let in." in ran.out
    assert "At once: remove the [[peer]] WS1, or bind it to the pin of a new key, then SIGHUP." in (
        ran.out
    )
    assert "From then on: add crl = " in ran.out


def test_revoking_who_has_no_peer_tells_it_too(home):
    cert("issue", "WS2")
    out = cert("revoke", "WS2").out
    assert "bind each [[peer]] to the pin of its own key, then SIGHUP" in out


def test_revoking_the_node_s_own_tells_to_make_another(home):
    assert "Now: anode tls cert renew node --new-key, then SIGHUP." in cert("revoke", "node").out
    assert "renew node" not in cert("revoke", "WS1").out


# -- peers that could never call ------------------------------------------------------------------


@pytest.mark.parametrize("hosts", [[], ["--host", "ct1.example"], ["--uri", "urn:x:1"]])
def test_a_peer_without_an_address_is_not_written(hosts, home):
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    ran = cert("issue", "CT1", *hosts, "--write")
    assert (ran.code, ran.out) == (2, "")
    assert "--write needs --host with the address the peer calls from" in ran.err
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_rows_with_a_name_alone_say_that_they_admit_nobody(home):
    ran = cert("issue", "CT1", "--host", "ct1.example")
    assert 'host = "ct1.example"' in ran.out
    assert "ct1.example is a name, by which the peer can be called but cannot call" in ran.err
    assert "cannot call" not in cert("issue", "CT2", "--host", HERE).err
    assert cert("issue", "CT3", "--host", "localhost", "--write").code == 0


def test_no_address_is_invented(home):
    """What is printed is added to a configuration as it is."""
    ran = cert("issue", "WS4")
    assert (ran.code, ran.out) == (0, "")
    assert "no [[peer]] rows without --host" in ran.err
    assert f'certificate = "{pin_by_openssl("tls/WS4.crt")}"' in ran.err
    assert cert("issue", "WS5", "--json").document["peer"] is None


# -- the right CA, the right name -----------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["issue", "WS9", "--host", HERE],
        ["renew", "WS1"],
        ["revoke", "WS1"],
        ["crl"],
        ["list"],
        ["list", "--dir", "tls"],
    ],
)
def test_a_configuration_that_is_not_there_is_told(arguments, home):
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    ran = cert(*arguments, "-c", "nope.toml")
    assert (ran.code, ran.out) == (2, "")
    assert "nope.toml: no such file" in ran.err
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("where", [["-c", "home/anode.toml"], ["--dir", "home/tls"]])
def test_what_to_type_next_is_about_the_same_ca(where, home, monkeypatch):
    monkeypatch.chdir(home.parent)
    assert "anode tls cert renew WS1 --dir home/tls" in cert("issue", "WS1", *where).err
    assert "anode tls cert list --dir home/tls" in cert("renew", "XYZ", *where).err
    assert (
        "anode tls cert renew node --new-key --dir home/tls" in cert("revoke", "node", *where).out
    )


@pytest.mark.parametrize("command", ["renew", "revoke"])
def test_a_name_nobody_has_is_answered_with_the_nearest_one(command, home):
    ran = cert(command, "ws1")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'WS1'?" in ran.err
    assert "anode tls cert list" in ran.err
    assert "did you mean" not in cert(command, "somebody").err


def test_what_is_revoked_already_is_told_so(home):
    serial = cert("list", "--json").document[1]["serial"]
    cert("revoke", "WS1")
    for which in ("WS1", serial, "tls/WS1.crt"):
        ran = cert("revoke", which)
        assert ran.code == 2
        assert f"{which} is revoked already" in ran.err


@pytest.mark.parametrize("name", ["CT ROOM 1", "CT/1"])
def test_an_ae_title_that_can_name_no_file_has_an_option(name, home):
    assert "--ae-title" in cert("issue", name, "--host", HERE).err


def test_the_list_tells_when_each_was_issued_and_which_is_current(home):
    cert("renew", "WS1")
    rows = [line for line in cert("list").out.splitlines() if line.startswith("WS1")]
    assert ["valid, current" in row for row in rows] == [False, True]
    document = cert("list", "--json").document
    assert [each["current"] for each in document] == [True, False, True]
    today = datetime.datetime.now(datetime.UTC).date()
    assert all(str(each["issued"])[:7] == f"{today:%Y-%m}" for each in document)
    cert("revoke", "WS1")
    assert [each["current"] for each in cert("list", "--json").document] == [True, False, False]
