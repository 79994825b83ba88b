"""Frames taken out of objects, PS3.4 Y.3.3: the same pixels, and nothing false said of them."""

from __future__ import annotations

import contextlib
import tracemalloc
import warnings
from functools import cache
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)

from iod import errors, frames
from iod.frameranges import SIMPLE_FRAME_LIST, FrameRange
from scu import instances
from scu.instances import FileInstance
from tests import corpus
from tests.multiframe import FRAME_TIME_VECTOR, cine, extracted, frame_bytes, read, written


@cache
def multi_frame_files() -> list[FileInstance]:
    found = []
    for one in corpus.sendable():
        if one.path.name in corpus.REFUSED:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(one.path, stop_before_pixels=True)
            if str(data.get("NumberOfFrames") or "1") not in ("1", "1A"):
                found.append(one)
    return found


@pytest.mark.parametrize("one", multi_frame_files(), ids=lambda one: one.path.name)
def test_every_frame_of_the_corpus_is_the_original_s(one: FileInstance, tmp_path: Path):
    original = pydicom.dcmread(one.path)
    count = int(original.NumberOfFrames)
    before = frame_bytes(original, one.transfer_syntax_uid)
    for numbers in {(1,), (count,), tuple(range(1, count + 1, 2)), tuple(range(1, count + 1))}:
        made = extracted(one.path, *numbers, into=tmp_path / f"{len(numbers)}-{numbers[0]}")
        new = read(made)
        assert frame_bytes(new, made.transfer_syntax_uid) == [before[n - 1] for n in numbers]
        assert int(new.NumberOfFrames) == len(numbers)
        assert made.sop_instance_uid == new.SOPInstanceUID != original.SOPInstanceUID
        for keyword in ("SOPClassUID", "PatientID", "StudyInstanceUID", "SeriesInstanceUID"):
            assert new[keyword].value == original[keyword].value
        tags = [element.tag for element in new]
        assert tags == sorted(tags)


# -- native pixels --------------------------------------------------------------------------------


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_native_frames_of_any_size_come_out_bit_for_bit(tmp_path: Path, data: st.DataObject):
    """PS3.5 8.1.1 and 8.2: bits are packed across frames; big endian words are swapped."""
    bits = data.draw(st.sampled_from([1, 8, 16]))
    rows, columns, count = (data.draw(st.integers(1, most)) for most in (5, 5, 7))
    syntax = data.draw(
        st.sampled_from([ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
    )
    size = -(-rows * columns * bits * count // 16) * 2
    raw = data.draw(st.binary(min_size=size, max_size=size))
    made = cine(count, rows, columns, 8, BitsAllocated=bits, PixelData=raw)
    made["PixelData"].VR = "OW" if bits == 16 else data.draw(st.sampled_from(["OB", "OW"]))
    path = written(tmp_path / "source.dcm", made, syntax)
    numbers = sorted(data.draw(st.sets(st.integers(1, count), min_size=1)))
    into = tmp_path / "frames"
    into.unlink(missing_ok=True)
    new = read(extracted(path, *numbers, into=into))
    before = frame_bytes(pydicom.dcmread(path), syntax)
    assert frame_bytes(new, syntax) == [before[number - 1] for number in numbers]
    assert len(new.PixelData) == -(-rows * columns * bits * len(numbers) // 16) * 2


def test_bits_are_copied_across_the_pieces_they_are_read_in(tmp_path: Path):
    """4.1 megapixels less a few, one bit each: every frame is larger than a piece."""
    rows, columns = 3001, 3001
    frame = -(-rows * columns // 8)
    bits = [int.from_bytes(bytes([n]) * frame, "little") >> 3 for n in (0b10110111, 0x5A, 0xC3)]
    size = rows * columns
    packed = sum((value & (1 << size) - 1) << n * size for n, value in enumerate(bits))
    raw = packed.to_bytes(-(-3 * size // 16) * 2, "little")
    made = cine(3, rows, columns, 8, BitsAllocated=1, PixelData=raw)
    new = read(extracted(written(tmp_path / "source.dcm", made), 1, 3))
    both = int.from_bytes(new.PixelData, "little")
    assert both & (1 << size) - 1 == bits[0] & (1 << size) - 1
    assert both >> size == bits[2] & (1 << size) - 1


def test_a_subsampled_frame_has_two_samples_a_pixel(tmp_path: Path):
    """PS3.3 C.7.6.3.1.2"""
    made = cine(3, 2, 2, 8, SamplesPerPixel=3, PhotometricInterpretation="YBR_FULL_422")
    made.PlanarConfiguration, made.PixelData = 0, bytes(range(24))
    new = read(extracted(written(tmp_path / "source.dcm", made), 2))
    assert new.PixelData == bytes(range(8, 16))


@pytest.mark.parametrize(
    ("keyword", "bits"), [("FloatPixelData", 32), ("DoubleFloatPixelData", 64)]
)
def test_float_pixels_are_cut_too(keyword: str, bits: int, tmp_path: Path):
    made = cine(3, 1, 1, 8, BitsAllocated=bits)
    del made.PixelData
    setattr(made, keyword, bytes(range(3 * bits // 8)))
    new = read(extracted(written(tmp_path / "source.dcm", made), 3))
    assert new[keyword].value == bytes(range(2 * bits // 8, 3 * bits // 8))


def test_a_deflated_object_stays_deflated(tmp_path: Path):
    path = written(tmp_path / "source.dcm", cine(), DeflatedExplicitVRLittleEndian)
    made = extracted(path, 2, 5)
    assert made.size % 2 == 0
    assert read(made).PixelData == b"\2" * 6 + b"\5" * 6
    assert made.transfer_syntax_uid == DeflatedExplicitVRLittleEndian


def test_a_large_object_is_never_in_memory(tmp_path: Path):
    path = written(tmp_path / "source.dcm", cine(1, 8, 8, 8))
    frame, count = 1 << 20, 200
    large = cine(count, 1024, 1024, 8, PixelData=bytes(frame))
    head = written(tmp_path / "head.dcm", large).read_bytes()[: -frame - 4]
    with path.open("wb") as file:
        file.write(head + (frame * count).to_bytes(4, "little"))
        file.truncate(len(head) + 4 + frame * count)
    tracemalloc.start()
    try:
        made = extracted(path, *range(1, count + 1, 2))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert made.size > frame * count // 2
    assert peak < 8 << 20


# -- encapsulated pixels --------------------------------------------------------------------------

JPEGS = [b"\xff\xd8\xff\xe0" + bytes([n]) * (9 + 7 * n) + b"\xff\xd9" for n in range(1, 6)]
RUNS = [b"\1" + b"\0" * 63 + bytes([n]) * 2 * n for n in range(1, 6)]


@pytest.mark.parametrize("per_frame", [1, 3])
@pytest.mark.parametrize("table", ["basic", "none", "wrong"])
def test_fragments_find_their_frames(table: str, per_frame: int, tmp_path: Path):
    """PS3.5 A.4: by a table, one a frame, or by what a codestream begins with."""
    streams = [stream + b"\0" * (len(stream) % 2) for stream in JPEGS]
    pixels = encapsulate(streams, fragments_per_frame=per_frame, has_bot=table != "none")
    if table == "wrong":
        pixels = pixels[:12] + b"\x02\0\0\0" + pixels[16:]
    made = cine(5, PixelData=pixels)
    new = read(extracted(written(tmp_path / "source.dcm", made, JPEGBaseline8Bit), 2, 3, 5))
    assert frame_bytes(new, JPEGBaseline8Bit) == [streams[1], streams[2], streams[4]]
    assert len(pydicom.encaps.parse_basic_offsets(new.PixelData)) == 3


def test_an_extended_offset_table_is_made_anew(tmp_path: Path):
    """PS3.3 C.7.6.3.1.8: lengths tell of no padding; the basic table is empty."""
    pixels, offsets, lengths = encapsulate_extended(RUNS)
    made = cine(5, PixelData=pixels, ExtendedOffsetTable=offsets)
    made.ExtendedOffsetTableLengths = lengths
    new = read(extracted(written(tmp_path / "source.dcm", made, RLELossless), 1, 4))
    assert frame_bytes(new, RLELossless) == [RUNS[0], RUNS[3]]
    first = len(RUNS[0]) + len(RUNS[0]) % 2 + 8
    assert new.ExtendedOffsetTable == bytes(8) + first.to_bytes(8, "little")
    told = [int.from_bytes(new.ExtendedOffsetTableLengths[at : at + 8], "little") for at in (0, 8)]
    assert told == [len(RUNS[0]), len(RUNS[3])]


def test_a_single_frame_may_be_in_any_number_of_fragments(tmp_path: Path):
    pixels = encapsulate(RUNS[:1], fragments_per_frame=4, has_bot=False)
    path = written(tmp_path / "source.dcm", cine(1, PixelData=pixels), RLELossless)
    assert frame_bytes(read(extracted(path, 1)), RLELossless) == RUNS[:1]


@pytest.mark.parametrize(
    ("syntax", "values", "error"),
    [
        # nothing tells the fragments of run lengths apart
        (
            RLELossless,
            {"PixelData": encapsulate(RUNS, fragments_per_frame=2, has_bot=False)},
            errors.Unextractable,
        ),
        (MPEG2MPML, {"PixelData": encapsulate(RUNS[:1])}, errors.Unextractable),
        (ExplicitVRLittleEndian, {"PixelData": bytes(28)}, errors.Unextractable),
        (ExplicitVRLittleEndian, {"Rows": 0}, errors.Unextractable),
        (ExplicitVRLittleEndian, {"NumberOfFrames": None}, errors.Uncreatable),
        (ExplicitVRLittleEndian, {"NumberOfFrames": "2000000"}, errors.Uncreatable),
        (
            ExplicitVRLittleEndian,
            {"FrameTimeVector": ["0", "1"], "FrameIncrementPointer": FRAME_TIME_VECTOR},
            errors.Uncreatable,
        ),
        # C.7.6.17.3: where a frame lies is told by its number
        (ExplicitVRLittleEndian, {"DimensionOrganizationType": "TILED_FULL"}, errors.Uncreatable),
        (
            ExplicitVRLittleEndian,
            {"PerFrameFunctionalGroupsSequence": [pydicom.Dataset()] * 4},
            errors.Uncreatable,
        ),
        (ExplicitVRLittleEndian, {"FrameIncrementPointer": 0x00091001}, errors.Uncreatable),
    ],
)
def test_what_cannot_be_taken_out_says_so_and_leaves_nothing(syntax, values, error, tmp_path: Path):
    made = cine(5, **values)
    if made.FrameIncrementPointer == 0x00091001:
        made.private_block(9, "TEST", create=True).add_new(1, "US", [1, 2, 3, 4, 5])
    path = written(tmp_path / "source.dcm", made, syntax)
    with pytest.raises(error):
        extracted(path, 1, 2)
    assert [each.name for each in tmp_path.iterdir()] == ["source.dcm"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_object_fails_and_never_worse(tmp_path: Path, data: st.DataObject):
    path = written(tmp_path / "source.dcm", cine(3, PixelData=encapsulate(RUNS[:3])), RLELossless)
    one = instances.read(path)
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(one.offset, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    into = tmp_path / "frames"
    into.unlink(missing_ok=True)
    wanted = FrameRange(SIMPLE_FRAME_LIST, (1, 3))
    with contextlib.suppress(errors.IodError):
        frames.extract(one, frames.Extraction(wanted, "ANODE", into))
