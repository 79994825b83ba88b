"""A relay that shows a node one SOP class in place of another, PS3.8 9.3.2, PS3.7 6.3.

    with Disguise(port(serving), {MODALITY_WORKLIST: HANGING_FIND}) as relay:
        tool("findscu", "-W", ..., relay.port)

DCMTK's findscu and movescu name the models of patients and the worklist and no others. What
else they send, and what they make of the answers, is their own: the relay changes abstract syntaxes
and Affected SOP Class UIDs, there and back, and nothing else.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from socketserver import BaseRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Self

from tests.nodes import HERE

_ASSOCIATE_RQ, _P_DATA = 0x01, 0x04
_CONTEXT, _ABSTRACT_SYNTAX = 0x20, 0x30
_FIXED = 68  # what stands before the items of an A-ASSOCIATE-RQ
_LOOKS = 0.05  # seconds between two looks of socketserver at whether it shall end
_AFFECTED_CLASS = struct.pack("<HH", 0x0000, 0x0002)


def _items(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(body):
        kind, length = body[at], struct.unpack_from(">H", body, at + 2)[0]
        yield kind, body[at + 4 : at + 4 + length]
        at += 4 + length


def _item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body)) + body


def _proposal(body: bytes, classes: Mapping[bytes, bytes]) -> bytes:
    changed = body[:_FIXED]
    for kind, item in _items(body[_FIXED:]):
        if kind == _CONTEXT:
            within = (
                _item(inner, classes.get(uid, uid) if inner == _ABSTRACT_SYNTAX else uid)
                for inner, uid in _items(item[4:])
            )
            changed += _item(kind, item[:4] + b"".join(within))
        else:
            changed += _item(kind, item)
    return changed


def _command(command: bytes, classes: Mapping[bytes, bytes]) -> bytes:
    changed, at = b"", 0
    while at < len(command):
        tag, length = command[at : at + 4], struct.unpack_from("<I", command, at + 4)[0]
        value = command[at + 8 : at + 8 + length]
        at += 8 + length
        if tag == _AFFECTED_CLASS:
            uid = value.rstrip(b"\0")
            value = classes.get(uid, uid)
            value += b"\0" * (len(value) % 2)
        if tag != bytes(4):  # the group length follows from the rest
            changed += tag + struct.pack("<I", len(value)) + value
    return struct.pack("<HHII", 0, 0, 4, len(changed)) + changed


def _fragments(body: bytes, classes: Mapping[bytes, bytes]) -> bytes:
    changed, at = b"", 0
    while at < len(body):
        (length,) = struct.unpack_from(">I", body, at)
        head, data = body[at + 4 : at + 6], body[at + 6 : at + 4 + length]
        at += 4 + length
        if head[1] == 0b11:  # a whole command set, as these small ones are
            data = _command(data, classes)
        changed += struct.pack(">I", len(data) + 2) + head + data
    return changed


def _whole(source: socket.socket, length: int) -> bytes:
    read = b""
    while len(read) < length:
        piece = source.recv(length - len(read))
        if not piece:
            raise EOFError
        read += piece
    return read


def _pass_on(source: socket.socket, sink: socket.socket, classes: Mapping[bytes, bytes]) -> None:
    changes = {_ASSOCIATE_RQ: _proposal, _P_DATA: _fragments}
    with contextlib.suppress(EOFError, OSError):
        while True:
            kind, length = struct.unpack(">BxI", _whole(source, 6))
            body = _whole(source, length)
            if change := changes.get(kind):
                body = change(body, classes)
            sink.sendall(struct.pack(">BxI", kind, len(body)) + body)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Disguise:
    """The relay, on a port of its own, to a node on this machine."""

    def __init__(self, node_port: int, classes: Mapping[str, str]) -> None:
        there = {a.encode(): b.encode() for a, b in classes.items()}
        back = {b: a for a, b in there.items()}

        class Relay(BaseRequestHandler):
            def handle(self) -> None:
                with socket.create_connection((HERE, node_port)) as node:
                    for side in (node, self.request):
                        side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    sides = (node, self.request, back)
                    answers = threading.Thread(target=_pass_on, args=sides)
                    answers.start()
                    _pass_on(self.request, node, there)
                    answers.join()

        self._server = ThreadingTCPServer((HERE, 0), Relay)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_LOOKS,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
