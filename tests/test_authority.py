"""Our own CA: what it issues, renews and revokes is taken, or refused, by real verifiers."""

import datetime
import json
import multiprocessing
import shutil
import ssl
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from config import authority, certificates, contexts, enrolment, issuing, ledger
from config.certificates import Credentials
from config.errors import ConfigError
from config.identities import identity
from config.listeners import Listener
from config.profiles import PROFILES
from scu.associate import Target
from scu.echo import echo
from tests.clients import CALLER
from tests.nodes import HERE, node, port
from tests.peers import needs_dcmtk, tool
from wire.errors import WireError

LOST = x509.ReasonFlags.key_compromise
ALL = pytest.mark.parametrize("profile", PROFILES)


def made(folder):
    """A CA with a certificate for the node, as `anode init` makes it."""
    authority.make(folder, "ANODE")
    enrolment.issue(folder, ordered("node"), common_name="ANODE")
    return folder


def ordered(name, *hosts, days=issuing.LEAF_DAYS, uris=()):
    return enrolment.order(name, hosts or (HERE, "localhost", "::1"), uris, days)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    """One that tests add to, and take nothing from."""
    folder = made(tmp_path_factory.mktemp("ca") / "tls")
    shutil.copytree(folder, folder.with_name("new"))
    enrolment.issue(folder, ordered("WS1", uris=["urn:example:ws1"]))
    return folder


@pytest.fixture
def own(ca, tmp_path):
    """A copy of its beginnings, which a test may do anything with."""
    shutil.copytree(ca.parent / "new", tmp_path / "tls")
    return tmp_path / "tls"


def credentials(folder, name, **keys):
    return Credentials(folder / f"{name}.crt", folder / f"{name}.key", folder / "ca.crt", **keys)


def listener(folder, profile="rfc9325", **keys):
    files = {"certificate": folder / "node.crt", "key": folder / "node.key"}
    return Listener(host=HERE, port=0, tls=profile, ca=folder / "ca.crt", **files, **keys)


def called(serving, folder, name, profile="rfc9325"):
    context = contexts.client(PROFILES[profile], credentials(folder, name))
    return Target("ANODE", HERE, port(serving), contexts.to(context, HERE))


def read(path):
    return certificates.certificates_in(path)[0]


def openssl(folder, name, *options):
    files = ("-CAfile", folder / "ca.crt", folder / f"{name}.crt")
    return tool("openssl", "verify", "-x509_strict", *options, *files)


def checked(folder, name):
    """By its CRL too."""
    return openssl(folder, name, "-crl_check", "-CRLfile", folder / "ca.crl")


# -- what is issued -------------------------------------------------------------------------------


@ALL
@pytest.mark.parametrize("name", ["ca", "node", "WS1"])
def test_every_profile_takes_what_is_issued(profile, name, ca):
    (found,) = certificates.certificates_in(ca / f"{name}.crt")
    assert certificates.weakness(found, PROFILES[profile]) == ""


@pytest.mark.parametrize("purpose", ["sslserver", "sslclient"])
@pytest.mark.parametrize("name", ["node", "WS1"])
def test_openssl_verifies_it_strictly_and_for_both_roles(name, purpose, ca):
    ran = openssl(ca, name, "-crl_check", "-CRLfile", ca / "ca.crl", "-purpose", purpose)
    assert (ran.returncode, ran.stdout.strip()) == (0, f"{ca / name}.crt: OK"), ran.stderr
    level = openssl(ca, name, "-purpose", purpose, "-auth_level", "3")
    assert level.returncode == 0, level.stderr


@pytest.mark.parametrize("host", [HERE, "localhost"])
def test_openssl_finds_its_names(host, ca):
    option = "-verify_ip" if host == HERE else "-verify_hostname"
    assert openssl(ca, "node", option, host).returncode == 0
    assert openssl(ca, "node", option, f"{host}1").returncode != 0


@ALL
def test_both_ends_of_an_association_verify_each_other_strictly(profile, ca, tmp_path):
    with node(tmp_path, listener=(listener(ca, profile, crl=ca / "ca.crl"),)) as serving:
        context = contexts.client(PROFILES[profile], credentials(ca, "WS1"))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        target = Target("ANODE", HERE, port(serving), contexts.to(context, HERE))
        assert echo(target, CALLER).status == 0


@needs_dcmtk
@pytest.mark.interop
@ALL
def test_dcmtk_takes_it_and_is_taken(profile, ca, tmp_path):
    files = ("+tls", ca / "WS1.key", ca / "WS1.crt", "+cf", ca / "ca.crt", "+crl", ca / "ca.crl")
    theirs = "+px" if profile == "bcp195" else "+py"
    with node(tmp_path, listener=(listener(ca, profile),)) as serving:
        ran = tool("echoscu", theirs, *files, "-aec", "ANODE", HERE, str(port(serving)))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1", "-tls1_2"])
def test_what_is_old_takes_it_too(version, ca, tmp_path):
    """B.9 falls back to TLS 1.0, and to AES128-SHA, whose keys are enciphered by RSA."""
    who = ("-cert", ca / "WS1.crt", "-key", ca / "WS1.key", "-CAfile", ca / "ca.crt")
    old = (version, "-cipher", "AES128-SHA:@SECLEVEL=0", "-verify_return_error")
    with node(tmp_path, listener=(listener(ca, "bcp195"),)) as serving:
        command = ["openssl", "s_client", "-connect", f"{HERE}:{port(serving)}", *old, *who]
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    assert ran.returncode == 0, ran.stderr
    assert "Verification: OK" in ran.stdout
    assert "Cipher is AES128-SHA" in ran.stdout


def test_it_says_what_it_has_to(ca):
    found = read(ca / "WS1.crt")
    usage = found.extensions.get_extension_for_class(x509.KeyUsage)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.public_key().key_size == 3072
    assert usage.critical
    assert not usage.value.key_cert_sign
    assert identity(found.public_bytes(serialization.Encoding.DER)).names == {
        "dns:localhost",
        "uri:urn:example:ws1",
    }
    assert len(names.get_values_for_type(x509.IPAddress)) == 2
    assert found.not_valid_after_utc - found.not_valid_before_utc <= datetime.timedelta(days=825)
    root = read(ca / "ca.crt").extensions.get_extension_for_class(x509.BasicConstraints)
    assert (root.critical, root.value.ca, root.value.path_length) == (True, True, 0)


def test_serial_numbers_are_long_and_never_the_same(ca):
    serials = [read(ca / f"{name}.crt").serial_number for name in ("ca", "node", "WS1")]
    assert len(set(serials)) == 3
    assert min(serials).bit_length() > 120
    assert max(serials).bit_length() < 160  # RFC 5280 4.1.2.2: 20 octets, positive


def test_nothing_outlives_the_ca(own):
    authority.renew(own, 3)
    issued = enrolment.issue(own, ordered("WS1", days=824))
    assert issued.entry.until == read(own / "ca.crt").not_valid_after_utc


def test_two_cas_have_two_names(ca, tmp_path):
    authority.make(tmp_path / "tls", "ANODE")
    assert read(tmp_path / "tls" / "ca.crt").subject != read(ca / "ca.crt").subject


# -- files ----------------------------------------------------------------------------------------


def test_keys_are_their_owner_s_alone(ca):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in ca.iterdir()}
    assert {name for name, mode in modes.items() if mode & 0o077} == {
        "ca.crt", "ca.crl", "node.crt", "WS1.crt",
    }  # fmt: skip
    assert stat.S_IMODE(ca.stat().st_mode) == 0o700


@pytest.mark.parametrize("there", ["WS1.key", "WS1.crt"])
def test_a_file_that_is_there_is_never_written_over(there, own):
    (own / there).write_text("mine")
    before = sorted(path.name for path in own.iterdir())
    with pytest.raises(ConfigError, match="is there already and stays as it is"):
        enrolment.issue(own, ordered("WS1"))
    assert (own / there).read_text() == "mine"
    assert sorted(path.name for path in own.iterdir()) == before


def test_no_draft_is_left_behind(ca):
    assert [path.name for path in ca.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["", "ca", "CA", "../WS1", "a/b", ".hidden", "a b", "A" * 65, "é"])
def test_a_name_that_files_cannot_have_is_refused(name, own):
    with pytest.raises(ConfigError, match="cannot name a certificate"):
        ordered(name)
    with pytest.raises(ConfigError, match="cannot name a certificate"):
        enrolment.renew(own, name, 10)


@pytest.mark.parametrize(
    "host",
    ["*.example", "0.0.0.0", "::", "224.0.0.1", "fe80::1%eth0", "10.0.0.300", "a..b", "x.", "é.de",
     "10.0.0.0/24", "a\0b", "", " a", "http://x", "x" * 254],
)  # fmt: skip
def test_a_host_that_is_not_one_host_is_refused(host):
    with pytest.raises(ConfigError, match="a name in the certificate must"):
        ordered("WS1", host)


@pytest.mark.parametrize("uri", ["", "no-scheme", "urn: x", "urn:é", "urn:" + "x" * 300, "1:x"])
def test_a_uri_that_is_none_is_refused(uri):
    with pytest.raises(ConfigError, match="a name in the certificate must be a URI"):
        ordered("WS1", uris=[uri])


def test_a_key_that_others_may_read_signs_nothing(own):
    (own / "ca.key").chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        enrolment.issue(own, ordered("WS1"))


def test_the_key_of_another_ca_signs_nothing(own):
    (own / "ca.key").write_bytes((own / "node.key").read_bytes())
    with pytest.raises(ConfigError, match=r"is not the key of the ca\.crt beside it"):
        enrolment.issue(own, ordered("WS1"))


def test_where_there_is_no_ca_the_next_step_is_told(tmp_path):
    with pytest.raises(ConfigError, match="`anode init` in a new folder makes a CA"):
        authority.publish(tmp_path / "tls")


# -- renewal --------------------------------------------------------------------------------------


def test_a_renewal_keeps_key_pin_and_names(own):
    first = enrolment.issue(own, ordered("WS1", "10.0.0.9", "ws1.example", days=10))
    key = first.key.read_bytes()
    again = enrolment.renew(own, "WS1", 500)
    assert (again.entry.pin, again.entry.names) == (first.entry.pin, first.entry.names)
    assert again.entry.until > first.entry.until
    assert again.entry.serial != first.entry.serial
    assert first.key.read_bytes() == key
    assert checked(own, "WS1").returncode == 0


def test_a_renewal_with_a_new_key_changes_the_pin_and_keeps_the_old_files(own, tmp_path):
    first = enrolment.issue(own, ordered("WS1"))
    old = first.certificate.read_bytes(), first.key.read_bytes()
    again = enrolment.renew(own, "WS1", 500, issuing.new_key())
    assert again.before == first.entry.pin != again.entry.pin
    assert tuple(path.read_bytes() for path in again.kept) == old
    assert stat.S_IMODE(again.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(again.kept[1].stat().st_mode) == 0o600
    with node(tmp_path / "node", listener=(listener(own),)) as serving:
        assert echo(called(serving, own, "WS1"), CALLER).status == 0


def test_a_renewed_ca_is_the_same_one_for_longer(own):
    before = authority.renew(own, 0)
    with pytest.raises(ConfigError, match="anode tls cert renew ca"):
        enrolment.issue(own, ordered("WS1"))
    after = authority.renew(own)
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert (after.subject, after.public_key()) == (before.subject, before.public_key())
    assert checked(own, "node").returncode == 0


# -- revocation -----------------------------------------------------------------------------------


def test_what_is_revoked_is_refused_by_a_listener_with_the_crl(own, tmp_path):
    for name in ("WS1", "WS2"):
        enrolment.issue(own, ordered(name))
    gone, crl = authority.revoke(own, "WS1", LOST)
    assert ([each.name for each in gone], crl.revoked) == (["WS1"], 1)
    with node(tmp_path / "1", listener=(listener(own, crl=own / "ca.crl"),)) as serving:
        with pytest.raises(WireError):
            echo(called(serving, own, "WS1"), CALLER)
        assert echo(called(serving, own, "WS2"), CALLER).status == 0
    assert "certificate revoked" in checked(own, "WS1").stderr
    assert checked(own, "WS2").returncode == 0


def test_a_running_node_refuses_it_from_its_reload_on(own, tmp_path):
    enrolment.issue(own, ordered("WS1"))
    with node(tmp_path / "1", listener=(listener(own, crl=own / "ca.crl"),)) as serving:
        assert echo(called(serving, own, "WS1"), CALLER).status == 0
        authority.revoke(own, "WS1", LOST)
        assert echo(called(serving, own, "WS1"), CALLER).status == 0
        serving.reload(serving.settings)
        with pytest.raises(WireError):
            echo(called(serving, own, "WS1"), CALLER)


def test_a_name_revokes_all_its_certificates_a_number_one(own):
    first = enrolment.issue(own, ordered("WS1"))
    second = enrolment.renew(own, "WS1", 10, issuing.new_key())
    third = enrolment.renew(own, "WS1", 20)
    gone, _ = authority.revoke(own, f"{first.entry.serial:040X}", LOST)
    assert [each.serial for each in gone] == [first.entry.serial]
    gone, crl = authority.revoke(own, "WS1", LOST)
    assert [each.serial for each in gone] == [second.entry.serial, third.entry.serial]
    assert crl.revoked == 3
    with pytest.raises(ConfigError, match="neither the name nor the serial number"):
        authority.revoke(own, "WS1", LOST)


def test_the_key_of_a_revoked_certificate_is_never_certified_again(own):
    enrolment.issue(own, ordered("WS1"))
    authority.revoke(own, "WS1", LOST)
    with pytest.raises(ConfigError, match="of WS1 that was revoked; have a new key made"):
        enrolment.renew(own, "WS1", 10)
    enrolment.renew(own, "WS1", 10, issuing.new_key())
    assert checked(own, "WS1").returncode == 0


def test_the_number_of_the_crl_goes_up_and_reasons_are_told(own):
    enrolment.issue(own, ordered("WS1"))
    authority.revoke(own, "WS1", LOST)
    before = x509.load_pem_x509_crl((own / "ca.crl").read_bytes())
    authority.publish(own, 30)
    after = x509.load_pem_x509_crl((own / "ca.crl").read_bytes())
    numbers = [
        each.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        for each in (before, after)
    ]
    assert numbers[0] < numbers[1]
    left = after.next_update_utc - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=29) < left <= datetime.timedelta(days=30)
    (entry,) = after
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is LOST
    ran = tool("openssl", "crl", "-in", own / "ca.crl", "-CAfile", own / "ca.crt", "-noout")
    assert "verify OK" in ran.stderr


def test_an_old_ledger_brought_back_makes_nothing_good_again(own):
    enrolment.issue(own, ordered("WS1"))
    backup = (own / ledger.NAME).read_bytes()
    _, before = authority.revoke(own, "WS1", LOST)
    (own / ledger.NAME).write_bytes(backup)
    after = authority.publish(own)
    assert (after.revoked, after.number) == (1, before.number + 1)
    assert "certificate revoked" in checked(own, "WS1").stderr


# -- the ledger -----------------------------------------------------------------------------------


def test_a_line_that_was_cut_short_is_passed_over_and_replaced(own):
    path = own / ledger.NAME
    with path.open("a") as file:
        file.write('{"what": "issued", "ser')
    enrolment.issue(own, ordered("WS1"))
    assert [each.name for each in ledger.read(own).entries.values()] == ["node", "WS1"]
    assert all(json.loads(line) for line in path.read_text().splitlines())


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"what": "revoked"}', '{"what": "gone"}', ""])
def test_a_line_that_cannot_be_read_stops_everything(line, own):
    with (own / ledger.NAME).open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(ConfigError, match="line 3 cannot be read; bring the file back"):
        enrolment.issue(own, ordered("WS1"))
    assert not (own / "WS1.crt").exists()


def test_a_ledger_that_is_missing_stops_everything(own):
    (own / ledger.NAME).unlink()
    with pytest.raises(ConfigError, match="is missing"):
        authority.revoke(own, "node", LOST)


def test_what_cannot_be_written_is_in_the_ledger_all_the_same(own):
    """A certificate that nobody has may be listed; never the other way round."""
    (own / "ca.crl").unlink()
    (own / "ca.crl").mkdir()  # the last step cannot be done
    with suppress(OSError):
        enrolment.issue(own, ordered("WS1"))
    names = {entry.name for entry in ledger.read(own).entries.values()}
    assert {path.stem for path in own.glob("*.crt")} - {"ca"} <= names


def _issue(folder, number):
    enrolment.issue(folder, ordered(f"WS{number}"))


def test_several_at_once_lose_nothing(own):
    """Threads here, and another process."""
    other = multiprocessing.get_context("spawn").Process(target=_issue, args=(own, 0))
    other.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: _issue(own, number), range(1, 5)))
    other.join()
    known = ledger.read(own)
    assert other.exitcode == 0
    assert {entry.name for entry in known.entries.values()} == {
        "node",
        *(f"WS{n}" for n in range(5)),
    }
    assert known.crl_number == 6
