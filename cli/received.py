"""Objects that arrive at the command line, as Part 10 files in a folder, PS3.10 7.1.

Law: the file's name is a UID that was checked, or there is no file; it appears whole or not at
all; a file that is there with other bytes is never replaced.  Data set bytes stay as they came.
"""

from __future__ import annotations

import filecmp
import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from archive import filemeta
from cli.naming import name
from scp.statuses import Status
from wire.association import Message


@dataclass(frozen=True, slots=True)
class Received:
    """An object as it arrived; size in bytes of its data set."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path
    size: int


@dataclass(slots=True)
class Folder:
    """Where objects are kept, and what became of them; why some were refused, by UID."""

    path: Path
    source_ae: str = ""
    most: int = 64 << 30
    """Bytes of one object; more end the association."""
    received: list[Received] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def written(self) -> list[Path]:
        """The files."""
        return [each.path for each in self.received]

    @property
    def size(self) -> int:
        """Data set bytes in them."""
        return sum(each.size for each in self.received)

    def keep(self, message: Message) -> int:
        """Write one object; the status to answer its C-STORE with, PS3.4 Table B.2-1."""
        command = message.command
        uid, kind = command.affected_sop_instance_uid or "", command.affected_sop_class_uid or ""
        if not (filemeta.is_uid(uid) and filemeta.is_uid(kind) and command.has_data_set):
            why = "an object whose UID is none, or without data set"
            return self._refuse(uid, why, Status.CANNOT_UNDERSTAND)
        syntax = message.context.transfer_syntax
        one = Received(kind, uid, syntax, self.path / f"{uid}.dcm", 0)
        try:
            return self._write(one, message)
        except OSError as error:
            why = error.strerror or str(error)
            return self._refuse(uid, why, Status.OUT_OF_RESOURCES)

    def _write(self, one: Received, message: Message) -> int:
        meta = filemeta.header(
            one.sop_class_uid, one.sop_instance_uid, one.transfer_syntax_uid, self.source_ae
        )
        descriptor, draft = tempfile.mkstemp(prefix=".", suffix=".part", dir=self.path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(meta)
                for pieces in message.fragments():
                    file.writelines(pieces)
                    if file.tell() > self.most:
                        # Hostile input A7: a server may send without end, to us as well.
                        raise message.violated(f"an object of more than {self.most} bytes")
                size = file.tell() - len(meta)
            return self._name(Path(draft), replace(one, size=size))
        finally:
            Path(draft).unlink(missing_ok=True)

    def _name(self, draft: Path, one: Received) -> int:
        try:
            name(draft, one.path)
        except FileExistsError:
            if not filecmp.cmp(draft, one.path, shallow=False):
                why = f"{one.path} is there already, with other bytes"
                return self._refuse(one.sop_instance_uid, why, Status.DUPLICATE_INSTANCE)
        else:
            one.path.chmod(0o666 & ~_umask())
        self.received.append(one)
        return Status.SUCCESS

    def _refuse(self, uid: str, why: str, status: Status) -> int:
        self.refused.append((uid, why))
        return status


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
