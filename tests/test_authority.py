"""Our own CA: what it issues and renews is taken by real verifiers; its files are safe."""

import datetime
import shutil
import ssl
import stat
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from config import authority, certificates, contexts, enrolment, files, issuing, ledger
from config.certificates import Credentials
from config.errors import ConfigError
from config.identities import identity
from config.profiles import PROFILES
from scu.associate import Target
from scu.echo import echo
from tests import certificates as strangers
from tests.authorities import called, checked, credentials, listener, made, openssl, ordered, read
from tests.clients import CALLER
from tests.nodes import HERE, node, port
from tests.peers import needs_dcmtk, needs_orthanc, orthanc, storescp, tool

ALL = pytest.mark.parametrize("profile", PROFILES)


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
@pytest.mark.parametrize(("server", "client"), [("node", "WS1"), ("WS1", "node")])
def test_both_ends_of_an_association_verify_each_other_strictly(
    server, client, profile, ca, tmp_path
):
    with node(tmp_path, listener=(listener(ca, profile, ca / "ca.crl", server),)) as serving:
        context = contexts.client(PROFILES[profile], credentials(ca, client))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        target = Target("ANODE", HERE, port(serving), contexts.to(context, HERE))
        assert echo(target, CALLER).status == 0


def dcmtk(ca, profile):
    crl = ("+crl", ca / "ca.crl", "+crv")
    files = ("+tls", ca / "WS1.key", ca / "WS1.crt", "+cf", ca / "ca.crt", *crl)
    return ("+px" if profile == "bcp195" else "+py", *map(str, files))


@needs_dcmtk
@pytest.mark.interop
@ALL
def test_dcmtk_takes_it_and_is_taken(profile, ca, tmp_path):
    with node(tmp_path, listener=(listener(ca, profile),)) as serving:
        ran = tool("echoscu", *dcmtk(ca, profile), "-aec", "ANODE", HERE, str(port(serving)))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@needs_dcmtk
@pytest.mark.interop
@ALL
def test_dcmtk_is_called_with_it(profile, ca, tmp_path):
    context = contexts.client(PROFILES[profile], credentials(ca, "node"))
    with storescp(tmp_path / "got", *dcmtk(ca, profile)) as there:
        target = Target("STORESCP", HERE, there.port, contexts.to(context, HERE))
        assert echo(target, CALLER).status == 0


@needs_orthanc
@pytest.mark.interop
def test_orthanc_takes_it_and_is_called_with_it(ca, tmp_path):
    """Its TLS is B.10, in both roles and with certificates on both sides."""
    with node(tmp_path / "node", listener=(listener(ca),)) as serving:
        ours = {"AET": "ANODE", "Host": HERE, "Port": port(serving), "UseDicomTls": True}
        tls = {
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": str(ca / "WS1.crt"),
            "DicomTlsPrivateKey": str(ca / "WS1.key"),
            "DicomTlsTrustedCertificates": str(ca / "ca.crt"),
            "DicomTlsRemoteCertificateRequired": True,
        }
        with orthanc(tmp_path / "orthanc", {}, DicomModalities={"anode": ours}, **tls) as remote:
            assert remote.request("/modalities/anode/echo", {}) is not None
            context = contexts.client(PROFILES["rfc9325"], credentials(ca, "node"))
            secure = contexts.to(context, HERE)
            assert echo(Target("ORTHANC", HERE, remote.dicom.port, secure), CALLER).status == 0


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
    with pytest.raises(ConfigError, match="is no certificate of"):
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


@pytest.mark.parametrize("cut", ["WS1.key", "WS1.crt"])
def test_a_renewal_that_was_cut_short_is_done_again_and_the_old_key_is_kept(own, monkeypatch, cut):
    enrolment.issue(own, ordered("WS1"))
    old = [(own / f"WS1.{kind}").read_bytes() for kind in ("crt", "key")]
    replace = files.replace

    def broken(path, *given):
        if path.name == cut:
            raise OSError("cut short")
        replace(path, *given)

    monkeypatch.setattr(files, "replace", broken)
    with pytest.raises(OSError, match="cut short"):
        enrolment.renew(own, "WS1", 500, issuing.new_key())
    monkeypatch.undo()
    again = enrolment.renew(own, "WS1", 500, issuing.new_key())
    assert [path.read_bytes() for path in again.kept] == old
    shown = Credentials(again.certificate, again.key, own / "ca.crt")
    assert contexts.server(PROFILES["rfc9325"], shown)


def test_what_another_ca_issued_is_not_renewed(own, tmp_path):
    stranger = strangers.Authority(tmp_path / "strange").issue("WS1")
    shutil.copy(stranger.certificate, own / "WS1.crt")
    before = (own / ledger.NAME).read_bytes()
    with pytest.raises(ConfigError, match=r"WS1\.crt is no certificate of this CA"):
        enrolment.renew(own, "WS1", 10)
    assert (own / ledger.NAME).read_bytes() == before


def test_a_renewed_ca_is_the_same_one_for_longer(own):
    before = authority.renew(own, 0)
    with pytest.raises(ConfigError, match="anode tls cert renew ca"):
        enrolment.issue(own, ordered("WS1"))
    after = authority.renew(own)
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert (after.subject, after.public_key()) == (before.subject, before.public_key())
    assert checked(own, "node").returncode == 0
