"""When frames were: their seconds after Content Time, and the attributes that say so, cut.

Sources, PS3.4 Y.3.2.1.3: Frame Time, Frame Time Vector, Frame Reference DateTime.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from itertools import accumulate, pairwise

from iod.decimals import decimals, encoded
from iod.encoded import Change, Encoded
from iod.errors import NotTimeBased, Uncreatable
from iod.framevectors import FRAME_INCREMENT_POINTER, FUNCTIONAL_GROUPS

_FRAME_TIME, _FRAME_TIME_VECTOR, _FRAME_DELAY = 0x00181063, 0x00181065, 0x00181066
_CONTENT_DATE, _CONTENT_TIME, _TIMEZONE = 0x00080023, 0x00080033, 0x00080201
_FRAME_CONTENT, _REFERENCE_DATE_TIME = 0x00209111, 0x00189151
_MOMENT = re.compile(r"([1-9]\d{13})(?:\.(\d{1,6}))?([+-]\d{4})?")


def times(source: Encoded, count: int) -> list[float]:
    """Each frame's seconds after Content Time. Raises NotTimeBased."""
    delays = _delays(source, count)
    if delays is not None:
        delay = next(iter(decimals(source, _FRAME_DELAY)), Decimal(0))
        return [float(delay + after) / 1000 for after in delays]
    if FUNCTIONAL_GROUPS in source:
        return _referenced(source)
    raise NotTimeBased("the object has no Frame Time, no Frame Time Vector, no Frame Reference")


def _delays(source: Encoded, count: int) -> list[Decimal] | None:
    """Each frame's milliseconds after the first, PS3.3 C.7.6.5; None when it does not say."""
    vector, time = decimals(source, _FRAME_TIME_VECTOR), decimals(source, _FRAME_TIME)
    pointed = source.tags(FRAME_INCREMENT_POINTER)
    if vector and (_FRAME_TIME not in pointed or not time):
        if len(vector) != count:
            raise Uncreatable("Frame Time Vector has no value for each frame")
        return list(accumulate(vector[1:], initial=Decimal(0)))
    return [time[0] * number for number in range(count)] if time else None


def changes(source: Encoded, frames: Sequence[int], count: int) -> dict[int, Change]:
    """Frame Time, Frame Time Vector and Frame Delay of the frames kept.

    A Frame Time stays one while the frames kept are as far from each other; else it becomes a
    vector, and the Frame Increment Pointer follows.
    """
    delays = _delays(source, count)
    if delays is None:
        return {}
    kept = [delays[frame - 1] for frame in frames]
    steps = [after - before for before, after in pairwise(kept)]
    made: dict[int, Change] = {}
    if kept[0]:
        delay = next(iter(decimals(source, _FRAME_DELAY)), Decimal(0))
        made[_FRAME_DELAY] = encoded(source, _FRAME_DELAY, [delay + kept[0]])
    if _FRAME_TIME_VECTOR in source:
        made[_FRAME_TIME_VECTOR] = encoded(source, _FRAME_TIME_VECTOR, [Decimal(0), *steps])
    if _FRAME_TIME in source and steps:
        made |= _frame_time(source, steps)
    return made


def _frame_time(source: Encoded, steps: Sequence[Decimal]) -> dict[int, Change]:
    if len(set(steps)) == 1:
        return {_FRAME_TIME: encoded(source, _FRAME_TIME, steps[:1])}
    vector = encoded(source, _FRAME_TIME_VECTOR, [Decimal(0), *steps])
    made: dict[int, Change] = {_FRAME_TIME: None, _FRAME_TIME_VECTOR: vector}
    pointers = source.tags(FRAME_INCREMENT_POINTER)
    if _FRAME_TIME in pointers:
        new = [_FRAME_TIME_VECTOR if tag == _FRAME_TIME else tag for tag in pointers]
        made[FRAME_INCREMENT_POINTER] = source.pointing(FRAME_INCREMENT_POINTER, new)
    return made


# -- functional groups ----------------------------------------------------------------------------


def _referenced(source: Encoded) -> list[float]:
    """By Frame Reference DateTime, PS3.3 C.7.6.16.2.2."""
    own = zone(source.text(_TIMEZONE))
    time = source.text(_CONTENT_TIME).ljust(6, "0")
    origin = _moment(source.text(_CONTENT_DATE) + time, own)
    if origin is None:
        raise NotTimeBased("the object has no Content Date and Content Time")
    found = []
    for start, stop in source.ranges(FUNCTIONAL_GROUPS):
        moment = _moment(_reference(source, source.read(start, stop)), own)
        if moment is None:
            raise NotTimeBased("a frame has no Frame Reference DateTime")
        found.append((moment - origin).total_seconds())
    return found


def _reference(source: Encoded, item: bytes) -> str:
    """The Frame Reference DateTime in an item of the functional groups."""
    syntax = source.elements[FUNCTIONAL_GROUPS].within(source.syntax)
    groups = Encoded(BytesIO(item), syntax, 0, len(item))
    for content in groups.items(_FRAME_CONTENT):
        return Encoded(BytesIO(content), syntax, 0, len(content)).text(_REFERENCE_DATE_TIME)
    return ""


def _moment(text: str, own: timezone) -> datetime | None:
    parts = _MOMENT.fullmatch(text)
    if parts is None:
        return None
    whole, fraction, offset = parts.groups()
    try:
        moment = datetime.strptime(whole, "%Y%m%d%H%M%S")
    except ValueError:
        return None
    micro = timedelta(microseconds=int((fraction or "0").ljust(6, "0")))
    return moment.replace(tzinfo=zone(offset) if offset else own) + micro


def zone(offset: str) -> timezone:
    """A time zone from its offset, PS3.3 C.12.1.1.8; UTC where it is none."""
    if not re.fullmatch(r"[+-](0\d|1[0-4])[0-5]\d", offset):
        return UTC
    minutes = int(offset[1:3]) * 60 + int(offset[3:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
