"""The limits this room enforces, by name only: their values are one table in `config.limits`."""

from __future__ import annotations

from typing import Protocol


class Limits(Protocol):
    """What `wire` asks of a table of limits; lengths in bytes, times in seconds."""

    @property
    def pdu(self) -> int: ...

    @property
    def request_bytes(self) -> int: ...

    @property
    def contexts(self) -> int: ...

    @property
    def transfer_syntaxes(self) -> int: ...

    @property
    def command_bytes(self) -> int: ...

    @property
    def identifier_bytes(self) -> int: ...

    @property
    def object_bytes(self) -> int: ...

    @property
    def handshake_seconds(self) -> float: ...

    @property
    def request_seconds(self) -> float: ...

    @property
    def pdu_seconds(self) -> float: ...

    @property
    def idle_seconds(self) -> float: ...

    @property
    def connect_seconds(self) -> float: ...

    @property
    def response_seconds(self) -> float: ...
