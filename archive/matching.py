"""Matching, PS3.4 C.2.2.2: a table of rules by value representation.

Law: `read` turns a key into tests, by VR and what was negotiated; `sql` turns tests into SQL over
one attribute. Neither knows levels, identifiers or a network.

Both sides pass through `text`, so that names are compared without case, accents and width, numbers
by value, dates and times by meaning: a stored time counts as the first moment it may stand for, a
key as all the moments it may stand for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import and_, or_

from peewee import ColumnBase

from archive import amounts, sounds, text
from archive.amounts import balanced
from archive.attributes import Attribute
from archive.dialect import Dialect, Predicate
from archive.options import Options

_PLAIN = Options()

# -- what is compared -----------------------------------------------------------------------------


Further = Callable[[Predicate], ColumnBase]


@dataclass(frozen=True, slots=True)
class Subject:
    """An attribute in SQL: its text, the form compared, its sounds; whether further forms pass."""

    text: ColumnBase
    form: ColumnBase
    more: Further | None = None
    sound: ColumnBase | None = None
    whole: Further | None = None  # as `more`, but judged row by row and not by an index

    def any(self, predicate: Predicate, further: Predicate | None = None) -> ColumnBase:
        """Whether any form satisfies the predicate; further ones may have their own."""
        found = predicate(self.form)
        return found if self.more is None else found | self.more(further or predicate)


# -- tests ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Equal:
    """Single value matching, C.2.2.2.1."""

    value: str

    def sql(self, subject: Subject, _: Dialect) -> ColumnBase:
        return subject.any(lambda form: form == self.value)


@dataclass(frozen=True, slots=True)
class OneOf:
    """List of UID matching, C.2.2.2.2."""

    values: tuple[str, ...]

    def sql(self, subject: Subject, dialect: Dialect) -> ColumnBase:
        return subject.any(lambda form: dialect.one_of(form, self.values))


@dataclass(frozen=True, slots=True)
class Like:
    """Wild card matching, C.2.2.2.4: `*` any run of characters, `?` any one."""

    pattern: str

    def sql(self, subject: Subject, dialect: Dialect) -> ColumnBase:
        return subject.any(lambda form: dialect.like(form, self.pattern))


@dataclass(frozen=True, slots=True)
class LikeGroup:
    """Wild cards in one component group of a name: they do not reach beyond it."""

    pattern: str

    def sql(self, subject: Subject, dialect: Dialect) -> ColumnBase:
        def further(form: ColumnBase) -> ColumnBase:  # all groups together hold a "="
            whole: ColumnBase = ~dialect.like(form, "*=*")
            return dialect.like(form, self.pattern) & whole

        return subject.any(lambda form: dialect.like(form, self.pattern), further)


@dataclass(frozen=True, slots=True)
class LikeGroups:
    """Wild cards in several component groups: one of them leads, all of them decide."""

    groups: tuple[str, ...]

    def sql(self, subject: Subject, dialect: Dialect) -> ColumnBase:
        assert subject.whole is not None, "names have groups"
        pattern = "=".join(group or "*" for group in self.groups)
        leading = max(self.groups, key=_sharpness)
        decided = subject.whole(lambda form: dialect.like(form, pattern))
        return LikeGroup(leading).sql(subject, dialect) & decided


def _sharpness(pattern: str) -> tuple[int, int]:
    """An index serves what stands before the first wild card."""
    return len(re.split("[*?]", pattern)[0]), len(pattern)


@dataclass(frozen=True, slots=True)
class Between:
    """Range matching, C.2.2.2.5: both ends belong to it."""

    first: str
    last: str

    def sql(self, subject: Subject, _: Dialect) -> ColumnBase:
        return subject.any(lambda form: form.between(self.first, self.last))


@dataclass(frozen=True, slots=True)
class Sounds:
    """Fuzzy semantic matching of names: each word sounds like one of the name's."""

    words: tuple[tuple[str, ...], ...]

    def sql(self, subject: Subject, dialect: Dialect) -> ColumnBase:
        assert subject.sound is not None, "names have sounds"
        heard = [[dialect.like(subject.sound, one) for one in word] for word in self.words]
        return balanced(and_, [balanced(or_, ways) for ways in heard])


@dataclass(frozen=True, slots=True)
class Empty:
    """Empty value matching, C.2.2.2.7: there is no value."""

    def sql(self, subject: Subject, _: Dialect) -> ColumnBase:
        return subject.text == ""


Test = Equal | OneOf | Like | LikeGroup | LikeGroups | Between | Sounds | Empty

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
    """A key of one component group is looked for in each; one of several in each its own."""
    groups = text.fold_name(key).split("=")
    while len(groups) > 1 and not groups[-1].strip("*"):
        groups.pop()  # universal
    if len(groups) == 1:
        test = _wild(groups[0])
        return LikeGroup(test.pattern) if isinstance(test, Like) else test
    groups += [""] * (text.GROUPS - len(groups))
    return LikeGroups(tuple(groups))


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


def _moment(key: str, offset: str = "") -> Test | None:
    found = _MOMENTS.fullmatch(key.replace(" ", ""))
    if found is None:
        raise BadKey
    first, dash, last, single = found.groups()

    def span(end: str) -> text.Span | None:  # the query's own offset is that of all its times
        return text.moment_span(end if "+" in end or "-" in end else end + offset)

    return _range((first, last) if dash else (single, single), span)


# An open time of a date that is not open: the beginning, or the end, of that day.
_EARLIEST = {_OPEN[0]: "000000.000000"}
_LATEST = {_OPEN[1]: "235960.999999"}


def combined(days: Sequence[Test], times: Sequence[Test]) -> Between | None:
    """One interval from the ranges of a date and of its time, C.2.2.2.5."""
    match list(days), list(times):
        case [Between(since, until)], [Between(start, end)]:
            first = since if since == _OPEN[0] else since + _EARLIEST.get(start, start)
            last = until if until == _OPEN[1] else until + _LATEST.get(end, end)
            return Between(first, last)
    return None


# C.2.2.2.4 allows wildcards in these and nowhere else; C.2.2.2.5 ranges in DA, TM and DT.
RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"), _wild),
    "PN": _name,
    "DA": _dated(_DATES, text.date_span),
    "TM": _dated(_TIMES, text.time_span),
    "DT": _moment,
    **dict.fromkeys(("IS", "DS", *text.BINARY), _number),
    **dict.fromkeys(("FL", "FD"), _exact),  # both sides come from the same bytes
}


EMPTY = '""'  # C.2.2.2.7: two quotation marks


def read(
    attribute: Attribute, key: str, options: Options = _PLAIN, offset: str = ""
) -> tuple[Test, ...]:
    """The tests of a key, any of which may match; none is universal matching.

    A list is defined for UIDs (C.2.2.2.2), and for others when multiple value matching was agreed.
    Lists are taken so in any case: what senders mean by them is plain, refusing them helps nobody.
    """
    if attribute.vr in text.FREE_TEXT:
        values = [key]
    else:
        values = [value for value in key.split("\\") if value]
    if amounts.too_much(values, attribute.vr):
        raise BadKey
    tests: list[Test | None] = []
    if options.empty_value and EMPTY in values:
        tests.append(Empty())
        values = [value for value in values if value != EMPTY]
    rule = RULES.get(attribute.vr, _exact)
    tests += map(partial(rule, offset=offset) if rule is _moment else rule, values)
    if options.fuzzy_names and attribute.vr == "PN":
        tests += filter(None, map(_sound, values))
    return () if None in tests else _joined([test for test in tests if test is not None])


def _joined(tests: Sequence[Test]) -> tuple[Test, ...]:
    """Values that are to be equal are looked for together; of other tests there may be fewer."""
    equal = tuple(dict.fromkeys(test.value for test in tests if isinstance(test, Equal)))
    others = dict.fromkeys(test for test in tests if not isinstance(test, Equal))
    if len(others) > amounts.MOST_PATTERNS:
        raise BadKey
    return (*([OneOf(equal)] if len(equal) > 1 else map(Equal, equal)), *others)


def _sound(key: str) -> Test | None:
    words = sounds.asked(key)
    if len(words) > amounts.MOST_PATTERNS:
        raise BadKey
    return Sounds(words) if words else None


def sql(tests: Sequence[Test], subject: Subject, dialect: Dialect) -> ColumnBase:
    """SQL that is true where the subject passes any of the tests."""
    return balanced(or_, [test.sql(subject, dialect) for test in tests])
