"""Whether a file holds its data set to the end: readers that are content with a part do not say.

Law: lengths are followed, values are not looked at; what is wrong inside of a whole data set is for
`anode validate` to tell.
"""

from __future__ import annotations

from pathlib import Path

from archive import filemeta
from iod.checks import parsing
from iod.errors import Beyond, Malformed


def damage(path: Path) -> str:
    """Why the data set in a file cannot be followed to its end; empty when it can, or when that
    would cost more than a check may. Raises OSError, ArchiveError."""
    with path.open("rb") as file:
        meta = filemeta.read(file)
        size = path.stat().st_size - meta.offset
        try:
            parsing.parse(file, meta.transfer_syntax_uid, (meta.offset, size))
        except Beyond:
            return ""
        except Malformed as error:
            return str(error)
    return ""
