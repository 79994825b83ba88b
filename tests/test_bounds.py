"""Odd data sets are read where pydicom can; bombs and lies are refused, at no great cost."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import pytest

from archive.bounds import Bounds
from archive.errors import BadObject, Inflated
from tests.datasets import DEFLATED, EXPLICIT, IMPLICIT, Element, encode, instance
from tests.scanning import scan


@pytest.mark.parametrize(
    ("claimed", "written"),
    [(IMPLICIT, EXPLICIT), (EXPLICIT, IMPLICIT), ("1.2.840.10008.1.2.4.50", IMPLICIT)],
)
@pytest.mark.filterwarnings("ignore:Expected .* VR")
def test_a_mislabelled_encoding_is_read_all_the_same(claimed, written):
    data = instance(syntax=written)
    head = scan(data, claimed)
    assert head.values[0x00100020] == b"4711"
    for cut in (11, len(data) - 1, len(data) - 40):
        with pytest.raises(BadObject):
            scan(data[:cut], claimed)


def test_an_unknown_vr_is_read_as_pydicom_does():
    data = instance()
    odd = encode([Element(0x00080001, b"LO", b"1234")]).replace(b"LO", b"QQ") + data
    assert scan(odd, EXPLICIT).values == scan(data, EXPLICIT).values
    with pytest.raises(BadObject):
        scan(odd[:-1], EXPLICIT)


def test_an_implicit_item_in_an_explicit_data_set_is_read():
    inner = encode([Element(0x00080100, b"SH", b"CODE")], IMPLICIT)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
    data = encode([Element(0x00081140, b"SQ", item)]) + instance()[18:]
    assert scan(data, EXPLICIT).values[0x00100020] == b"4711"


def nested(depth: int, syntax: str, *, open_ended: bool) -> bytes:
    """Sequences within sequences, written from the outside in."""
    explicit = b"SQ\0\0" if syntax == EXPLICIT else b""
    tag = struct.pack("<HH", 0x0008, 0x1115) + explicit
    step = len(tag) + 12
    if open_ended:
        opening = tag + b"\xff" * 4 + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
        closing = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
        return opening * depth + closing * depth
    lengths = ((depth - level) * step for level in range(depth))
    return b"".join(
        tag + struct.pack("<IHHI", length - len(tag) - 4, 0xFFFE, 0xE000, length - step)
        for length in lengths
    )


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("open_ended", [True, False])
@pytest.mark.parametrize("depth", [1, 63, 64, 65, 2000, 20000])
def test_sequences_nest_64_deep_and_no_deeper(depth, open_ended, syntax):
    """Hostile input D3."""
    data = nested(depth, syntax, open_ended=open_ended)
    if depth <= 64:
        scan(data, syntax)
    else:
        with pytest.raises(BadObject, match="nested deeper than 64"):
            scan(data, syntax)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("depth", [64, 65, 300])
@pytest.mark.parametrize("open_ended", [True, False])
def test_an_odd_data_set_nests_no_deeper_either(depth, open_ended):
    odd = encode([Element(0x00080001, b"LO", b"1234")]).replace(b"LO", b"QQ")
    data = odd + nested(depth, EXPLICIT, open_ended=open_ended)
    if depth <= 64:
        scan(data, EXPLICIT)
    else:
        with pytest.raises(BadObject):
            scan(data, EXPLICIT)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_elements_and_items_are_counted(syntax):
    """Hostile input D4."""
    bounds = Bounds(elements=1000)
    few = encode([Element(0x00080070, b"LO")] * 1000, syntax)
    scan(few, syntax, bounds=bounds)
    many = encode([Element(0x00080070, b"LO")] * 1001, syntax)
    empty_items = encode([Element(0x00081140, b"SQ", b"", ((),) * 1000)], syntax)
    for data in (many, empty_items):
        for cuts in ((), range(1, len(data), 7)):
            with pytest.raises(BadObject, match="more than 1000 data elements"):
                scan(data, syntax, *cuts, bounds=bounds)


LONGER = encode([Element(0x00080070, b"LO", b"1234")])[:-2]


@pytest.mark.parametrize(
    "data",
    [
        encode([Element(0x00080070, b"LO", b"12")])[:6] + b"\xff\xff12",
        encode([Element(0x7FE00010, b"OW", b"12")])[:8] + b"\xfe\xff\xff\xff12",
        # an element longer than the sequence it is in, half an item
        encode([Element(0x00081140, b"SQ", struct.pack("<HHI", 0xFFFE, 0xE000, 10) + LONGER)]),
        encode([Element(0x00081140, b"SQ", struct.pack("<HHI", 0xFFFE, 0xE000, 0)[:6])]),
        # delimiters where nothing is open
        struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + encode([Element(0x00080070, b"LO", b"12")]),
        struct.pack("<HHI", 0xFFFE, 0xE0DD, 0) + encode([Element(0x00080070, b"LO", b"12")]),
        # a sequence, an item, pixel data without end
        encode([Element(0x00081140, b"SQ", b"", (), True)])[:-8],
        encode([Element(0x00081140, b"SQ", b"", ((),), True)])[:-16],
        encode([Element(0x7FE00010, b"OB", b"", open_ended=True)]),
        b"\x08\x00",
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_lengths_that_lie_are_refused(data):
    """Hostile input D5."""
    with pytest.raises(BadObject):
        scan(data, EXPLICIT)


def test_values_are_kept_up_to_a_bound():
    """Hostile input D7: a name of 10 MB costs 64 KiB."""
    data = encode([Element(0x00100010, b"UT", b"x" * 10_000_000)])
    whole, torn = scan(data, EXPLICIT), scan(data, EXPLICIT, 100, 5000, 300_000)
    assert whole == torn
    assert whole.values[0x00100010] == b"x" * 65536


def deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


def test_a_deflated_data_set_is_read_in_any_portions():
    data = instance(pixels=300_000)
    deflated = deflate(data)
    plain = scan(data, EXPLICIT)
    for cuts in ((), range(1, len(deflated))):
        assert scan(deflated, DEFLATED, *cuts).values == plain.values
    assert scan(deflated + b"\0", DEFLATED).values == plain.values  # PS3.5 A.5: padded to even
    for cut in range(len(deflated)):
        with pytest.raises(BadObject):
            scan(deflated[:cut], DEFLATED)


def test_a_deflate_bomb_costs_no_memory():
    """Hostile input D6."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = deflater.compress(encode([Element(0x7FE00010, b"OW")])[:8] + b"\0\0\0\x20")
    bomb += b"".join(deflater.compress(bytes(1 << 20)) for _ in range(80)) + deflater.flush()
    tracemalloc.start()
    try:
        with pytest.raises(Inflated):
            scan(bomb, DEFLATED, bounds=Bounds(inflated_bytes=64 << 20))
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
