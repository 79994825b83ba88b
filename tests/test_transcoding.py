"""Change of the encoding of a data set, PS3.5 7 and Annex A: every value keeps its bytes."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from iod.errors import Unconvertible
from iod.examination import reading
from iod.transcoding import conversion, targets
from iod.transcoding.syntaxes import check
from tests import corpus
from tests.datasets import BIG, CT, DEFLATED, EXPLICIT, IMPLICIT, Element, encode, instance
from tests.transcoding import COMPRESSED, NATIVE, changed, read, text, us

PLAIN = [
    one
    for one in corpus.sendable()
    if one.transfer_syntax_uid in NATIVE and "truncated" not in one.path.name
]


@pytest.mark.parametrize(
    ("syntax", "found"),
    [
        (EXPLICIT, (IMPLICIT, DEFLATED, BIG, "4.80", "4.90", "5")),
        (IMPLICIT, (EXPLICIT, DEFLATED, BIG, "4.80", "4.90", "5")),
        ("4.80", (EXPLICIT, IMPLICIT, DEFLATED, BIG, "4.90", "5")),
        ("4.50", (EXPLICIT, IMPLICIT, DEFLATED, BIG, "4.80", "4.90", "5")),
        ("4.112", (EXPLICIT, IMPLICIT, DEFLATED, BIG, "4.80", "4.90", "5")),
        *((f"4.{video}", ()) for video in ("100", "101.1", "102", "103.1", "106", "108")),
        *((f"4.{jpip}", ()) for jpip in ("94", "95", "204", "205")),
        ("4.53", ()),
        ("4.92", ()),
        ("1.2.3", ()),
    ],
)
def test_targets_are_what_an_object_can_be_changed_to(syntax, found):
    def whole(uid: str) -> str:
        return uid if uid.startswith("1.2") else f"1.2.840.10008.1.2.{uid}"

    assert targets(whole(syntax), CT) == tuple(map(whole, found))


def test_floating_point_pixels_are_never_compressed():
    assert targets(EXPLICIT, "1.2.840.10008.5.1.4.1.1.30") == (IMPLICIT, DEFLATED, BIG)


@pytest.mark.parametrize(
    ("syntax", "cause"),
    [
        ("4.100", "MPEG-2 video is never re-encoded"),
        ("4.102.1", "H.264 video is never re-encoded"),
        ("4.107", "H.265 video is never re-encoded"),
        ("4.94", "its pixel data is a reference to a JPIP server"),
        ("4.93", "there is no decoder for JPEG 2000 Part 2"),
        ("4.66", "there is no decoder for this retired JPEG process"),
        ("7.1", "there is no decoder for transfer syntax 1.2.840.10008.1.2.7.1"),
    ],
)
def test_what_is_never_changed_has_its_cause(syntax, cause):
    with pytest.raises(Unconvertible, match=cause):
        check(f"1.2.840.10008.1.2.{syntax}", EXPLICIT)


# Real objects.


def _same(one: Dataset, other: Dataset) -> None:
    """Every element that the encodings agree on has its value; nothing is missing but the dead."""
    kept = [element for element in one if element.tag.element and element.tag != 0x00080001]
    assert [element.tag for element in kept] == [element.tag for element in other]
    for element in kept:
        found = other[element.tag]
        if element.VR == found.VR == "SQ":
            assert len(element.value) == len(found.value)
            for item, again in zip(element.value, found.value, strict=True):
                _same(item, again)
        # pydicom swaps no O*, and believes that private UN follows the byte order: PS3.5 6.2.2.
        elif element.VR == found.VR and element.VR[0] != "O" and not element.tag.is_private:
            assert element.value == found.value, element.tag


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("one", PLAIN, ids=lambda one: one.path.name)
def test_a_real_object_is_the_same_in_every_native_encoding(one):
    stored = corpus.data_set(one)
    original = read(stored, one.transfer_syntax_uid)
    explicit = changed(stored, one.transfer_syntax_uid, EXPLICIT)
    implicit = changed(stored, one.transfer_syntax_uid, IMPLICIT)
    if one.transfer_syntax_uid == EXPLICIT:
        explicit = changed(implicit, IMPLICIT, EXPLICIT)
    for target in set(NATIVE) - {one.transfer_syntax_uid}:
        _same(original, read(changed(stored, one.transfer_syntax_uid, target), target))
    # There and back: not a byte differs.
    assert changed(changed(explicit, EXPLICIT, BIG), BIG, EXPLICIT) == explicit
    assert changed(changed(explicit, EXPLICIT, DEFLATED), DEFLATED, EXPLICIT) == explicit
    assert changed(changed(implicit, IMPLICIT, EXPLICIT), EXPLICIT, IMPLICIT) == implicit
    assert changed(changed(implicit, IMPLICIT, BIG), BIG, IMPLICIT) == implicit


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("one", PLAIN, ids=lambda one: one.path.name)
def test_native_pixels_are_the_same_in_every_encoding(one):
    stored = corpus.data_set(one)
    original = read(stored, one.transfer_syntax_uid)
    if "PixelData" not in original or one.path.name == "badVR.dcm":
        return
    for target in set(NATIVE) - {one.transfer_syntax_uid}:
        again = read(changed(stored, one.transfer_syntax_uid, target), target)
        assert (original.pixel_array == again.pixel_array).all()


# The rules, one by one.


def _through(elements: list[Element], target: str, syntax: str = EXPLICIT) -> bytes:
    return changed(encode(elements, syntax), syntax, target)


NUMBERS = [
    Element(0x00081160, b"IS", b"12"),
    Element(0x00189810, b"US", b"\1\2"),
    Element(0x00200062, b"CS", b"L "),
    Element(0x00280009, b"AT", b"\1\2\3\4"),
    Element(0x00281201, b"OW", b"\1\2\3\4"),
    Element(0x00720052, b"AT", b"\1\2\3\4\5\6\7\x08"),
    Element(0x00720064, b"IS", b"1\\2 "),
    Element(0x0072006A, b"PN", b"\xa5\xb5"),
    Element(0x00720074, b"FD", b"\1\2\3\4\5\6\7\x08"),
    Element(0x00720076, b"FL", b"\1\2\3\4"),
    Element(0x00720078, b"UL", b"\1\2\3\4"),
    Element(0x00720082, b"SV", b"\1\2\3\4\5\6\7\x08"),
    Element(0x00720083, b"UV", b"\1\2\3\4\5\6\7\x08"),
    Element(0x00091001, b"UN", b"\1\2\3\4"),
    Element(0x00420011, b"OB", b"\1\2\3\4"),
]


def test_big_endian_swaps_numbers_by_their_size_and_nothing_else():
    # PS3.5 7.3; UN is little endian always, 6.2.2
    elements = sorted(NUMBERS, key=lambda element: element.tag)
    units = {b"US": 2, b"AT": 2, b"OW": 2, b"FL": 4, b"UL": 4, b"FD": 8, b"SV": 8, b"UV": 8}

    def swapped(element: Element) -> Element:
        unit, raw = units.get(element.vr, 1), element.value
        words = (raw[at : at + unit][::-1] for at in range(0, len(raw), unit))
        return Element(element.tag, element.vr, b"".join(words))

    assert _through(elements, BIG) == encode([swapped(each) for each in elements], BIG)


def test_group_lengths_and_length_to_end_are_left_behind_everywhere():
    # PS3.5 7.2; PS3.6: Length to End is retired
    dead = [Element(0x00080000, b"UL", bytes(4)), Element(0x00080001, b"UL", bytes(4))]
    kept = [text(0x00080060, b"CS", "CT")]
    item = Element(0x00081115, b"SQ", items=((*dead, *kept),))
    left = Element(0x00081115, b"SQ", items=(tuple(kept),))
    assert _through([*dead, *kept, item], IMPLICIT) == encode([*kept, left], IMPLICIT)


@pytest.mark.parametrize("open_ended", [False, True])
@pytest.mark.parametrize("target", [IMPLICIT, BIG])
def test_a_sequence_keeps_the_form_of_its_length(open_ended, target):
    # PS3.5 7.5.2; empty items and empty sequences too
    inner = Element(
        0x00081199, b"SQ", items=((text(0x00080060, b"CS", "MR"),), ()), open_ended=open_ended
    )
    outer = Element(0x00081115, b"SQ", items=((inner,), ()), open_ended=open_ended)
    elements = [outer, Element(0x00081140, b"SQ", items=(), open_ended=open_ended)]
    assert _through(elements, target) == encode(elements, target)


def test_an_odd_length_is_padded_as_its_representation_wants():
    # PS3.5 7.1.1, 6.2
    odd = [Element(0x00080018, b"UI", b"1.2"), Element(0x00080060, b"CS", b"CTX")]
    even = [Element(0x00080018, b"UI", b"1.2\0"), Element(0x00080060, b"CS", b"CTX ")]
    assert _through(odd, IMPLICIT) == encode(even, IMPLICIT)


@pytest.mark.parametrize(("length", "vr"), [(0xFFFE, b"LT"), (0x10000, b"UN")])
def test_a_value_too_long_for_a_short_length_becomes_un(length, vr):
    # PS3.5 6.2.2
    said = Element(0x00104000, b"LT", b"x" * length)
    stored = encode([said], IMPLICIT)
    expected = encode([Element(0x00104000, vr, said.value)], EXPLICIT)
    assert changed(stored, IMPLICIT, EXPLICIT) == expected


CREATOR = Element(0x00190010, b"LO", b"GEMS_ACQU_01")


@pytest.mark.parametrize(
    ("tag", "raw", "vr"),
    [
        (0x00191002, b"\1\0", b"SL"),  # the dictionary says SL, but the value cannot be one
        (0x00191002, b"\1\0\0\0", b"SL"),
        (0x001910FF, b"\1\0\0\0", b"UN"),
        (0x00191102, b"\1\0\0\0", b"UN"),  # a block that nobody reserved
    ],
)
def test_a_private_element_is_un_unless_it_is_known_and_fits(tag, raw, vr):
    # PS3.5 6.2.2, 7.8.1
    vr = b"UN" if len(raw) < 4 else vr
    elements = [CREATOR, Element(tag, vr, raw)]
    found = changed(encode(elements, IMPLICIT), IMPLICIT, EXPLICIT)
    assert found == encode(elements, EXPLICIT)


def test_un_of_undefined_length_is_a_sequence_in_implicit_vr():
    # PS3.5 6.2.2 note 2
    inner = (text(0x00080060, b"CS", "MR"),)
    unknown = Element(0x00091001, b"UN", items=(inner,), open_ended=True)
    known = Element(0x00091001, b"SQ", items=(inner,), open_ended=True)
    assert _through([unknown], IMPLICIT) == encode([known], IMPLICIT)
    assert _through([unknown], BIG) == encode([known], BIG)


@pytest.mark.parametrize(("representation", "vr"), [(0, b"US"), (1, b"SS")])
def test_us_or_ss_follows_pixel_representation_also_from_within_items(representation, vr):
    # PS3.5 Annex A; PS3.3 C.11.1
    lut = Element(0x00283002, vr, bytes(6))
    elements = [
        Element(0x00280106, vr, b"\1\0"),
        us(0x00280103, representation),
        Element(0x00283000, b"SQ", items=((lut,),)),
    ]
    elements.sort(key=lambda element: element.tag)
    assert changed(encode(elements, IMPLICIT), IMPLICIT, EXPLICIT) == encode(elements)


@pytest.mark.parametrize(("entries", "vr"), [(1, b"US"), (2, b"OW")])
def test_lut_data_of_one_entry_is_a_number(entries, vr):
    # PS3.3 C.11.1.1.1
    descriptor = Element(0x00283002, b"US", struct.pack("<HHH", entries, 0, 16))
    item = (descriptor, Element(0x00283006, vr, bytes(2 * entries)))
    elements = [Element(0x00283010, b"SQ", items=(item,))]
    assert changed(encode(elements, IMPLICIT), IMPLICIT, EXPLICIT) == encode(elements)


@pytest.mark.parametrize(("bits", "vr"), [(8, b"OB"), (16, b"OW")])
def test_waveform_data_follows_its_bits(bits, vr):
    # PS3.3 C.10.9.1.5; the minimum lies in the definition of a channel
    channel = (Element(0x54000110, vr, bytes(2)),)
    item = (
        Element(0x003A0200, b"SQ", items=(channel,)),
        us(0x54001004, bits),
        Element(0x54001010, vr, bytes(4)),
    )
    elements = [Element(0x54000100, b"SQ", items=(item,))]
    assert changed(encode(elements, IMPLICIT), IMPLICIT, EXPLICIT) == encode(elements)


@pytest.mark.parametrize("said", [EXPLICIT, IMPLICIT])
def test_what_is_labelled_wrongly_is_read_as_it_is(said):
    lies = {EXPLICIT: IMPLICIT, IMPLICIT: EXPLICIT}
    stored = instance(syntax=lies[said])
    assert changed(stored, said, BIG) == changed(stored, lies[said], BIG)


def test_a_data_set_without_pixels_goes_into_any_encapsulated_syntax():
    stored = encode([text(0x00080060, b"CS", "SR")])
    for target in COMPRESSED:
        assert changed(stored, EXPLICIT, target) == stored


def test_a_deflated_data_set_has_an_even_length():
    # PS3.5 A.5
    for length in range(0, 40, 2):
        stored = encode([Element(0x00420011, b"OB", bytes(length))])
        assert len(changed(stored, EXPLICIT, DEFLATED)) % 2 == 0


# Hostile ones.


def test_a_deflated_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(conversion, "INFLATED_BYTES", 2 << 20)
    bomb = zlib.compressobj(9, wbits=-15)
    head = struct.pack("<HH2s2xI", 0x0042, 0x0011, b"OB", 3 << 20)
    packed = bomb.compress(head) + bomb.compress(bytes(3 << 20))
    with pytest.raises(Unconvertible, match="inflates to over"):
        changed(packed + bomb.flush(), DEFLATED, EXPLICIT)


@pytest.mark.parametrize("of", [conversion, reading])
def test_a_deflated_data_set_is_in_memory_once(of):
    size = 16 << 20
    deflater = zlib.compressobj(1, wbits=-15)
    source = io.BytesIO(deflater.compress(bytes(size)) + deflater.flush())
    tracemalloc.start()
    try:
        plain = of._inflated(source)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * size
    assert plain.tell() == 0
    assert len(plain.read()) == size


@pytest.mark.parametrize("depth", [65, 5000])
def test_sequences_nested_too_deep_are_refused(depth):
    nested = struct.pack("<HH2s2xI", 0x0008, 0x1140, b"SQ", 0xFFFFFFFF)
    nested += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    with pytest.raises(Unconvertible, match="nested deeper"):
        changed(nested * depth, EXPLICIT, IMPLICIT)


@pytest.mark.parametrize(
    ("syntax", "whole"), [(EXPLICIT, 9), (IMPLICIT, 9), (BIG, 9), (DEFLATED, 1)]
)
def test_a_truncated_object_is_refused_unless_it_ends_between_elements(syntax, whole):
    stored = changed(instance(pixels=6), EXPLICIT, syntax)
    count = 0
    for cut in range(len(stored)):
        with suppress(Unconvertible):
            changed(stored[:cut], syntax, IMPLICIT if syntax == EXPLICIT else EXPLICIT)
            count += 1
    assert count == whole  # the last byte of the deflated one is padding


@given(st.binary(max_size=200), st.sampled_from(NATIVE), st.sampled_from(NATIVE))
def test_whatever_bytes_are_stored_the_answer_is_a_data_set_or_unconvertible(data, syntax, target):
    with suppress(Unconvertible):
        changed(data, syntax, target)
