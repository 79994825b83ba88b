"""SQL against a direct reading of PS3.4 C.2.2.2 in Python, over random values and keys."""

import re
import unicodedata
from datetime import datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from archive import query
from archive.attributes import BY_KEYWORD
from tests.indexed import from_the_wire, index, instance

REQUIRED = {k for k, a in BY_KEYWORD.items() if a.key == "R"}
WILD = {"CS", "LO", "LT", "SH", "PN"}

# Few characters, so that keys meet values often; those that SQL, GLOB, LIKE, JSON care about.
letters = st.text(alphabet="aAbéÉ_%[]^-'\"山 ", max_size=4)
keys = st.text(alphabet="aAbéÉ_%[]^-'\"山 **??", max_size=4)
names = st.text(alphabet="aAbÉ^=山 ", max_size=5)
name_keys = st.text(alphabet="aAbÉ^=山 *?", max_size=5)
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


def _found(opened, number, keyword, key):
    level = {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": f"1.{number}"}
    dataset = from_the_wire(SpecificCharacterSet="ISO_IR 192", **level, **{keyword: key})
    asked = query.parse(dataset, ("STUDY", "SERIES", "IMAGE"))
    return bool(list(opened.find(asked)))


# -- the oracle -----------------------------------------------------------------------------------


def matches(keyword, stored, key):
    attribute = BY_KEYWORD[keyword]
    vr = attribute.vr
    free = vr == "LT"
    values = [strip(v, free) for v in (stored.split("\\") if attribute.many else [stored])]
    key = strip(key, free)
    if not key or (vr in WILD and not comparable(vr, key).strip("*")):
        return True  # universal
    if not any(comparable(vr, value) for value in values):
        return keyword in REQUIRED  # unknown
    return any(match_one(vr, value, key) for value in values)


def strip(value, free):
    return value.rstrip(" ") if free else value.strip(" ")


def match_one(vr, value, key):
    if vr == "PN":
        whole = comparable("PN", value)
        groups = [whole, *(g for g in whole.split("=") if g)]
        return any(wild(comparable("PN", key), group) for group in groups)
    if vr in WILD:
        return wild(key, value)
    if vr == "IS":
        return key.isascii() and key.lstrip("+-").isdigit() and int(key) == int(value)
    if not value:
        return False
    first, dash, last = key.partition("-")
    at = moments(vr, value)[0]
    low = moments(vr, first)[0] if first else datetime.min
    high = moments(vr, last if dash else first)[1] if last or not dash else datetime.max
    return low <= at <= high


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
    """The first and last moment a date or time may stand for."""
    if vr == "DA":
        day = datetime.strptime(value.replace(".", ""), "%Y%m%d")
        return day, day
    clock, _, fraction = value.partition(".")
    start = datetime.strptime(f"1900 {clock:0<6}", "%Y %H%M%S")
    step = {2: timedelta(hours=1), 4: timedelta(minutes=1), 6: timedelta(seconds=1)}[len(clock)]
    if fraction:
        start += timedelta(microseconds=int(f"{fraction:0<6}"))
        step = timedelta(microseconds=10 ** (6 - len(fraction)))
    return start, start + step - timedelta(microseconds=1)
