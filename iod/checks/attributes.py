"""Types of attributes, PS3.5 7.4: 1 and 1C, 2 and 2C, in modules and in the items within them.

Law: a conditional attribute is missed only where its condition can be decided; present, it must
have a value when its type is 1C.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iod.checks import tables
from iod.checks.findings import Finding
from iod.checks.items import Element, Item
from iod.checks.tables import Attribute


@dataclass(frozen=True, slots=True)
class Context:
    """Where an item stands: module, the sequence it is an item of, path and clause."""

    module: str
    clause: str
    within: str = ""
    path: str = ""

    def inside(self, keyword: str, number: int) -> Context:
        """The context of an item of a sequence."""
        path = f"{self.path}{keyword}[{number}]."
        return Context(self.module, self.clause, keyword, path)


def attributes(item: Item, node: int, context: Context) -> Iterator[Finding]:
    """What is wrong with an item by the attributes that a node lists."""
    for attribute in tables.node(node):
        yield from attribute_in(item, attribute, context)


def attribute_in(item: Item, attribute: Attribute, context: Context) -> Iterator[Finding]:
    """What is wrong with one attribute of an item."""
    element = item.elements.get(attribute.tag)
    if element is None:
        yield from _missing(item, attribute, context)
        return
    if element.empty:
        if attribute.kind in ("1", "1C"):
            yield _found(attribute, context, "empty", "has no value")
        return
    yield from _listed(item, attribute, context)
    yield from _items(element, attribute, context)


def _missing(item: Item, attribute: Attribute, context: Context) -> Iterator[Finding]:
    if attribute.keyword == "CodeMeaning" and context.within in tables.code_sequences():
        return  # `codes` looks at every code, wherever it stands
    if attribute.kind in ("1", "2"):
        only = tables.specialized(context.module, context.within, attribute.keyword)
        if only is not None and not only.holds(item):
            return
        yield _found(attribute, context, "missing", "is missing")
    elif attribute.kind in ("1C", "2C"):
        stated = tables.condition_of(context.module, context.within, attribute.keyword)
        if stated and stated[0].holds(item):
            yield _found(attribute, context, "missing", f"is missing, for {stated[0].told}")


def _found(attribute: Attribute, context: Context, what: str, message: str) -> Finding:
    rule = f"type{attribute.kind.lower()}.{what}"
    told = f"{message}; it is of type {attribute.kind} in {context.module}"
    return Finding("error", context.path + attribute.keyword, rule, told, context.clause)


def _items(element: Element, attribute: Attribute, context: Context) -> Iterator[Finding]:
    yield from _counted(element, attribute, context)
    if attribute.inside < 0:
        return
    for number, inside in enumerate(element.items or (), 1):
        yield from attributes(inside, attribute.inside, context.inside(attribute.keyword, number))


def _counted(element: Element, attribute: Attribute, context: Context) -> Iterator[Finding]:
    if element.items is None:
        return
    allowed = tables.count_of(context.module, context.within, attribute.keyword)
    if allowed is not None and not allowed[0] <= len(element.items) <= allowed[1]:
        least, most, clause = allowed
        wanted = (
            f"{least} item"
            if most == 1
            else f"{least} items"
            if most == least
            else (f"at least {least} items")
        )
        message = f"has {len(element.items)} items; it has {wanted}"
        where = f"PS3.3 {clause}" if clause else context.clause
        yield Finding("error", context.path + attribute.keyword, "items.count", message, where)


def _listed(item: Item, attribute: Attribute, context: Context) -> Iterator[Finding]:
    listed = tables.values_of(context.module, context.within, attribute.keyword)
    if listed is None:
        return
    told = item.values(attribute.keyword)
    for place, allowed in listed.values.items():
        for value in told[place - 1 : place] if place else told:
            if value and value not in allowed:
                names = ", ".join(sorted(allowed)[:12])
                message = f"is {value[:16]!a}; {context.module} lists {names}"
                yield Finding(
                    "error" if listed.stated else "warning",
                    context.path + attribute.keyword,
                    "value.enumerated",
                    message,
                    f"PS3.3 {listed.clause}".strip() if listed.clause else context.clause,
                )
