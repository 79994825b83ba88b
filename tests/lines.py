"""A connection played by hand, byte for byte, so that everything may be wrong with it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct

from tests.pairs import CT, ECHO, EXPLICIT, context_item, data_pdu, request_pdu
from wire import command as commands
from wire.command import Command, Field

HERE = "127.0.0.1"
PATIENCE = 30.0

RELEASE = struct.pack(">BxI4x", 5, 4)
ABORT = struct.pack(">BxI4x", 7, 4)
PROVIDER, USER = 2, 0  # who aborts, PS3.8 Table 9-26

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
QUERY, STORAGE = context_item(3, FIND), context_item(5, CT, EXPLICIT)


class Line:
    """A connection that says what it is told to, and hears whole PDUs."""

    def __init__(self, port: int, source: str = HERE, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection((HERE, port), PATIENCE, (source, 0))
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket)

    def say(self, *pdus: bytes) -> Line:
        """Send bytes; whether the node still takes them is for it to say."""
        with contextlib.suppress(ConnectionError):
            for pdu in pdus:
                self.socket.sendall(pdu)
        return self

    def hear(self) -> bytes:
        """The next PDU; empty at the end of the connection."""
        header = self._exactly(6)
        if len(header) < 6:
            return b""
        return header + self._exactly(struct.unpack(">xxI", header)[0])

    def _exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            try:
                piece = self.socket.recv(count - len(got))
            except ConnectionError:
                return b""
            if not piece:
                return got if len(got) >= 6 else b""
            got += piece
        return got

    def verdict(self) -> tuple[int, ...]:
        """How the node ends this: (source, reason) of its A-ABORT, the three of a rejection, or
        nothing when it just closes. What it answered before is passed over."""
        while pdu := self.hear():
            if pdu[0] == 7:
                return pdu[8], pdu[9]
            if pdu[0] == 3:
                return pdu[7], pdu[8], pdu[9]
        return ()

    def associate(self, *contexts: bytes, **keys: bytes | None) -> Line:
        """An association, accepted."""
        given = {name: value for name, value in keys.items() if value is not None}
        self.say(request_pdu(*contexts, **{"called": b"ANODE", "calling": b"TESTER", **given}))
        answer = self.hear()
        assert answer[:1] == b"\x02", answer[:10]
        return self

    def release(self) -> None:
        """End an association well."""
        assert self.say(RELEASE).hear()[:1] == b"\x06"

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def associated(line: Line) -> Line:
    """For echo (context 1), find (3) and store (5)."""
    return line.associate(context_item(1), QUERY, STORAGE)


def echoed(line: Line) -> bool:
    """Whether the association still answers."""
    line.say(data_pdu((1, 3, ECHO)))
    return b"\x00\x00\x00\x09\x02\x00\x00\x00\x00\x00" in line.hear()


def command(field: int, **values: object) -> bytes:
    """A command set of message 7."""
    return commands.encode(Command(field, message_id=7, **values))


STORE = command(
    Field.C_STORE,
    affected_sop_class_uid=CT,
    affected_sop_instance_uid="1.2.3",
    command_data_set_type=1,
)
ASKED = command(Field.C_FIND, affected_sop_class_uid=FIND, command_data_set_type=1)
