"""Settings: the one TOML file, read once, frozen, refused when a key is unknown.

The field names are the file's keys (design.md, "Configuration").  A rule that concerns one value
stands at its field, a rule between values in a validator of the table that holds them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from config import addresses, loading
from config.certificates import Credentials
from config.errors import ConfigError
from config.limits import Limits

Right = Literal["echo", "store", "find", "move", "get", "commit"]
RIGHTS: tuple[Right, ...] = get_args(Right)
TlsProfile = Literal["rfc9325", "rfc9325-modified", "non-downgrading", "bcp195", "extended"]
TLS_PROFILES: tuple[TlsProfile, ...] = get_args(TlsProfile)
REJECT: Literal["reject"] = "reject"


def _absolute(path: Path, info: ValidationInfo) -> Path:
    base: Path = (info.context or {}).get("base", Path.cwd())
    return base / path


def _index(value: str) -> str:
    if value.startswith(("postgresql:", "postgres:")):
        # The URL may hold a password: it is not repeated.
        raise ValueError('on PostgreSQL is not built yet in this version; use "sqlite"')
    if value != "sqlite":
        raise ValueError(f'must be "sqlite", not {value!r}')
    return value


def _workers(value: int) -> int:
    if value > 1:
        raise ValueError("over 1 is not built yet: this version runs one process; use 0 or 1")
    return value


def _check(value: str) -> str:
    if value != "off":
        raise ValueError('of received objects is not built yet in this version; use "off"')
    return value


def _rights(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be a list of rights ({', '.join(RIGHTS)}), not {value!r}")
    for right in value:
        if right not in RIGHTS:
            nearest = loading.nearest(str(right), RIGHTS)
            raise ValueError(f"must hold only {', '.join(RIGHTS)}, not {right!r}{nearest}")
    return tuple(dict.fromkeys(value))


def _unknown_peers(value: object) -> object:
    if value == REJECT:
        return value
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f'must be "reject" or a list like ["echo", "store"], not {value!r}')
    return _rights(value)


def _pin(value: str) -> str:
    if not value.startswith(("spki-sha256:", "dns:")):
        raise ValueError(f'must begin with "spki-sha256:" or "dns:", not {value!r}')
    return value


Compression = Literal["jpeg-ls", "jpeg-2000", "rle"]
AeTitle = Annotated[str, AfterValidator(addresses.ae_title)]
FilePath = Annotated[Path, AfterValidator(_absolute)]
Rights = Annotated[tuple[Right, ...], BeforeValidator(_rights)]
UnknownPeers = Annotated[Literal["reject"] | tuple[Right, ...], BeforeValidator(_unknown_peers)]
Port = Annotated[int, Field(strict=True), AfterValidator(addresses.port)]
ListeningPort = Annotated[int, Field(strict=True), AfterValidator(addresses.listening_port)]


class Table(BaseModel):
    """What every table of the file has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Node(Table):
    """[node]: who we are and where we keep things; workers 0 is as many as serve best."""

    ae_title: AeTitle = "ANODE"
    data: FilePath = Path("anode-data")
    index: Annotated[str, AfterValidator(_index)] = "sqlite"
    workers: Annotated[int, AfterValidator(_workers)] = Field(0, strict=True, ge=0, le=64)


class Listener(Table):
    """[[listener]]: one address we answer on; port 0 is any free one."""

    host: Annotated[str, AfterValidator(addresses.host)] = "127.0.0.1"
    port: ListeningPort = 11112
    tls: TlsProfile | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None
    ca: FilePath | None = None
    client_certificate: Literal["required", "optional", "none"] = "required"
    crl: FilePath | None = None

    @property
    def credentials(self) -> Credentials:
        """Who we are here, and whom we believe."""
        return Credentials(self.certificate, self.key, self.ca, self.crl)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.tls is None:
            for key in ("certificate", "key", "ca", "client_certificate", "crl"):
                if key in self.model_fields_set:
                    raise ValueError(f"{key} means nothing without tls; remove it")
            return self
        if self.certificate is None or self.key is None:
            raise ValueError("tls needs a certificate and its key, both files in PEM")
        if self.ca is None and self.client_certificate != "none":
            raise ValueError(
                "tls needs a ca to know clients by their certificates; name the file, or say "
                'client_certificate = "none" if anybody may connect'
            )
        if self.ca is None and self.crl is not None:
            raise ValueError("crl means nothing without the ca that issued it")
        return self


class Peer(Table):
    """[[peer]]: a node we know, what it may ask of us and where it listens."""

    ae_title: AeTitle
    host: Annotated[str, AfterValidator(addresses.host_or_network)]
    port: Port | None = None
    tls: TlsProfile | None = None
    certificate: Annotated[str, AfterValidator(_pin)] | None = None
    may: Rights = RIGHTS
    move_to: tuple[AeTitle, ...] | None = None
    compress: tuple[Compression, ...] = ()

    @property
    def destinations(self) -> tuple[str, ...]:
        """The AE titles it may name in a C-MOVE: what move_to says, or itself."""
        return (self.ae_title,) if self.move_to is None else self.move_to

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.certificate is not None:
            raise ValueError(
                "certificate, which is to bind this AE title to one, is not built yet; remove it"
            )
        if self.tls is not None and self.port is None:
            raise ValueError("tls says how we call it, and there is no port to call")
        if self.port is not None and "/" in self.host:
            raise ValueError(f"port needs one host to call, and {self.host} is a network")
        return self


class Access(Table):
    """[access]: what peers may do that no [[peer]] names."""

    unknown_peers: UnknownPeers = REJECT


class Archive(Table):
    """[archive]: how objects are kept."""

    sync: Literal["always", "lazy"] = "always"
    unknown_classes: Literal["reject", "store"] = "reject"
    check: Annotated[Literal["off", "warn", "reject"], AfterValidator(_check)] = "off"


class Log(Table):
    """[log]: how much is told, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Settings(Table):
    """Everything a node is told; frozen, so one instance may be shared by all threads."""

    node: Node = Field(default_factory=Node)
    listener: tuple[Listener, ...] = Field(default=(Listener(),), min_length=1)
    peer: tuple[Peer, ...] = ()
    access: Access = Field(default_factory=Access)
    archive: Archive = Field(default_factory=Archive)
    limits: Limits = Field(default_factory=Limits)
    log: Log = Field(default_factory=Log)

    @property
    def admits_loopback(self) -> bool:
        """Whether any AE title may do anything, from loopback: the first try without set-up."""
        return not self.peer and self.access.unknown_peers == REJECT

    @property
    def own_credentials(self) -> Credentials:
        """Who we are when we call over TLS: the first listener with tls and a ca."""
        found = (each.credentials for each in self.listener if each.ca)
        return next(found, Credentials())

    def peer_named(self, ae_title: str) -> Peer | None:
        """The peer of this AE title, as the file or the wire spells it."""
        title = ae_title.strip(" ")
        return next((peer for peer in self.peer if peer.ae_title == title), None)

    @model_validator(mode="after")
    def _listeners(self) -> Self:
        taken: set[tuple[str, int]] = set()
        for number, listener in enumerate(self.listener, 1):
            place = (listener.host, listener.port)
            if listener.port and place in taken:
                raise ValueError(f"listener {number}: {place[0]}:{place[1]} is taken by another")
            taken.add(place)
            if self.admits_loopback and not addresses.is_loopback(listener.host):
                raise ValueError(
                    f"listener {number}: with no [[peer]] the node listens on loopback only, not "
                    f'on {listener.host}; add a [[peer]], set host = "127.0.0.1", or say in '
                    "[access] unknown_peers what anybody may do"
                )
        return self

    @model_validator(mode="after")
    def _peers(self) -> Self:
        titles = [peer.ae_title for peer in self.peer]
        for number, peer in enumerate(self.peer, 1):
            if peer.ae_title in titles[: number - 1]:
                raise ValueError(
                    f"peer {number}: {peer.ae_title} is already a peer; keep one entry"
                )
            if peer.tls and self.own_credentials.ca is None:
                raise ValueError(
                    f"peer {number}: tls needs a [[listener]] with tls and a ca, whose certificate "
                    "and ca are used in calls; add one"
                )
            for destination in peer.move_to or ():
                self._reachable(destination, f"peer {number}: move_to names {destination}")
        return self

    def _reachable(self, ae_title: str, beginning: str) -> None:
        peer = self.peer_named(ae_title)
        if peer is None:
            known = [peer.ae_title for peer in self.peer]
            raise ValueError(f"{beginning}, which is no [[peer]]{loading.nearest(ae_title, known)}")
        if peer.port is None:
            raise ValueError(f"{beginning}, whose [[peer]] has no port to call")


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of this file (None: the defaults) with what the environment overrides.

    Raises ConfigError with one sentence that says where, what is wrong and what would be right.
    """
    document = loading.read(path) if path else {}
    base = path.absolute().parent if path else Path.cwd()
    overridden = loading.override(document, environ)
    document.setdefault("node", {})  # so that its default path is taken from the file's folder
    try:
        return Settings.model_validate(document, context={"base": base})
    except ValidationError as error:
        details = cast(list[dict[str, Any]], error.errors(include_url=False))
        source = str(path) if path else "settings"
        raise ConfigError(loading.sentence(Settings, details, source, overridden)) from None
