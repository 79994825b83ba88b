"""Objects without their bulk data, PS3.4 Z.1.3 and Z.4.2.3: nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from iod import bulkdata, errors
from iod.encoded import Encoded, Made, opened
from scu import instances
from scu.instances import FileInstance
from tests import corpus
from tests.multiframe import cine, read, written

BULK = {
    *(0x7FE00008, 0x7FE00009, 0x7FE00010, 0x00287FE0, 0x56000020, 0x00420011),
    *(0x50003000, 0x5000200C, 0x50023000, 0x60003000, 0x601E3000),
}
SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
]


def stripped(one: FileInstance, into: Path) -> Made:
    return bulkdata.without_bulk_data(one, (one.sop_class_uid, one.sop_instance_uid), into)


def raw_elements(source: Encoded) -> Iterator[tuple[int, bytes]]:
    for tag, element in source.elements.items():
        yield tag, source.read(element.start, element.end)


def whole() -> list[FileInstance]:
    return [one for one in corpus.sendable() if one.path.name not in corpus.REFUSED]


@pytest.mark.parametrize("one", whole(), ids=lambda one: one.path.name)
def test_of_the_corpus_everything_else_is_byte_for_byte(one: FileInstance, tmp_path: Path):
    try:
        with opened(one, tmp_path) as source:
            before = dict(raw_elements(source))
    except errors.Malformed:
        pytest.skip("not a data set by the book")
    made = stripped(one, tmp_path / "made")
    with opened(made, tmp_path) as source:
        after = dict(raw_elements(source))
    gone = before.keys() - after.keys()
    assert gone <= BULK | {tag & 0xFFFF0000 for tag in gone}
    assert not BULK & after.keys()
    changed = {tag for tag in after if after[tag] != before[tag]}
    assert changed <= {0x54000100}
    assert {0x7FE00010} & before.keys() <= gone


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_all_of_the_list_is_left_out_and_nothing_else(syntax: str, tmp_path: Path):
    source = cine()
    for tag in BULK:
        vr = {0x00287FE0: "UR", 0x56000020: "OF", 0x7FE00008: "OF", 0x7FE00009: "OD"}.get(tag, "OW")
        if tag != 0x7FE00010:
            source.add_new(tag, vr, "http://x" if vr == "UR" else bytes(8))
    source.add_new(0x60000010, "US", 2)
    source.add_new(0x60203000, "OW", bytes(4))  # no repeating group: PS3.5 7.6
    source.private_block(0x0009, "TEST", create=True).add_new(1, "OB", b"kept")
    waveform = Dataset()
    waveform.NumberOfWaveformSamples, waveform.WaveformBitsAllocated = 4, 16
    waveform.WaveformData = b"samples!"
    waveform["WaveformData"].VR = "OW"
    source.WaveformSequence = [waveform, waveform]
    icon = Dataset()
    icon.PixelData = b"icon"
    icon["PixelData"].VR = "OB"
    icon.BitsAllocated = 8
    source.IconImageSequence = [icon]
    path = written(tmp_path / "source.dcm", source, syntax)
    made = stripped(instances.read(path), tmp_path / "made")
    new = read(made)
    assert not BULK & {int(element.tag) for element in new}
    assert (new[0x60000010].value, new[0x00091001].value) == (2, b"kept")
    assert 0x60203000 in new
    assert [item.NumberOfWaveformSamples for item in new.WaveformSequence] == [4, 4]
    assert all("WaveformData" not in item for item in new.WaveformSequence)
    # Z.1.3 names attributes of the object, and Waveform Data alone within a sequence
    assert new.IconImageSequence[0].PixelData == b"icon"
    assert made.transfer_syntax_uid == syntax
