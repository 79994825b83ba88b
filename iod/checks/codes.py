"""Codes wherever they stand, PS3.3 8.8: each has a value, a scheme and a meaning.

Law: a code sequence is what the tables have as one everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iod.checks import tables
from iod.checks.findings import Finding
from iod.checks.items import Item, name_of

CLAUSE: Final = "PS3.3 8.8"
_VALUES: Final = ("CodeValue", "LongCodeValue", "URNCodeValue")


def codes(item: Item, path: str = "") -> Iterator[Finding]:
    """What is wrong with the codes of an item, at all levels below too."""
    for tag, element in item.elements.items():
        if not element.items:
            continue
        name = name_of(tag)
        for number, inside in enumerate(element.items, 1):
            where = f"{path}{name}[{number}]."
            if name in tables.code_sequences():
                yield from code(inside, where)
                yield from _listed(inside, name, where)
            yield from codes(inside, where)


def code(item: Item, path: str) -> Iterator[Finding]:
    """What is wrong with one code."""
    if not any(map(item.has, _VALUES)):
        message = "has no code: neither Code Value, Long nor URN Code Value"
        yield Finding("error", f"{path}CodeValue", "code.value", message, CLAUSE)
        if not item.elements:
            return
    elif not item.has("URNCodeValue") and not item.has("CodingSchemeDesignator"):
        message = "is missing, so that the code is of no scheme"
        yield Finding("error", f"{path}CodingSchemeDesignator", "code.scheme", message, CLAUSE)
    if not item.has("CodeMeaning"):
        message = "is missing, so that nobody can read the code"
        yield Finding("error", f"{path}CodeMeaning", "code.meaning", message, CLAUSE)


def _listed(item: Item, name: str, path: str) -> Iterator[Finding]:
    """Codes that are not those of their scheme, or not those that a sequence has.

    Editions add codes, and most context groups may be extended: so these are warnings.
    """
    value, scheme = item.text("CodeValue"), item.text("CodingSchemeDesignator")
    if not value or not scheme:
        return
    if scheme == "DCM" and value not in tables.dcm_codes():
        message = f"is {value[:16]!a}, no code of DCM that is known here"
        yield Finding("warning", f"{path}CodeValue", "code.unknown", message, "PS3.16 D")
    stated = tables.codes().get(name)
    if stated is None:
        return
    if scheme != stated.scheme:
        message = f"is {scheme[:16]!a}; codes here are of {stated.scheme}"
        where = f"{path}CodingSchemeDesignator"
        yield Finding("warning", where, "code.listed", message, stated.clause)
    elif stated.values and value not in stated.values:
        message = f"is {value[:16]!a}, none of the codes of this group"
        yield Finding("warning", f"{path}CodeValue", "code.listed", message, stated.clause)
