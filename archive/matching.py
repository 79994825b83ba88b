"""Matching, PS3.4 C.2.2.2: a table of rules by value representation.

Law: `read` turns a key into a test, by VR and nothing else; `sql` turns tests into SQL over
one column. Neither knows levels, identifiers or a network.

Both sides pass through `text`, so that names are compared without case, accents and width, numbers
by value, dates and times by meaning: a stored time counts as the first moment it may stand for, a
key as all the moments it may stand for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from peewee import ColumnBase

from archive import text
from archive.attributes import Attribute
from archive.dialect import Dialect

# -- tests ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Equal:
    """Single value matching, C.2.2.2.1."""

    value: str

    def sql(self, subject: ColumnBase, _: Dialect) -> ColumnBase:
        return subject == self.value


@dataclass(frozen=True, slots=True)
class OneOf:
    """List of UID matching, C.2.2.2.2."""

    values: tuple[str, ...]

    def sql(self, subject: ColumnBase, dialect: Dialect) -> ColumnBase:
        return dialect.one_of(subject, self.values)


@dataclass(frozen=True, slots=True)
class Like:
    """Wild card matching, C.2.2.2.4: `*` any run of characters, `?` any one."""

    pattern: str

    def sql(self, subject: ColumnBase, dialect: Dialect) -> ColumnBase:
        return dialect.like(subject, self.pattern)


@dataclass(frozen=True, slots=True)
class Between:
    """Range matching, C.2.2.2.5: both ends belong to it."""

    first: str
    last: str

    def sql(self, subject: ColumnBase, _: Dialect) -> ColumnBase:
        return subject.between(self.first, self.last)


Test = Equal | OneOf | Like | Between

# -- rules: from a key's text to a test; None is universal matching, C.2.2.2.3 --------------------

Rule = Callable[[str], Test | None]


class BadKey(ValueError):
    """A key's value that its representation does not allow."""


def _exact(key: str) -> Test | None:
    return Equal(key)


def _wild(key: str) -> Test | None:
    if not key.strip("*"):
        return None
    return Like(key) if "*" in key or "?" in key else Equal(key)


def _name(key: str) -> Test | None:
    return _wild(text.fold_name(key))


def _number(key: str) -> Test | None:
    return Equal(text.number(key))


_DATES = re.compile(r"([0-9.]*)(-?)([0-9.]*)")
_TIMES = re.compile(r"([0-9:.]*)(-?)([0-9:.]*)")
# A negative offset is one only where a "-" or the end follows; C.2.2.2.5 reads the rest as ranges.
_MOMENT = r"(?:[0-9]{4,14}(?:[.][0-9]{1,6})?(?:[+-][0-9]{4})?)?"
_MOMENTS = re.compile(rf"({_MOMENT})(-)({_MOMENT})|({_MOMENT})")


def _range(ends: tuple[str, str], span: Callable[[str], text.Span | None]) -> Test:
    first, last = (span(end) if end else _OPEN for end in ends)
    if first is None or last is None or ends == ("", ""):
        raise BadKey
    return Between(first[0], last[1])


_OPEN = ("0", "9" * 21)  # before and after every date and time, but not around UNREADABLE or empty


def _dated(parts: re.Pattern[str], span: Callable[[str], text.Span | None]) -> Rule:
    def rule(key: str) -> Test | None:
        found = parts.fullmatch(key.replace(" ", ""))
        if found is None:
            raise BadKey
        first, dash, last = found.groups()
        return _range((first, last if dash else first), span)

    return rule


def _moment(key: str) -> Test | None:
    found = _MOMENTS.fullmatch(key.replace(" ", ""))
    if found is None:
        raise BadKey
    first, dash, last, single = found.groups()
    return _range((first, last) if dash else (single, single), text.moment_span)


# C.2.2.2.4 allows wildcards in these and nowhere else; C.2.2.2.5 ranges in DA, TM and DT.
RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"), _wild),
    "PN": _name,
    "DA": _dated(_DATES, text.date_span),
    "TM": _dated(_TIMES, text.time_span),
    "DT": _moment,
    **dict.fromkeys(("IS", "DS", *text.BINARY), _number),
}


def read(attribute: Attribute, key: str) -> tuple[Test, ...]:
    """The tests of a key, any of which may match; none is universal matching.

    A list is defined for UIDs (C.2.2.2.2). Lists of other values are taken the same way: what
    senders mean by them is plain, and refusing them helps nobody.
    """
    if attribute.vr in text.FREE_TEXT:
        values = [key]
    else:
        values = [value for value in key.split("\\") if value]
    if attribute.vr == "UI":
        return (OneOf(tuple(values)),) if len(values) > 1 else tuple(map(Equal, values))
    rule = RULES.get(attribute.vr, _exact)
    tests = [rule(value) for value in values]
    return () if None in tests else tuple(test for test in tests if test is not None)


def sql(tests: Sequence[Test], subject: ColumnBase, dialect: Dialect) -> ColumnBase:
    """SQL that is true where the subject passes any of the tests."""
    return reduce(lambda a, b: a | b, (test.sql(subject, dialect) for test in tests))
