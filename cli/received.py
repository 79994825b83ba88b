"""Objects that arrive at the command line, as Part 10 files in a folder, PS3.10 7.1.

Law: the file's name is a UID that was checked, or there is no file; it appears whole or not at
all; a file that is there with other bytes is never replaced.  Data set bytes stay as they came.
"""

from __future__ import annotations

import filecmp
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from archive import filemeta
from scp.statuses import Status
from wire.association import Message


@dataclass(slots=True)
class Folder:
    """Where objects are kept, and what became of them."""

    path: Path
    source_ae: str = ""
    written: list[Path] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    size: int = 0

    def keep(self, message: Message) -> int:
        """Write one object; the status to answer its C-STORE with, PS3.4 Table B.2-1."""
        command = message.command
        uid, kind = command.affected_sop_instance_uid or "", command.affected_sop_class_uid or ""
        if not (filemeta.is_uid(uid) and filemeta.is_uid(kind) and command.has_data_set):
            return self._refuse("an object whose UID is none", Status.CANNOT_UNDERSTAND)
        meta = filemeta.header(kind, uid, message.context.transfer_syntax, self.source_ae)
        try:
            return self._write(f"{uid}.dcm", meta, message)
        except OSError as error:
            return self._refuse(f"{uid}: {error.strerror}", Status.OUT_OF_RESOURCES)

    def _write(self, name: str, meta: bytes, message: Message) -> int:
        descriptor, draft = tempfile.mkstemp(prefix=".", suffix=".part", dir=self.path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(meta)
                for pieces in message.fragments():
                    file.writelines(pieces)
                size = file.tell() - len(meta)
            return self._name(Path(draft), self.path / name, size)
        finally:
            Path(draft).unlink(missing_ok=True)

    def _name(self, draft: Path, path: Path, size: int) -> int:
        try:
            # A link, unlike a rename, never replaces what has the name.
            os.link(draft, path)
        except FileExistsError:
            if not filecmp.cmp(draft, path, shallow=False):
                why = f"{path} is there already, with other bytes"
                return self._refuse(why, Status.DUPLICATE_INSTANCE)
        else:
            path.chmod(0o666 & ~_umask())
        self.written.append(path)
        self.size += size
        return Status.SUCCESS

    def _refuse(self, why: str, status: Status) -> int:
        self.refused.append(why)
        return status


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
