"""The modules of an IOD, PS3.3 annexes A and B: which apply to an object, and what they want of it.

Law: a mandatory module always applies, a conditional one where its condition holds, and any other
when the object has it in part: an attribute of type 1 or 2 that no mandatory module has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iod.checks import content, groups, tables
from iod.checks.attributes import Context, attribute_in
from iod.checks.findings import Finding
from iod.checks.items import Item
from iod.checks.tables import Attribute, Module

_SHARES = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_CONTENT = "sr-document-content"


def modules(root: Item, iod: str) -> Iterator[Finding]:
    """What is wrong with an object by the modules of its IOD."""
    told: set[str] = set()
    for found in _all(root, iod):
        if found.path not in told or found.rule == "value.enumerated":
            told.add(found.path)
            yield found


def _all(root: Item, iod: str) -> Iterator[Finding]:
    walked: set[int] = set()
    applied = applying(root, iod)
    for module in applied:
        if module.name == _CONTENT:
            yield from content.content(root)
            continue
        context = Context(module.name, module.clause)
        for attribute in tables.node(module.node):
            if attribute.keyword in _SHARES:
                yield from groups.shares(root, attribute, context)
                continue
            yield from attribute_in(root, _once(attribute, walked), context)
    yield from _optional(root, (x for x in tables.modules(iod) if x not in applied), walked)
    yield from groups.groups(root, iod)


def _optional(root: Item, others: Iterable[Module], walked: set[int]) -> Iterator[Finding]:
    """What is in the optional sequences of modules that need not apply."""
    for module in others:
        for attribute in tables.node(module.node):
            if attribute.kind == "3" and attribute.inside >= 0 and attribute.tag in root.elements:
                context = Context(module.name, module.clause)
                yield from attribute_in(root, _once(attribute, walked), context)


def _once(attribute: Attribute, walked: set[int]) -> Attribute:
    """The items of a sequence that several modules have are judged by the first one of them."""
    if attribute.inside < 0:
        return attribute
    if attribute.tag in walked:
        return Attribute(attribute.keyword, attribute.tag, attribute.kind, -1)
    walked.add(attribute.tag)
    return attribute


def applying(root: Item, iod: str) -> list[Module]:
    """The modules that this object has to satisfy."""
    every = tables.modules(iod)
    mandatory = [each for each in every if each.usage == "M"]
    common = _tags(mandatory)
    others = (each for each in every if each.usage != "M")
    return mandatory + [
        each
        for each in others
        if (each.needed is not None and each.needed.holds(root))
        or _in_part(root, each, common | _tags(x for x in every if x is not each))
    ]


def _tags(some: Iterable[Module]) -> frozenset[int]:
    return frozenset(x.tag for each in some for x in tables.node(each.node))


def _in_part(root: Item, module: Module, elsewhere: frozenset[int]) -> bool:
    return any(
        attribute.kind != "3" and attribute.tag in root.elements
        for attribute in tables.node(module.node)
        if attribute.tag not in elsewhere
    )
