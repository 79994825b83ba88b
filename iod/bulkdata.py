"""Objects without their bulk data, PS3.4 Z.1.3: the same bytes but for what is left out."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from iod import elements
from iod.elements import Element, Walk
from iod.encoded import Change, Encoded, Made, Stored, Write, opened, writing

_BULK = frozenset(
    (
        0x00287FE0,  # Pixel Data Provider URL
        0x00420011,  # Encapsulated Document
        0x56000020,  # Spectroscopy Data
        0x7FE00008,  # Float Pixel Data
        0x7FE00009,  # Double Float Pixel Data
        0x7FE00010,  # Pixel Data
    )
)
_REPEATING = frozenset(
    (
        0x50003000,  # Curve Data
        0x5000200C,  # Audio Sample Data
        0x60003000,  # Overlay Data
    )
)
_WAVEFORM_SEQUENCE = 0x54000100
_WAVEFORM_DATA = 0x54001010


def without_bulk_data(stored: Stored, identity: tuple[str, str], into: Path) -> Made:
    """The object without bulk data as the new file `into`; `identity` is SOP class and instance.

    Z.4.2.3: no corresponding changes are made to other attributes. Only group lengths, retired,
    go where they would be wrong. Raises Malformed, OSError.
    """
    with opened(stored, into.parent) as source, writing(into, source.syntax) as write:
        source.rewrite(_changes(source), write)
    return Made(*identity, stored.transfer_syntax_uid, into, 0, into.stat().st_size)


def _changes(source: Encoded) -> dict[int, Change]:
    changes: dict[int, Change] = dict.fromkeys(filter(_bulk, source.elements))
    if (waveforms := source.elements.get(_WAVEFORM_SEQUENCE)) is not None:
        changes[_WAVEFORM_SEQUENCE] = partial(_without_samples, source, waveforms)
    touched = {tag & 0xFFFF0000 for tag in changes}
    return changes | dict.fromkeys(touched & source.elements.keys())


def _bulk(tag: int) -> bool:
    # PS3.5 7.6: repeating groups are even ones from xx00 to xx1E
    return tag in _BULK or (tag & 0xFF01FFFF in _REPEATING and tag >> 16 & 0xFF <= 0x1E)


def _without_samples(source: Encoded, sequence: Element, write: Write) -> None:
    """The Waveform Sequence without the Waveform Data in its items; samples are never read."""
    inside = source.walk.inside(sequence)
    syntax, inner = source.syntax, inside.syntax
    write(elements.header(syntax, sequence.tag, sequence.vr, elements.UNDEFINED))
    for start, stop in inside.items(sequence.value):
        write(elements.mark(inner, elements.ITEM, elements.UNDEFINED))
        for element in Walk(source.file, inner, stop, inside.depth).elements(start):
            if element.tag not in (_WAVEFORM_DATA, _WAVEFORM_DATA & 0xFFFF0000):
                source.copy(element, write)
        write(elements.mark(inner, elements.ITEM_END))
    write(elements.mark(inner, elements.SEQUENCE_END))
