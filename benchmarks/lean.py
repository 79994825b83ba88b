"""Our own client, which keeps nothing, so that servers are measured: PS3.8 9.3 and PS3.7 9.3.

`Dialogue` asks C-FIND, C-MOVE and C-GET and counts what comes.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from functools import lru_cache

from benchmarks import framed
from benchmarks.framed import CT, EXPLICIT, Server, _item
from benchmarks.servers import CALLER
from wire import command as commands
from wire.command import Command, Field

STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2."
MODELS = {Field.C_FIND: "1", Field.C_MOVE: "2", Field.C_GET: "3"}
APPLICATION = _item(0x10, b"1.2.840.10008.3.1.1.1")
_STORED = 3  # the context of what C-GET brings
_HEADER, _VALUE = struct.Struct(">BxI"), struct.Struct(">IBB")
# Pending responses have the same command set again and again.
_decoded = lru_cache(maxsize=16)(commands.decode)


class Wire:
    """Messages of one connection: commands whole, of data sets the length alone."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._room = bytearray(1 << 20)
        self._at = self._end = 0  # what has come lies between them

    def pdu(self) -> tuple[int, int, int]:
        """The next PDU: its type, 0 when there is none, and where in the room its body lies."""
        while True:
            begin = self._at + _HEADER.size
            if begin <= self._end:
                kind, length = _HEADER.unpack_from(self._room, self._at)
                if begin + length <= self._end:
                    self._at = begin + length
                    return kind, begin, self._at
            if not self._receive():
                return 0, 0, 0

    def _receive(self) -> bool:
        """Take in what is there, behind what is left; False when the peer has closed."""
        left = self._end - self._at
        self._room[:left] = self._room[self._at : self._end]
        count = self.socket.recv_into(memoryview(self._room)[left:])
        self._at, self._end = 0, left + count
        return count > 0

    def messages(self) -> Iterator[tuple[int, Command, int]]:
        """Context, command and the data set's length, until the association ends."""
        command, length, raw = None, 0, b""
        while True:
            kind, at, end = self.pdu()
            if kind != 4:
                if kind == 5:
                    self.socket.sendall(struct.pack(">BxI4x", 6, 4))
                return
            while at < end:
                size, context, bits = _VALUE.unpack_from(self._room, at)
                begin, at = at + _VALUE.size, at + 4 + size
                if bits & 1:
                    raw += self._room[begin:at]
                    if bits & 2:
                        command, length, raw = _decoded(raw), 0, b""
                else:
                    length += at - begin
                if bits & 2 and command and (not bits & 1 or not command.has_data_set):
                    yield context, command, length
                    command = None

    def send(self, context: int, command: Command, data: bytes = b"") -> None:
        """One message in one write."""
        pdus = [*framed.framed(commands.encode(command), command=True, most=16_384)]
        pdus += framed.framed(data, command=False, most=16_384) if data else ()
        self.socket.sendall(b"".join(pdu[:10] + bytes([context]) + pdu[11:] for pdu in pdus))

    def close(self) -> None:
        self.socket.close()


class Dialogue:
    """One association that asks."""

    def __init__(self, server: Server, field: Field) -> None:
        self._field, self._model = field, STUDY_ROOT + MODELS[field]
        self._wire = Wire(socket.create_connection(("127.0.0.1", server.port), 60))
        self._wire.socket.sendall(self._request(server.ae_title))
        kind, *_ = self._wire.pdu()
        if kind != 2:
            raise RuntimeError(f"{server.ae_title} rejects the association")
        self._messages = self._wire.messages()

    def _request(self, called: str) -> bytes:
        syntax = _item(0x40, EXPLICIT.encode())
        models = [(1, self._model)] + ([(_STORED, CT)] if self._field == Field.C_GET else [])
        contexts = b"".join(
            _item(0x20, bytes([number, 0, 0, 0]) + _item(0x30, model.encode()) + syntax)
            for number, model in models
        )
        role = struct.pack(">H", len(CT)) + CT.encode() + b"\0\1"  # PS3.7 D.3.3.4
        user = _item(0x51, struct.pack(">I", framed.PDU)) + _item(0x52, b"1.2.3")
        user += _item(0x54, role) if self._field == Field.C_GET else b""
        titles = called.encode().ljust(16) + CALLER.encode().ljust(16) + bytes(32)
        body = struct.pack(">Hxx", 1) + titles + APPLICATION + contexts + _item(0x50, user)
        return struct.pack(">BxI", 1, len(body)) + body

    def ask(self, identifier: bytes, destination: str | None = None) -> tuple[int, int]:
        """How many pending responses came, and how many objects (C-MOVE: completed)."""
        asked = Command(
            self._field, affected_sop_class_uid=self._model, message_id=1, priority=0,
            command_data_set_type=1, move_destination=destination,
        )  # fmt: skip
        self._wire.send(1, asked, identifier)
        pending = objects = 0
        for context, command, _ in self._messages:
            if command.command_field == Field.C_STORE:
                objects += 1
                self._wire.send(context, command.response(0))
            elif command.status in (0xFF00, 0xFF01):
                pending += 1
            elif command.status:
                raise RuntimeError(f"status {command.status:04X}")
            else:
                return pending, command.number_of_completed_suboperations or objects
        raise RuntimeError("the association ended")

    def release(self) -> None:
        """End it."""
        self._wire.socket.sendall(framed.RELEASE)
        self._wire.pdu()
        self._wire.close()
