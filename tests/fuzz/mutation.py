"""Conversations that go wrong: flipped, inserted, cut, duplicated, swapped and spliced bytes.

The same seed gives the same conversation, so that a finding can be told by a number.
"""

from __future__ import annotations

import contextlib
import random
import select
import socket
import struct
from collections.abc import Callable, Sequence

from tests.fuzz.recording import HERE, Conversation, pdus

Mutate = Callable[[random.Random, bytes], bytes]

_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
# Bytes that mean something: tags of items, undefined lengths, escapes, padding, path parts.
_MEANT = (
    b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0", b"\xff\xff\xff\xff", b"SQ\0\0",
    b"UN\0\0", b"\x1b$B", b"\x1b", b"\\", b"*", b"../", b"\0" * 8, b"\r\n", b"\x08\x00\x05\x00CS",
)  # fmt: skip


def _flip(rng: random.Random, data: bytes) -> bytes:
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        made[rng.randrange(len(made))] ^= 1 << rng.randrange(8)
    return bytes(made)


def _overwrite(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    piece = rng.choice((*_MEANT, rng.randbytes(rng.randrange(1, 9))))
    return data[:at] + piece + data[at + len(piece) :]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    piece = rng.choice((*_MEANT, rng.randbytes(rng.randrange(1, 60))))
    return data[:at] + piece + data[at:]


def _cut(rng: random.Random, data: bytes) -> bytes:
    at, more = rng.randrange(len(data)), rng.choice((1, 2, 4, 50, len(data)))
    return data[:at] + data[at + more :]


def _duplicate(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    piece = data[at : at + rng.choice((2, 8, 100, 1000))]
    return data[:at] + piece * rng.choice((2, 3, 50)) + data[at + len(piece) :]


def _lie(rng: random.Random, data: bytes) -> bytes:
    """Another number where one of 2 or 4 bytes may stand, in either byte order."""
    form = rng.choice((">I", "<I", ">H", "<H"))
    size = struct.calcsize(form)
    at = rng.randrange(max(len(data) - size, 1))
    value = rng.choice((*_EDGES, rng.randrange(1 << 16))) & ((1 << 8 * size) - 1)
    return data[:at] + struct.pack(form, value) + data[at + size :]


def _header(rng: random.Random, data: bytes) -> bytes:
    """A PDU of another type or length."""
    parts = list(pdus(data))
    place = rng.randrange(len(parts))
    if len(parts[place]) >= 6:
        kind = rng.choice((parts[place][0], rng.randrange(9)))
        length = rng.choice((len(parts[place]) - 6, *_EDGES))
        parts[place] = struct.pack(">BxI", kind, length & 0xFFFFFFFF) + parts[place][6:]
    return b"".join(parts)


def _shuffle(rng: random.Random, data: bytes) -> bytes:
    """Whole PDUs: twice, left out, in another order."""
    parts = list(pdus(data))
    place = rng.randrange(len(parts))
    how = rng.randrange(3)
    if how == 0:
        parts.insert(place, parts[place])
    elif how == 1:
        del parts[place]
    else:
        rng.shuffle(parts)
    return b"".join(parts)


MUTATIONS: Sequence[Mutate] = (
    _flip, _overwrite, _insert, _cut, _duplicate, _lie, _header, _shuffle
)  # fmt: skip


def mutated(seed: int, recorded: Sequence[Conversation]) -> Conversation:
    """The conversation of this number."""
    rng = random.Random(seed)
    bursts = list(rng.choice(recorded))
    if rng.random() < 0.15:  # the beginning of one, the rest of another
        bursts = bursts[: rng.randrange(len(bursts)) + 1] + list(rng.choice(recorded)[1:])
    for _ in range(rng.choice((1, 1, 2, 4))):
        # The request is seldom changed: where it is not accepted nothing more is heard.
        first = 1 if len(bursts) > 1 and rng.random() < 0.85 else 0
        place = rng.randrange(first, len(bursts))
        if bursts[place]:
            bursts[place] = rng.choice(MUTATIONS)(rng, bursts[place])
    return tuple(bursts)


def converse(port: int, said: Conversation, *, in_step: bool, source: str = HERE) -> bytes:
    """Say it all; what was answered, up to the end of the connection."""
    heard = bytearray()
    with socket.create_connection((HERE, port), 10, (source, 0)) as sock:
        with contextlib.suppress(ConnectionError):
            for number, burst in enumerate(said):
                sock.sendall(burst)
                if in_step and number + 1 < len(said) and select.select([sock], [], [], 0.02)[0]:
                    heard += sock.recv(1 << 16)
            sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while piece := sock.recv(1 << 16):
                heard += piece
    return bytes(heard)
