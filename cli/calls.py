"""Whom a command calls and as whom: the configuration, PEER, --aet.

Law: only here, and in `serve`, the environment is read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from cli import waiting
from config import addresses, contexts
from config.certificates import Credentials
from config.errors import ConfigError
from config.limits import Limits
from config.profiles import PROFILES
from config.settings import Settings, load
from config.words import nearest
from scu.associate import Caller, Target

DEFAULT_FILE = Path("anode.toml")


@dataclass(frozen=True, slots=True)
class Call:
    """A peer, and who calls it."""

    target: Target
    caller: Caller


@dataclass(frozen=True, slots=True)
class Secured:
    """What --tls, --cert, --tls-key and --ca say."""

    profile: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """What the options common to all calls say."""

    config: Path | None = None
    aet: str | None = None
    aec: str | None = None
    timeout: float | None = None
    secured: Secured = Secured()


def configuration(given: Path | None) -> Path | None:
    """The configuration file in force: the one given, or ./anode.toml; None without any."""
    if given is not None:
        return given
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def settings(given: Path | None) -> Settings:
    """The settings in force; raises ConfigError."""
    return load(configuration(given), os.environ)


def resolve(peer: str, way: Way) -> Call:
    """The peer a person names by its AE title or as AET@host:port; raises ConfigError."""
    known = settings(way.config)
    target = _at(peer, way.aec) if "@" in peer or ":" in peer else _named(peer, way, known)
    target = replace(target, tls=_secure(peer, target, way.secured, known))
    title = known.node.ae_title if way.aet is None else titled("--aet", way.aet)
    return Call(target, Caller(title, within(known.limits, way.timeout), waiting.told))


def _secure(peer: str, target: Target, given: Secured, known: Settings) -> contexts.Secure | None:
    """How TLS is spoken with this peer: as the options say, else as its [[peer]] does."""
    if given.profile is not None:
        credentials = _credentials(given, known.own_credentials)
        return contexts.to(contexts.client(PROFILES[given.profile], credentials), target.host)
    if given != Secured():
        raise ConfigError("--cert, --tls-key and --ca are for calls over TLS: add --tls PROFILE")
    found = None if "@" in peer or ":" in peer else known.peer_named(peer)
    return contexts.secure_to(found, known) if found else None


def answering(peer: str, way: Way) -> tuple[contexts.Context | None, tuple[str, ...]]:
    """How the same peer is heard when it calls us: over TLS as we call it, None: plain DICOM.

    With the certificates it is bound to. Raises ConfigError.
    """
    known, given = settings(way.config), way.secured
    found = None if "@" in peer or ":" in peer else known.peer_named(peer)
    profile = given.profile or (found.tls if found else None)
    bindings = found.certificate if found else ()
    if profile is None:
        return None, bindings
    own = known.own_credentials
    credentials = _credentials(given, own) if given.profile is not None else own
    if credentials.certificate is None:
        raise ConfigError("to listen over TLS takes a certificate: add --cert FILE")
    return contexts.server(PROFILES[profile], credentials), bindings


def _credentials(given: Secured, own: Credentials) -> Credentials:
    ca = given.ca or own.ca
    if ca is None:
        raise ConfigError("--tls needs --ca FILE: without it the peer could be anybody")
    chosen = given_credentials(given)
    return replace(own, ca=ca) if chosen.certificate is None else replace(chosen, ca=ca)


def given_credentials(given: Secured) -> Credentials:
    """What --cert, --tls-key and --ca say alone; raises ConfigError."""
    if given.certificate is None and given.key is not None:
        raise ConfigError("--tls-key needs --cert, the certificate of that key")
    key = given.key or given.certificate
    return Credentials(given.certificate, key, given.ca)


def configured(given: Settings, timeout: float | None = None) -> Caller:
    """Who we are, by the configuration."""
    return Caller(given.node.ae_title, within(given.limits, timeout), waiting.told)


def _named(peer: str, way: Way, known: Settings) -> Target:
    found = known.peer_named(peer)
    source = configuration(way.config) or "the configuration (there is no anode.toml here)"
    if found is None:
        near = nearest(peer, [each.ae_title for each in known.peer])
        raise ConfigError(f"{peer} is no [[peer]] of {source}{near}; or say AET@host:port")
    if found.port is None:
        raise ConfigError(f"{peer} has no port in {source}; add one, or say {peer}@host:port")
    title = found.ae_title if way.aec is None else titled("--aec", way.aec)
    return Target(title, found.host, found.port)


def _at(peer: str, aec: str | None) -> Target:
    title, _, address = peer.rpartition("@")
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if aec is not None:
        title = aec
    if not title or not host or not port.isdecimal():
        raise ConfigError(f"{peer!r} is no peer: say AET@host:port, as ANODE@127.0.0.1:11112")
    try:
        return Target(addresses.ae_title(title), addresses.host(host), addresses.port(int(port)))
    except ValueError as error:
        raise ConfigError(f"{peer!r} is no peer: a part of it {error}") from None


def titled(option: str, value: str) -> str:
    """An AE title as a person gives it; raises ConfigError."""
    try:
        return addresses.ae_title(value)
    except ValueError as error:
        raise ConfigError(f"{option} {error}") from None


def within(limits: Limits, seconds: float | None) -> Limits:
    """The limits with --timeout in place of those it is about."""
    if seconds is None:
        return limits
    bounds = ("connect", "handshake", "response", "request")
    return limits.model_copy(update={f"{each}_seconds": seconds for each in bounds})
