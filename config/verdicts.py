"""Which profile of PS3.15 annex B a TLS server meets, by what was seen of it; and what is amiss.

Law: pure.  A fault breaks what the profile demands or uses what it forbids (shall, MUST); advice is
what it says should be otherwise.  B.9 to B.11 stand on RFC 7525, B.12 and B.13 on RFC 9325.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from config import suites
from config.facts import Certificate, Facts, once
from config.profiles import PROFILES, WEAK_HASHES, Profile

OLD: Final = ("SSLv3", "TLSv1", "TLSv1.1")
_FEW = 4
_DH_BITS = 2048
"""Below it there are less than 112 bits of security: RFC 7525 4.1, 4.3; RFC 9325 4.1, 4.5."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What a profile says of versions and groups, and of suites that it does not name."""

    versions: tuple[str, ...] = ("TLSv1.2",)
    barred: tuple[str, ...] = OLD
    frowned_on: tuple[str, ...] = ()
    closed: bool = False  # no suite but those it names
    as_strong: bool = False  # others only of similar or greater strength
    one_will_do: bool = False  # of the suites that it says should be there
    discourages_dhe: bool = False
    curve_bits: int = 224
    extended_master_secret: bool = False


DEMANDS: Final[Mapping[str, Demands]] = {
    # RFC 9325 3.1.1, 3.5, 4.2
    "rfc9325": Demands(discourages_dhe=True, extended_master_secret=True),
    "rfc9325-modified": Demands(
        versions=("TLSv1.2", "TLSv1.3"), curve_bits=256, extended_master_secret=True
    ),
    "non-downgrading": Demands(as_strong=True),
    # RFC 7525 3.1.1: TLS 1.0 and 1.1 only should not be
    "bcp195": Demands(barred=("SSLv3",), frowned_on=("TLSv1", "TLSv1.1")),
    "extended": Demands(barred=(*OLD, "TLSv1.3"), closed=True, one_will_do=True, curve_bits=256),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is amiss, and what to do about it at the server."""

    what: str
    fix: str
    fault: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """A profile, and what a server lacks of it."""

    profile: Profile
    faults: tuple[Finding, ...]
    advice: tuple[Finding, ...]

    @property
    def met(self) -> bool:
        """Whether all that could be asked is as the profile demands."""
        return not self.faults

    @property
    def first(self) -> Finding | None:
        """What to see to first."""
        return next(iter((*self.faults, *self.advice)), None)


Rule = Callable[[Facts, Profile, Demands], Iterator[Finding]]


def judge(facts: Facts, profile: Profile) -> Verdict:
    """What this profile says of these facts."""
    demands = DEMANDS[profile.name]
    found = [finding for rule in RULES for finding in rule(facts, profile, demands)]
    faults = tuple(each for each in found if each.fault)
    return Verdict(profile, faults, tuple(each for each in found if not each.fault))


def judged(facts: Facts) -> tuple[Verdict, ...]:
    """What every profile says."""
    return tuple(judge(facts, profile) for profile in PROFILES.values())


# -- the rules, in the order in which things are to be seen to


def _certificate(facts: Facts, profile: Profile, _: Demands) -> Iterator[Finding]:
    for each in facts.certificates:
        if each.ends < facts.moment:
            yield Finding(f"the certificate expired {_ago(facts.moment - each.ends)}", "renew it")
        if each.begins > facts.moment:
            until = each.begins.date().isoformat()
            yield Finding(f"the certificate is not valid before {until}", "are both clocks right?")
        if what := _weakness(each, profile):
            yield Finding(f"the certificate {what}", "have a new one issued")


def _weakness(shown: Certificate, profile: Profile) -> str:
    least = {"RSA": profile.rsa_bits, "EC": profile.ec_bits}.get(shown.key)
    if least is None and not shown.key.startswith("Ed"):
        return f"has a {shown.key} key, which is neither RSA nor EC"
    if least and shown.bits < least:
        return f"has an {shown.key} key of {shown.bits} bits, less than {least}"
    if shown.hashed in WEAK_HASHES and not shown.self_signed:
        return f"is signed with {shown.hashed.upper()}, not SHA-256 or better"
    return ""


def _lacking_versions(facts: Facts, _: Profile, demands: Demands) -> Iterator[Finding]:
    if lacking := [each for each in demands.versions if each not in facts.accepted]:
        yield Finding(f"does not speak {_list(lacking)}", "switch it on")


def _barred_versions(facts: Facts, _: Profile, demands: Demands) -> Iterator[Finding]:
    for versions, fault in ((demands.barred, True), (demands.frowned_on, False)):
        if spoken := [each for each in versions if each in facts.accepted]:
            yield Finding(f"speaks {_list(spoken)}", "switch that off", fault)


def _forbidden_suites(facts: Facts, profile: Profile, demands: Demands) -> Iterator[Finding]:
    """The first reason that fits a suite is the one that is told."""
    named = {suite.name for suite in profile.suites}
    # What goes with a version that is to go is not told twice.
    stay = [taken for version, taken in facts.accepted.items() if version not in demands.barred]
    reasons: dict[tuple[str, bool], list[str]] = {}
    for name in once(stay or facts.accepted.values()):
        if (found := _objection(name, named, demands)) is not None:
            reasons.setdefault(found, []).append(name)
    for (why, fault), names in sorted(reasons.items(), key=lambda item: not item[0][1]):
        yield Finding(f"accepts {_some(names)}, {why}", "switch that off", fault)


def _objection(name: str, named: Collection[str], demands: Demands) -> tuple[str, bool] | None:
    if why := suites.forbidden(name):
        return why, True
    if name in named:
        return None
    if demands.closed:
        return "not on the profile's list", True
    if demands.as_strong and not suites.as_strong(name):
        return "weaker than the profile's own", True
    if why := suites.frowned_on(name):
        return why, False
    if demands.discourages_dhe and suites.exchange(name) == "DHE":
        return "with DHE, which should not be used", False
    return None


def _lacking_suites(facts: Facts, profile: Profile, demands: Demands) -> Iterator[Finding]:
    if lacking := _lacking(facts, profile, "must"):
        yield Finding(f"lacks {_list(lacking)}", "switch that on")
    lacking = _lacking(facts, profile, "should")
    there = [each.name for each in profile.suites if each.need == "should"]
    if lacking and not demands.one_will_do:
        yield Finding(f"lacks {_list(lacking)}", "switch that on", fault=False)
    elif lacking and facts.all_suites and not set(there) & set(facts.all_suites):
        yield Finding(f"lacks {_list(lacking)}", "switch on one of these", fault=False)


def _lacking(facts: Facts, profile: Profile, need: str) -> list[str]:
    """What it does not accept of what the profile wants, in the versions it speaks."""
    wanted = [suite.name for suite in profile.suites if suite.need == need]
    # A server has suites for the kinds of certificates it has, and no others to show.
    possible = [name for name in wanted if name not in facts.untried] or wanted
    return [
        name
        for name in possible
        if name not in facts.all_suites
        and ("TLSv1.3" if name in suites.MODERN else "TLSv1.2") in facts.accepted
    ]


def _forward_secrecy(facts: Facts, _: Profile, __: Demands) -> Iterator[Finding]:
    """RFC 7525 6.3 and RFC 9325 4.1: it must be there and come first."""
    for version, taken in facts.accepted.items():
        kept = [suites.forward_secret(name) for name in taken]
        if not any(kept) and version == "TLSv1.2":
            what = f"has no suite of {version} with forward secrecy"
            yield Finding(what, "switch on ECDHE-RSA-AES256-GCM-SHA384 or its like")
        elif facts.own_order and kept != sorted(kept, reverse=True):
            what = f"prefers suites of {version} without forward secrecy"
            yield Finding(what, "put those that begin with ECDHE first")


def _groups(facts: Facts, _: Profile, demands: Demands) -> Iterator[Finding]:
    if facts.dh_bits is not None and facts.dh_bits < _DH_BITS:
        what = f"has a DH group of {facts.dh_bits} bits, less than {_DH_BITS}"
        yield Finding(what, "load DH parameters of more (ffdhe2048, ffdhe3072)")
    sizes = {name: suites.GROUPS[name][1] for name in facts.groups if name in suites.GROUPS}
    small = [name for name, bits in sizes.items() if bits < demands.curve_bits]
    # X25519 has 253 bits of 256: too few to the letter, and nobody means it.
    for fault in (True, False):
        if names := [name for name in small if (name != "X25519") == fault]:
            what = f"takes {_list(names)}, of less than {demands.curve_bits} bits"
            yield Finding(what, "switch that off, for P-256", fault)


def _extensions(facts: Facts, _: Profile, demands: Demands) -> Iterator[Finding]:
    if facts.renegotiation_info is False:
        yield Finding("has no secure renegotiation (RFC 5746)", "update its TLS library")
    if facts.extended_master_secret is False:
        what = "has no extended master secret (RFC 7627)"
        yield Finding(what, "update its TLS library", demands.extended_master_secret)


RULES: Final[tuple[Rule, ...]] = (
    _certificate,
    _lacking_versions,
    _barred_versions,
    _forbidden_suites,
    _lacking_suites,
    _forward_secrecy,
    _groups,
    _extensions,
)


# -- can we talk to it?


def common_version(facts: Facts, profile: Profile, ours: Collection[str]) -> str | None:
    """The version a call by this profile with these suites would agree on; None: no call."""
    if any(_weakness(each, profile) for each in facts.certificates):
        return None
    for version in reversed(profile.versions):
        both = [name for name in facts.accepted.get(version, ()) if name in ours]
        if version != "TLSv1.3" and facts.renegotiation_info is False:
            continue
        if any(_usable(name, facts, profile) for name in both):
            return version
    return None


def _usable(name: str, facts: Facts, profile: Profile) -> bool:
    exchange = suites.exchange(name)
    if exchange == "DHE":
        # At level 0 OpenSSL would take a group of any size, so calls go without (config.contexts).
        return bool(profile.security_level) and (facts.dh_bits or 0) >= _DH_BITS
    elliptic = exchange == "ECDHE" or name in suites.MODERN
    return not (elliptic and profile.group) or _GROUP_NAMES[profile.group] in facts.groups


_GROUP_NAMES: Final = {"prime256v1": "P-256"}


def _list(names: Collection[str]) -> str:
    return ", ".join(names)


def _some(names: Sequence[str]) -> str:
    """The first few: all that it accepts is told elsewhere."""
    more = len(names) - _FEW
    return _list(names) if more <= 0 else f"{_list(names[:_FEW])} and {more} more"


def _ago(time: timedelta) -> str:
    return f"{time.days} day{'s' if time.days > 1 else ''} ago" if time.days else "today"
