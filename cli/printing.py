"""Descriptions of objects on a terminal: sections, trees of reports, tables of measurements.

Law: as in `show`, no text of an object reaches the terminal but through `plain`.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from rich.tree import Tree

from cli import show
from iod.reading.content import Content
from iod.reading.description import Description
from iod.reading.measurements import Measurement
from iod.reading.sections import Section

_MEASURED = ("Measurement", "Value", "Finding", "Site", "Tracked as", "Group")


def describe(one: Description) -> None:
    """Print all that is told of an object."""
    show.say(f"{one.title}: {one.sop_class}" if one.title else one.sop_class)
    for section in one.sections:
        _section(section)
    if one.content is not None:
        show.say("")
        show.console().print(_branch(one.content, None), soft_wrap=True)


def measured(measurements: Iterable[Measurement]) -> None:
    """Print measurements, one to a row."""
    rows = [
        (
            ", ".join(filter(None, (str(each.name or ""), each.said("derivation")))),
            f"{each.value} ({each.qualifier})" if each.numeric and each.qualifier else each.value,
            each.said("finding"),
            " ".join(filter(None, (each.said("laterality"), each.said("finding_site")))),
            each.said("tracking_identifier") or each.said("tracking_uid"),
            " / ".join(each.group[1:]) or " ".join(each.group),
        )
        for each in measurements
    ]
    show.listing(_MEASURED, rows, ()) if rows else show.say("no measurements")


def _section(section: Section) -> None:
    show.say("")
    show.say(section.title)
    width = max((len(name) for name, _ in section.facts), default=0)
    for name, said in section.facts:
        first, *rest = said.splitlines() or [""]
        show.say(f"  {name:<{width}}  {first}")
        for line in rest:
            show.say(f"  {'':<{width}}  {line}")
    if section.rows:
        _rows(section)
    if section.more:
        show.say(f"  {section.more} more are not shown")


def _rows(section: Section) -> None:
    """A table where the terminal is wide enough for it, else what each row says line by line."""
    last = ("",)  # `fits` leaves the last column out
    if show.fits((*section.headings, *last), [(*row, *last) for row in section.rows]):
        made = show.table(*section.headings, whole=section.headings)
        for row in section.rows:
            show.row(made, *row)
        show.put(made)
        return
    width = max(map(len, section.headings))
    for number, row in enumerate(section.rows):
        if number:
            show.say("")
        for name, said in zip(section.headings, row, strict=True):
            if said:
                show.say(f"  {name:<{width}}  {said}")


def _branch(item: Content, above: Tree | None) -> Tree:
    """An item with all that stands below it."""
    label = _label(item)
    branch = Tree(label) if above is None else above.add(label)
    for row in item.table:
        branch.add(Text(" | ".join(show.plain(cell) for cell in row)))
    for child in item.children:
        _branch(child, branch)
    if item.beyond:
        branch.add(Text(item.beyond, "dim"))
    return branch


def _label(item: Content) -> Text:
    relation = item.relationship.lower()
    before = "" if relation in ("", "contains") else f"{show.plain(relation)}: "
    if item.refers_to:
        said = f"{item.refers_to}: {item.value}" if item.value else item.refers_to
        also = f"  {item.beyond}" if item.beyond else ""
        return Text.assemble((before, "dim"), f"see item {show.plain(said)}", (also, "dim"))
    number = f"[{item.number}] " if item.referred else ""
    made = Text.assemble((before, "dim"), number, (show.plain(item.name), "bold"))
    if item.value:
        made.append(": " + "\n".join(show.plain(line) for line in item.value.splitlines()))
    for name, said in item.details:
        made.append(f"  {show.plain(name)}: {show.plain(said)}", "dim")
    return made
