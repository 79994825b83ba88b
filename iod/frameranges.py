"""Which frames a request means, PS3.4 Y.3.2: frame range keys against what an object has.

Law: frame numbers begin with 1; the frames stay in their order. Pure arithmetic, no object.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pydicom import Dataset
from pydicom.multival import MultiValue

from iod.errors import BadFrameRange, NoFrames

SIMPLE_FRAME_LIST = 0x00081161
CALCULATED_FRAME_LIST = 0x00081162
TIME_RANGE = 0x00081163
KEYS = (SIMPLE_FRAME_LIST, CALCULATED_FRAME_LIST, TIME_RANGE)
END = 0xFFFFFFFF

_SHOWN = 80  # characters of what a parser says: it may quote the whole value
_SLACK_SECONDS = 1e-6  # Frame Time is a decimal string: 1/30 s comes as 33.333 ms


@dataclass(frozen=True, slots=True)
class FrameRange:
    """A frame range key: its tag, and its values as numbers."""

    tag: int
    values: tuple[float, ...]


def asked(identifier: Dataset) -> FrameRange:
    """The frame range key of a request, Table Y.6-2: exactly one. Raises BadFrameRange."""
    tags = [tag for tag in KEYS if tag in identifier]
    if len(tags) != 1:
        raise BadFrameRange(f"{len(tags)} frame range keys where there must be exactly one")
    values = _numbers(identifier, tags[0])
    _CHECKS[tags[0]](values)
    return FrameRange(tags[0], tuple(values))


def _numbers(identifier: Dataset, tag: int) -> Sequence[float]:
    kind: Callable[[object], float] = _float if tag == TIME_RANGE else _integer
    try:
        value = identifier[tag].value
        values = value if isinstance(value, MultiValue | list | tuple) else [value]
        return [kind(one) for one in values]
    except Exception as error:  # noqa: BLE001 - pydicom raises what its parsers happen to raise
        raise BadFrameRange(f"the frame range key cannot be read: {str(error)[:_SHOWN]}") from None


def _integer(value: object) -> int:
    number = int(str(value))
    if not 0 < number <= END:
        raise ValueError("frame numbers begin with 1")
    return number


def _float(value: object) -> float:
    number = float(str(value))
    if not math.isfinite(number):
        raise ValueError("times are finite")
    return number


def _check_simple(values: Sequence[float]) -> None:
    """Y.3.2.1.1"""
    if not _increase(values):
        raise BadFrameRange("Simple Frame List must increase, without duplicates")


def _check_calculated(values: Sequence[float]) -> None:
    """Y.3.2.1.2"""
    if not values or len(values) % 3:
        raise BadFrameRange("Calculated Frame List must hold one or more triples")
    triples = _triples(map(int, values))
    if any(upper < first for first, upper, _ in triples):
        raise BadFrameRange("Calculated Frame List has a sub-range that ends before it begins")
    if END in (upper for _, upper, _ in triples[:-1]):
        raise BadFrameRange("Calculated Frame List means the end by a triple that is not its last")
    last = [first + (upper - first) // by * by for first, upper, by in triples]
    if any(after[0] <= before for before, after in zip(last, triples[1:], strict=False)):
        raise BadFrameRange("Calculated Frame List has sub-ranges that overlap")


def _check_time(values: Sequence[float]) -> None:
    """Y.3.2.1.3"""
    if len(values) != 2 or values[0] > values[1]:
        raise BadFrameRange("Time Range must hold a start and an end after it")


_CHECKS: dict[int, Callable[[Sequence[float]], None]] = {
    SIMPLE_FRAME_LIST: _check_simple,
    CALCULATED_FRAME_LIST: _check_calculated,
    TIME_RANGE: _check_time,
}


def _increase(values: Sequence[float]) -> bool:
    return bool(values) and all(a < b for a, b in pairwise(values))


def _triples(values: Iterable[int]) -> list[tuple[int, int, int]]:
    numbers = iter(values)
    return list(zip(numbers, numbers, numbers, strict=True))


def frames(wanted: FrameRange, count: int, times: Callable[[], Sequence[float]]) -> list[int]:
    """The frame list of a request for an object of `count` frames.

    Frames beyond the last one are ignored; `times` gives the frames' seconds after Content Time.
    Raises NoFrames, and whatever `times` raises.
    """
    values = wanted.values
    if wanted.tag == TIME_RANGE:
        found = during(times(), values[0], values[1])
    elif wanted.tag == CALCULATED_FRAME_LIST:
        found = calculated([int(value) for value in values], count)
    else:
        found = [int(value) for value in values if value <= count]
    if not found:
        raise NoFrames(f"none of the frames asked for is among the {count} of this object")
    return found


def calculated(values: Sequence[int], count: int) -> list[int]:
    """Y.3.2.1.2: triples of first frame, upper limit, increment."""
    return [
        frame
        for first, upper, increment in _triples(values)
        for frame in range(first, min(upper, count) + 1, increment)
    ]


def during(times: Sequence[float], start: float, end: float) -> list[int]:
    """Y.3.2.1.3: both ends belong to the range."""
    return [
        number
        for number, time in enumerate(times, 1)
        if start - _SLACK_SECONDS <= time <= end + _SLACK_SECONDS
    ]
