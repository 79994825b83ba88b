"""Keys that a peer says it did not match, PS3.4 C.4.1.1.4: status FF01, which names none of them.

Law: the answers tell which: a key with a value that comes back empty each time, or a code that
comes back as another one. Where they do not, any of them may be it, unless a key without a value
explains the status.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.tag import BaseTag

from scu.statuses import KEYS_UNSUPPORTED

# What says how to read the others.
_NO_KEYS: Final = ("SpecificCharacterSet", "QueryRetrieveLevel", "TimezoneOffsetFromUTC")
_Path = tuple[BaseTag, ...]


def told(
    identifier: Dataset, found: Sequence[Dataset], pending: Collection[int], excused: Sequence[str]
) -> str:
    """What is to be told of the keys, empty if nothing; of those `excused` it has been told."""
    if KEYS_UNSUPPORTED not in pending:
        return ""
    keys = [path for path in dict.fromkeys(_keys(identifier)) if _name(path) not in excused]
    empty = [path for path in keys if not any(_holds(match, path) for match in found)]
    matching = [path for path in keys if _matches_some(identifier, path)]
    suspected = [
        _name(path) for path in matching if path in empty or _contradicted(identifier, found, path)
    ]
    if not suspected and empty:
        return ""
    named = ", ".join(suspected) or " or ".join(map(_name, matching))
    return f"did not match on some of these keys (FF01): {named}" if named else ""


def _keys(identifier: Dataset) -> Iterator[_Path]:
    """All that is asked for, by tags from the outermost sequence down."""
    for element in identifier:
        inner = [path for item in _items(identifier, element.tag) for path in _keys(item)]
        if element.keyword not in _NO_KEYS:
            yield from ((element.tag, *path) for path in inner or [()])


def _name(path: _Path) -> str:
    return ".".join(keyword_for_tag(tag) or str(tag) for tag in path)


def _values(found: Dataset, path: _Path) -> Iterator[object]:
    """What stands there, in whichever items."""
    first, *rest = path
    if rest:
        for item in _items(found, first):
            yield from _values(item, tuple(rest))
    elif first in found:
        yield getattr(found.get_item(first), "value", None)


def _items(found: Dataset, tag: BaseTag) -> Sequence[Dataset]:
    try:
        return found[tag].value if tag in found and found[tag].VR == "SQ" else ()
    except Exception:  # noqa: BLE001 - pydicom raises what its parsers happen to raise
        return ()


def _holds(found: Dataset, path: _Path) -> bool:
    return any(bool(value) or value == 0 for value in _values(found, path))


def _contradicted(identifier: Dataset, found: Sequence[Dataset], path: _Path) -> bool:
    """Whether one code was asked for, and each match that has the element has another code."""
    tag = path[0]
    elements = [identifier[tag], *(match[tag] for match in found if tag in match)]
    if len(path) > 1 or any(each.VR != "CS" or each.VM != 1 for each in elements):
        return False
    asked, *told = (str(each.value) for each in elements)
    return not {"*", "?"} & set(asked) and asked not in told


def _matches_some(identifier: Dataset, path: _Path) -> bool:
    """Not universal matching, PS3.4 C.2.2.2.3 and C.2.2.2.4; `""` asks for what is empty."""
    given = (str(value) for value in _values(identifier, path) if value)
    return any(value.strip("*") not in ("", '""') for value in given)
