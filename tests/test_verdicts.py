"""Which profile a server meets, by what was seen of it: each rule of each profile, no server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config import suites
from config.facts import Certificate, Facts
from config.profiles import PROFILES, VERSIONS
from config.verdicts import DEMANDS, OLD, common_version, judge, judged

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = list(PROFILES)
ALL = pytest.mark.parametrize("name", NAMES)


def certificate(**keys):
    named = {"subject": "CN=ct1", "issuer": "CN=CA", "names": (), "key": "RSA", "bits": 2048}
    dated = {"hashed": "sha256", "begins": NOW - DAY, "ends": NOW + DAY, "pin": "spki-sha256:="}
    return Certificate(**named | dated | keys)


def suites_of(name, *, modern):
    """All that a profile names, for a server with certificates of both kinds."""
    return tuple(s.name for s in PROFILES[name].suites if s.modern == modern)


def model(name, **keys):
    """A server that does all that a profile names and nothing else."""
    older = {v: suites_of(name, modern=False) for v in ("TLSv1.2",)}
    modern = suites_of(name, modern=True)
    seen = {
        "accepted": ({"TLSv1.3": modern} if modern else {}) | older,
        "groups": ("P-256",),
        "dh_bits": 2048,
        "own_order": True,
        "certificates": (certificate(), certificate(key="EC", bits=256)),
        "renegotiation_info": True,
        "extended_master_secret": True,
        "moment": NOW,
    }
    return Facts(**seen | keys)


def more(name, version, *names):
    """The model server, with these suites added to a version; what keeps no secret comes last."""
    accepted = dict(model(name).accepted)
    taken = sorted((*accepted.get(version, ()), *names), key=lambda n: not suites.forward_secret(n))
    return model(name, accepted=accepted | {version: tuple(taken)})


def whats(found):
    return [each.what for each in found]


@ALL
def test_what_does_all_that_a_profile_names_meets_it(name):
    verdict = judge(model(name), PROFILES[name])
    assert (verdict.met, verdict.faults, verdict.advice) == (True, (), ())


@ALL
@pytest.mark.parametrize("need", ["must", "should"])
def test_each_suite_it_wants_is_missed(name, need):
    for suite in (s for s in PROFILES[name].suites if s.need == need):
        facts = model(name)
        accepted = {
            version: tuple(each for each in taken if each != suite.name)
            for version, taken in facts.accepted.items()
        }
        verdict = judge(replace(facts, accepted=accepted), PROFILES[name])
        found = verdict.faults if need == "must" else verdict.advice
        one_will_do = need == "should" and DEMANDS[name].one_will_do
        assert whats(found) == ([] if one_will_do else [f"lacks {suite.name}"])
        assert verdict.met == (need == "should")


def test_of_the_suites_that_b_11_says_should_be_there_one_will_do():
    must = tuple(s.name for s in PROFILES["extended"].suites if s.need == "must")
    verdict = judge(model("extended", accepted={"TLSv1.2": must}), PROFILES["extended"])
    assert verdict.met
    assert [each.fix for each in verdict.advice] == ["switch on one of these"]


# version -> by profile, what speaking it is besides all that the profile names
SPOKEN = {
    "SSLv3": dict.fromkeys(NAMES, "fault"),
    "TLSv1": dict.fromkeys(NAMES, "fault") | {"bcp195": "advice"},
    "TLSv1.1": dict.fromkeys(NAMES, "fault") | {"bcp195": "advice"},
    "TLSv1.3": dict.fromkeys(NAMES, "good") | {"extended": "fault"},
}


@ALL
@pytest.mark.parametrize("version", SPOKEN)
def test_versions_that_must_not_be_spoken(name, version):
    some = suites.MODERN[:1] if version == "TLSv1.3" else suites_of(name, modern=False)[:1]
    verdict = judge(more(name, version, *some), PROFILES[name])
    found = {"fault": verdict.faults, "advice": verdict.advice, "good": ()}[SPOKEN[version][name]]
    assert whats(found) == ([f"speaks {version}"] if found else [])
    assert verdict.met == (SPOKEN[version][name] != "fault")


@ALL
@pytest.mark.parametrize("version", VERSIONS)
def test_versions_that_must_be_spoken(name, version):
    must = {"TLSv1.2"} | ({"TLSv1.3"} if name == "rfc9325-modified" else set())
    facts = model(name)
    accepted = {each: taken for each, taken in facts.accepted.items() if each != version}
    verdict = judge(replace(facts, accepted=accepted), PROFILES[name])
    missed = f"does not speak {version}" in whats(verdict.faults)
    assert missed == (version in must)
    assert verdict.met != missed


F, A, G = "fault", "advice", "good"
# suite -> what accepting it is, besides all that the profile names, in the order of the profiles
ACCEPTED = {
    "NULL-SHA256": (F, F, F, F, F),
    "ADH-AES256-GCM-SHA384": (F, F, F, F, F),
    "AECDH-AES128-SHA": (F, F, F, F, F),
    "RC4-SHA": (F, F, F, F, F),
    "EXP-RC4-MD5": (F, F, F, F, F),
    "DES-CBC-SHA": (F, F, F, F, F),
    "ECDHE-RSA-NULL-SHA": (F, F, F, F, F),
    "DES-CBC3-SHA": (A, A, F, A, F),
    "ECDHE-RSA-DES-CBC3-SHA": (A, A, F, A, F),
    "AES128-SHA": (A, A, F, G, F),
    "AES256-SHA": (A, A, F, A, F),
    "AES256-GCM-SHA384": (A, A, F, A, F),
    "CAMELLIA128-SHA": (A, A, F, A, F),
    "ECDHE-RSA-AES256-SHA384": (G, G, F, G, F),
    "ECDHE-RSA-AES128-SHA": (G, G, F, G, F),
    "ECDHE-RSA-CHACHA20-POLY1305": (G, G, G, G, F),
    "DHE-RSA-AES256-GCM-SHA384": (A, G, G, G, G),
    "DHE-RSA-AES256-CCM": (A, G, G, G, F),
    "ECDHE-ECDSA-AES128-CCM8": (G, G, G, G, F),
}


@pytest.mark.parametrize("suite", ACCEPTED)
@ALL
def test_suites_that_must_not_or_should_not_be_accepted(name, suite):
    expected = ACCEPTED[suite][NAMES.index(name)]
    verdict = judge(more(name, "TLSv1.2", suite), PROFILES[name])
    heads = [
        [each.partition(",")[0] for each in whats(v)] for v in (verdict.faults, verdict.advice)
    ]
    assert heads == [[f"accepts {suite}"] if expected == kind else [] for kind in (F, A)]


@ALL
def test_every_suite_there_is_has_its_answer(name):
    """No suite outside the profile is good that does not encrypt, authenticate and keep secret."""
    named = {s.name for s in PROFILES[name].suites}
    for suite in set(suites.OLDER) - named:
        verdict = judge(more(name, "TLSv1.2", suite), PROFILES[name])
        if verdict.met and not verdict.advice:
            assert suites.forward_secret(suite)
            assert not suites.forbidden(suite)


@ALL
def test_suites_of_a_version_that_is_to_go_are_not_told_again(name):
    verdict = judge(more(name, "SSLv3", "RC4-MD5"), PROFILES[name])
    assert whats(verdict.faults) == ["speaks SSLv3"]


@ALL
def test_without_forward_secrecy_no_profile_is_met(name):
    facts = model(name, accepted={"TLSv1.2": ("AES128-SHA",)})
    verdict = judge(facts, PROFILES[name])
    assert "has no suite of TLSv1.2 with forward secrecy" in whats(verdict.faults)


@ALL
@pytest.mark.parametrize("own_order", [True, False])
def test_forward_secrecy_is_to_be_preferred(name, own_order):
    taken = ("AES128-SHA", *suites_of(name, modern=False))
    facts = model(name, accepted={**model(name).accepted, "TLSv1.2": taken}, own_order=own_order)
    faults = whats(judge(facts, PROFILES[name]).faults)
    assert ("prefers suites of TLSv1.2 without forward secrecy" in faults) == own_order


# what the certificate is like -> what is said of it, by every profile
CERTIFICATES = {
    "expired": ({"ends": NOW - 3 * DAY}, "the certificate expired 3 days ago"),
    "expired today": ({"ends": NOW - DAY / 2}, "the certificate expired today"),
    "expired yesterday": ({"ends": NOW - DAY}, "the certificate expired 1 day ago"),
    "early": ({"begins": NOW + DAY}, "the certificate is not valid before 2026-11-24"),
    "short": ({"bits": 1024}, "the certificate has an RSA key of 1024 bits, less than 2048"),
    "small": (
        {"key": "EC", "bits": 224},
        "the certificate has an EC key of 224 bits, less than 256",
    ),
    "strange": (
        {"key": "DSA", "bits": 0},
        "the certificate has a DSA key, which is neither RSA nor EC",
    ),
    "sha1": ({"hashed": "sha1"}, "the certificate is signed with SHA1, not SHA-256 or better"),
    "its own": ({"hashed": "sha1", "issuer": "CN=ct1"}, ""),
    "last day": ({"ends": NOW}, ""),
    "edwards": ({"key": "Ed25519", "bits": 0}, ""),
}


@ALL
@pytest.mark.parametrize("kind", CERTIFICATES)
def test_certificates_below_the_strength_of_a_profile(name, kind):
    keys, what = CERTIFICATES[kind]
    facts = model(name, certificates=(*model(name).certificates, certificate(**keys)))
    assert whats(judge(facts, PROFILES[name]).faults) == ([what] if what else [])


# group -> what taking it is, in the order of the profiles
GROUPS = {
    "P-192": (F, F, F, F, F),
    "P-224": (G, F, G, G, F),
    "X25519": (G, A, G, G, A),
    "P-384": (G, G, G, G, G),
    "ffdhe2048": (G, G, G, G, G),
}


@ALL
@pytest.mark.parametrize("group", GROUPS)
def test_curves_below_the_strength_of_a_profile(name, group):
    verdict = judge(model(name, groups=("P-256", group)), PROFILES[name])
    expected = GROUPS[group][NAMES.index(name)]
    assert (bool(verdict.faults), bool(verdict.advice)) == (expected == F, expected == A)


@ALL
@pytest.mark.parametrize(("bits", "met"), [(1024, False), (2047, False), (2048, True)])
def test_dh_groups_have_2048_bits(name, bits, met):
    assert judge(model(name, dh_bits=bits), PROFILES[name]).met == met


@ALL
def test_secure_renegotiation_is_demanded_by_all(name):
    assert not judge(model(name, renegotiation_info=False), PROFILES[name]).met


@ALL
def test_the_extended_master_secret_is_demanded_by_rfc_9325(name):
    verdict = judge(model(name, extended_master_secret=False), PROFILES[name])
    assert verdict.met == ("9325" not in name)
    assert bool(verdict.advice) == ("9325" not in name)


def test_suites_for_a_certificate_that_it_has_not_are_not_missed():
    """Of B.13, whose suites are for both kinds; B.10 has none for an EC certificate alone."""
    name = "rfc9325-modified"
    rsa = {
        version: tuple(each for each in taken if suites.signed_by(each) != "EC")
        for version, taken in model(name).accepted.items()
    }
    facts = model(name, accepted=rsa, certificates=(certificate(),))
    assert judge(facts, PROFILES[name]).met
    assert {suites.signed_by(each) for each in facts.untried} == {"EC"}
    only = model("non-downgrading", certificates=(certificate(key="EC", bits=256),))
    lacking = replace(only, accepted={"TLSv1.2": ("ECDHE-ECDSA-AES256-GCM-SHA384",)})
    assert not judge(lacking, PROFILES["non-downgrading"]).met


def test_the_first_thing_to_fix_is_a_fault_if_there_is_one():
    facts = more("rfc9325", "TLSv1", "DHE-RSA-AES256-SHA")
    verdict = judge(replace(facts, dh_bits=1024), PROFILES["rfc9325"])
    assert verdict.first is verdict.faults[0]
    assert verdict.first.what == "speaks TLSv1"
    advised = judge(more("rfc9325", "TLSv1.2", "AES128-SHA"), PROFILES["rfc9325"])
    assert advised.first is advised.advice[0]
    assert judge(model("rfc9325"), PROFILES["rfc9325"]).first is None


def test_every_profile_has_its_demands_and_is_judged():
    assert set(DEMANDS) == set(PROFILES)
    assert [each.profile.name for each in judged(model("rfc9325"))] == NAMES
    assert all("SSLv3" in demands.barred for demands in DEMANDS.values())
    assert set(OLD) == {"SSLv3", "TLSv1", "TLSv1.1"}


GCM = "ECDHE-RSA-AES256-GCM-SHA384"
DHE = "DHE-RSA-AES256-GCM-SHA384"
RSA = (certificate(),)
# what a server is like, our profile -> the version a call agrees on
CALLS = [
    ({"accepted": {"TLSv1.3": suites.MODERN[:1], "TLSv1.2": (GCM,)}}, "rfc9325", "TLSv1.3"),
    ({"accepted": {"TLSv1.3": suites.MODERN[:1], "TLSv1.2": (GCM,)}}, "extended", "TLSv1.2"),
    ({"accepted": {"TLSv1.3": suites.MODERN[:1]}}, "extended", None),
    ({"accepted": {"TLSv1.2": (GCM,)}, "groups": ("X25519",)}, "extended", None),
    ({"accepted": {"TLSv1.2": (GCM,)}, "groups": ("X25519",)}, "rfc9325", "TLSv1.2"),
    ({"accepted": {"TLSv1.2": (DHE,)}}, "rfc9325", None),
    ({"accepted": {"TLSv1.2": (DHE,)}}, "non-downgrading", "TLSv1.2"),
    ({"accepted": {"TLSv1.2": (DHE,)}, "dh_bits": 1024}, "non-downgrading", None),
    ({"accepted": {"TLSv1.2": (DHE,)}}, "bcp195", None),
    ({"accepted": {"TLSv1": ("AES128-SHA",)}}, "bcp195", "TLSv1"),
    ({"accepted": {"TLSv1": ("AES128-SHA",)}}, "non-downgrading", None),
    ({"certificates": (certificate(bits=1024),)}, "bcp195", None),
    ({"renegotiation_info": False, "accepted": {"TLSv1.2": (GCM,)}}, "rfc9325", None),
]


@pytest.mark.parametrize(("keys", "name", "version"), CALLS)
def test_which_version_a_call_of_ours_agrees_on(keys, name, version):
    ours = {suite.name for suite in PROFILES[name].suites}
    facts = model("bcp195", **{"certificates": RSA, **keys})
    assert common_version(facts, PROFILES[name], ours) == version
