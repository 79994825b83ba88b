"""Which frames a request means, PS3.4 Y.3.2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from iod import frameranges
from iod.errors import BadFrameRange, NoFrames
from iod.frameranges import CALCULATED_FRAME_LIST, END, SIMPLE_FRAME_LIST, TIME_RANGE, FrameRange


def request(**keys: object) -> Dataset:
    made = Dataset()
    for keyword, value in keys.items():
        setattr(made, keyword, value)
    return made


def untimed() -> list[float]:
    raise AssertionError("no times are needed")


@pytest.mark.parametrize(
    ("values", "count", "expected"),
    [
        ([1], 5, [1]),
        ([1, 2, 5], 5, [1, 2, 5]),
        ([4, 5, 6, 100], 5, [4, 5]),  # those beyond the last frame are ignored
        ([5], 5, [5]),
    ],
)
def test_a_simple_frame_list_is_its_frames(values, count, expected):
    """Y.3.2.1.1"""
    wanted = frameranges.asked(request(SimpleFrameList=values))
    assert frameranges.frames(wanted, count, untimed) == expected


@pytest.mark.parametrize(
    ("values", "count", "expected"),
    [
        # the example of Y.3.2.1.2
        ([2, 9, 3, 12, END, 5], 25, [2, 5, 8, 12, 17, 22]),
        ([1, 1, 1], 5, [1]),
        ([1, 5, 2], 5, [1, 3, 5]),  # an exact multiple includes the second number
        ([1, 4, 2], 5, [1, 3]),  # it need not be one
        ([1, END, 1], 3, [1, 2, 3]),
        ([2, 1000, 2], 7, [2, 4, 6]),  # too large is the end
        ([1, 2, 1, 9, 12, 1], 5, [1, 2]),  # a sub-range beyond the end is ignored
        ([1, 20, 15, 17, 30, 1], 18, [1, 16, 17, 18]),
        ([1, 9, 4, 10, 10, 1], 10, [1, 5, 9, 10]),
    ],
)
def test_a_calculated_frame_list_is_its_sub_ranges(values, count, expected):
    """Y.3.2.1.2"""
    wanted = frameranges.asked(request(CalculatedFrameList=values))
    assert frameranges.frames(wanted, count, untimed) == expected


TIMES = [0.0, 0.033333, 0.066666, 0.1, 0.2]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0.0, 0.2, [1, 2, 3, 4, 5]),
        (0.0, 0.0, [1]),  # inclusive at both ends
        (0.033333, 0.1, [2, 3, 4]),
        (1 / 30, 2 / 30, [2, 3]),  # Frame Time is a decimal string
        (0.15, 1e9, [5]),
        (-5.0, 0.05, [1, 2]),
    ],
)
def test_a_time_range_includes_both_its_ends(start, end, expected):
    """Y.3.2.1.3"""
    wanted = frameranges.asked(request(TimeRange=[start, end]))
    assert frameranges.frames(wanted, 5, lambda: TIMES) == expected


@pytest.mark.parametrize(
    "keys",
    [
        {},  # Table Y.6-2: one and only one
        {"SimpleFrameList": [1], "TimeRange": [0.0, 1.0]},
        {"SimpleFrameList": None},
        {"SimpleFrameList": [0]},
        {"SimpleFrameList": [1, 1]},
        {"SimpleFrameList": [3, 2]},
        {"CalculatedFrameList": [1, 2]},
        {"CalculatedFrameList": [1, 2, 1, 4]},
        {"CalculatedFrameList": [0, 2, 1]},
        {"CalculatedFrameList": [1, 2, 0]},
        {"CalculatedFrameList": [3, 2, 1]},
        {"CalculatedFrameList": [1, 5, 1, 5, 8, 1]},  # overlap
        {"CalculatedFrameList": [5, 8, 1, 1, 2, 1]},  # do not increase
        {"CalculatedFrameList": [1, END, 9, 12, 14, 1]},  # the end is for the last triple
        {"TimeRange": [1.0, 0.5]},
        {"TimeRange": [0.0]},
        {"TimeRange": [0.0, 1.0, 2.0]},
        {"TimeRange": [0.0, float("nan")]},
        {"TimeRange": [0.0, float("inf")]},
    ],
)
def test_keys_against_their_rules_are_refused(keys):
    with pytest.raises(BadFrameRange):
        frameranges.asked(request(**keys))


@pytest.mark.parametrize(
    "wanted",
    [
        FrameRange(SIMPLE_FRAME_LIST, (6, 7)),
        FrameRange(CALCULATED_FRAME_LIST, (6, END, 1)),
        FrameRange(TIME_RANGE, (0.3, 0.4)),
    ],
)
def test_no_frame_at_all_is_an_error(wanted):
    with pytest.raises(NoFrames):
        frameranges.frames(wanted, 5, lambda: TIMES)


@st.composite
def triples(draw: st.DrawFn) -> list[int]:
    values, at = [], 0
    for _ in range(draw(st.integers(1, 5))):
        first = at + draw(st.integers(1, 6))
        increment = draw(st.integers(1, 5))
        upper = first + draw(st.integers(0, 20))
        at = first + (upper - first) // increment * increment
        values += [first, upper, increment]
    return values


@given(triples(), st.integers(1, 120))
def test_a_calculated_list_selects_what_its_expansion_does(values, count):
    expansion = []
    for at in range(0, len(values), 3):
        frame, upper, increment = values[at : at + 3]
        while frame <= upper:
            expansion.append(frame)
            frame += increment
    calculated = frameranges.asked(request(CalculatedFrameList=values))
    simple = frameranges.asked(request(SimpleFrameList=expansion))
    if expansion[0] > count:
        for wanted in (calculated, simple):
            with pytest.raises(NoFrames):
                frameranges.frames(wanted, count, untimed)
        return
    found = frameranges.frames(calculated, count, untimed)
    assert found == frameranges.frames(simple, count, untimed)
    assert found == sorted(set(found))


def test_what_cannot_be_read_is_not_repeated_at_length():
    """Hostile input D8: an identifier of a megabyte is not a line of the log."""
    asked = request()
    tag = Tag(SIMPLE_FRAME_LIST)
    asked._dict[tag] = RawDataElement(tag, "UL", 4097, b"9" * 4097, 0, False, True)
    with pytest.raises(BadFrameRange) as refused:
        frameranges.asked(asked)
    assert len(str(refused.value)) < 200
