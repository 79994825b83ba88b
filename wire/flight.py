"""What a TLS server answers to a hello, up to where we would have to speak again: RFC 5246 7.4.

Law: bytes in, facts out; nothing is believed of their lengths.  Of TLS 1.3 only the server's hello
can be read, the rest is encrypted; below it also certificate, key exchange and what is asked of us.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from wire.hello import KEY_SHARE, SUPPORTED_VERSIONS, TLS13

LONGEST = 256 * 1024
_ALERT, _HANDSHAKE = 21, 22
_FATAL = 2
_HELLO, _CERTIFICATE, _KEY_EXCHANGE, _REQUEST, _DONE = 2, 11, 12, 13, 14
_NAMED_CURVE = 3


class Foreign(Exception):
    """What was received is not TLS; `begins` is how it begins."""

    def __init__(self, begins: bytes) -> None:
        super().__init__("the answer is not TLS")
        self.begins = begins


class Alerted(Exception):
    """The server refused, RFC 5246 7.2; `alert` is its description."""

    def __init__(self, alert: int) -> None:
        super().__init__(f"TLS alert {alert}")
        self.alert = alert


@dataclass(slots=True)
class Flight:
    """The server's choice, and what it said up to its ServerHelloDone."""

    version: int
    suite: int
    extensions: dict[int, bytes] = field(default_factory=dict)
    certificates: tuple[bytes, ...] = ()
    key_exchange: bytes = b""
    asks_certificate: bool = False


def read(data: bytes) -> Flight | None:
    """The flight in `data`; None while it is not whole. Raises Foreign, Alerted."""
    flight: Flight | None = None
    for kind, body in _messages(data):
        reader = _Reader(body)
        if kind == _HELLO:
            flight = _server_hello(reader)
            if flight.version == TLS13:
                return flight
        elif flight is None:
            raise Foreign(data[:16])
        elif kind == _DONE:
            return flight
        else:
            _further(flight, kind, reader)
    return None


def group(flight: Flight) -> int:
    """The group of an ECDHE suite or of TLS 1.3; 0: one without a name, or none was said."""
    if flight.version == TLS13:
        return _number(flight.extensions.get(KEY_SHARE, b"")[:2])
    known = len(flight.key_exchange) > 2 and flight.key_exchange[0] == _NAMED_CURVE
    return _number(flight.key_exchange[1:3]) if known else 0


def dh_bits(flight: Flight) -> int:
    """The size of the prime of a DHE suite; 0: none was said."""
    length = _number(flight.key_exchange[:2])
    return _number(flight.key_exchange[2 : 2 + length]).bit_length()


def _further(flight: Flight, kind: int, reader: _Reader) -> None:
    if kind == _CERTIFICATE:
        chain = _Reader(reader.vector(3))
        while chain.left:
            flight.certificates += (chain.vector(3),)
    elif kind == _REQUEST:
        flight.asks_certificate = True
    elif kind == _KEY_EXCHANGE:
        flight.key_exchange = reader.take(reader.left)


def _server_hello(reader: _Reader) -> Flight:
    version = reader.number(2)
    reader.take(32)
    reader.vector(1)
    flight = Flight(version, reader.number(2))
    reader.take(1)
    extensions = _Reader(reader.vector(2) if reader.left else b"")
    while extensions.left:
        kind = extensions.number(2)
        flight.extensions[kind] = extensions.vector(2)
    if SUPPORTED_VERSIONS in flight.extensions:
        flight.version = _number(flight.extensions[SUPPORTED_VERSIONS])
    return flight


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The whole handshake messages in the records of `data`."""
    gathered = b""
    for kind, body in _records(data):
        if kind == _ALERT and len(body) == 2 and body[0] == _FATAL:
            raise Alerted(body[1])
        if kind == _ALERT:
            continue
        if kind != _HANDSHAKE:
            raise Foreign(data[:16])
        gathered += body
        while len(gathered) >= 4 and len(gathered) >= (end := 4 + _number(gathered[1:4])):
            yield gathered[0], gathered[4:end]
            gathered = gathered[end:]


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    if data and (data[0] not in (_ALERT, _HANDSHAKE) or data[1:2] not in (b"", b"\x03")):
        raise Foreign(data[:16])
    place = 0
    while len(data) - place >= 5:
        kind, _, length = struct.unpack_from(">BHH", data, place)
        body = data[place + 5 : place + 5 + length]
        if len(body) < length:
            return
        yield kind, body
        place += 5 + length


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


class _Reader:
    """Bytes taken from the front; what is not there raises Foreign."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def left(self) -> int:
        return len(self._data)

    def take(self, count: int) -> bytes:
        if count > len(self._data):
            raise Foreign(self._data[:16])
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def number(self, width: int) -> int:
        return _number(self.take(width))

    def vector(self, width: int) -> bytes:
        return self.take(self.number(width))
