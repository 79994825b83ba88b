"""One object into an archive, and what lies on its disk then."""

from __future__ import annotations

from pathlib import Path

from archive import Archive
from archive.reception import Receipt
from tests.datasets import CT, EXPLICIT


def receive(archive: Archive, data: bytes, uid="1.2.3.4", syntax=EXPLICIT, **more) -> Receipt:
    with archive.receive(more.pop("sop_class", CT), uid, syntax, **more) as incoming:
        for start in range(0, len(data), 100):
            incoming.write((data[start : start + 50], memoryview(data)[start + 50 : start + 100]))
        return incoming.commit()


def files(root: Path) -> list[Path]:
    """Every object and temporary file."""
    return [p for p in root.rglob("*") if p.is_file() and p.suffix in (".dcm", ".part")]
