"""Settings: the one TOML file, read once, frozen, refused when a key is unknown.

The field names are the file's keys (design.md, "Configuration").  A rule that concerns one value
stands at its field, a rule between values in a validator of the table that holds them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, Field, ValidationError, model_validator

from config import addresses, loading
from config.auditing import Audit
from config.certificates import Credentials
from config.checking import CheckClasses, Level
from config.errors import ConfigError
from config.limits import Limits
from config.listeners import Listener
from config.peers import Access, Peer
from config.rights import REJECT
from config.tables import AeTitle, FilePath, Table
from config.users import User
from config.words import nearest


def _index(value: str) -> str:
    if value.startswith(("postgresql:", "postgres:")):
        # The URL may hold a password: it is not repeated.
        raise ValueError('on PostgreSQL is not built yet in this version; use "sqlite"')
    if value != "sqlite":
        raise ValueError(f'must be "sqlite", not {value!r}')
    return value


class Node(Table):
    """[node]: who we are and where we keep things; workers 0 is one process that does all."""

    ae_title: AeTitle = "ANODE"
    other_ae_titles: tuple[AeTitle, ...] = ()
    data: FilePath = Path("anode-data")
    index: Annotated[str, AfterValidator(_index)] = "sqlite"
    workers: int = Field(0, strict=True, ge=0, le=64)


class Archive(Table):
    """[archive]: how objects are kept."""

    sync: Literal["always", "lazy"] = "always"
    verify: Literal["hash", "size"] = "hash"
    unknown_classes: Literal["reject", "store"] = "reject"
    check: Level = "warn"
    check_classes: CheckClasses = {}  # noqa: RUF012 - copied for each instance


class Log(Table):
    """[log]: how much is told, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Settings(Table):
    """Everything a node is told; frozen, so one instance may be shared by all threads."""

    node: Node = Field(default_factory=Node)
    listener: tuple[Listener, ...] = Field(default=(Listener(),), min_length=1)
    peer: tuple[Peer, ...] = ()
    user: tuple[User, ...] = ()
    access: Access = Field(default_factory=Access)
    archive: Archive = Field(default_factory=Archive)
    limits: Limits = Field(default_factory=Limits)
    audit: Audit = Field(default_factory=Audit)
    log: Log = Field(default_factory=Log)

    @property
    def ae_titles(self) -> tuple[str, ...]:
        """All names we may be called by."""
        return (self.node.ae_title, *self.node.other_ae_titles)

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
            if peer.certificate and self.own_credentials.ca is None:
                raise ValueError(
                    f"peer {number}: certificate binds {peer.ae_title} to one, and no [[listener]] "
                    "has tls and a ca to ask for it; add one"
                )
            for destination in peer.move_to or ():
                self._reachable(destination, f"peer {number}: move_to names {destination}")
        return self

    @model_validator(mode="after")
    def _users(self) -> Self:
        names = [user.name for user in self.user]
        for number, name in enumerate(names, 1):
            if name in names[: number - 1]:
                raise ValueError(f"user {number}: {name} is already a user; keep one entry")
        for number, listener in enumerate(self.listener, 1):
            if listener.user_identity != "none" and not names:
                raise ValueError(
                    f"listener {number}: user_identity asks for a user and there is no [[user]]; "
                    "`anode user NAME` prints one"
                )
        return self

    def _reachable(self, ae_title: str, beginning: str) -> None:
        peer = self.peer_named(ae_title)
        if peer is None:
            known = [peer.ae_title for peer in self.peer]
            raise ValueError(f"{beginning}, which is no [[peer]]{nearest(ae_title, known)}")
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
