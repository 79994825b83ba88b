"""SQL against a direct reading of PS3.4 C.2.2.2 in Python, over random values and keys."""

import re
import unicodedata
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import zip_longest

from hypothesis import example, given
from hypothesis import strategies as st

from archive import query
from archive.attributes import BY_KEYWORD
from archive.options import Options
from tests.indexed import from_the_wire, index, instance

PLAIN = Options()
REQUIRED = {k for k, a in BY_KEYWORD.items() if a.key == "R"}
WILD = {"CS", "LO", "LT", "SH", "PN"}

# Few characters, so that keys meet values often; those that SQL, GLOB, LIKE, JSON care about.
letters = st.text(alphabet="aAbéÉ_%[]^-'\"山 ", max_size=4)
keys = st.text(alphabet="aAbéÉ_%[]^-'\"山 **??", max_size=4)
groups = st.text(alphabet="aAbÉ^山 ", max_size=4)
names = st.lists(groups, max_size=3).map("=".join)
name_keys = st.lists(st.text(alphabet="aAbÉ^山 *?", max_size=4), max_size=3).map("=".join)
dates = st.dates(datetime(2023, 12, 30).date(), datetime(2024, 1, 3).date())
days = st.one_of(dates.map("{:%Y%m%d}".format), dates.map("{:%Y.%m.%d}".format))
times = st.from_regex(r"(0[01]|23)([05]9([05]9(\.[05]{1,3})?)?)?", fullmatch=True)


def ranges(values):
    some = st.one_of(values, st.just(""))
    both = st.tuples(some, some).filter(any).map("-".join)
    return st.one_of(values, both)


FIELDS = {
    "StudyDescription": (letters, keys),
    "StudyID": (letters, keys),
    "PatientComments": (letters, keys),
    "Modality": (letters, keys),
    "PatientName": (names, name_keys),
    "OperatorsName": (st.lists(names, max_size=3).map("\\".join), name_keys),
    "AdmittingDiagnosesDescription": (st.lists(letters, max_size=3).map("\\".join), keys),
    "StudyDate": (st.one_of(days, st.just("")), ranges(days)),
    "StudyTime": (st.one_of(times, st.just("")), ranges(times)),
    "OtherPatientNames": (st.lists(names, max_size=2).map("\\".join), name_keys),
    "PatientSize": (
        st.sampled_from(["1", "1.0", "+1", "10e-1", ".5", "0.5", "5"]),
        st.sampled_from(["1", "01", "1.00", "0.50", "5.", "1*", "?"]),
    ),
    "SeriesNumber": (st.from_regex(r"[+-]?0?[0-3]", fullmatch=True), st.from_regex(r"0?[0-3*?]")),
}


@st.composite
def cases(draw):
    keyword = draw(st.sampled_from(sorted(FIELDS)))
    stored, key = FIELDS[keyword]
    return keyword, draw(st.lists(stored, min_size=1, max_size=6)), draw(key)


@given(cases())
@example(("StudyDescription", ["A_1x", "AB1"], "A_1*"))
@example(("PatientName", ["A^1=C^B=D"], "A*B"))
@example(("OperatorsName", [""], "=*"))
def test_sql_answers_as_a_direct_reading_of_the_rules(case):
    keyword, stored, key = case
    with index() as (root, opened):
        for number, value in enumerate(stored):
            same = {"PatientID": f"P{number}", "StudyInstanceUID": f"1.{number}"}
            opened.add(
                instance(root, f"1.1.{number}", **same, SeriesInstanceUID="1", **{keyword: value})
            )
        answered = [number for number in range(len(stored)) if _found(opened, number, keyword, key)]
    expected = [number for number, value in enumerate(stored) if matches(keyword, value, key)]
    assert answered == expected


def _found(opened, number, keyword, key, options=PLAIN):
    level = {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": f"1.{number}"}
    asked = key if isinstance(key, dict) else {keyword: key}
    dataset = from_the_wire(SpecificCharacterSet="ISO_IR 192", **level, **asked)
    parsed = query.parse(dataset, ("STUDY", "SERIES", "IMAGE"), options=options)
    return bool(list(opened.find(parsed)))


# -- what needs several attributes, or an agreement -----------------------------------------------

clocks = st.sampled_from(["0000", "0030", "1159", "1200", "2330", "235960", ""])
offsets = st.sampled_from(["", "+0000", "+0900", "-0500", "+0530"])
pairs = st.fixed_dictionaries(
    {"StudyDate": st.one_of(days, st.just("")), "StudyTime": clocks},
    optional={"TimezoneOffsetFromUTC": offsets},
)
pair_keys = st.fixed_dictionaries(
    {}, optional={"StudyDate": ranges(days), "StudyTime": ranges(clocks.filter(bool))}
)
codes = st.sampled_from(["A", "B", "AB"])
coded = st.dictionaries(st.sampled_from(["CodeValue", "CodeMeaning"]), codes, max_size=2)
steps = st.fixed_dictionaries(
    {},
    optional={
        "RequestedProcedureID": codes,
        "ScheduledProcedureStepID": codes,
        "ScheduledProtocolCodeSequence": st.lists(coded, max_size=2),
    },
)
step_keys = st.fixed_dictionaries(
    {},
    optional={
        "RequestedProcedureID": st.sampled_from(["A", "?", "A*", "*", ""]),
        "ScheduledProcedureStepID": codes,
        "ScheduledProtocolCodeSequence": coded,
    },
)


def _agree(stored, key, options, expected):
    with index() as (root, opened):
        for number, values in enumerate(stored):
            same = {"PatientID": f"P{number}", "StudyInstanceUID": f"1.{number}"}
            opened.add(instance(root, f"1.1.{number}", **same, SeriesInstanceUID="1", **values))
        numbers = range(len(stored))
        answered = [number for number in numbers if _found(opened, number, "", key, options)]
    assert answered == [number for number in numbers if expected(stored[number])]


@given(st.lists(pairs, min_size=1, max_size=6), pair_keys, offsets, st.booleans())
def test_dates_with_times_and_offsets_answer_as_a_direct_reading(stored, key, offset, combined):
    options = Options(combined_datetime=combined, timezone=bool(offset))
    asked = {**key, "TimezoneOffsetFromUTC": offset} if offset else key
    _agree(stored, asked, options, lambda values: moment_matches(values, key, offset, combined))


@given(st.lists(st.lists(steps, max_size=3), min_size=1, max_size=4), step_keys)
@example([[{}, {"RequestedProcedureID": "A"}]], {"RequestedProcedureID": "A"})
def test_sequences_answer_as_a_direct_reading(stored, key):
    values = [{"RequestAttributesSequence": each} if each else {} for each in stored]
    _agree(
        values,
        {"RequestAttributesSequence": key},
        PLAIN,
        lambda held: item_matches(held.get("RequestAttributesSequence", []), key),
    )


# -- the oracle -----------------------------------------------------------------------------------


def matches(keyword, stored, key):
    attribute = BY_KEYWORD[keyword]
    vr = attribute.vr
    free = vr == "LT"
    values = [strip(v, free) for v in (stored.split("\\") if attribute.many else [stored])]
    key = strip(key, free)
    # of a name, every component group must be universal
    every = "*=" if vr == "PN" else "*"
    if not key or (vr in WILD and not comparable(vr, key).strip(every)):
        return True
    if not any(comparable(vr, value) for value in values):
        return keyword in REQUIRED  # unknown
    return any(match_one(vr, value, key) for value in values)


def strip(value, free):
    return value.rstrip(" ") if free else value.strip(" ")


def match_one(vr, value, key):
    if vr == "PN":
        return name(key, value)
    if vr in WILD:
        return wild(key, value)
    if vr == "DS":
        try:
            return Decimal(key) == Decimal(value)
        except InvalidOperation:
            return False
    if vr == "IS":
        return key.isascii() and key.lstrip("+-").isdigit() and int(key) == int(value)
    if not value:
        return False
    first, dash, last = key.partition("-")
    at = moments(vr, value)[0]
    low = moments(vr, first)[0] if first else ""
    high = moments(vr, last if dash else first)[1] if last or not dash else "~"
    return low <= at <= high


def name(key, value):
    """A key of one component group is looked for in any; of several, each in its own."""
    wanted = comparable("PN", key).split("=")
    while len(wanted) > 1 and not wanted[-1].strip("*"):
        wanted.pop()
    groups = comparable("PN", value).split("=")
    if len(wanted) == 1:
        return any(wild(wanted[0], group) for group in groups if group or not any(groups))
    if len(groups) == 1:
        return False
    pairs = zip_longest(wanted, groups, fillvalue="")
    return all(not group.strip("*") or wild(group, found) for group, found in pairs)


def wild(key, value):
    parts = [{"*": ".*", "?": "."}.get(c) or re.escape(c) for c in key]
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def comparable(vr, name):
    if vr != "PN":
        return name
    bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    groups = []
    for group in bare.lower().split("="):
        parts = [re.sub(" +", " ", part).strip(" ") for part in group.split("^")]
        groups.append(re.sub(r"\^+$", "", "^".join(parts)))
    return re.sub("=+$", "", "=".join(groups))


def moments(vr, value):
    """The first and last moment a date or time may stand for, as digits in one order."""
    digits = value.replace(".", "")
    if vr == "DA":
        return digits, digits
    # Second 60 is a leap second, PS3.5 Table 6.2-1.
    return digits + "0" * (12 - len(digits)), digits + "235960999999"[len(digits) :]


def moment_matches(values, key, offset, combined):
    """A date and its time, as they are told at the query's offset (C.4.1.1.3, C.2.2.2.5)."""
    values = dict(values)
    own = values.pop("TimezoneOffsetFromUTC", "")
    if offset and own and values["StudyDate"] and values["StudyTime"]:
        clock = values["StudyTime"]
        at = datetime.strptime(values["StudyDate"].replace(".", "") + clock[:4], "%Y%m%d%H%M")
        at += _delta(offset) - _delta(own)
        values = {"StudyDate": f"{at:%Y%m%d}", "StudyTime": f"{at:%H%M}{clock[4:]}"}
    day, clock = key.get("StudyDate", ""), key.get("StudyTime", "")
    if not (combined and day and "-" in clock and values["StudyDate"] and values["StudyTime"]):
        if combined and day and "-" in clock:  # one of the two is unknown: the day decides
            return matches("StudyDate", values["StudyDate"], day)
        return all(matches(keyword, values[keyword], key.get(keyword, "")) for keyword in values)
    since, _, until = day.replace(".", "").partition("-")
    start, _, end = clock.partition("-")
    until = until if "-" in day else since
    at = values["StudyDate"].replace(".", "") + f"{values['StudyTime']:0<6}"
    after = not since or at >= since + f"{start or '':0<6}"
    last = {2: "5960", 4: "60"}.get(len(end), "") if end else "235960"
    return after and (not until or at <= until + end + last)


def _delta(offset):
    minutes = int(offset[1:3]) * 60 + int(offset[3:])
    return timedelta(minutes=-minutes if offset[0] == "-" else minutes)


def item_matches(held, key):
    """One item passes every key; keys that are universal ask nothing, not even for an item."""
    sharp = {name: value for name, value in key.items() if not _universal(value)}
    return not sharp or any(
        all(
            item_matches(item.get(name, []), value)
            if isinstance(value, dict)
            else bool(item.get(name)) and wild(value, item[name])
            for name, value in sharp.items()
        )
        for item in held
    )


def _universal(value):
    if isinstance(value, dict):
        return all(map(_universal, value.values()))
    return not value.strip("*")
