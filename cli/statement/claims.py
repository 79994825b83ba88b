"""What this configuration accepts, of whom and in which role: what `scp.policy` will answer.

Law: the rights, the catalogue and the offers are those of the policy itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config import catalogue
from config.catalogue import InformationModel, SopClass
from config.rights import REJECT, RIGHTS, allows
from config.settings import Settings
from scp import extended, policy

RETRIEVES = ("move", "get")


@dataclass(frozen=True, slots=True)
class Model:
    """An information model that is served, or storage commitment."""

    model: InformationModel
    transfer_syntaxes: tuple[str, ...]
    scu: bool  # whether we may also be its SCU on that association
    extended: tuple[str, ...]  # the meaning of the bytes that are agreed to


def rights(settings: Settings) -> tuple[str, ...]:
    """What anybody at all may do."""
    if settings.admits_loopback:
        return RIGHTS
    unknown = settings.access.unknown_peers
    granted = [right for peer in settings.peer for right in peer.may]
    return tuple(dict.fromkeys([*granted, *(() if unknown == REJECT else unknown)]))


def stored(settings: Settings) -> list[SopClass]:
    """The storage SOP classes that somebody may store here."""
    granted = rights(settings)
    return [each for each in catalogue.STORAGE.values() if allows(granted, "store", each.uid)]


def gets(settings: Settings) -> bool:
    """Whether somebody may get: then contexts of storage are accepted beside that of C-GET."""
    return any(each.model.service == "get" for each in models(settings))


def names(uids: Sequence[str]) -> str:
    """UIDs with what they are called."""
    return ", ".join(f"{catalogue.name_of(uid)} ({uid})" for uid in uids)


def models(settings: Settings) -> Iterator[Model]:
    """What is served beside storage and verification."""
    granted = rights(settings)
    for uid, model in catalogue.SERVED_MODELS.items():
        if allows(granted, model.service, uid):
            offer = policy.offer(model.service)
            agreed = extended.agreed(model)
            yield Model(model, tuple(offer.transfer_syntaxes), offer.scu, agreed)


def echoes(settings: Settings) -> bool:
    """Whether anybody may verify."""
    return allows(rights(settings), "echo", policy.VERIFICATION)
