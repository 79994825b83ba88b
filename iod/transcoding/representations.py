"""The VR of an element whose encoding does not say it: PS3.6, private dictionaries, PS3.5 Annex A.

Law: a VR that is not known for sure is UN (PS3.5 6.2.2), whose bytes nobody touches. The ambiguous
ones ("US or SS") depend on other elements, at times later ones, so they are decided over the tree;
the rules are those of `pydicom.filewriter.correct_ambiguous_vr`, which needs decoded values.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from pydicom.datadict import get_entry, get_private_entry
from pydicom.tag import BaseTag

from iod.transcoding.elements import LONG, SHORT, UNDEFINED, UNITS, Item, Sequence

PIXEL_DATA: Final = 0x7FE00010
_BITS_ALLOCATED, _PIXEL_REPRESENTATION = 0x00280100, 0x00280103
_WAVEFORM_BITS, _LUT_DESCRIPTOR = 0x54001004, 0x00283002
# Waveform Data and its padding, minimum and maximum: PS3.3 C.10.9.
_WAVEFORM: Final = frozenset((0x54001010, 0x5400100A, 0x54000110, 0x54000112))

_WORDS, _NUMBER, _TABLE = b"ox", b"xs", b"lt"  # not decided yet
_AMBIGUOUS: Final = {
    "OB or OW": _WORDS,
    "US or SS": _NUMBER,
    "US or OW": _TABLE,
    "US or SS or OW": _TABLE,
}


def vr(tag: int, length: int, creators: Mapping[int, str]) -> bytes:
    """The VR of an element that was read from an implicit VR data set."""
    group, element = tag >> 16, tag & 0xFFFF
    if not group & 1:
        return _standard(tag)
    if element <= 0xFF:
        return b"LO" if element >= 0x10 else b"UL" if element == 0 else b"UN"
    creator = creators.get(group << 16 | element >> 8)
    known = _private(tag, creator) if creator else b"UN"
    # The dictionaries of vendors' elements were collected, not published: believed if it fits.
    # A private sequence of defined length stays closed; nothing proves that it is one.
    whole = length != UNDEFINED and length % UNITS.get(known, 1) == 0
    return known if whole and known != b"SQ" else b"UN"


@lru_cache(maxsize=8192)
def _standard(tag: int) -> bytes:
    try:
        found = get_entry(BaseTag(tag))[0]
    except KeyError:
        return b"UL" if tag & 0xFFFF == 0 else b"UN"
    return _AMBIGUOUS.get(found) or _coded(found)


@lru_cache(maxsize=8192)
def _private(tag: int, creator: str) -> bytes:
    try:
        return _coded(get_private_entry(BaseTag(tag), creator)[0])
    except KeyError:
        return b"UN"


def _coded(found: str) -> bytes:
    code = found.encode("ascii", "replace")
    return code if code in SHORT or code in LONG else b"UN"


class _Around:
    """What the data sets around an element say about it."""

    __slots__ = ("bits", "signed", "waveform")

    def __init__(self, item: Item, outer: _Around | None, *, little: bool) -> None:
        self.signed: int | None = item.number(_PIXEL_REPRESENTATION, little=little)
        self.waveform: int | None = item.number(_WAVEFORM_BITS, little=little)
        if outer is not None:
            self.signed = outer.signed if self.signed is None else self.signed
            self.waveform = outer.waveform if self.waveform is None else self.waveform
        self.bits = item.number(_BITS_ALLOCATED, little=little) or 8


def decide(item: Item, *, little: bool, outer: _Around | None = None) -> None:
    """Decide every ambiguous VR of the tree, and how wide the words of pixel data are."""
    around = _Around(item, outer, little=little)
    for element in item.elements:
        if isinstance(element.value, Sequence):
            for each in element.value.items:
                decide(each, little=little, outer=around)
        elif element.vr == _NUMBER:
            element.vr = b"SS" if around.signed == 1 else b"US"
        elif element.vr == _TABLE:
            # PS3.3 C.11.1.1.1: a table of one entry is one number.
            single = element.tag & 0xFFFF == 0x3006 and _entries(item, little) == 1
            element.vr = b"US" if single else b"OW"
        elif element.vr == _WORDS:
            element.vr = _words(element.tag, around)
        if element.tag == PIXEL_DATA:
            # Writers of big endian swap pixel cells of 32 bits whole, as pydicom reads them.
            cell = around.bits // 8 if around.bits > 8 else 0
            element.unit = cell if cell in (2, 4, 8) else UNITS.get(element.vr, 1)


def _entries(item: Item, little: bool) -> int | None:
    return item.number(_LUT_DESCRIPTOR, little=little)


def _words(tag: int, around: _Around) -> bytes:
    """PS3.5 A.2: OW for cells of more than 8 bits, and for overlays (8.1.2)."""
    if tag == PIXEL_DATA:
        return b"OW" if around.bits > 8 else b"OB"
    if tag in _WAVEFORM:
        return b"OB" if around.waveform == 8 else b"OW"
    return b"OW"
