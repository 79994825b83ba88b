"""Seeds for the targets, taken from recorded conversations: their PDUs, command and data sets."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.fuzz.recording import Conversation, pdus
from wire import command as commands
from wire.command import Field


def messages(said: Conversation) -> Iterator[tuple[bytes, bytes]]:
    """Command set and data set of each message of a conversation."""
    command, data = bytearray(), bytearray()
    for pdu in pdus(b"".join(said)):
        at = 6 if pdu[0] == 4 else len(pdu)
        while at < len(pdu):
            size, _, control = struct.unpack_from(">IBB", pdu, at)
            (command if control & 1 else data).extend(pdu[at + 6 : at + 4 + size])
            at += 4 + size
            last = control & 2
            if last and (not control & 1 or not commands.decode(bytes(command)).has_data_set):
                yield bytes(command), bytes(data)
                command, data = bytearray(), bytearray()


def seeds(recorded: Sequence[Conversation]) -> dict[str, list[bytes]]:
    """By target; the bytes before each choose how it is taken."""
    made: dict[str, list[bytes]] = {
        "protocol": [b"\x01\x07\x2f" + b"".join(said) for said in recorded],
        "requests": [next(pdus(said[0])) for said in recorded],
        "answers": [],
        "command_sets": [],
        "data_sets": [],
        "sequences": [],
        "questions": [],
        "commitments": [],
    }
    for command, data in (pair for said in recorded for pair in messages(said)):
        made["command_sets"].append(command)
        field = commands.decode(command).command_field
        if field == Field.C_STORE:
            made["data_sets"] += [bytes([number, 50, 0]) + data for number in range(3)]
        elif field in (Field.C_FIND, Field.C_MOVE, Field.C_GET):
            retrieve = 0 if field == Field.C_FIND else 32
            made["questions"] += [bytes([number, retrieve]) + data for number in range(6)]
        elif field == Field.N_ACTION:
            made["commitments"] += [bytes([number]) + data for number in range(3)]
            made["sequences"] += [bytes([number]) + data[30:] for number in range(5)]
    return {name: list(dict.fromkeys(found)) or [b"\0" * 80] for name, found in made.items()}


def written(folder: Path, recorded: Sequence[Conversation]) -> None:
    """A folder of seeds for each target, as `run` takes it."""
    for name, found in seeds(recorded).items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(found):
            (folder / name / f"{number:04d}").write_bytes(seed)
