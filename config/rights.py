"""Rights: what a caller may ask for, as a service or as a service on a group of SOP classes.

`"store"` is every storage class, `"store:radiotherapy"` those of that group; groups are a column
of the catalogue, for storage classes and for information models alike.
"""

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator

from config import catalogue
from config.words import nearest

Service = Literal["echo", "store", "find", "move", "get", "commit"]
SERVICES: tuple[Service, ...] = get_args(Service)
RIGHTS: tuple[str, ...] = SERVICES
REJECT: Literal["reject"] = "reject"


def allows(rights: tuple[str, ...], service: str, abstract_syntax: str) -> bool:
    """Whether these rights cover this service on this SOP class."""
    if service in rights:
        return True
    return f"{service}:{catalogue.group_of(abstract_syntax)}" in rights


def _rights(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be a list of rights ({', '.join(SERVICES)}), not {value!r}")
    for right in value:
        _right(str(right))
    return tuple(dict.fromkeys(value))


def _right(right: str) -> None:
    service, colon, group = right.partition(":")
    if service not in SERVICES:
        near = nearest(service, SERVICES)
        raise ValueError(f"must hold only {', '.join(SERVICES)}, not {right!r}{near}")
    groups = catalogue.GROUPS.get(service, frozenset())
    if colon and group not in groups:
        known = nearest(group, groups) or f"; known are {', '.join(sorted(groups)) or 'none'}"
        raise ValueError(f"{right!r}: {service} has no group {group!r}{known}")


def _unknown_peers(value: object) -> object:
    if value == REJECT:
        return value
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f'must be "reject" or a list like ["echo", "store"], not {value!r}')
    return _rights(value)


Rights = Annotated[tuple[str, ...], BeforeValidator(_rights)]
UnknownPeers = Annotated[Literal["reject"] | tuple[str, ...], BeforeValidator(_unknown_peers)]
