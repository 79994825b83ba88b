"""What a TLS server speaks, found out by asking it; PS3.15 annex B.

Law: one connection at a time and as few as will do, for a server may count whom it turns away.
What it accepts is offered no more, until it refuses the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from config import facts, suites, trust
from config.certificates import Credentials
from config.facts import Asks, Facts
from config.profiles import Version
from config.trust import Shaken
from scu.hellos import VERSIONS, NoTls, Server, Silent, name
from wire import flight, hello

_CODES = {name: code for code, name in VERSIONS.items()}
Accepted = Mapping[str, tuple[str, ...]]


def probe(server: Server, credentials: Credentials) -> Facts:
    """Everything that can be asked.  Raises Unreachable, NoTls, Silent, ConfigError."""
    accepted = dict(_accepted(server))
    if not accepted and server.alerted:
        raise NoTls(f"{server} speaks TLS, and accepts no version and suite there is")
    if not accepted:
        raise NoTls(f"{server} closes the connection when it is spoken to in TLS")
    own_order = _own_order(server, accepted)
    asks, shaken = _shaken(server, credentials, accepted)
    groups = tuple(_groups(server, accepted))
    _still_there(server, accepted)
    return Facts(
        accepted=accepted,
        groups=groups,
        dh_bits=_dh_bits(server),
        own_order=own_order,
        certificates=_certificates(server, shaken),
        client_certificate=asks,
        refusal=shaken.refusal if credentials.certificate else None,
        distrust=shaken.distrust,
        **_extensions(server),
    )


# -- versions and suites


def _accepted(server: Server) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The versions it speaks, newest first, and their suites in the order it took them."""
    if modern := _taken(server, hello.TLS13, suites.MODERN):
        yield VERSIONS[hello.TLS13], modern
    version = hello.TLS12
    while version >= hello.SSL3:
        first = server.ask(version, suites.OLDER, suites.ALL_GROUPS)
        if first is not None:
            # RFC 5246 E.1: it answers with its newest version that is not newer than ours
            version = first.version
            yield VERSIONS[version], _taken(server, version, suites.OLDER, (name(first),))
        elif version < hello.TLS12:
            return  # and so it speaks nothing older either
        version -= 1


def _taken(
    server: Server, version: int, offered: Sequence[str], begun: tuple[str, ...] = ()
) -> tuple[str, ...]:
    taken = begun
    while left := [each for each in offered if each not in taken]:
        answer = server.ask(version, left, suites.ALL_GROUPS)
        if answer is None or answer.version != version:
            break
        taken += (name(answer),)
    return taken


def _own_order(server: Server, accepted: Accepted) -> bool | None:
    """Whether it chooses by its own order; None when there is nothing to choose."""
    for version in ("TLSv1.2", "TLSv1.3", "TLSv1.1", "TLSv1"):
        if len(taken := accepted.get(version, ())) > 1:
            answer = server.ask(_CODES[version], taken[::-1], suites.ALL_GROUPS)
            return answer is not None and name(answer) == taken[0]
    return None


def _still_there(server: Server, accepted: Accepted) -> None:
    """Raise Silent if it has begun to turn us away, which would look like refusals."""
    version, taken = next(iter(accepted.items()))
    if server.ask(_CODES[version], taken, suites.ALL_GROUPS) is None:
        raise Silent(f"{server} does not answer any more")


# -- groups, and what else a flight shows


def _groups(server: Server, accepted: Accepted) -> Iterator[str]:
    """The groups it takes: of ECDHE in the newest version that has it, else of TLS 1.3."""
    elliptic = {
        version: [each for each in taken if suites.exchange(each) == "ECDHE"]
        for version, taken in accepted.items()
        if version not in ("TLSv1.3", "SSLv3")
    }
    version, offered = next(
        ((version, names) for version, names in elliptic.items() if names),
        ("TLSv1.3", list(accepted.get("TLSv1.3", ()))),
    )
    left = list(suites.ALL_GROUPS)
    while offered and left and (answer := server.ask(_CODES[version], offered, left)):
        taken = suites.GROUP_NAMES.get(flight.group(answer), "")
        if taken not in left:
            return
        left.remove(taken)
        yield taken


def _dh_bits(server: Server) -> int | None:
    """The smallest group of DHE it showed."""
    sizes = [
        flight.dh_bits(each)
        for each in server.flights
        if each.key_exchange and suites.exchange(name(each)) == "DHE"
    ]
    return min(sizes, default=None)


def _extensions(server: Server) -> dict[str, Any]:
    older = [each for each in server.flights if hello.SSL3 < each.version < hello.TLS13]
    if not older:
        return {}
    return {
        "renegotiation_info": all(hello.RENEGOTIATION_INFO in each.extensions for each in older),
        "extended_master_secret": all(
            hello.EXTENDED_MASTER_SECRET in each.extensions for each in older
        ),
    }


# -- certificates, of both sides


def _certificates(server: Server, shaken: Shaken) -> tuple[facts.Certificate, ...]:
    """What it showed, one for each kind of key it has."""
    shown = [each.certificates[0] for each in server.flights if each.certificates]
    shown += [shaken.certificate] if shaken.certificate else []
    try:
        return tuple(facts.certificate(der) for der in dict.fromkeys(shown))
    except ValueError as error:
        raise NoTls(f"{server} shows a certificate that cannot be read ({error})") from None


def _shaken(server: Server, credentials: Credentials, accepted: Accepted) -> tuple[Asks, Shaken]:
    """Whether it wants our certificate, and whether each believes the other's."""
    there = trust.suites()
    speaks = [v for v in get_args(Version) if not there.isdisjoint(accepted.get(v, ()))]
    older = [each for each in server.flights if each.version < hello.TLS13]
    asked = any(each.asks_certificate for each in older)
    if not speaks:
        return "asked for" if asked else "unknown", Shaken()
    anonymous = Shaken()
    asks: Asks = "none"
    if asked or not older:
        # Below TLS 1.3 the answer comes within the handshake.
        newest = next((v for v in reversed(speaks) if v != "TLSv1.3"), speaks[-1])
        anonymous = _handshake(server, trust.context(Credentials(), newest=newest))
        asks = _wish(asked=asked, refused=bool(anonymous.refusal))
    shown = next((each.certificates[0] for each in older if each.certificates), b"")
    believed = shown or anonymous.certificate
    if not believed:
        return asks, Shaken()
    shaken = _handshake(server, trust.context(credentials, believed=believed))
    if shaken.distrust and credentials.certificate:
        # Whether the server believes us is its own affair: go on though we do not believe it.
        unchecked = _handshake(server, trust.context(replace(credentials, ca=None)))
        shaken = replace(shaken, refusal=unchecked.refusal)
    return asks, shaken


def _wish(*, asked: bool, refused: bool) -> Asks:
    if refused:
        return "required"
    return "optional" if asked else "not required"


def _handshake(server: Server, context: trust.Context) -> Shaken:
    try:
        return trust.shake(server.connect(), server.host, context)
    except TimeoutError:
        late = f"{server} said nothing within {server.limits.handshake_seconds:g} s"
        raise Silent(late) from None
