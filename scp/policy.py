"""Who may associate, and for what: one pure function from what is known to a Decision.

Law: unknown callers are rejected unless the configuration says otherwise; a rejection never tells
which part was wrong (access.md section 2). Knows no socket and no archive.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pydicom.uid import UID

from config import addresses, catalogue
from config.identities import CertificateIdentity
from config.listeners import UserIdentity
from config.peers import Peer
from config.rights import REJECT, RIGHTS, allows
from config.settings import Settings
from config.users import verified
from scp import extended
from wire.items import Identity, Request
from wire.negotiation import Acceptance, Decision, Offer, Rejection

VERIFICATION = "1.2.840.10008.1.1"
STORAGE_SERVICE_CLASS = "1.2.840.10008.4.2"
QUERY_TRANSFER_SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2")

# PS3.8 Table 9-21: result, source, reason
_CALLING_NOT_RECOGNISED = (1, 1, 3)
_CALLED_NOT_RECOGNISED = (1, 1, 7)
_NOT_IDENTIFIED = (2, 2, 1)
_LOCAL_LIMIT = (2, 3, 2)

CROWDED = Rejection(*_LOCAL_LIMIT, "too many associations")

USERNAME, USERNAME_AND_PASSCODE = 1, 2
_IDENTITY_TYPES = {3: "a Kerberos ticket", 4: "a SAML assertion", 5: "a JSON Web Token"}

Rights = tuple[str, ...]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=1024)
def address(host: str) -> Address:
    """An IP address as the socket names it; IPv4 in IPv6 clothes comes out as IPv4."""
    parsed = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return mapped or parsed


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a connection when a request is judged.

    crowded: a limit on associations is reached. exhausted: too many of its address were refused.
    near: it comes from this machine. certificate: what it showed over TLS. user_identity: what the
    listener asks for. All of it is a key of the cache of negotiations.
    """

    address: Address
    crowded: bool = False
    exhausted: bool = False
    near: bool = False
    certificate: CertificateIdentity | None = None
    user_identity: UserIdentity = "none"


def decide(entry: Entry, request: Request, settings: Settings) -> Decision:
    """Let the association in, and for which services, or reject it."""
    if entry.crowded:
        return CROWDED
    if request.called_ae_title.strip(" ") not in settings.ae_titles:
        return Rejection(*_CALLED_NOT_RECOGNISED, "called AE title is not ours")
    title = request.calling_ae_title
    # PS3.5 6.2: what is no AE title comes with its odd bytes escaped, so with a backslash
    rights = rights_of(entry, title, settings) if title and "\\" not in title else None
    if rights is None:
        return Rejection(*_CALLING_NOT_RECOGNISED, _cause(entry, title, settings))
    why = _unidentified(entry, request.identity, settings)
    if why and not is_itself(entry, title, settings):
        return Rejection(*_NOT_IDENTIFIED, why)
    return _acceptance(rights, entry, request, settings)


def _acceptance(rights: Rights, entry: Entry, request: Request, settings: Settings) -> Acceptance:
    kinds = {
        cx.abstract_syntax: service_of(cx.abstract_syntax, request, settings)
        for cx in request.contexts
    }
    known = {uid: kind for uid, kind in kinds.items() if kind}
    allowed = {uid: offer(kind) for uid, kind in known.items() if allows(rights, kind, uid)}
    # C-GET stores on the association that asked: its storage contexts need no right to store.
    if any(known[uid] == "get" for uid in allowed):
        gets = {uid: offer("store") for uid, kind in known.items() if kind == "store"}
        allowed = gets | allowed
    return Acceptance(
        allowed,
        refused=frozenset(known) - frozenset(allowed),
        extended={
            uid: agreed
            for uid in allowed
            if (model := catalogue.information_model(uid))
            and (agreed := extended.answer(model, request.extended.get(uid, b"")))
        },
        identity_response=_identity_response(entry, request.identity),
    )


def _cause(entry: Entry, ae_title: str, settings: Settings) -> str:
    """Why a caller is unknown, for our own log: the peer is never told which part was wrong."""
    peer = settings.peer_named(ae_title)
    if peer is None:
        return "the calling AE title is that of no [[peer]]"
    if addresses.network(peer.host) is None and peer.host != "localhost":
        return (
            f"its [[peer]] is at the name {peer.host}; only an address or a network admits callers"
        )
    if not _lives_at(peer, entry.address):
        return f"its [[peer]] lives at {peer.host}"
    shown = f"it showed {entry.certificate.pin}" if entry.certificate else "it showed none"
    return f"its [[peer]] is bound to another certificate; {shown}"


def rights_of(entry: Entry, ae_title: str, settings: Settings) -> Rights | None:
    """What this caller may do; None when it is unknown."""
    rights = _granted(entry, ae_title, settings)
    return ("echo",) if rights is None and is_itself(entry, ae_title, settings) else rights


def _granted(entry: Entry, ae_title: str, settings: Settings) -> Rights | None:
    peer = settings.peer_named(ae_title)
    if peer is not None:
        return peer.may if _lives_at(peer, entry.address) and _shows(peer, entry) else None
    if settings.admits_loopback:
        return RIGHTS if entry.address.is_loopback else None
    unknown = settings.access.unknown_peers
    return None if unknown == REJECT else tuple(unknown)


def is_itself(entry: Entry, ae_title: str, settings: Settings) -> bool:
    """Whether it is `anode status` that asks whether we are here; unknown, it may still echo."""
    return (
        entry.near
        and ae_title.strip(" ") in settings.ae_titles
        and _granted(entry, ae_title, settings) is None
        and settings.peer_named(ae_title) is None
    )


def _shows(peer: Peer, entry: Entry) -> bool:
    """Whether the caller holds the key, or the name, its AE title is bound to."""
    if not peer.certificate:
        return True
    return entry.certificate is not None and entry.certificate.is_one_of(peer.certificate)


def expects(address: Address, settings: Settings) -> bool:
    """Whether anybody may call from this address."""
    if settings.admits_loopback:
        return address.is_loopback
    if settings.access.unknown_peers != REJECT:
        return True
    return any(_lives_at(peer, address) for peer in settings.peer)


def _unidentified(entry: Entry, given: Identity | None, settings: Settings) -> str:
    """Why the user is not who is asked for, PS3.15 B.4 and B.5; empty: all is well."""
    asked = entry.user_identity
    if asked == "none" or (given is None and asked == "optional"):
        return ""
    if given is None:
        return "no user identity, which this listener requires"
    if given.type == USERNAME:
        # B.4: a name alone may be believed where none was needed at all.
        return "" if asked == "optional" else "a username without a passcode proves nothing"
    if given.type != USERNAME_AND_PASSCODE:
        kind = _IDENTITY_TYPES.get(given.type, f"user identity of type {given.type}")
        return f"{kind} cannot be verified here; only username and passcode"
    if entry.exhausted:
        return "too many refusals lately to verify a passcode"
    known = verified(settings.user, given.primary, given.secondary)
    return "" if known else "username or passcode is wrong"


def misidentified(why: Rejection, entry: Entry) -> bool:
    """Whether it was the user that was not believed."""
    answer = why.result, why.source, why.reason
    return entry.user_identity != "none" and answer == _NOT_IDENTIFIED


def _identity_response(entry: Entry, given: Identity | None) -> bytes | None:
    """PS3.7 D.3.3.7.2: of types 1 and 2 the positive answer is an empty one."""
    if entry.user_identity == "none" or given is None or not given.response_requested:
        return None
    return b""


def most_of(ae_title: str, settings: Settings) -> int | None:
    """How many associations this caller may have open; None: limits.per_peer is all there is."""
    peer = settings.peer_named(ae_title)
    return peer.associations if peer else None


def _lives_at(peer: Peer, caller: Address) -> bool:
    if peer.host == "localhost":
        return caller.is_loopback
    try:
        return caller in ipaddress.ip_network(peer.host, strict=False)
    except ValueError:
        return False


def service_of(uid: str, request: Request, settings: Settings) -> str | None:
    """The right an abstract syntax falls under; None when we do not serve it."""
    if uid == VERIFICATION:
        return "echo"
    if uid in catalogue.SERVED_MODELS:
        return catalogue.SERVED_MODELS[uid].service
    if catalogue.storage_class(uid) is not None:
        return "store"
    if settings.archive.unknown_classes == "store" and _may_be_storage(uid, request):
        return "store"
    return None


def _may_be_storage(uid: str, request: Request) -> bool:
    """Private classes, and those the requestor declares as storage, PS3.7 D.3.3.6."""
    declared = request.service_classes.get(uid)
    if declared is not None:
        return declared == STORAGE_SERVICE_CLASS
    return uid not in catalogue.MODELS and UID(uid).is_private


def offer(kind: str) -> Offer:
    """What is offered for an abstract syntax that falls under this right."""
    if kind == "store":
        return Offer(catalogue.STORAGE_TRANSFER_SYNTAXES, scu=True)
    if kind == "commit":
        return Offer(QUERY_TRANSFER_SYNTAXES, scu=True)
    return Offer(QUERY_TRANSFER_SYNTAXES)


def destinations(ae_title: str, settings: Settings) -> Mapping[str, Peer]:
    """Where this caller may have objects moved to, by AE title, PS3.4 C.4.2.1.

    Only configured peers with a port: nothing a peer sends is ever used as an address.
    """
    callable_peers = {p.ae_title: p for p in settings.peer if p.port is not None}
    peer = settings.peer_named(ae_title)
    if peer is None:
        return {}
    return {title: callable_peers[title] for title in peer.destinations if title in callable_peers}
