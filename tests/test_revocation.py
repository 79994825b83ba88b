"""Our own CA: what it revokes is refused by real verifiers, and its ledger forgets nothing."""

import datetime
import json
import multiprocessing
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from cryptography import x509

from config import authority, contexts, enrolment, issuing, ledger
from config.certificates import Credentials
from config.errors import ConfigError
from config.profiles import PROFILES
from scu.echo import echo
from tests import certificates as strangers
from tests.authorities import called, checked, listener, made, ordered
from tests.clients import CALLER
from tests.nodes import node
from tests.peers import tool
from wire.errors import WireError

LOST = x509.ReasonFlags.key_compromise


@pytest.fixture(scope="module")
def beginning(tmp_path_factory):
    return made(tmp_path_factory.mktemp("ca") / "tls")


@pytest.fixture
def own(beginning, tmp_path):
    """A CA which a test may do anything with."""
    shutil.copytree(beginning, tmp_path / "tls")
    return tmp_path / "tls"


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
        serving.reload(lambda: serving.settings)
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
    with pytest.raises(ConfigError, match="WS1 is revoked already"):
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


def test_a_forgotten_certificate_is_revoked_by_its_file(own):
    backup = (own / ledger.NAME).read_bytes()
    issued = enrolment.issue(own, ordered("WS1"))
    (own / ledger.NAME).write_bytes(backup)
    gone, _ = authority.revoke(own, str(issued.certificate), LOST)
    assert [each.serial for each in gone] == [issued.entry.serial]
    assert "certificate revoked" in checked(own, "WS1").stderr
    with pytest.raises(ConfigError, match="was revoked; have a new key made"):
        enrolment.renew(own, "WS1", 10)


def test_a_certificate_of_another_ca_is_not_ours_to_revoke(own, tmp_path):
    stranger = strangers.Authority(tmp_path / "strange").issue("WS1")
    with pytest.raises(ConfigError, match="is no certificate of this CA"):
        authority.revoke(own, str(stranger.certificate), LOST)


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


# -- a CRL that would shut out everybody ----------------------------------------------------------


def test_a_crl_of_another_ca_is_refused_at_start_and_at_reload(own, tmp_path):
    other = strangers.Authority(tmp_path / "other")
    namesake = strangers.Authority(tmp_path / "namesake")  # its name is that of `other`
    for wrong in (other.revoke(), namesake.revoke()):
        ca = own / "ca.crt" if wrong.parent == other.folder else other.certificate
        with pytest.raises(ConfigError, match="nobody could connect; name the CRL of that CA"):
            contexts.server(PROFILES["rfc9325"], Credentials(ca=ca, crl=wrong))
    path = tmp_path / "list.crl"
    shutil.copy(own / "ca.crl", path)
    with node(tmp_path / "1", listener=(listener(own, crl=path),)) as serving:
        shutil.copy(other.revoke(), path)
        with pytest.raises(ConfigError, match=r"list\.crl has no CRL of a CA in .*ca\.crt"):
            serving.reload(lambda: serving.settings)
        assert echo(called(serving, own, "node"), CALLER).status == 0


def test_a_crl_of_one_ca_of_several_is_enough(own, tmp_path):
    other = strangers.Authority(tmp_path / "other")
    both = tmp_path / "both.crt"
    both.write_bytes(other.certificate.read_bytes() + (own / "ca.crt").read_bytes())
    for crl in (other.revoke(), own / "ca.crl"):
        contexts.server(PROFILES["rfc9325"], Credentials(ca=both, crl=crl))


def test_a_renewed_ca_keeps_its_crl(own):
    authority.renew(own)
    contexts.server(PROFILES["rfc9325"], Credentials(ca=own / "ca.crt", crl=own / "ca.crl"))


def test_a_ca_between_may_lie_with_our_own_certificate(own, tmp_path):
    """A CA of a hospital: `ca` has the root, our certificate brings the CA that issued it."""
    other = strangers.Authority(tmp_path / "other")
    chain = tmp_path / "chain.crt"
    chain.write_bytes((own / "node.crt").read_bytes() + (own / "ca.crt").read_bytes())
    given = Credentials(chain, own / "node.key", other.certificate, own / "ca.crl")
    contexts.server(PROFILES["rfc9325"], given)
