"""How a command ends: exit codes, and errors as one or two plain sentences with the next step.

Law: whoever types `anode` never sees a traceback.  The codes are those of design.md, and 130 for
Ctrl-C, as shells have it.
"""

from __future__ import annotations

from enum import IntEnum

from archive.errors import ArchiveError
from config.errors import ConfigError


class Code(IntEnum):
    """Exit codes."""

    DONE = 0
    PARTIAL = 1
    USAGE = 2
    UNREACHABLE = 3
    REJECTED = 4
    ENDED = 5
    INTERRUPTED = 130


class Failure(Exception):
    """A command cannot go on: the sentences for the person, and the exit code."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


def local(error: Exception) -> Failure | None:
    """What went wrong on this machine, in words; None for an error of ours."""
    match error:
        case Failure():
            return error
        case ConfigError():
            return Failure(Code.USAGE, str(error))
        case ArchiveError():
            return Failure(Code.PARTIAL, error.located)
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return Failure(Code.PARTIAL, f"{where}{error.strerror or error}")
        case _:
            return None
