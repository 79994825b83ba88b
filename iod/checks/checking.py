"""One object checked: read within bounds, then by the tables of PS3.3 and by rules of ours.

Law: it raises for nothing that bytes can hold (only OSError, when the file cannot be read).  What
cannot be read as a data set is one finding; what is an error of ours is another, named so.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from iod import encoded
from iod.checks import codes, modules, parsing, relations, representation, rules, tables
from iod.checks.findings import MOST, Finding
from iod.checks.items import Item
from iod.checks.objects import Checked, Known
from iod.checks.parsing import BOUNDS, Bounds
from iod.errors import Beyond, Malformed

BEYOND = "check.beyond"  # the rule of what would cost more than it may


def refers(sop_class_uid: str) -> bool:
    """Whether findings of a class change with what else is there."""
    return relations.refers(tables.iod_of(sop_class_uid))


class Stored(encoded.Stored, Protocol):
    """A stored object whose class is known as well."""

    @property
    def sop_class_uid(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Slice:
    """An object in an open file: what its command or its meta information says of it."""

    sop_class_uid: str
    transfer_syntax_uid: str
    offset: int
    size: int


def check(stored: Stored, known: Known | None = None) -> list[Finding]:
    """What is wrong with an object in a file. Raises OSError."""
    with stored.path.open("rb") as file:
        size = min(stored.size, max(0, os.fstat(file.fileno()).st_size - stored.offset))
        said = Slice(stored.sop_class_uid, stored.transfer_syntax_uid, stored.offset, size)
        return check_in(file, said, known)


def check_in(
    file: BinaryIO, said: Slice, known: Known | None = None, bounds: Bounds = BOUNDS
) -> list[Finding]:
    """What is wrong with an object in an open file: `MOST` errors and `MOST` warnings at most.

    Raises OSError.
    """
    found: dict[tuple[str, str], Finding] = {}
    told: Counter[str] = Counter()
    for each in _findings(file, said, known, bounds):
        place = (each.path, each.rule)
        if place in found:
            continue
        told[each.severity] += 1
        if told[each.severity] <= MOST:
            found[place] = each
        elif each.severity == "error":
            break  # warnings never hide an error; behind so many errors nothing is looked for
    more = [f"{MOST} {severity}s" for severity, number in told.items() if number > MOST]
    if more:
        message = f"has more than {' and '.join(more)}; the rest is not told"
        found["", "findings.more"] = Finding("warning", "", "findings.more", message)
    return list(found.values())


def _findings(
    file: BinaryIO, said: Slice, known: Known | None, bounds: Bounds
) -> Iterator[Finding]:
    try:
        syntax, extent = said.transfer_syntax_uid, (said.offset, said.size)
        parser, root = parsing.parse(file, syntax, extent, bounds)
    except Beyond as error:
        yield Finding("warning", "", BEYOND, f"cannot be checked: {error}")
        return
    except Malformed as error:
        yield Finding("error", "", "encoding.malformed", str(error), "PS3.5 7")
        return
    for odd in parser.odd:
        yield Finding("error", "", "encoding.element", odd, "PS3.5 7.1")
    sop_class = root.text("SOPClassUID") or said.sop_class_uid
    iod = tables.iod_of(sop_class)
    checked = Checked(root, sop_class, said.transfer_syntax_uid, iod, parser.read, known)
    try:
        yield from _judged(checked)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        message = f"the check itself failed: {type(error).__name__}; please report it"
        yield Finding("warning", "", "check.failed", message)


def _judged(checked: Checked) -> Iterator[Finding]:
    root: Item = checked.root
    if checked.iod:
        yield from modules.modules(root, checked.iod)
    elif not checked.sop_class_uid:
        message = "is missing, so that nobody knows what the object is; it is of type 1"
        yield Finding("error", "SOPClassUID", "type1.missing", message, "PS3.3 C.12.1")
    else:
        message = "is of a class that no table of ours has; only values and rules were checked"
        yield Finding("warning", "SOPClassUID", "class.unknown", message, "PS3.3 A")
    yield from codes.codes(root)
    yield from rules.judged(checked)
    yield from representation.representation(root, "")
