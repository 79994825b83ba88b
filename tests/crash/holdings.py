"""A large archive made cheaply: one object many times, each with a file and a row of its own.

Only their names differ; that is all a start looks at, but for the newest.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

AN_HOUR = 500  # objects
LONG_AGO = 1_600_000_000


def multiply(data: Path, number: int) -> None:
    """Make so many more of the one object of an archive that nobody has open."""
    with closing(sqlite3.connect(data / "index.sqlite3")) as index:
        names = [row[1] for row in index.execute("PRAGMA table_info(instance)")]
        held = dict(zip(names, index.execute("SELECT * FROM instance").fetchone(), strict=True))
        content = (data / held["path"]).read_bytes()
        columns = [name for name in names if name != "id"]
        listed, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
        with index:
            index.executemany(
                f"INSERT INTO instance ({listed}) VALUES ({marks})",
                ([each[name] for name in columns] for each in _more(data, held, content, number)),
            )


def _more(
    data: Path, held: dict[str, object], content: bytes, number: int
) -> Iterator[dict[str, object]]:
    for each in range(number):
        hour = time.strftime("%Y/%m/%d/%H", time.gmtime(LONG_AGO + each // AN_HOUR * 3600))
        path = data / "objects" / hour / f"{each:032x}.dcm"
        if each % AN_HOUR == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o640)
        os.write(file, content)
        os.close(file)
        uid = f"{held['SOPInstanceUID']}.{each}"
        yield {**held, "SOPInstanceUID": uid, "path": str(path.relative_to(data))}
