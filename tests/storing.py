"""C-STORE as it should not be: any data set under any name, and what a good one comes to."""

from __future__ import annotations

import struct

from scu.associate import associate
from tests import clients
from tests.clients import CALLER
from tests.datasets import CT, EXPLICIT, instance
from tests.hostile import Victim
from tests.objects import identifier
from wire import command as commands
from wire.command import Command, Field

CANNOT_UNDERSTAND, MISMATCH, OUT_OF_RESOURCES = 0xC000, 0xA900, 0xA700
IN_THE_WAY = 0x0110


def send(
    node: Victim,
    data: bytes,
    uid: str | bytes = "1.2.3.4",
    *,
    syntax: str = EXPLICIT,
    sop_class: str | None = CT,
) -> tuple[int | None, str]:
    """One C-STORE and its answer, on an association that goes on afterwards."""
    with associate(node.target, CALLER, [(CT, (syntax,))]) as association:
        context = association.context_for(CT)
        told = uid if isinstance(uid, bytes) else uid.encode("ascii")
        told += b"\0" * (len(told) % 2)
        asked = Command(Field.C_STORE, sop_class, message_id=1, command_data_set_type=1)
        raw = commands.encode(asked) + struct.pack("<HHI", 0, 0x1000, len(told)) + told
        association.queue(context, raw, data)
        association.flush()
        answer = association.response(asked).command
        assert association.alive
        return answer.status, answer.error_comment or ""


_good = iter(range(1, 1 << 20))


def kept(node: Victim, **values: str) -> bool:
    """The positive twin: an object nothing is wrong with is stored, and found."""
    uid = f"1.2.3.4.{next(_good)}"
    assert send(node, instance(uid, **values), uid) == (0, "")
    found = clients.query(
        node.target,
        identifier(
            "IMAGE", StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.1", SOPInstanceUID=uid
        ),
    )
    return [one.SOPInstanceUID for one in found] == [uid]


# A VR of nobody makes a data set odd: pydicom reads it, within the same bounds.
ODD = struct.pack("<HH2sH", 0x0008, 0x0001, b"QQ", 4) + b"1234"


def holding(more: bytes, uid: str = "1.2.3.4", syntax: str = EXPLICIT) -> bytes:
    """An object with these elements of group 0008 in their place."""
    whole = instance(uid, syntax=syntax)
    at = whole.index(struct.pack("<HH", 0x0010, 0x0010))
    return whole[:at] + more + whole[at:]
