"""What a service function is given: one request, on one association, of one caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydicom import Dataset

from archive import Archive, identifiers
from archive.commitments import Commitments
from archive.options import Options
from config import catalogue, contexts
from config.contexts import Context as TlsContext
from config.limits import Limits
from config.rights import allows
from config.settings import Settings
from scp import extended
from scp.audit import Silence, Trail, Transfers
from scp.guests import Guests
from scp.moves import Moves
from scp.proven import Proven
from scp.refusals import Refusals
from scp.reporter import Reporter
from wire.association import Association, Message
from wire.command import Command, Field
from wire.items import Request
from wire.negotiation import Cache, Context

if TYPE_CHECKING:
    from scp.outbox import Outbox

_REFERENCE_BYTES = 256  # two UIDs of 64 characters, and what is around them


@dataclass(frozen=True, slots=True)
class House:
    """What all services share."""

    settings: Settings
    archive: Archive
    moves: Moves
    commitments: Commitments
    reporter: Reporter
    calling: Mapping[contexts.Way, TlsContext] = field(default_factory=dict)  # for our calls
    cache: Cache = field(default_factory=Cache)
    proven: Proven = field(default_factory=Proven)
    guests: Guests = field(default_factory=Guests)
    refusals: Refusals = field(default_factory=lambda: Refusals(Limits()))
    trail: Trail = field(default_factory=Silence)
    settle: Callable[[float], bool] = lambda seconds: True  # until what is stored is examined


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the means to answer it."""

    house: House
    association: Association
    message: Message
    request: Request
    rights: tuple[str, ...]
    transfers: Transfers
    outbox: Outbox

    @property
    def calling_ae_title(self) -> str:
        return self.request.calling_ae_title

    @property
    def options(self) -> Options:
        """What extended negotiation agreed on for this context's information model."""
        uid = self.context.abstract_syntax
        return extended.options(catalogue.MODELS[uid], self.request.extended.get(uid, b""))

    @property
    def command(self) -> Command:
        return self.message.command

    @property
    def context(self) -> Context:
        return self.message.context

    def identifier(self) -> Dataset:
        """The request's identifier; raises BadIdentifier."""
        return self.understood(self.message.identifier())

    def understood(self, raw: bytes) -> Dataset:
        """An identifier that has been received; raises BadIdentifier."""
        bounds = self.house.archive.bounds
        return identifiers.read(raw, self.context.transfer_syntax, bounds)

    def barred(self) -> frozenset[str]:
        """Of what belongs to no patient: the SOP classes whose own model the caller may not use."""
        service = catalogue.MODELS[self.context.abstract_syntax].service
        models = [each for each in catalogue.SERVED_MODELS.values() if each.service == service]
        return frozenset(
            sop_class_uid
            for model in models
            if not allows(self.rights, service, model.uid)
            for sop_class_uid in model.classes
        )

    @property
    def most_bytes(self) -> int:
        """The longest data set that a request like this may have."""
        limits = self.house.settings.limits
        match self.command.command_field:
            case Field.C_STORE:
                return limits.object_bytes
            case Field.N_ACTION:
                needed = limits.commitment_instances * _REFERENCE_BYTES
                return max(limits.identifier_bytes, needed)
            case _:
                return limits.identifier_bytes

    def answer(self, status: int, comment: str = "", offending: tuple[int, ...] = ()) -> None:
        """Send the final response without a data set; what is left of the request is dropped."""
        self.message.drain(self.most_bytes)
        response = self.command.response(status, comment=comment)
        self.association.send(self.context, response.naming(offending))
