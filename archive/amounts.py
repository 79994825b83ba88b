"""How much a key may ask for, and how much of it becomes SQL. D10 of hostile-input.md.

Law: what no index finds is held against every row, and costs its length times that of the value it
is held against; so patterns are few and short, while values to be equal to may be many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from peewee import ColumnBase

from archive.text import FREE_TEXT

MOST_ELEMENTS = 2000  # of an identifier, with those of sequences; there are some 150 keys
MOST_VALUES = 10_000
MOST_PATTERNS = 256
LONGEST_VALUE, LONGEST_TEXT = 1024, 10_240  # most representations have 64 characters, PS3.5 6.2


def too_much(values: Sequence[str], vr: str) -> bool:
    """Whether the values of a key are too many, or one of them too long."""
    longest = LONGEST_TEXT if vr in FREE_TEXT or vr == "UC" else LONGEST_VALUE
    return len(values) > MOST_VALUES or any(len(value) > longest for value in values)


def balanced(
    operator: Callable[[ColumnBase, ColumnBase], ColumnBase], parts: Sequence[ColumnBase]
) -> ColumnBase:
    """All parts in one expression no deeper than it must be: peewee and SQLite recurse into it."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return operator(balanced(operator, parts[:middle]), balanced(operator, parts[middle:]))
