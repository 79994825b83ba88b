"""What scanners that others wrote see of each profile: sslyze, sslscan and testssl.sh (tls.md T1).

The tables are written by hand, from PS3.15 annex B and not from ours.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from config.limits import Limits
from tests.certificates import Authority, Issued
from tests.nodes import HERE, node
from tests.peers import tool
from tests.secured import NAMES, listener

SSLYZE = Path(__file__).parent.parent / ".venv" / "sslyze" / "bin" / "python"
TESTSSL_SECONDS = 300
KINDS = ("RSA", "ECDSA")
PAIRS = [(profile, kind) for profile in NAMES for kind in KINDS]
EACH = pytest.mark.parametrize(("profile", "kind"), PAIRS)
WISHES = ("none", "required")  # of a client certificate: sslyze comes without, sslscan with one

needs_sslyze = pytest.mark.skipif(not SSLYZE.exists(), reason="no sslyze: run tools/peers.sh")
needs_sslscan = pytest.mark.skipif(not shutil.which("sslscan"), reason="run tools/peers.sh")
needs_testssl = pytest.mark.skipif(not shutil.which("testssl"), reason="run tools/peers.sh")
pytestmark = pytest.mark.interop

LOOKS = """
    sslv2 sslv3 tlsv1 tlsv1_1 tlsv1_2 tlsv1_3 elliptic_curves compression early_data openssl_ccs
    fallback heartbleed robot reneg ems
"""
MODERN = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]
ECDHE = ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"]
DHE = ["DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES128-GCM-SHA256"]
ECDSA = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"]
CCM = [f"ECDHE-ECDSA-AES{size}-CCM{tag}" for tag in ("", "8") for size in (256, 128)]
OLD = ["AES128-SHA"]
# (profile, the certificate's kind) -> suites below TLS 1.3 in order; in TLS 1.3 it makes no odds
OLDER = {
    ("rfc9325", "RSA"): ECDHE,
    ("rfc9325", "ECDSA"): ECDSA,
    ("rfc9325-modified", "RSA"): [*ECDHE, "ECDHE-RSA-CHACHA20-POLY1305"],
    ("rfc9325-modified", "ECDSA"): [*ECDSA, "ECDHE-ECDSA-CHACHA20-POLY1305", *CCM],
    ("non-downgrading", "RSA"): [*ECDHE, *DHE],
    ("non-downgrading", "ECDSA"): ECDSA,
    ("bcp195", "RSA"): [*ECDHE, *DHE, *OLD],
    ("bcp195", "ECDSA"): ECDSA,
    ("extended", "RSA"): [*ECDHE, *DHE],
    ("extended", "ECDSA"): ECDSA,
}
DH_BITS = {"non-downgrading": 3072, "extended": 3072, "bcp195": 2048}
CURVES = ["secp256r1", "secp384r1", "secp521r1", "x25519", "x448"]
FFDHE = [f"ffdhe{bits}" for bits in (2048, 3072, 4096, 6144, 8192)]
STRICT = {"extended", "rfc9325-modified"}  # ECDHE of 256 bits or more


def expected(profile: str, kind: str) -> dict[str, list[str]]:
    """Version -> suites in order."""
    made = {"TLSv1.2": OLDER[profile, kind]}
    if profile != "extended":
        made["TLSv1.3"] = MODERN
    if (profile, kind) == ("bcp195", "RSA"):
        made |= {"TLSv1.1": OLD, "TLSv1.0": OLD}
    return made


@dataclass(frozen=True)
class Scanned:
    """A node with a listener for each profile, kind of certificate and wish for the client's."""

    ports: dict[tuple[str, str, str], int]
    client: Issued


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    folder = tmp_path_factory.mktemp("scanned")
    ca = Authority(folder)
    own = {
        "RSA": ca.issue("rsa"),
        "ECDSA": ca.issue("ec", key=ec.generate_private_key(ec.SECP256R1())),
    }
    places = [(*pair, wish) for pair in PAIRS for wish in WISHES]
    listeners = tuple(
        listener(profile, ca, own[kind], client_certificate=wish) for profile, kind, wish in places
    )
    limits = Limits(associations=400, per_peer=400)
    with node(folder / "node", listener=listeners, limits=limits) as serving:
        ports = {
            place: address[1] for place, address in zip(places, serving.addresses, strict=True)
        }
        yield Scanned(ports, ca.issue("scanner"))


# -- sslyze ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(scanned: Scanned) -> dict[tuple[str, str], dict[str, Any]]:
    """What sslyze found, by profile and kind: all in one run."""
    ports = {scanned.ports[(*pair, "none")]: pair for pair in PAIRS}
    options = ["-m", "sslyze", *(f"--{look}" for look in LOOKS.split()), "--json_out", "-"]
    places = [f"{HERE}:{port}" for port in ports]
    done = subprocess.run(
        [SSLYZE, "-W", "ignore", *options, *places],
        capture_output=True,
        text=True,
        timeout=TESTSSL_SECONDS,
        check=False,
    )
    results = json.loads(done.stdout)["server_scan_results"]
    assert [each["scan_status"] for each in results] == ["COMPLETED"] * len(ports)
    return {ports[each["server_location"]["port"]]: each["scan_result"] for each in results}


def result(told: dict[str, Any], what: str) -> dict[str, Any]:
    assert told[what]["status"] == "COMPLETED", told[what]
    return dict(told[what]["result"])


@needs_sslyze
@EACH
def test_sslyze_sees_just_the_suites_of_the_profile(profile, kind, told):
    names = {
        "ssl_2_0": "SSLv2", "ssl_3_0": "SSLv3", "tls_1_0": "TLSv1.0", "tls_1_1": "TLSv1.1",
        "tls_1_2": "TLSv1.2", "tls_1_3": "TLSv1.3",
    }  # fmt: skip
    seen, sizes = {}, set()
    for key, version in names.items():
        accepted = result(told[profile, kind], f"{key}_cipher_suites")["accepted_cipher_suites"]
        seen[version] = {each["cipher_suite"]["openssl_name"] for each in accepted}
        keys = [each["ephemeral_key"] for each in accepted if each["ephemeral_key"]]
        sizes |= {(key["type_name"], key["size"]) for key in keys}
    want = {version: set(suites) for version, suites in expected(profile, kind).items()}
    assert {version: suites for version, suites in seen.items() if suites} == want
    bits = {size for name, size in sizes if name == "DH"}
    assert bits == ({DH_BITS[profile]} if kind == "RSA" and profile in DH_BITS else set())
    if profile in STRICT:
        assert min(size for name, size in sizes if name == "ECDH") >= 256


@needs_sslyze
@EACH
def test_sslyze_sees_just_the_curves_of_the_profile(profile, kind, told):
    curves = result(told[profile, kind], "elliptic_curves")["supported_curves"]
    want = ["secp256r1"] if profile in STRICT else CURVES
    assert sorted(each["name"].lower() for each in curves) == want


@needs_sslyze
@EACH
def test_sslyze_finds_nothing_wrong(profile, kind, told):
    """Not with bcp195 either: its AES128-SHA is no oracle of Bleichenbacher's."""
    found = partial(result, told[profile, kind])
    assert not found("tls_compression")["supports_compression"]
    assert not found("openssl_ccs_injection")["is_vulnerable_to_ccs_injection"]
    assert not found("heartbleed")["is_vulnerable_to_heartbleed"]
    assert not found("tls_1_3_early_data")["supports_early_data"]
    assert found("tls_fallback_scsv")["supports_fallback_scsv"]
    assert found("tls_extended_master_secret")["supports_ems_extension"]
    again = found("session_renegotiation")
    assert again["supports_secure_renegotiation"]
    assert again["client_renegotiations_success_count"] == 0
    oracle = "NO_ORACLE" if (profile, kind) == ("bcp195", "RSA") else "RSA_NOT_SUPPORTED"
    assert found("robot")["robot_result"] == f"NOT_VULNERABLE_{oracle}"


# -- sslscan --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scans(scanned: Scanned) -> dict[tuple[str, str], ET.Element]:
    """What sslscan found by profile and kind, with a client's certificate."""
    own = [f"--pk={scanned.client.key}", f"--certs={scanned.client.certificate}"]

    def scan(pair: tuple[str, str]) -> ET.Element:
        address = f"{HERE}:{scanned.ports[(*pair, 'required')]}"
        done = tool("sslscan", "--no-colour", "--show-sigs", *own, "--xml=-", address)
        return ET.fromstring(done.stdout[done.stdout.index("<?xml") :])

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(PAIRS, pool.map(scan, PAIRS), strict=True))


def by_version(scan: ET.Element, kind: str, name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in scan.iter(kind):
        found.setdefault(each.attrib["sslversion"], []).append(each.attrib[name].split()[0])
    return found


@needs_sslscan
@EACH
def test_sslscan_sees_the_suites_in_our_order(profile, kind, scans):
    scan = scans[profile, kind]
    assert by_version(scan, "cipher", "cipher") == expected(profile, kind)
    enabled = {f"{each.get('type')}{each.get('version')}" for each in scan.iter("protocol")
               if each.get("enabled") == "1"}  # fmt: skip
    assert enabled == {version.lower().replace("v", "") for version in expected(profile, kind)}
    bits = {each.get("dhebits") for each in scan.iter("cipher")} - {None}
    assert bits == ({str(DH_BITS[profile])} if kind == "RSA" and profile in DH_BITS else set())


@needs_sslscan
@EACH
def test_sslscan_sees_the_groups_of_the_profile(profile, kind, scans):
    """Of a TLS 1.2 server with an ECDSA certificate it sees the certificate's curve only."""
    narrow = profile in STRICT or kind == "ECDSA"
    want = {"TLSv1.2": ["secp256r1"] if narrow else CURVES}
    if profile != "extended":
        want["TLSv1.3"] = ["secp256r1"] if profile in STRICT else CURVES + FFDHE
    assert by_version(scans[profile, kind], "group", "name") == want


@needs_sslscan
@EACH
def test_sslscan_sees_no_sha1_but_where_the_fallback_needs_it(profile, kind, scans):
    """B.9's TLS 1.0 and 1.1 sign with SHA-1, and OpenSSL has one list for all versions."""
    signed = by_version(scans[profile, kind], "connection-signature-algorithm", "name")
    weak = {name for names in signed.values() for name in names if "sha1" in name}
    assert weak == ({"rsa_pkcs1_sha1"} if (profile, kind) == ("bcp195", "RSA") else set())
    assert all("md5" not in name for names in signed.values() for name in names)


@needs_sslscan
@EACH
def test_sslscan_sees_no_heartbleed(profile, kind, scans):
    scan = scans[profile, kind]
    assert {each.get("vulnerable") for each in scan.iter("heartbleed")} == {"0"}


# -- testssl.sh -----------------------------------------------------------------------------------

# What B.9 asks for: old versions, and with them AES128-SHA
FALLBACK = {"TLS1", "TLS1_1", "cipherlist_AVERAGE", "BEAST_CBC_TLS1", "BEAST", "LUCKY13"}
# Of a CA made for the occasion, and not of TLS
OURS = {
    "cert_chain_of_trust", "cert_expirationStatus", "cert_notAfter", "cert_revocation",
    "DNS_CAArecord",
}  # fmt: skip


@needs_testssl
@pytest.mark.long
@pytest.mark.parametrize("profile", NAMES)
def test_testssl_finds_what_the_profile_demands_and_nothing_else(profile, scanned, tmp_path):
    report = tmp_path / "found.json"
    place = f"{HERE}:{scanned.ports[profile, 'RSA', 'none']}"
    quiet = ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--jsonfile", str(report)]
    subprocess.run(
        [*quiet, place], capture_output=True, timeout=TESTSSL_SECONDS, check=False, cwd=tmp_path
    )
    found = {each["id"]: each for each in json.loads(report.read_text())}
    bad = {name for name, each in found.items() if each["severity"] not in ("OK", "INFO", "DEBUG")}
    assert bad - OURS == (FALLBACK if profile == "bcp195" else set())
    order = {
        version: found[f"cipherorder_{version.replace('.0', '').replace('.', '_')}"]["finding"]
        for version in expected(profile, "RSA")
    }
    assert {version: suites.split() for version, suites in order.items()} == expected(
        profile, "RSA"
    )
    assert found["cipher_order"]["finding"] == "server"
    for name in ("heartbleed", "CCS", "ROBOT", "secure_client_renego", "CRIME_TLS", "SWEET32"):
        assert found[name]["severity"] == "OK", found[name]
