"""The tables of PS3.3 as the checker uses them: IODs, modules, attributes, conditions, values.

Law: `structure.json` is highdicom's, distilled; `conditions.csv`, `values.csv`, `groups.csv`,
`usages.csv` and `clauses.csv` are mined from the standard's sentences; what we state ourselves
stands in `stated_*.csv` and wins.  All of it is read once, when the first object is checked.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from iod.checks.conditions import Condition, condition
from iod.checks.items import tag_of

Place = tuple[str, str, str]  # module or *, the sequence it stands in or nothing, keyword
ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A row of a module: its type, and the node of its items (-1: nothing is said of them)."""

    keyword: str
    tag: int
    kind: str
    inside: int


@dataclass(frozen=True, slots=True)
class Module:
    """A module within an IOD: M, C or U."""

    name: str
    usage: str
    node: int
    needed: Condition | None
    clause: str


@dataclass(frozen=True, slots=True)
class Group:
    """A functional group that an IOD wants, by its sequence."""

    sequence: str
    needed: Condition
    clause: str


def _text(name: str) -> str:
    return files(__package__).joinpath("tables", name).read_text(encoding="utf-8")


def _rows(name: str) -> Iterator[dict[str, str]]:
    return iter(csv.DictReader(_text(name).splitlines()))


@cache
def _structure() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(_text("structure.json"))
    return loaded


@cache
def node(number: int) -> tuple[Attribute, ...]:
    """The attributes of a node."""
    rows = _structure()["nodes"][number]
    return tuple(Attribute(keyword, tag_of(keyword), kind, n) for keyword, kind, n in rows)


@cache
def code_sequences() -> frozenset[str]:
    """The sequences whose items are codes wherever they stand: these have a Code Meaning."""
    nodes = _structure()["nodes"]
    told: dict[str, bool] = {}
    for rows in nodes:
        for keyword, _, inside in rows:
            if inside >= 0:
                coded = any(
                    name == "CodeMeaning" and kind == "1" for name, kind, _ in nodes[inside]
                )
                told[keyword] = told.get(keyword, True) and coded
    return frozenset(keyword for keyword, coded in told.items() if coded)


@cache
def dcm_codes() -> frozenset[str]:
    """The codes of the DICOM Controlled Terminology, PS3.16 annex D."""
    return frozenset(row["code"] for row in _rows("dcm_codes.csv"))


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes that a sequence may have: their scheme, and them, or any of it."""

    scheme: str
    values: frozenset[str]
    clause: str


@cache
def codes() -> Mapping[str, Codes]:
    """By sequence, where we state them."""
    return {
        row["sequence"]: Codes(
            row["scheme"], frozenset(row["codes"].split("|")) - {""}, row["clause"]
        )
        for row in _rows("stated_codes.csv")
    }


def load() -> None:
    """Read all of the tables now, for a process that can open no file later."""
    _structure(), _usages(), _clauses(), _conditions(), _values(), _counts()
    ordinals(), code_sequences(), _groups(), dcm_codes(), codes(), _specialized()


def iod_of(sop_class_uid: str) -> str:
    """The IOD of a SOP class; empty when the tables do not have it."""
    return str(_structure()["classes"].get(sop_class_uid, ""))


@cache
def modules(iod: str) -> tuple[Module, ...]:
    """The modules of an IOD, mandatory ones first."""
    table = _structure()
    found = [
        Module(name, usage, table["modules"][name], _usages().get((iod, name)), clause_of(name))
        for name, usage in table["iods"].get(iod, ())
    ]
    return tuple(sorted(found, key=lambda each: each.usage != "M"))


@cache
def _usages() -> Mapping[tuple[str, str], Condition]:
    rows = (*_rows("usages.csv"), *_rows("stated_usages.csv"))
    return {(row["iod"], row["module"]): condition(row["needed"]) for row in rows}


@cache
def _clauses() -> Mapping[str, str]:
    return {row["module"]: row["clause"] for row in _rows("clauses.csv")}


@cache
def clause_of(module: str) -> str:
    """The clause of a module, as PS3.3 C.7.6.3; functional groups have one of their own."""
    found = _clauses().get(module, "")
    if not found and module.endswith("multi-frame-functional-groups"):
        found = "C.7.6.16"
    return f"PS3.3 {found}" if found else "PS3.3"


@cache
def groups(iod: str) -> tuple[Group, ...]:
    """The functional groups that an IOD wants, always or on a condition."""
    return tuple(
        Group(row["sequence"], condition(row["needed"]), f"PS3.3 {row['clause']}".strip())
        for row in _groups()
        if row["iod"] == iod and row["needed"] != "never"
    )


@cache
def _groups() -> tuple[Mapping[str, str], ...]:
    rows = (*_rows("groups.csv"), *_rows("stated_groups.csv"))
    return tuple({(row["iod"], row["sequence"]): row for row in rows}.values())


@cache
def _conditions() -> Mapping[Place, tuple[Condition, str]]:
    rows = (*_rows("conditions.csv"), *_rows("stated_conditions.csv"))
    return {
        (row["module"], row["within"], row["keyword"]): (
            condition(row["condition"]), row["clause"],
        )
        for row in rows
    }  # fmt: skip


@cache
def _specialized() -> frozenset[Place]:
    rows = _rows("stated_conditions.csv")
    return frozenset((row["module"], row["within"], row["keyword"]) for row in rows)


def specialized(module: str, within: str, keyword: str) -> Condition | None:
    """When an attribute of type 1 or 2 is needed, where we state that it is not always so."""
    place = module, within, keyword
    return _conditions()[place][0] if place in _specialized() else None


def condition_of(module: str, within: str, keyword: str) -> tuple[Condition, str] | None:
    """When a conditional attribute is required, as far as it can be decided, and the clause."""
    table = _conditions()
    return table.get((module, within, keyword)) or table.get((ANY, within, keyword))


@cache
def _counts() -> Mapping[Place, tuple[int, int, str]]:
    return {
        (row["module"], row["within"], row["keyword"]): (*_span(row["count"]), row["clause"])
        for row in (*_rows("items.csv"), *_rows("stated_items.csv"))
    }


def _span(text: str) -> tuple[int, int]:
    least, dash, most = text.partition("-")
    return (1 if least == "1" else int(least)), int(most or 1 << 31) if dash else int(least)


def count_of(module: str, within: str, keyword: str) -> tuple[int, int, str] | None:
    """The least and the most items of a sequence that is not empty, and the clause."""
    table = _counts()
    return table.get((module, within, keyword)) or table.get((ANY, within, keyword))


@cache
def ordinals() -> Mapping[str, tuple[str, ...]]:
    """By sequence: the attributes whose values number its items 1 to n."""
    found: dict[str, tuple[str, ...]] = {}
    for row in (*_rows("ordinals.csv"), *_rows("stated_ordinals.csv")):
        found[row["sequence"]] = (*found.get(row["sequence"], ()), row["keyword"])
    return found


@dataclass(frozen=True, slots=True)
class Listed:
    """Enumerated values of an attribute: by the number of the value, 0 for each."""

    values: Mapping[int, frozenset[str]]
    clause: str
    stated: bool


@cache
def _values() -> Mapping[Place, Listed]:
    return {
        (row["module"], row["within"], row["keyword"]): Listed(
            _parted(row["values"]), row["clause"], stated
        )
        for name, stated in (("values.csv", False), ("stated_values.csv", True))
        for row in _rows(name)
    }


def _parted(text: str) -> Mapping[int, frozenset[str]]:
    parts = (part.split(": ", 1) for part in text.split(" / ") if part)
    return {int(number): frozenset(values.split("|")) for number, values in parts}


def values_of(module: str, within: str, keyword: str) -> Listed | None:
    """The values that an attribute may have there, where they are listed."""
    table = _values()
    return table.get((module, within, keyword)) or table.get((ANY, within, keyword))
