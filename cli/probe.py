"""`anode tls probe`: what a TLS server speaks, which profiles that meets, what to see to first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

import scu.probe
from cli import calls, options, show
from cli.failures import Code, Failure
from config import addresses, contexts, verdicts
from config.errors import ConfigError
from config.facts import Certificate, Facts
from config.verdicts import Finding, Verdict
from config.words import TlsProfile
from scu.hellos import NoTls, Server, Silent
from scu.listening import what_listens
from wire.errors import Unreachable

EXAMPLES = options.examples(
    "anode tls probe 10.0.0.5:2762",
    "anode tls probe ct1.example:2762 --profile rfc9325 --ca tls/ca.crt",
    "anode tls probe 10.0.0.5:2762 --cert tls/node.crt --tls-key tls/node.key --json",
)
PlaceArgument = Annotated[
    str,
    typer.Argument(metavar="HOST:PORT", help="Where TLS is spoken.", show_default=False),
]
ProfileOption = Annotated[
    TlsProfile | None,
    typer.Option("--profile", help="The one that has to be met.", show_default=False),
]
NOT_ASKED = "compression, renegotiation, session tickets, SSLv2; suites with PSK, SRP, DSS"


def probe(
    place: PlaceArgument,
    *,
    config: options.ConfigOption = None,
    timeout: options.TimeoutOption = None,
    profile: ProfileOption = None,
    cert: options.CertOption = None,
    tls_key: options.TlsKeyOption = None,
    ca: options.CaOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Tell which TLS profiles a server meets."""
    known = calls.settings(config)
    host, port = _place(place)
    server = Server(host, port, calls.within(known.limits, timeout))
    credentials = calls.given_credentials(calls.Secured(None, cert, tls_key, ca))
    try:
        facts = scu.probe.probe(server, credentials)
    except Unreachable as error:
        raise Failure(Code.UNREACHABLE, f"{error}; is it running, and is that its port?") from None
    except (NoTls, Silent) as error:
        raise _no_tls(server, error) from None
    judged = verdicts.judged(facts)
    if as_json:
        show.document(_document(server, facts, judged, by_ca=ca is not None))
    else:
        _tell(server, facts, judged, by_ca=ca is not None)
    met = {each.profile.name for each in judged if each.met}
    return Code.DONE if (profile in met if profile else met) else Code.PARTIAL


def _place(given: str) -> tuple[str, int]:
    host, _, port = given.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal():
        raise ConfigError(f"{given!r} is no place: say HOST:PORT, as 10.0.0.5:2762")
    try:
        return addresses.host(host), addresses.port(int(port))
    except ValueError as error:
        raise ConfigError(f"{given!r} is no place: a part of it {error}") from None


# -- no TLS


_INSTEAD = {
    "DICOM": "it speaks plain DICOM: give that listener TLS, or take the port of another",
    "HTTP": "it speaks HTTP: that is not a DICOM port",
    "SSH": "it speaks SSH: that is not a DICOM port",
}


def _no_tls(server: Server, error: NoTls | Silent) -> Failure:
    """Nothing to judge: what is there instead, or that it stopped in the middle."""
    if server.flights:
        why = "it may count whom it turns away: wait a minute, or let it know this address"
        return Failure(Code.ENDED, f"after {server.asked} questions: {error}; {why}")
    if server.alerted:
        return Failure(Code.UNREACHABLE, str(error))
    begins = error.begins if isinstance(error, NoTls) else b""
    kind = what_listens(server, begins)
    instead = _INSTEAD.get(kind, "it speaks neither DICOM nor HTTP either; is that the right port?")
    return Failure(Code.UNREACHABLE, f"no TLS: {error}; {instead}")


# -- in words


def _tell(server: Server, facts: Facts, judged: Iterable[Verdict], *, by_ca: bool) -> None:
    show.say(f"{server} speaks TLS.")
    show.say("")
    for name, lines in _lines(facts, by_ca=by_ca):
        for number, line in enumerate(lines):
            show.say(f"  {name if not number else '':<20}{line}")
    show.say("")
    rows = [
        (each.profile.name, "yes" if each.met else "no", _call(facts, each) or "-", _first(each))
        for each in judged
    ]
    show.listing(("Profile", "Met", "Our call", "First thing to fix"), rows, ())


def _first(verdict: Verdict) -> str:
    first = verdict.first
    if first is None:
        return ""
    said = f"{first.what}: {first.fix}"
    return said if first.fault else f"advised only: {said}"


def _call(facts: Facts, verdict: Verdict) -> str | None:
    """The version a call of ours by this profile would speak."""
    ours = contexts.offering(verdict.profile).suites
    return verdicts.common_version(facts, verdict.profile, ours)


def _lines(facts: Facts, *, by_ca: bool) -> Iterator[tuple[str, list[str]]]:
    yield "versions", [", ".join(facts.accepted)]
    for version, taken in facts.accepted.items():
        yield version, list(taken)
    order = {True: "its own", False: "the client's", None: ""}[facts.own_order]
    yield "order of suites", [order] if order else []
    yield "groups", [", ".join(facts.groups)] if facts.groups else []
    yield "DH group", [f"{facts.dh_bits} bits"] if facts.dh_bits else []
    yield "client certificate", [facts.client_certificate, *_ours(facts)]
    for each in facts.certificates:
        yield from _shown(each, facts)
    yield "believed", [_believed(facts, by_ca=by_ca)]
    yield "not asked", [NOT_ASKED]
    if facts.untried and facts.certificates:
        yield "", [f"suites for other certificates than {', '.join(sorted(facts.keys))}"]


def _ours(facts: Facts) -> list[str]:
    if facts.refusal is None:
        return []
    return [f"ours is refused: {facts.refusal}" if facts.refusal else "ours is taken"]


def _believed(facts: Facts, *, by_ca: bool) -> str:
    if facts.distrust is None:
        return "not known: our own OpenSSL could not go that far with it"
    if facts.distrust:
        return f"no: {facts.distrust}"
    return "yes" if by_ca else "not known: name its CA with --ca; name and dates are good"


def _shown(shown: Certificate, facts: Facts) -> Iterator[tuple[str, list[str]]]:
    left = shown.days_left(facts.moment)
    remain = f"{show.count(left, 'day')} left" if left >= 0 else "expired"
    yield "certificate", [shown.subject or "(nobody)"]
    yield "  issuer", [shown.issuer]
    yield "  names", [", ".join(shown.names) or "none"]
    yield "  key", [f"{shown.key} {shown.bits or ''}".strip()]
    yield "  signed with", [shown.hashed]
    yield "  valid", [f"{shown.begins.date()} to {shown.ends.date()}, {remain}"]
    yield "  pin", [shown.pin]


# -- as a document


def _document(
    server: Server, facts: Facts, judged: Iterable[Verdict], *, by_ca: bool
) -> dict[str, object]:
    return {
        "place": str(server),
        "accepted": {version: list(taken) for version, taken in facts.accepted.items()},
        "own_order": facts.own_order,
        "groups": list(facts.groups),
        "dh_bits": facts.dh_bits,
        "client_certificate": facts.client_certificate,
        "refusal": facts.refusal,
        "certificates": [_certificate(each, facts) for each in facts.certificates],
        "believed": _belief(facts, by_ca=by_ca),
        "distrust": facts.distrust,
        "renegotiation_info": facts.renegotiation_info,
        "extended_master_secret": facts.extended_master_secret,
        "not_asked": NOT_ASKED,
        "untried": list(facts.untried),
        "connections": server.asked,
        "profiles": [_verdict(each, facts) for each in judged],
    }


def _belief(facts: Facts, *, by_ca: bool) -> bool | None:
    if facts.distrust:
        return False
    return True if by_ca and facts.distrust == "" else None


def _certificate(shown: Certificate, facts: Facts) -> dict[str, Any]:
    dates = {"begins": shown.begins.isoformat(), "ends": shown.ends.isoformat()}
    return {**asdict(shown), **dates, "days_left": shown.days_left(facts.moment)}


def _verdict(verdict: Verdict, facts: Facts) -> dict[str, object]:
    return {
        "name": verdict.profile.name,
        "met": verdict.met,
        "call": _call(facts, verdict),
        "faults": [_finding(each) for each in verdict.faults],
        "advice": [_finding(each) for each in verdict.advice],
        "note": verdict.profile.note,
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {"what": finding.what, "fix": finding.fix}
