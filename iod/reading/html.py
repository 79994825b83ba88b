"""A description as one HTML page that loads nothing and obeys nothing of the object.

Law: every text goes through `_escaped`. Headings follow the tree without a gap, tables have
captions and headed columns, what stands by reference is a link: a screen reader finds its way.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from iod.reading.content import Content
from iod.reading.description import Description
from iod.reading.sections import Section

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 64rem; margin: 0 auto; padding: 1rem; }
h1, h2, h3, h4, h5, h6 { line-height: 1.2; margin: 1.5em 0 .5em; }
h3 { font-size: 1.15rem; } h4, h5, h6 { font-size: 1rem; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0; }
caption { text-align: start; font-weight: 600; padding: .25rem 0; }
th, td { border: 1px solid #8888; padding: .25rem .5rem; text-align: start; vertical-align: top; }
section section { border-inline-start: 3px solid #8886; padding-inline-start: 1rem; }
ul { padding-inline-start: 1.25rem; } li { margin: .25rem 0; overflow-wrap: anywhere; }
.name { font-weight: 600; } .value { white-space: pre-wrap; }
.also, .kind { color: #666; font-size: .875rem; }
@media (prefers-color-scheme: dark) { .also, .kind { color: #aaa; } }
@media (max-width: 32rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
@media print { body { max-width: none; } a { color: inherit; text-decoration: none; } }
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_DEEPEST_HEADING: Final = 6
_UNSEEN: Final = frozenset({"Cc", "Cs", "Cf", "Co", "Cn"})
_KEPT: Final = "\n\t"


def page(descriptions: Iterable[Description]) -> str:
    """One page of these objects."""
    shown = list(descriptions)
    name = _escaped(_heading(shown[0])) if len(shown) == 1 else f"{len(shown)} objects"
    parts = [
        f'<article aria-labelledby="object-{at}">{"".join(_object(at, each))}</article>'
        for at, each in enumerate(shown)
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{chr(10).join(parts)}\n</main>\n</body>\n</html>\n"
    )


def _heading(one: Description) -> str:
    return f"{one.title}: {one.sop_class}" if one.title else one.sop_class


def _object(at: int, one: Description) -> Iterator[str]:
    yield f'<h1 id="object-{at}">{_bidi(_heading(one))}</h1>'
    for section in one.sections:
        yield _section(section)
    if one.content is not None:
        yield from _container(one.content, 2, f"item-{at}-")


# -- sections -------------------------------------------------------------------------------------


def _section(section: Section) -> str:
    body = _facts(section) if section.facts else ""
    if section.rows:
        body += _table(section.title, section.headings, section.rows)
    if section.more:
        body += f'<p class="also">{section.more} more are not shown.</p>'
    return f"<h2>{_escaped(section.title)}</h2>{body}\n"


def _facts(section: Section) -> str:
    pairs = (f"<dt>{_escaped(name)}</dt><dd>{_bidi(said)}</dd>" for name, said in section.facts)
    return f"<dl>{''.join(pairs)}</dl>"


def _table(caption: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th scope="col">{_bidi(cell)}</th>' for cell in headings)
    body = "".join(f"<tr>{''.join(f'<td>{_bidi(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{_escaped(caption)}"><table>'
        f"<caption>{_escaped(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


# -- the tree of a report -------------------------------------------------------------------------


def _container(item: Content, level: int, prefix: str) -> Iterator[str]:
    """A container is a section with a heading, what it holds lists and further sections."""
    deep = min(level, _DEEPEST_HEADING)
    name = f"{prefix}{item.number}"
    yield f'<section aria-labelledby="{name}"><h{deep} id="{name}">{_bidi(item.name)}</h{deep}>'
    yield _also(item)
    listed: list[str] = []
    for child in item.children:
        if child.value_type == "CONTAINER" and not child.refers_to:
            yield from _list(listed)
            listed = []
            yield from _container(child, level + 1, prefix)
        else:
            listed.append(_item(child, prefix))
    yield from _list(listed)
    yield f"{_beyond(item)}</section>\n"


def _list(listed: list[str]) -> Iterator[str]:
    if listed:
        yield f"<ul>{''.join(listed)}</ul>"


def _item(item: Content, prefix: str) -> str:
    """A line; what stands below it is a list within, containers as well."""
    if item.refers_to:
        return f"<li>{_relation(item)}{_reference(item, prefix)}</li>"
    name = f"{prefix}{item.number}"
    below = "".join(_item(child, prefix) for child in item.children)
    value = f': <span class="value">{_bidi(item.value)}</span>' if item.value else ""
    cells = _table(item.name, item.table[0], item.table[1:]) if item.table else ""
    return (
        f'<li id="{name}">{_relation(item)}'
        f'<span class="name">{_bidi(item.name)}</span>{value}{_also(item)}{cells}'
        f"{f'<ul>{below}</ul>' if below else ''}{_beyond(item)}</li>"
    )


def _relation(item: Content) -> str:
    """How an item belongs to what it stands in, unless it is merely contained there."""
    said = item.relationship.lower()
    return "" if said in ("", "contains") else f'<span class="kind">{_escaped(said)}</span> '


def _reference(item: Content, prefix: str) -> str:
    """What an item stands for; a link to it, if it is there."""
    said = f"item {_escaped(item.refers_to)}"
    if item.beyond:
        return f"see {said} {_beyond(item, 'span')}"
    link = f'<a href="#{_escaped(prefix + item.refers_to)}">{said}</a>'
    return f'see {link}: <span class="value">{_bidi(item.value)}</span>'


def _also(item: Content) -> str:
    said = "; ".join(f"{_escaped(name)} {_bidi(value)}" for name, value in item.details)
    return f' <span class="also">{said}</span>' if said else ""


def _beyond(item: Content, element: str = "p") -> str:
    said = f'<{element} class="also">{_escaped(item.beyond)}</{element}>'
    return said if item.beyond else ""


def _bidi(text: str) -> str:
    """A text of the object, which may be of any script: it keeps its direction to itself."""
    return f'<bdi dir="auto">{_escaped(text)}</bdi>' if text else ""


def _escaped(text: str) -> str:
    """Text as HTML has it; what no page may hold or an eye cannot see is spelled out."""
    seen = "".join(
        character
        if character in _KEPT or unicodedata.category(character) not in _UNSEEN
        else character.encode("unicode_escape", "backslashreplace").decode("ascii")
        for character in text.replace("\r\n", "\n").replace("\r", "\n")
    )
    return html.escape(seen, quote=True)
