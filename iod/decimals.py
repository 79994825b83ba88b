"""Decimal strings, PS3.5 6.2: read and written without a detour through binary fractions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from pydicom.valuerep import format_number_as_ds

from iod import elements
from iod.encoded import Change, Encoded, written
from iod.errors import Uncreatable

_LONGEST = 16


def decimals(source: Encoded, tag: int) -> list[Decimal]:
    """The values of a DS element. Raises Uncreatable where one is no number."""
    try:
        values = [Decimal(text) for text in source.texts(tag)]
    except InvalidOperation:
        values = [Decimal("nan")]
    if not all(value.is_finite() and abs(value.adjusted()) < _LONGEST for value in values):
        raise Uncreatable(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) holds what is no number")
    return values


def encoded(source: Encoded, tag: int, values: Sequence[Decimal]) -> Change:
    """A DS element with these values."""
    text = "\\".join(map(_text, values))
    return written(elements.element(source.syntax, tag, b"DS", text.encode()))


def _text(value: Decimal) -> str:
    plain = str(value)
    return plain if len(plain) <= _LONGEST else format_number_as_ds(float(value))
