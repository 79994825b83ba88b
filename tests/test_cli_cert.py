"""`anode tls cert`: from an own CA to peers that are known by their certificates."""

import os
import pty
import shutil
import subprocess

import pytest
from cryptography import x509

from cli.peering import Peering
from config import contexts
from config.certificates import Credentials
from config.profiles import PROFILES
from config.settings import load
from scp.node import Node
from scu.associate import Caller, Target
from scu.echo import echo
from tests.authorities import pin_by_openssl, request
from tests.commands import ROOT, SECONDS, anode, command
from tests.nodes import HERE, port
from tests.peers import needs_dcmtk, tool
from wire.errors import Rejected, WireError


@pytest.fixture(scope="module")
def beginning(tmp_path_factory):
    folder = tmp_path_factory.mktemp("init")
    assert anode("init", folder, "--tls").code == 0
    return folder


@pytest.fixture
def home(beginning, tmp_path, monkeypatch):
    """A folder as `anode init --tls` leaves it; commands run in it."""
    shutil.copytree(beginning, tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    return tmp_path / "home"


def cert(*arguments):
    return anode("tls", "cert", *arguments)


def node(folder, **keys):
    """The node of this configuration, on a free port."""
    settings = load(folder / "anode.toml", {"ANODE__LISTENER__1__PORT": "0", **keys})
    return Node(settings)


def call(serving, folder, name, *, title=None, key=None):
    files = Credentials(
        folder / "tls" / f"{name}.crt", key or folder / "tls" / f"{name}.key", folder / "tls/ca.crt"
    )
    secure = contexts.to(contexts.client(PROFILES["rfc9325"], files), HERE)
    return echo(Target("ANODE", HERE, port(serving), secure), Caller(title or name)).status


# -- issue ----------------------------------------------------------------------------------------


def test_a_peer_is_let_in_by_its_certificate_alone(home):
    """A stolen AE title with another good certificate of the same CA is rejected."""
    for name in ("WS1", "WS2"):
        ran = cert("issue", name, "--host", HERE, "--write")
        assert ran.code == 0, ran.err
    with node(home) as serving:
        assert call(serving, home, "WS1") == 0
        assert call(serving, home, "WS2") == 0
        with pytest.raises(Rejected):
            call(serving, home, "WS2", title="WS1")
        with pytest.raises(Rejected):
            call(serving, home, "node", title="WS1")


@needs_dcmtk
@pytest.mark.interop
def test_dcmtk_is_known_by_its_certificate(home):
    cert("issue", "WS1", "--host", HERE, "--write")
    cert("issue", "OTHER")
    with node(home) as serving:
        codes = {
            name: tool(
                "echoscu", "-aet", "WS1", "-aec", "ANODE", "+cf", "tls/ca.crt",
                "+tls", f"tls/{name}.key", f"tls/{name}.crt", HERE, str(port(serving)),
            ).returncode
            for name in ("WS1", "OTHER")
        }  # fmt: skip
    assert codes["WS1"] == 0
    assert codes["OTHER"] != 0


def test_what_is_printed_can_be_added_to_the_configuration(home):
    ran = cert("issue", "WS1", "--host", "ws1.example", "--host", "10.0.0.9")
    assert ran.code == 0
    with (home / "anode.toml").open("a") as file:
        file.write(ran.out)
    (peer,) = load(home / "anode.toml", {}).peer
    assert (peer.ae_title, peer.host) == ("WS1", "10.0.0.9")
    assert peer.certificate == (pin_by_openssl(home / "tls" / "WS1.crt"),)


def test_write_adds_to_the_configuration_and_changes_nothing_else(home):
    path = home / "anode.toml"
    before, mode = path.read_text(), path.stat().st_mode
    ran = cert("issue", "ws1.example", "--ae-title", "WS1", "--host", "10.0.0.9", "--write")
    assert path.read_text() == before + ran.out
    assert path.stat().st_mode == mode
    assert sorted(each.name for each in home.iterdir()) == ["anode.toml", "tls"]
    assert load(path, {}).peer[0].ae_title == "WS1"


def test_what_is_no_peer_gets_a_certificate_and_no_rows(home):
    ran = cert("issue", "audit.hospital.example", "--host", "audit.hospital.example")
    assert (ran.code, ran.out) == (0, "")
    assert (home / "tls" / "audit.hospital.example.crt").exists()


def test_write_goes_through_a_link(home, tmp_path):
    (home / "anode.toml").rename(tmp_path / "kept.toml")
    (home / "anode.toml").symlink_to(tmp_path / "kept.toml")
    assert cert("issue", "WS1", "--host", HERE, "--write").code == 0
    assert (home / "anode.toml").is_symlink()
    assert "WS1" in (tmp_path / "kept.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["WS1", "--write"], "--write needs --host"),
        (["OLD", "--host", HERE, "--write"], "OLD is a [[peer]] of anode.toml already"),
        (["ws1.hospital.example", "--write"], "--write needs --ae-title"),
        (["WS1", "--ae-title", "A\\B"], "the AE title must be printable ASCII"),
        (["WS1", "--host", "*.example"], "without a wildcard"),
        (["WS1", "--days", "825"], "--days"),
        (["ca"], "cannot name a certificate"),
        (["WS1", "--dir", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_issued_is_refused_before_anything_is_made(arguments, sentence, home):
    with (home / "anode.toml").open("a") as file:
        file.write(f'[[peer]]\nae_title = "OLD"\nhost = "{HERE}"\n')
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    ran = cert("issue", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_rows_that_would_break_the_configuration_are_not_added(home):
    """As when it was broken between the first look and the last."""
    path = home / "anode.toml"
    path.write_text("nonsense = 1\n")
    peering = Peering(None, "WS1", ["ip:10.0.0.9"], write=True)
    with pytest.raises(ValueError, match=r"cannot be added: anode\.toml: unknown key 'nonsense'"):
        peering.add(peering.rows("spki-sha256:" + "A" * 43 + "="))
    assert path.read_text() == "nonsense = 1\n"


def test_a_node_without_tls_can_bind_nobody_and_says_so_before_anything_is_made(tmp_path):
    assert anode("init", tmp_path).code == 0
    ran = cert("issue", "WS1", "--host", HERE, "--write", "-c", tmp_path / "anode.toml")
    assert ran.code == 2
    assert "cannot be added" in ran.err
    assert "no [[listener]] has tls" in ran.err
    assert not (tmp_path / "tls" / "WS1.crt").exists()


def test_without_a_configuration_there_is_nothing_to_write_to(home):
    (home / "anode.toml").unlink()
    ran = cert("issue", "WS1", "--host", HERE, "--write")
    assert ran.code == 2
    assert "say -c FILE" in ran.err


def test_the_ca_lies_beside_the_configuration(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = cert("issue", "WS1", "-c", "home/anode.toml", "--json")
    assert ran.document["certificate"] == "home/tls/WS1.crt"
    assert cert("list").code == 2
    assert "`anode init` in a new folder makes a CA there" in cert("list").err


def test_scripts_are_told_all(home):
    told = cert("issue", "WS1", "--host", "10.0.0.9", "--uri", "urn:x:1", "--json").document
    made = x509.load_pem_x509_certificate((home / "tls" / "WS1.crt").read_bytes())
    assert told["serial"] == f"{made.serial_number:040x}"
    assert told["names"] == ["ip:10.0.0.9", "uri:urn:x:1"]
    assert told["until"] == made.not_valid_after_utc.isoformat()
    assert told["pin"] in told["peer"]
    assert (told["key"], told["written"]) == ("tls/WS1.key", False)


def test_no_command_shows_a_key(home):
    request(home, "IP:10.0.0.5")
    ran = [
        cert("issue", "WS1", "--json"),
        cert("issue", "WS2"),
        cert("sign", "CT1.csr", "--as-asked"),
        cert("renew", "WS1", "--new-key"),
        cert("renew", "ca"),
        cert("revoke", "WS2"),
        cert("list", "--json"),
        cert("pin", "tls/WS1.key"),
        cert("sign", "tls/WS1.key"),
    ]
    assert [each.code for each in ran] == [0] * 7 + [2] * 2
    said = "".join(each.out + each.err for each in ran)
    for path in (home / "tls").glob("*.key"):
        lines = path.read_text().splitlines()
        assert not [line for line in lines if line in said]


# -- sign -----------------------------------------------------------------------------------------


def test_a_request_s_names_are_shown_and_not_taken_unasked(home):
    request(home, "DNS:ct1.example", "IP:10.0.0.5")
    ran = cert("sign", "CT1.csr")
    assert ran.code == 2
    assert "CT1.csr of CN=CT1 asks for dns:ct1.example, ip:10.0.0.5." in ran.err
    assert "--as-asked" in ran.err
    assert not (home / "tls" / "CT1.crt").exists()
    told = cert("sign", "CT1.csr", "--as-asked", "--json").document
    assert (told["names"], told["key"]) == (["dns:ct1.example", "ip:10.0.0.5"], None)


def test_names_that_are_given_are_taken_instead(home):
    request(home, "DNS:*.example")
    assert "without a wildcard" in cert("sign", "CT1.csr", "--as-asked").err
    told = cert("sign", "CT1.csr", "--host", HERE, "--name", "X", "--json").document
    assert (told["name"], told["names"]) == ("X", [f"ip:{HERE}"])


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_on_a_terminal_the_names_are_asked_about(answer, code, home):
    request(home, "IP:10.0.0.5")
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    ran = subprocess.run(
        command("tls", "cert", "sign", "CT1.csr"), stdin=theirs, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=SECONDS, check=False,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    assert ran.returncode == code, ran.stderr
    assert "Take these names?" in ran.stderr
    assert (home / "tls" / "CT1.crt").exists() == (code == 0)


def test_a_peer_that_made_its_own_key_is_let_in(home):
    request(home, f"IP:{HERE}")
    assert cert("sign", "CT1.csr", "--as-asked", "--write").code == 0
    with node(home) as serving:
        assert call(serving, home, "CT1", key=home / "CT1.pem") == 0


def test_a_name_that_another_has_is_told(home):
    cert("issue", "WS1", "--host", "shared.example", "--host", HERE)
    ran = cert("issue", "WS2", "--host", "shared.example", "--host", HERE)
    assert ran.code == 0
    assert "Note: the certificate of WS1 has dns:shared.example too." in ran.err


# -- renew, revoke, crl, list ---------------------------------------------------------------------


def test_a_renewal_tells_which_pins_to_name(home):
    before = cert("issue", "WS1", "--json").document["pin"]
    same = cert("renew", "WS1")
    assert "The pin stays" in same.err
    assert same.out == f'certificate = "{before}"\n'
    ran = cert("renew", "WS1", "--new-key")
    after = pin_by_openssl(home / "tls" / "WS1.crt")
    assert ran.out == f'certificate = ["{before}", "{after}"]\n'
    assert before != after
    assert "a [[peer]] that is bound to the key names both" in ran.err


def test_while_a_key_changes_both_are_let_in(home):
    cert("issue", "WS1", "--host", HERE)
    rows = cert("renew", "WS1", "--new-key").out
    with (home / "anode.toml").open("a") as file:
        file.write(f'[[peer]]\nae_title = "WS1"\nhost = "{HERE}"\n{rows}')
    (old,) = (path.stem for path in (home / "tls").glob("WS1.*.crt"))
    with node(home) as serving:
        assert call(serving, home, "WS1") == 0
        assert call(serving, home, old, title="WS1") == 0
    with node(home, ANODE__PEER__1__CERTIFICATE=pin_by_openssl("tls/WS1.crt")) as serving:
        assert call(serving, home, "WS1") == 0
        with pytest.raises(Rejected):
            call(serving, home, old, title="WS1")


def test_a_renewal_takes_the_key_of_a_new_request(home):
    cert("sign", request(home, "IP:10.0.0.5"), "--as-asked")
    new = request(home, "DNS:anything.example", name="NEW")
    told = cert("renew", "CT1", "--request", new, "--json").document
    assert (told["pin"], told["names"]) == (pin_by_openssl(new, "req"), ["ip:10.0.0.5"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ca", "--new-key"], "the CA keeps its key"),
        (["WS1", "--new-key", "--request", "CT1.csr"], "take one of them"),
        (["NOBODY"], "NOBODY is no certificate of tls"),
    ],
)
def test_what_cannot_be_renewed_is_told(arguments, sentence, home):
    request(home)
    ran = cert("renew", *arguments)
    assert ran.code == 2
    assert sentence in ran.err


def test_the_ca_is_renewed(home):
    before = (home / "tls" / "ca.crt").read_bytes()
    ran = cert("renew", "ca")
    assert ran.code == 0
    assert "Take it to every peer" in ran.out
    assert (home / "tls" / "ca.crt").read_bytes() != before


def test_revoking_tells_whether_a_listener_takes_notice(home):
    cert("issue", "WS1", "--host", HERE, "--write")
    ran = cert("revoke", "WS1", "--reason", "key-compromise")
    assert ran.code == 0
    assert "Revoked WS1, serial number" in ran.out
    assert "No listener reads it" in ran.out
    assert f'add crl = "{home / "tls" / "ca.crl"}"' in ran.out
    path = home / "anode.toml"
    path.write_text(path.read_text().replace("# crl =", "crl ="))
    assert "A running node takes it up by SIGHUP." in cert("crl").out
    with node(home) as serving, pytest.raises(WireError):
        call(serving, home, "WS1")
    assert cert("revoke", "WS1").code == 2


def test_a_crl_is_written_anew_for_as_long_as_told(home):
    first, second = (cert("crl", "--days", days, "--json").document for days in (10, 20))
    assert first["number"] + 1 == second["number"]
    assert first["until"] < second["until"]


def test_the_list_tells_what_became_of_each(home):
    cert("issue", "WS1", "--host", "10.0.0.9")
    cert("issue", "WS2")
    cert("revoke", "WS2")
    lines = {line.split()[0]: line for line in cert("list").out.splitlines()[2:]}
    assert list(lines) == ["node", "WS1", "WS2"]
    assert "10.0.0.9" in lines["WS1"]
    states = {each["name"]: each["state"] for each in cert("list", "--json").document}
    assert states == {"node": "valid", "WS1": "valid", "WS2": "revoked"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes owners")
def test_what_root_replaces_stays_its_owners(home):
    """A node that runs as somebody else could not read its key and configuration any more."""
    there = (home / "anode.toml", home / "tls" / "node.key", home / "tls" / "node.crt")
    for path in there:
        os.chown(path, 4711, 4712)
    assert cert("issue", "WS9", "--host", HERE, "--write").code == 0
    assert cert("renew", "node", "--new-key").code == 0
    assert [(each.stat().st_uid, each.stat().st_gid) for each in there] == [(4711, 4712)] * 3
