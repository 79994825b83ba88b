"""The scanner agrees with pydicom, takes bytes in any portions, and never takes a torn data set."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filereader import data_element_generator, read_dataset

from archive.errors import BadObject
from tests.datasets import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    WHEEL,
    Element,
    encode,
    encode_each,
    parted,
    wheel_files,
)
from tests.scanning import PLAIN, WANTED, is_odd, scan


def pydicom_values(data: bytes, syntax: str) -> dict[int, bytes]:
    """What pydicom reads for the wanted tags."""
    if syntax == DEFLATED:
        data = zlib.decompress(data, -zlib.MAX_WBITS)
    found = read_dataset(io.BytesIO(data), syntax == IMPLICIT, syntax != BIG)
    return {tag: found.get_item(tag).value or b"" for tag in WANTED if tag in found}


# -- generated data sets

VALUES = st.binary(max_size=24).map(lambda value: value + b" " * (len(value) % 2))
PLAIN_TAGS = st.sampled_from(
    sorted(WANTED ^ {0x00080005, 0x00080070, 0x00181030, 0x00200013, 0x00290010, 0x60000010})
)
SEQUENCES = st.sampled_from([0x00081115, 0x00081140, 0x00400275, 0x52009229])
PRIVATE_SEQUENCES = st.sampled_from([0x00091020, 0x00431001])
VRS = st.sampled_from(
    b"AE AS CS DA DS FD IS LO LT OB OF OW PN SH ST SV TM UC UI UL UN UR US UT".split()
)


def plain_elements():
    return st.builds(Element, PLAIN_TAGS, VRS, VALUES)


def sequences(inner):
    items = st.lists(inner, max_size=3).map(tuple)
    public = st.builds(
        lambda tag, items, open_ended: Element(tag, b"SQ", b"", items, open_ended),
        SEQUENCES,
        items,
        st.booleans(),
    )
    # A private sequence in implicit VR is known for one only by its undefined length.
    private = st.builds(
        lambda tag, items: Element(tag, b"SQ", b"", items, True), PRIVATE_SEQUENCES, items
    )
    return st.one_of(public, private)


def ordered(elements) -> tuple[Element, ...]:
    return tuple({e.tag: e for e in sorted(elements, key=lambda e: e.tag)}.values())


LEVELS = st.recursive(
    st.lists(plain_elements(), max_size=4).map(ordered),
    lambda inner: st.lists(st.one_of(plain_elements(), sequences(inner)), max_size=4).map(ordered),
    max_leaves=12,
)
FRAMES = st.lists(VALUES, max_size=3).map(
    lambda frames: Element(
        0x7FE00010,
        b"OB",
        b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(f)) + f for f in frames)
        + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0),
        open_ended=True,
    )
)


def open_un(tag: int, items) -> Element:
    return Element(tag, b"UN", b"", items, True)


@st.composite
def data_sets(draw, syntaxes=PLAIN):
    syntax = draw(st.sampled_from(syntaxes))
    elements = list(draw(LEVELS))
    if syntax != BIG and draw(st.booleans()):
        elements.append(draw(FRAMES))
    if syntax == EXPLICIT and draw(st.booleans()):
        elements.append(open_un(0x00091099, draw(st.lists(LEVELS, max_size=2).map(tuple))))
    elements.append(Element(0x00080005, b"CS", b"ISO_IR 100"))
    return syntax, ordered(elements)


@given(data_sets())
def test_scanner_and_pydicom_read_the_same_values(given_set):
    syntax, elements = given_set
    data = encode(elements, syntax)
    assert not is_odd(data, syntax)
    head = scan(data, syntax)
    assert head.values == pydicom_values(data, syntax)
    assert head.little_endian == (syntax != BIG)
    assert head.transfer_syntax_uid == syntax


@given(data_sets(), st.data())
def test_any_portions_give_the_same_head(given_set, data):
    syntax, elements = given_set
    encoded = encode(elements, syntax)
    whole = scan(encoded, syntax)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(encoded)), max_size=8)))
    assert scan(encoded, syntax, *cuts) == whole
    assert scan(encoded, syntax, *range(1, len(encoded))) == whole


@given(data_sets())
def test_a_torn_data_set_is_refused_wherever_it_is_torn(given_set):
    syntax, elements = given_set
    parts = list(encode_each(elements, syntax))
    data = b"".join(parts)
    ends = {sum(map(len, parts[:count])) for count in range(len(parts) + 1)}
    for cut in range(len(data)):
        if cut in ends:
            scan(data[:cut], syntax)
        else:
            with pytest.raises(BadObject):
                scan(data[:cut], syntax)


@given(st.sampled_from((*PLAIN, DEFLATED)), st.binary(max_size=200))
def test_noise_is_a_head_or_a_bad_object(syntax, data):
    with suppress(BadObject):
        scan(data, syntax)


@given(data_sets(), st.data())
def test_damaged_data_sets_are_a_head_or_a_bad_object(given_set, data):
    syntax, elements = given_set
    encoded = bytearray(encode(elements, syntax))
    for _ in range(3):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BadObject):
        scan(bytes(encoded), syntax)


# -- real files

TRUNCATED = {"MR_truncated.dcm", "rtplan_truncated.dcm"}
ODD = {"SC_rgb_jpeg.dcm", "DICOMDIR-nooffset"}
FILES = wheel_files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")
def test_real_files_give_what_pydicom_reads(path: Path):
    syntax, data = parted(path)
    assert is_odd(data, syntax) == (path.name in ODD)
    if path.name in TRUNCATED:
        with pytest.raises(BadObject, match="truncated"):
            scan(data, syntax)
        return
    head = scan(data, syntax)
    assert head.values == pydicom_values(data, syntax)
    middle = len(data) // 3
    assert scan(data, syntax, 1, 2, 3, middle, middle + 5, len(data) - 1) == head


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")
def test_a_real_file_cut_at_any_512_bytes_is_never_taken(path: Path):
    """Hostile input D5: unless the cut falls between two elements, where nothing can tell."""
    syntax, data = parted(path)
    ends = _ends(data, syntax)
    # Long files are pixel data mostly: 60 cuts in each half of it are as good as 2000.
    cuts = list(range(512, len(data), 512))
    for cut in cuts[:60] + cuts[-60:]:
        if cut not in ends:
            with pytest.raises(BadObject):
                scan(data[:cut], syntax)


def _ends(data: bytes, syntax: str) -> set[int]:
    if syntax == DEFLATED:
        return set()
    file = io.BytesIO(data)
    return {file.tell() for _ in data_element_generator(file, syntax == IMPLICIT, syntax != BIG)}


def test_nearly_all_of_the_wheel_was_read():
    assert len(FILES) >= 150
    assert (WHEEL / "charset_files" / "chrX2.dcm") in FILES
