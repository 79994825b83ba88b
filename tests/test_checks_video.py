"""What a bit stream says of itself is read from MP4, transport and bare streams; none raises."""

import io
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iod.checks import Slice, check_in
from iod.checks.bitstreams import Video, video

# Sequence parameter sets as x264 and x265 wrote them.
H264 = bytes.fromhex("67640029acb60501ed080000030008000003019078c197")
BASE = bytes.fromhex("6764002aacb602802dd0800000030080000032078c1970")
STEREO = bytes.fromhex("6f80002aacb602802dd0800000030080000032078c19755f2a85488000")
HEVC = bytes.fromhex(
    "420101016000000300900000030000030099a00280802d16592a4932b9a02000000300200000030321"
)
SD = Video("h264", 100, 41, rows=480, columns=640, rate=25.0)
HD = Video("hevc", 1, 153, rows=720, columns=1280, rate=25.0)
PAIR = Video("h264", 128, 42, rows=720, columns=1280, rate=50.0)
MPEG2 = Video("mpeg2", 0, 0, rows=576, columns=720, rate=25)


def bare(*units):
    return b"".join(b"\0\0\0\1" + unit for unit in units) + b"\0\0\0\1\x09\x10"


def mp4(name, body):
    return b"\0\0\0\x18ftypisom" + bytes(300) + name + body + bytes(50)


def avcc(unit):
    return mp4(b"avcC", bytes((1, 100, 0, 41, 255, 0xE1)) + len(unit).to_bytes(2) + unit)


def hvcc(unit):
    head = b"\1" + bytes(21) + b"\1"
    return mp4(b"hvcC", head + b"\x21\0\1" + len(unit).to_bytes(2) + unit)


def transport(stream):
    """Packets of one stream, each with as much of it as it takes, between those of another."""
    packets = []
    for at in range(0, len(stream), 150):
        piece = stream[at : at + 150]
        room = 184 - len(piece)
        field = bytes((room - 1,)) + bytes(room - 1) if room else b""
        packets.append(b"G\x01\x00" + (b"\x30" if room else b"\x10") + field + piece)
        packets.append(b"G\x01\x01\x10" + b"\xff" * 184)
    return b"".join(packets)


@pytest.mark.parametrize(
    ("data", "codec", "found"),
    [
        (bare(H264), "h264", SD),
        (avcc(H264), "h264", SD),
        (transport(bytes(140) + bare(H264)), "h264", SD),
        (bare(BASE, STEREO), "h264", PAIR),
        (bare(HEVC), "hevc", HD),
        (hvcc(HEVC), "hevc", HD),
        (transport(bytes(140) + bare(HEVC)), "hevc", HD),
        (b"\0\0\1\xb3" + bytes((0x2D, 0x02, 0x40, 0x33)) + bytes(8), "mpeg2", MPEG2),
        (bare(H264), "hevc", None),
        (bare(HEVC), "h264", None),
        (bare(H264[:5]), "h264", None),
        (b"", "h264", None),
    ],
)
def test_a_stream_says_what_it_is(data, codec, found):
    assert video(data, codec) == found


@given(st.binary(max_size=300), st.sampled_from(["h264", "hevc", "mpeg2"]))
def test_no_stream_raises(data, codec):
    video(data, codec)
    video(bare(bytes((0x67,)) + data), codec)
    video(bare(b"\x42\1" + data), codec)
    video(b"\0\0\0\x18ftyp" + b"avcC\1" + data, codec)
    video(b"\0\0\0\x18ftyp" + b"hvcC\1" + data, codec)
    video(b"G" + data + b"G" * 200, codec)


@pytest.mark.parametrize(("name", "codec"), [(b"hvcC", "hevc"), (b"avcC", "h264")])
def test_a_stream_full_of_configurations_costs_no_more_than_one(name, codec):
    """Each of these says that it has 255 arrays."""
    hostile = b"\0\0\0\x18ftypisom" + (name + b"\1" + bytes(21) + b"\xff") * 300_000
    begun = time.thread_time()
    assert video(hostile, codec) is None
    assert time.thread_time() - begun < 2.0


class Counting(io.BytesIO):
    """A file that counts how often it is read."""

    reads = 0

    def read(self, size=-1):
        self.reads += 1
        return super().read(size)


def test_a_stream_in_hundreds_of_thousands_of_fragments_is_read_once_and_in_part():
    """Each rule read it anew: 490,000 fragments of two bytes were ten seconds."""
    number, item = 100_000, b"\xfe\xff\x00\xe0"
    head = b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + item + bytes(4)
    piece = item + struct.pack("<I", 2) + b"\0\1"
    file = Counting(head + piece * number + b"\xfe\xff\xdd\xe0" + bytes(4))
    said = Slice(
        "1.2.840.10008.5.1.4.1.1.77.1.1.1", "1.2.840.10008.1.2.4.107", 0, len(file.getvalue())
    )
    assert "video.stream" in {each.rule for each in check_in(file, said)}
    assert file.reads < 1.5 * number, "to walk them is a read for each"
