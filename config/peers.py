"""[[peer]] and [access]: who may call us and for what, and how we call them."""

from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from config import addresses, identities
from config.rights import REJECT, RIGHTS, Rights, UnknownPeers
from config.tables import AeTitle, Port, Table
from config.words import TlsProfile

Whole = Literal[
    "radiation sets", "presentation states", "performed protocols", "content assessments", "models"
]
WHOLES: tuple[Whole, ...] = get_args(Whole)
Compression = Literal["jpeg-ls", "jpeg-2000", "rle"]
Binding = Annotated[str, AfterValidator(identities.binding)]


def _several(value: object) -> object:
    """One, or a list of them: while a certificate is being replaced there are two."""
    return (value,) if isinstance(value, str) else value


def _wholes(value: object) -> object:
    """true is all of them."""
    if isinstance(value, bool):
        return WHOLES if value else ()
    return value


class Peer(Table):
    """[[peer]]: a node we know, what it may ask of us and where it listens."""

    ae_title: AeTitle
    host: Annotated[str, AfterValidator(addresses.host_or_network)]
    port: Port | None = None
    tls: TlsProfile | None = None
    certificate: Annotated[tuple[Binding, ...], BeforeValidator(_several)] = ()
    may: Rights = RIGHTS
    move_to: tuple[AeTitle, ...] | None = None
    associations: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    compress: tuple[Compression, ...] = ()
    retrieve_whole: Annotated[tuple[Whole, ...], BeforeValidator(_wholes)] = ()

    @property
    def destinations(self) -> tuple[str, ...]:
        """The AE titles it may name in a C-MOVE: what move_to says, or itself."""
        return (self.ae_title,) if self.move_to is None else self.move_to

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.tls is not None and self.port is None:
            raise ValueError("tls says how we call it, and there is no port to call")
        if self.port is not None and "/" in self.host:
            raise ValueError(f"port needs one host to call, and {self.host} is a network")
        return self


class Access(Table):
    """[access]: what peers may do that no [[peer]] names."""

    unknown_peers: UnknownPeers = REJECT
