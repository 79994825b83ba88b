"""`anode import`: files, folders and DICOMDIR sets straight into the archive.

The archive lets any number of processes write into one data folder, so this is safe while the
node runs; the node finds the objects at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from archive import Archive, ArchiveError, Receipt
from archive.errors import NoSpace, NotDicom
from cli import calls, options, show
from cli.failures import Code
from cli.store import opened, recording, user
from config import catalogue
from scp import audit

EXAMPLES = options.examples(
    "anode import ./studies",
    "anode import /media/cd/DICOMDIR",
    "anode import -c /etc/anode.toml ./studies --json",
)


@dataclass(slots=True)
class Imported:
    """What became of the files."""

    new: int = 0
    known: int = 0
    not_dicom: int = 0
    bytes: int = 0
    refused: list[tuple[Path, str]] = field(default_factory=list)
    interrupted: bool = False

    @property
    def code(self) -> Code:
        """0 when everything that was named was looked at, and nothing refused."""
        if self.interrupted:
            return Code.INTERRUPTED
        return Code.PARTIAL if self.refused else Code.DONE


def imported(
    paths: options.PathsArgument,
    *,
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Take files, folders and DICOMDIR sets into the archive.

    The node may run meanwhile; it finds the objects at once.
    """
    settings = calls.settings(config)
    result = Imported()
    with (
        opened(settings, make=True) as archive,
        recording(settings) as trail,
        show.spinner() as progress,
    ):
        task = progress.add_task("Importing", total=None)
        try:
            for top in paths:
                told = partial(audit.imported, user(), top.absolute().as_uri())
                with audit.Media(trail.record, told) as media:
                    for _ in _each(archive, top, result, media):
                        progress.advance(task)
        except KeyboardInterrupt:  # what is in stays in, and is told
            result.interrupted = True
    if as_json:
        show.document(_document(result))
    else:
        _report(result, settings.node.data)
    return result.code


def _each(
    archive: Archive, top: Path, result: Imported, media: audit.Media
) -> Iterator[Receipt | None]:
    try:
        for path in archive.files(top):
            receipt = _one(archive, path, result, named=path == top)
            if receipt is not None and receipt.new:
                media.add(receipt.subject, receipt.sop_class_uid)
            yield receipt
    except NoSpace:
        raise
    except ArchiveError as error:
        result.refused.append((top, str(error)))


def _one(archive: Archive, path: Path, result: Imported, *, named: bool) -> Receipt | None:
    try:
        receipt = archive.import_file(path, patient_related=catalogue.of_patient)
    except NoSpace:
        raise  # it would go on for every file
    except NotDicom as error:
        if named:
            result.refused.append((path, str(error)))
        else:
            result.not_dicom += 1
    except (ArchiveError, OSError) as error:
        result.refused.append((path, str(error)))
    else:
        result.new += receipt.new
        result.known += not receipt.new
        result.bytes += receipt.size if receipt.new else 0
        return receipt
    return None


def _report(result: Imported, data: Path) -> None:
    show.causes("refused", result.refused)
    parts = [
        f"{show.count(result.new, 'object')} imported ({show.size(result.bytes)}) into {data}",
        f"{result.known} there already",
        f"{result.not_dicom} not DICOM",
        f"{len(result.refused)} refused",
    ]
    if result.interrupted:
        parts.append("interrupted: the same command again goes on")
    show.say("; ".join(parts))


def _document(result: Imported) -> dict[str, object]:
    return {
        "imported": result.new,
        "already_stored": result.known,
        "not_dicom": result.not_dicom,
        "bytes": result.bytes,
        "interrupted": result.interrupted,
        "refused": [{"path": str(path), "cause": cause} for path, cause in result.refused],
    }
