"""SSL contexts of a profile, for both roles, from the one table; and what this OpenSSL lacks.

Law: suites are named one by one and compared with what OpenSSL then offers; a connection outside
the profile, or with a certificate below its strength, is ended before a byte of DICOM.
"""

import ssl
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any, Literal

from cryptography import x509

from config import certificates
from config.certificates import Credentials
from config.errors import ConfigError
from config.identities import CertificateIdentity, identity
from config.listeners import Listener
from config.peers import Peer
from config.profiles import PROFILES, Profile
from config.settings import Settings

OPENSSL = ssl.OPENSSL_VERSION
Secure = Callable[[socket], ssl.SSLSocket]

_VERIFY: Mapping[str, ssl.VerifyMode] = {
    "required": ssl.CERT_REQUIRED,
    "optional": ssl.CERT_OPTIONAL,
    "none": ssl.CERT_NONE,
}
# RFC 7525 3.3, 3.4, 3.5: no compression, no renegotiation, no tickets. Python cannot switch off the
# session IDs of TLS 1.2; they are a context's, so none outlives the CRL it was made with.
_OPTIONS = (
    ssl.OP_NO_COMPRESSION
    | ssl.OP_NO_RENEGOTIATION
    | ssl.OP_NO_TICKET
    | ssl.OP_CIPHER_SERVER_PREFERENCE
    | ssl.OP_SINGLE_DH_USE
    | ssl.OP_SINGLE_ECDH_USE
)


class Context(ssl.SSLContext):
    """An SSL context that knows its profile."""

    profile: Profile


class NotBound(ssl.SSLError):
    """The peer's certificate is none of those it is bound to; `pin` is that of the one it shows."""

    def __init__(self, pin: str) -> None:
        why = f"its certificate is not that of its [[peer]]: it shows {pin or 'none'}"
        super().__init__(ssl.SSL_ERROR_SSL, why)
        self.pin = pin


class _Socket(ssl.SSLSocket):
    """A connection that is judged by its profile as soon as it stands."""

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        context = self.context
        if isinstance(context, Context) and (why := _objection(self, context.profile)):
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, why)


def _objection(sock: ssl.SSLSocket, profile: Profile) -> str:
    name, version, _ = sock.cipher() or ("nothing", "", 0)
    if name not in {suite.name for suite in profile.suites}:
        return f"{version} {name} is not of the profile {profile.name}"
    # OpenSSL judges nothing in a resumed session and sizes only above level 0; and it takes DSA.
    encoded = sock.getpeercert(binary_form=True)
    if not encoded:
        return ""
    shown = x509.load_der_x509_certificate(encoded)
    why = certificates.weakness(shown, profile) or certificates.lapse(shown)
    return f"the peer's certificate {why}" if why else ""


@dataclass(frozen=True, slots=True)
class Offering:
    """The suites of a profile that this OpenSSL has, in order, and those it lacks."""

    suites: tuple[str, ...]
    missing: tuple[str, ...]


def offering(profile: Profile) -> Offering:
    """What is left of a profile here."""
    there = _enabled(_bare(profile, ssl.PROTOCOL_TLS_SERVER))
    names = [suite.name for suite in profile.suites]
    return Offering(
        tuple(name for name in names if name in there),
        tuple(name for name in names if name not in there),
    )


def server(
    profile: Profile,
    credentials: Credentials,
    client_certificate: Literal["required", "optional", "none"] = "required",
) -> Context:
    """What a listener speaks; raises ConfigError."""
    context = _bare(profile, ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0
    context.verify_mode = _VERIFY[client_certificate]
    _equip(context, credentials)
    return context


def client(profile: Profile, credentials: Credentials) -> Context:
    """What a call speaks: the peer's certificate and name are always verified.

    Raises ConfigError.
    """
    context = _bare(profile, ssl.PROTOCOL_TLS_CLIENT)
    _equip(context, credentials)
    return context


def listening(listener: Listener) -> Context | None:
    """What this listener speaks; None: plain DICOM. Raises ConfigError."""
    if listener.tls is None:
        return None
    profile = PROFILES[listener.tls]
    return server(profile, listener.credentials, listener.client_certificate)


Way = tuple[str, bool]
"""How a peer is called: the profile's name, and whether we know its certificate."""


def calling(settings: Settings) -> dict[Way, Context]:
    """What calls to peers speak. Raises ConfigError."""
    ways = {_way(peer) for peer in settings.peer if peer.tls}
    return {way: _client_by(way, settings) for way in sorted(ways)}


def secure_to(peer: Peer, settings: Settings) -> Secure | None:
    """How a call to this one peer becomes a TLS one; None: it stays plain. Raises ConfigError."""
    way = _way(peer)
    return secure({way: _client_by(way, settings)}, peer) if peer.tls else None


def secure(calling: Mapping[Way, Context], peer: Peer) -> Secure | None:
    """How a call to this peer becomes a TLS one; None: it stays plain."""
    return to(calling[_way(peer)], peer.host, peer.certificate) if peer.tls else None


def _way(peer: Peer) -> Way:
    return peer.tls or "", bool(peer.certificate)


def _client_by(way: Way, settings: Settings) -> Context:
    profile, known = way
    context = client(PROFILES[profile], settings.own_credentials)
    # Who is known by its certificate may be called by any name; still our CA must have issued it.
    context.check_hostname = not known
    return context


def itself(listener: Listener) -> Context:
    """For a call to our own listener, by whatever address: its certificate is all we believe.

    Raises ConfigError.
    """
    own = Credentials(listener.certificate, listener.key, listener.certificate)
    context = client(PROFILES[listener.tls or "rfc9325"], own)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def to(context: Context, host: str, bindings: tuple[str, ...] = ()) -> Secure:
    """What makes a connection to this host a TLS one; the handshake is done in it.

    With bindings, the peer's certificate is to be one of them.
    """

    def secure(sock: socket) -> ssl.SSLSocket:
        made = context.wrap_socket(sock, server_hostname=host)
        shown = shown_by(made) if bindings else None
        if bindings and not (shown and shown.is_one_of(bindings)):
            made.close()
            raise NotBound(shown.pin if shown else "")
        return made

    return secure


def shown_by(sock: socket) -> CertificateIdentity | None:
    """The identity in the certificate the other side showed and proved; None without one."""
    der = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
    return identity(der) if der else None


def accepted(context: Context, sock: socket) -> ssl.SSLSocket:
    """A connection that was accepted, before its handshake."""
    return context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)


def _bare(profile: Profile, protocol: int) -> Context:
    context = Context(protocol)
    context.profile = profile
    context.sslsocket_class = _Socket
    context.options |= _OPTIONS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1 are meant
        context.minimum_version = _version(profile.minimum)
        context.maximum_version = _version(profile.maximum)
    older = [suite.name for suite in profile.suites if not suite.modern]
    if protocol == ssl.PROTOCOL_TLS_CLIENT and not profile.security_level:
        # At level 0 a server's DH group may be of any size, and OpenSSL does not say which it was.
        older = [name for name in older if not name.startswith("DHE-")]
    context.set_ciphers(f"{':'.join(older)}:@SECLEVEL={profile.security_level}")
    if profile.group:
        context.set_ecdh_curve(profile.group)
    if profile.alpn:
        context.set_alpn_protocols([profile.alpn])
    if profile.dh:
        # Without parameters OpenSSL would leave out the DHE suites of a server in silence.
        context.load_dh_params(str(Path(__file__).with_name(f"{profile.dh}.pem")))
    if stray := _enabled(context) - {suite.name for suite in profile.suites}:
        raise ConfigError(f"this OpenSSL adds {', '.join(sorted(stray))} to {profile.name}")
    return context


def _version(name: str) -> ssl.TLSVersion:
    return ssl.TLSVersion[name.replace(".", "_")]


def _enabled(context: Context) -> set[str]:
    """The suites that can be negotiated; OpenSSL lists those of TLS 1.3 even without it."""
    listed: list[Any] = context.get_ciphers()
    modern = "TLSv1.3" in context.profile.versions
    return {each["name"] for each in listed if modern or each["protocol"] != "TLSv1.3"}


def _equip(context: Context, credentials: Credentials) -> None:
    certificates.check(credentials, context.profile)
    if credentials.certificate is not None:
        try:
            context.load_cert_chain(credentials.certificate, credentials.key, _locked)
        except (ssl.SSLError, ConfigError) as error:
            why = f"cannot be used with {credentials.key}: {certificates.unreadable(error)}"
            raise ConfigError(f"{credentials.certificate} {why}") from None
    if credentials.ca is not None:
        context.load_verify_locations(credentials.ca)
    if credentials.crl is not None:
        context.load_verify_locations(credentials.crl)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _locked() -> str:
    """Asked for the passphrase of a key: nobody is there to type it."""
    raise ConfigError("the key has a passphrase; remove it (openssl pkey) and keep the file safe")
