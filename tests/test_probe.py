"""What is found out about TLS servers: our listeners, DCMTK, Orthanc, OpenSSL at its weakest."""

import time
from xml.etree import ElementTree

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from config.certificates import Credentials
from config.errors import ConfigError
from config.limits import Limits
from config.profiles import PROFILES
from config.verdicts import judged
from scu.hellos import Server
from scu.probe import probe
from tests.certificates import Authority, rsa_key
from tests.nodes import HERE, node
from tests.peers import needs_dcmtk, needs_orthanc, needs_sslscan, orthanc, s_server, storescp, tool
from tests.test_tls import listener

NAMES = list(PROFILES)
UNCOUNTED = Limits(refusals=1000)
# RFC 2409 6.2, the group of 1024 bits
OAKLEY = """
-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def own(ca):
    return ca.issue("node")


@pytest.fixture(scope="module")
def elliptic(ca):
    return ca.issue("ec", key=ec.generate_private_key(ec.SECP256R1()))


def probed(port, ca=None, one=None, *, host=HERE):
    files = (one.certificate, one.key) if one else (None, None)
    return probe(Server(host, port), Credentials(*files, ca.certificate if ca else None))


def met(facts):
    return "".join("+" if each.met else "-" for each in judged(facts))


def why_not(facts, name):
    (verdict,) = (each for each in judged(facts) if each.profile.name == name)
    return [each.what for each in verdict.faults]


# -- listeners of ours

# listener -> the profiles it meets, in the order of the table; no Python 3.11 can switch on the two
# CCM suites of TLS 1.3 that B.13 demands, so none of ours meets that (docs/tls.md, Limits)
EXPECTED = {
    "rfc9325": "+--+-",
    "rfc9325-modified": "+--+-",
    "non-downgrading": "+-++-",
    "bcp195": "---+-",
    "extended": "+-+++",
}
LACKING = "lacks TLS_AES_128_CCM_SHA256, TLS_AES_128_CCM_8_SHA256"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wish", ["required", "optional", "none"])
def test_our_listeners_meet_the_profiles_they_should(name, wish, tmp_path, ca, own):
    listeners = (listener(name, ca, own, client_certificate=wish),)
    with node(tmp_path, listener=listeners, limits=UNCOUNTED) as serving_:
        begun = time.monotonic()
        facts = probed(serving_.addresses[0][1], ca)
        assert time.monotonic() - begun < 30.0
    assert met(facts) == EXPECTED[name]
    assert facts.client_certificate == wish
    assert facts.distrust == ""
    assert facts.own_order
    assert tuple(reversed(facts.accepted)) == PROFILES[name].versions
    if name == "rfc9325-modified":
        assert why_not(facts, name) == [LACKING]


@pytest.mark.parametrize("name", NAMES)
def test_just_the_suites_of_a_profile_are_seen_in_their_order(name, tmp_path, ca, own):
    with node(tmp_path, listener=(listener(name, ca, own),), limits=UNCOUNTED) as serving_:
        facts = probed(serving_.addresses[0][1])
    rsa = [s.name for s in PROFILES[name].suites if "ECDSA" not in s.name]
    lacking = {"TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"}
    there = [each for each in rsa if each not in lacking and "CAMELLIA" not in each]
    assert list(facts.all_suites) == there
    assert facts.groups == (
        ("P-256",) if PROFILES[name].group else ("X25519", "P-256", "X448", "P-521", "P-384")
    )
    sizes = {"ffdhe3072": 3072, "ffdhe2048": 2048, "": None}
    assert facts.dh_bits == sizes[PROFILES[name].dh]


def test_certificates_of_an_elliptic_curve(tmp_path, ca, elliptic):
    with node(tmp_path, listener=(listener("rfc9325", ca, elliptic),)) as serving_:
        facts = probed(serving_.addresses[0][1], ca)
    assert [(each.key, each.bits) for each in facts.certificates] == [("EC", 256)]
    assert met(facts)[0] == "+"
    assert why_not(facts, "non-downgrading")[0].startswith("lacks ECDHE-RSA-AES256-GCM-SHA384")


def test_tls_over_ipv6_is_probed_too(tmp_path, ca):
    one = ca.issue("six", names=["::1"])
    with node(tmp_path, listener=(listener("rfc9325", ca, one, host="::1"),)) as serving_:
        facts = probed(serving_.addresses[0][1], ca, host="::1")
    assert (met(facts)[0], facts.distrust) == ("+", "")


def test_our_certificate_is_taken_or_refused_in_words(tmp_path, ca, own):
    stranger = Authority(tmp_path / "strange", "Strange CA").issue("stranger")
    for profile in ("rfc9325", "extended"):
        with node(
            tmp_path / profile, listener=(listener(profile, ca, own),), limits=UNCOUNTED
        ) as serving_:
            port = serving_.addresses[0][1]
            assert probed(port, ca).refusal is None
            assert probed(port, ca, ca.issue("client")).refusal == ""
            assert "unknown ca" in probed(port, ca, stranger).refusal
            client = ca.issue("again")
            assert {probed(port, ca, client).refusal for _ in range(5)} == {""}
            assert all(probed(port, ca, stranger).refusal for _ in range(5))


@pytest.mark.parametrize("profile", ["rfc9325", "extended"])
def test_whether_ours_is_taken_is_found_out_though_we_do_not_believe_theirs(
    profile, tmp_path, ca, own
):
    """Both from another folder: neither side believes the other."""
    other = Authority(tmp_path / "other", "Other CA")
    with node(tmp_path, listener=(listener(profile, ca, own),), limits=UNCOUNTED) as serving_:
        port = serving_.addresses[0][1]
        strange = probed(port, other, other.issue("stranger"))
        known = probed(port, other, ca.issue("client"))
    assert "unknown ca" in strange.refusal
    assert known.refusal == ""
    assert strange.distrust == known.distrust != ""


def test_a_certificate_of_ours_that_cannot_be_used_is_refused(ca, own, tmp_path):
    with node(tmp_path, listener=(listener("rfc9325", ca, own),)) as serving_:
        server = Server(HERE, serving_.addresses[0][1])
        with pytest.raises(ConfigError, match="cannot be used with"):
            probe(server, Credentials(own.certificate, ca.issue("b", key=rsa_key(2048, 1)).key))
        with pytest.raises(ConfigError, match=r"holds no private key in PEM.*--tls-key"):
            probe(server, Credentials(own.certificate, own.certificate))
        with pytest.raises(ConfigError, match="holds no CA to believe"):
            probe(server, Credentials(ca=own.key))


# -- certificates of theirs


def test_whose_certificate_it_is_and_whether_it_is_believed(tmp_path, ca, own):
    other = Authority(tmp_path / "other", "Other CA")
    with node(tmp_path, listener=(listener("rfc9325", ca, own),), limits=UNCOUNTED) as serving_:
        port = serving_.addresses[0][1]
        facts = probed(port, ca)
        assert "certificate in certificate chain" in probed(port, other).distrust
        assert probed(port).distrust == ""
    (shown,) = facts.certificates
    assert (shown.subject, shown.issuer, shown.key) == ("CN=node", "CN=Test CA", "RSA")
    assert shown.names == ("dns:localhost", "ip:127.0.0.1")
    assert shown.hashed == "sha256"
    assert shown.days_left(facts.moment) == 4
    assert shown.pin.startswith("spki-sha256:")
    assert len(shown.pin) == len("spki-sha256:") + 44


@pytest.mark.parametrize("believing", [True, False])
def test_a_certificate_for_another_name(believing, tmp_path, ca):
    """Profiles say nothing of names: a call would be refused, and the profile is met."""
    elsewhere = ca.issue("elsewhere", names=["elsewhere.example"])
    with s_server(tmp_path, "-cert", elsewhere.certificate, "-key", elsewhere.key) as port:
        facts = probed(port, ca if believing else None)
    assert "IP address mismatch" in facts.distrust
    assert met(facts)[0] == "+"


@pytest.mark.parametrize(("days", "what"), [((-9, -3), "expired"), ((2, 5), "is not valid before")])
def test_a_certificate_out_of_its_time_meets_nothing(days, what, tmp_path, ca):
    late = ca.issue("late", days=days)
    with s_server(tmp_path, "-cert", late.certificate, "-key", late.key) as port:
        facts = probed(port, ca)
    assert facts.distrust in ("certificate has expired", "certificate is not yet valid")
    assert met(facts) == "-----"
    assert f"the certificate {what}" in why_not(facts, "bcp195")[0]


# -- OpenSSL, however weak

WEAK = ":@SECLEVEL=0"
TEN = ":".join(
    s.name for s in PROFILES["rfc9325-modified"].suites if not s.modern and "CAMELLIA" not in s.name
)
FIVE = ":".join(s.name for s in PROFILES["rfc9325-modified"].suites if s.modern)


def pem(one):
    return ("-cert", one.certificate, "-key", one.key)


def test_a_server_that_offers_all_of_b_13_meets_it(tmp_path, ca, own, elliptic):
    second = ("-dcert", elliptic.certificate, "-dkey", elliptic.key)
    suites_ = ("-cipher", TEN, "-ciphersuites", FIVE, "-curves", "P-256", "-serverpref")
    with s_server(tmp_path, *pem(own), *second, *suites_) as port:
        facts = probed(port, ca)
    assert met(facts) == "++-+-"
    assert facts.untried == ()
    assert {each.key for each in facts.certificates} == {"RSA", "EC"}
    assert facts.accepted["TLSv1.3"] == tuple(FIVE.split(":"))


def test_a_certificate_of_1024_bits_signed_with_sha_1(tmp_path, ca):
    weak = ca.issue("weak", key=rsa_key(1024), hashed="sha1")
    with s_server(tmp_path, *pem(weak), "-cipher", f"ALL{WEAK}") as port:
        facts = probed(port, ca)
    assert met(facts) == "-----"
    assert all("has an RSA key of 1024 bits" in why_not(facts, name)[0] for name in NAMES)


def test_a_dh_group_of_1024_bits(tmp_path, ca, own):
    file = tmp_path / "dh.pem"
    file.write_text(OAKLEY)
    four = "ECDHE+AESGCM:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256"
    weak = ("-cipher", four + WEAK, "-dhparam", file, "-no_tls1_1", "-no_tls1")
    with s_server(tmp_path, *pem(own), *weak) as port:
        facts = probed(port, ca)
    assert facts.dh_bits == 1024
    assert why_not(facts, "non-downgrading") == ["has a DH group of 1024 bits, less than 2048"]
    assert met(facts) == "-----"


def test_one_old_suite_alone(tmp_path, ca, own):
    with s_server(tmp_path, *pem(own), "-cipher", f"AES128-SHA{WEAK}", "-tls1_2") as port:
        facts = probed(port, ca)
    assert facts.accepted == {"TLSv1.2": ("AES128-SHA",)}
    assert met(facts) == "-----"
    assert "has no suite of TLSv1.2 with forward secrecy" in why_not(facts, "bcp195")


@pytest.mark.parametrize(("option", "version"), [("-tls1_1", "TLSv1.1"), ("-tls1", "TLSv1")])
def test_one_old_version_alone(option, version, tmp_path, ca, own):
    with s_server(tmp_path, *pem(own), "-cipher", f"ALL{WEAK}", option) as port:
        facts = probed(port, ca)
    assert tuple(facts.accepted) == (version,)
    assert met(facts) == "-----"
    assert why_not(facts, "bcp195")[0] == "does not speak TLSv1.2"
    assert why_not(facts, "rfc9325")[1] == f"speaks {version}"


@pytest.mark.parametrize("wish", [(), ("-Verify", "1", "-verify_return_error"), ("-verify", "1")])
def test_tls_1_3_alone_tells_less(wish, tmp_path, ca, own):
    """Whether a certificate is asked for is encrypted; only a refusal is seen."""
    with s_server(tmp_path, *pem(own), "-tls1_3", *wish) as port:
        facts = probed(port, ca)
    assert tuple(facts.accepted) == ("TLSv1.3",)
    assert facts.client_certificate == ("required" if "-Verify" in wish else "not required")
    assert (facts.distrust, facts.renegotiation_info) == ("", None)
    assert [each.subject for each in facts.certificates] == ["CN=node"]
    assert met(facts) == "-----"


def test_everything_there_is_at_once(tmp_path, ca, own):
    everything = ("-cipher", f"ALL:COMPLEMENTOFALL{WEAK}")
    with s_server(tmp_path, *pem(own), *everything) as port:
        begun = time.monotonic()
        facts = probed(port, ca)
        assert time.monotonic() - begun < 60.0
    assert {"NULL-MD5", "ADH-AES256-SHA", "AES256-SHA"} <= set(facts.older)
    assert not facts.own_order
    assert set(met(facts)) == {"-"}


def test_a_server_that_shows_no_certificate_at_all(tmp_path):
    with s_server(tmp_path, "-nocert", "-cipher", f"aNULL{WEAK}", "-tls1_2") as port:
        facts = probed(port)
    assert facts.certificates == ()
    assert facts.distrust is None
    assert set(met(facts)) == {"-"}


# -- DCMTK and Orthanc

# DCMTK's profile -> the profiles it meets; +pa is the retired AES profile
DCMTK = {"+px": "---+-", "+py": "+-++-", "+pz": "+-+++", "+pa": "-----"}


@needs_dcmtk
@pytest.mark.interop
@pytest.mark.parametrize("profile", DCMTK)
def test_storescp_meets_the_profiles_it_claims(profile, tmp_path, ca, own):
    files = ("+tls", str(own.key), str(own.certificate), "+cf", str(ca.certificate))
    with storescp(tmp_path / "got", *files, profile) as there:
        facts = probed(there.port, ca)
    assert met(facts) == DCMTK[profile]
    assert facts.client_certificate == "required"
    assert facts.dh_bits == (None if profile == "+pa" else 2048)


@needs_orthanc
@pytest.mark.interop
@pytest.mark.parametrize("wish", [True, False])
def test_orthanc_meets_the_fallback_profile(wish, tmp_path, ca, own):
    secured = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(own.certificate),
        "DicomTlsPrivateKey": str(own.key),
        "DicomTlsTrustedCertificates": str(ca.certificate),
        "DicomTlsRemoteCertificateRequired": wish,
    }
    with orthanc(tmp_path, {}, **secured) as there:
        facts = probed(there.dicom.port, ca)
    assert met(facts) == "---+-"
    assert facts.client_certificate == ("required" if wish else "optional")


def test_the_server_s_name_is_said_when_it_has_one(tmp_path, ca):
    """A server may have a certificate for each of its names, RFC 6066 3."""
    one, two = ca.issue("one", names=["one.example"]), ca.issue("two", names=["localhost"])
    named = ("-cert2", two.certificate, "-key2", two.key, "-servername", "localhost")
    with s_server(tmp_path, *pem(one), *named) as port:
        assert [each.subject for each in probed(port).certificates] == ["CN=one"]
        assert [e.subject for e in probed(port, ca, host="localhost").certificates] == ["CN=two"]


@needs_sslscan
@pytest.mark.interop
@pytest.mark.parametrize("cipher", ["ALL:COMPLEMENTOFALL", "ECDHE+AESGCM:DHE+AESGCM:AES128-SHA"])
def test_sslscan_sees_the_same_suites_versions_groups_and_order(cipher, tmp_path, own):
    options = ("-cipher", cipher + WEAK, "-serverpref")
    with s_server(tmp_path, *pem(own), *options) as port:
        facts = probed(port)
        said = tool("sslscan", "--xml=-", "--no-colour", f"{HERE}:{port}").stdout
    seen = {}
    for element in ElementTree.fromstring(said).iter("cipher"):
        seen.setdefault(element.get("sslversion"), []).append(element.get("cipher"))
    assert set(seen) == {"TLSv1.0" if v == "TLSv1" else v for v in facts.accepted}
    # sslscan has no ARIA and no Camellia with SHA-2 of its own: what it names, we name.
    for version, names in seen.items():
        ours = facts.accepted["TLSv1" if version == "TLSv1.0" else version]
        assert [name for name in ours if name in names] == names
        assert set(names) <= set(ours)
    groups = {
        e.get("name") for e in ElementTree.fromstring(said).iter("group")
        if e.get("sslversion") == "TLSv1.2"
    }  # fmt: skip
    iana = {"P-256": "secp256r1 (NIST P-256)", "P-384": "secp384r1 (NIST P-384)"}
    iana |= {"P-521": "secp521r1 (NIST P-521)", "X25519": "x25519", "X448": "x448"}
    assert {iana.get(name, name) for name in facts.groups} == groups
