"""The sample videos: what a real decoder finds in them is what their description says."""

from __future__ import annotations

import io

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import generate_fragments, parse_basic_offsets

from iod.errors import LeftOut
from iod.samples import Family
from iod.samples.worker import instances

av = pytest.importorskip("av", reason="PyAV is optional")

from iod.samples import stereo  # noqa: E402
from iod.samples.video import KINDS  # noqa: E402

# Profile as PS3.5 names it, and the level as the stream codes it (ITU-T H.264 A.3, H.265 A.4)
STREAMS = {
    "102": ("High", 41),
    "103": ("High", 41),
    "104": ("High", 42),
    "105": ("High", 42),
    "106": ("High", 42),  # the base view, which every decoder sees
    "107": ("Main", 153),
    "108": ("Main 10", 153),
}


@pytest.fixture(scope="module")
def videos(samples):
    return {path.stem: dcmread(path) for path in (samples / "video").glob("*.dcm")}


def test_without_its_library_a_family_is_left_out_and_says_what_to_install():
    family = Family("none", "", (), needs=("no_such_library", "install no_such_library"))
    with pytest.raises(LeftOut, match="install no_such_library"):
        instances(family)


def stream(video) -> bytes:
    return b"".join(generate_fragments(video.PixelData[8:]))


def decoded(data: bytes) -> list:
    with av.open(io.BytesIO(data)) as container:
        (track,) = container.streams.video
        return [frame.to_ndarray() for frame in container.decode(track)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.name)
def test_a_decoder_finds_what_the_description_says(videos, kind):
    video = videos[kind.name]
    assert video.file_meta.TransferSyntaxUID == f"1.2.840.10008.1.2.4.{kind.syntax}"
    with av.open(io.BytesIO(stream(video))) as container:
        (track,) = container.streams.video
        coded = track.codec_context
        assert (coded.profile, coded.level) == STREAMS[kind.syntax]
        assert (coded.height, coded.width) == (video.Rows, video.Columns)
        assert coded.sample_aspect_ratio in (None, 0, 1)
        assert float(track.average_rate) == float(video.CineRate)
        assert float(video.FrameTime) == pytest.approx(1000 / track.average_rate, abs=1e-5)
        bits = coded.format.components[0].bits
        assert (bits, bits - 1) == (video.BitsStored, video.HighBit)
        assert len(list(container.decode(track))) == int(video.NumberOfFrames)


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.name)
def test_pixel_data_is_an_empty_offset_table_and_the_stream(videos, kind):
    # PS3.5 A.4: one fragment for H.264; HEVC may have several.
    video = videos[kind.name]
    assert parse_basic_offsets(video.PixelData) == []
    assert len(list(generate_fragments(video.PixelData[8:]))) == kind.fragments


def test_the_pictures_of_a_3d_video_are_packed_side_by_side(videos):
    # H.264 D.1.26: frame packing arrangement is SEI message 45; type 3 is side by side.
    data = stream(videos["h264-4.2-3d"])
    assert b"\0\0\1\6\x2d" in data
    luma = decoded(data)[0][:1080].astype(int)
    left, right = luma[:, :960], luma[:, 960:]
    assert np.abs(left - right).mean() > 0.5
    assert np.abs(left[:, :-16] - right[:, 16:]).mean() < 8


def elementary(data: bytes) -> bytes:
    """The video of a transport stream, as the demultiplexer gives it."""
    with av.open(io.BytesIO(data)) as container:
        (track,) = container.streams.video
        return b"".join(bytes(packet) for packet in container.demux(track) if packet.size)


def test_both_views_of_a_stereo_video_can_be_decoded(videos):
    # The base view is a High Profile stream; the other one becomes such a stream when its units
    # are given the types they were made from (ITU-T H.264 Annex H).
    kind = next(each for each in KINDS if each.syntax == "106")
    units = list(stereo.nal_units(elementary(stream(videos[kind.name]))))
    kinds = [unit[0] & 0x1F for unit in units]
    assert kinds.count(20) == kinds.count(1) + kinds.count(5) == kind.coding.frames
    subsets = [unit for unit in units if unit[0] & 0x1F == 15]
    assert {unit[1] for unit in subsets} == {128}  # Stereo High
    other = bytearray()
    for unit in units:
        match unit[0] & 0x1F:
            case 7 | 8:
                other += b"\0\0\0\1" + unit
            case 20:
                view = int.from_bytes(unit[1:4]) >> 6 & 0x3FF
                assert view == 1
                plain = 1 if unit[1] & 0x40 else 5
                other += b"\0\0\0\1" + bytes((unit[0] & 0xE0 | plain,)) + unit[4:]
    left = decoded(stream(videos[kind.name]))
    with av.open(io.BytesIO(bytes(other)), format="h264") as container:
        right = [frame.to_ndarray() for frame in container.decode(video=0)]
    assert len(left) == len(right) == kind.coding.frames
    assert 0.5 < np.abs(left[0].astype(int) - right[0].astype(int)).mean() < 30
