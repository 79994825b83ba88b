"""`anode export`: objects out of the archive into a readable tree, byte for byte as they are kept.

Studies are found first, then their series, then the objects: at each level with the keys that
belong to it.  Objects of no patient (hanging protocols, colour palettes...) go to `non-patient/`.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath

from pydicom import Dataset

from archive import Archive, StoredInstance, fixity
from archive.attributes import BY_TAG, LEVELS, rank
from archive.query import parse
from cli import calls, options, questions, show, tree
from cli.failures import Code, Failure
from cli.naming import name
from cli.store import opened, recording, user
from config import catalogue
from scp import audit

EXAMPLES = options.examples(
    "anode export -o everything",
    "anode export -k PatientID=ABC -o abc",
    "anode export -k StudyDate=20240101-20241231 -k ModalitiesInStudy=CT -o ct-2024",
)
STUDY_ROOT = LEVELS  # Study Root with the patient's keys, PS3.4 C.6.2.1
_NO_KEYS = ("QueryRetrieveLevel", "SpecificCharacterSet")
_STUDY = ("PatientID", "StudyDate", "StudyDescription", "StudyInstanceUID")
_SERIES = ("Modality", "SeriesNumber", "SeriesDescription", "SeriesInstanceUID")


@dataclass(slots=True)
class Exported:
    """What became of the objects."""

    folder: Path
    written: int = 0
    known: int = 0
    bytes: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def export(
    *,
    key: options.KeysOption = None,
    output: options.FolderOption = Path("export"),
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Write objects of the archive into a readable tree.

    Patient, study, series, and in it one DICOM file for each object, byte for byte as stored;
    each copy is compared with the SHA-256 of its object.
    """
    asked = questions.question(key or []).identifier
    settings = calls.settings(config)
    result = Exported(output)
    wanted = by_level(asked)
    told = partial(audit.exported, user(), output.absolute().as_uri())
    with (
        opened(settings) as archive,
        recording(settings) as trail,
        audit.Media(trail.record, told) as media,
        show.spinner() as progress,
    ):
        output.mkdir(parents=True, exist_ok=True)
        task = progress.add_task("Exporting", total=None)
        for place, stored in selected(archive, wanted):
            if _write(stored, place, result):
                media.add(stored.subject, stored.sop_class_uid)
            progress.advance(task)
        os.sync()  # what is told to be exported is on the disk
    if as_json:
        show.document(_document(result))
    else:
        _report(result)
    if not (result.written or result.known or result.refused):
        show.complain(_nothing(asked))
        return Code.PARTIAL
    return Code.PARTIAL if result.refused else Code.DONE


def _nothing(asked: Dataset) -> str:
    if any(element.keyword not in _NO_KEYS and element.value for element in asked):
        return "the archive has nothing that matches these keys"
    return "the archive holds no objects yet: `anode import` or a peer brings them"


def by_level(asked: Dataset) -> Mapping[str, Dataset]:
    """The keys by the level they belong to; the patient's go with the study's."""
    made: dict[str, Dataset] = {level: Dataset() for level in LEVELS[1:]}
    for element in asked:
        if element.keyword in _NO_KEYS:
            continue
        known = BY_TAG.get(int(element.tag))
        if known is None:
            name = element.keyword or str(element.tag)
            raise Failure(Code.USAGE, f"the archive does not index {name}, so it is no key here")
        made["STUDY" if known.level == "PATIENT" else known.level][element.tag] = element
    return made


def selected(
    archive: Archive, wanted: Mapping[str, Dataset]
) -> Iterator[tuple[PurePosixPath, StoredInstance]]:
    """The objects that match, and where each has its place in a tree."""
    # Studies of two patients may have one UID, where somebody has mixed them up.
    studies = _found(archive, "STUDY", wanted["STUDY"], _STUDY)
    known = Counter(study["StudyInstanceUID"] for study in studies)
    seen: set[str] = set()
    for study in studies:
        for place, stored in _of_study(archive, wanted, study):
            if known[study["StudyInstanceUID"]] > 1:
                if stored.sop_instance_uid in seen:
                    continue
                seen.add(stored.sop_instance_uid)
            yield place, stored
    if not len(wanted["STUDY"]) and not len(wanted["SERIES"]):
        yield from _of_no_patient(archive, wanted["IMAGE"])


def _of_study(
    archive: Archive, wanted: Mapping[str, Dataset], study: Mapping[str, str]
) -> Iterator[tuple[PurePosixPath, StoredInstance]]:
    """The objects of one study and patient: all that was asked of the study holds for each."""
    folder = tree.of_study(study)
    whose = _below(wanted["STUDY"], study, "StudyInstanceUID")
    for series in _found(archive, "SERIES", _both(whose, wanted["SERIES"]), _SERIES):
        place = folder / tree.of_series(series)
        within = _below(whose, series, "SeriesInstanceUID")
        query = _identifier("IMAGE", _both(within, wanted["IMAGE"]))
        for stored in archive.instances(parse(query, STUDY_ROOT[1:])):
            if stored.subject.patient_id == study["PatientID"]:
                yield place, stored


def _of_no_patient(
    archive: Archive, wanted: Dataset
) -> Iterator[tuple[PurePosixPath, StoredInstance]]:
    of_patients = {uid for uid, each in catalogue.STORAGE.items() if each.kind != "non-patient"}
    for stored in archive.instances(parse(_identifier("IMAGE", wanted), ("IMAGE",))):
        if stored.sop_class_uid in of_patients:
            continue
        name = catalogue.name_of(stored.sop_class_uid)
        yield PurePosixPath("non-patient", tree.short(name) or "other"), stored


def _below(keys_: Dataset, found: Mapping[str, str], unique: str) -> Dataset:
    """The same keys, for what is below what was found by them."""
    made = _both(keys_, Dataset())
    setattr(made, unique, found[unique])
    return made


def _both(keys_: Dataset, further: Dataset) -> Dataset:
    made = Dataset()
    made.update(keys_)
    made.update(further)
    return made


def _identifier(level: str, keys_: Dataset) -> Dataset:
    made = Dataset()
    made.update(keys_)
    made.QueryRetrieveLevel = level
    return made


def _found(
    archive: Archive, level: str, keys_: Dataset, returns: tuple[str, ...]
) -> list[dict[str, str]]:
    identifier = _identifier(level, keys_)
    for keyword in returns:
        if keyword not in identifier:
            setattr(identifier, keyword, None)
    query = parse(identifier, STUDY_ROOT[rank("STUDY") :])
    names = [answer.keyword for answer in query.returns]
    return [dict(zip(names, row, strict=True)) for row in archive.find(query)]


def _write(stored: StoredInstance, place: PurePosixPath, result: Exported) -> bool:
    """Whether a copy was made."""
    path = result.folder / place / f"{stored.sop_instance_uid}.dcm"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = _copy(stored, path)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        result.refused.append((str(path), error.strerror or str(error)))
        return False
    result.written += fresh
    result.known += not fresh
    result.bytes += stored.size if fresh else 0
    return fresh


def _copy(stored: StoredInstance, path: Path) -> bool:
    """A whole copy under this name; False when that very file is there already."""
    source = stored.path
    if path.exists():
        if path.stat().st_size == source.stat().st_size and _same(source, path):
            return False
        raise FileExistsError(errno.EEXIST, "is there already, with other bytes")
    descriptor, draft = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    os.close(descriptor)
    try:
        shutil.copyfile(source, draft)
        shutil.copymode(source, draft)
        copy = replace(stored, path=Path(draft))
        if why := fixity.altered(copy) or fixity.header_altered(stored):
            raise OSError(errno.EIO, f"{why}; see anode check --hash")
        name(Path(draft), path)
    finally:
        Path(draft).unlink(missing_ok=True)
    return True


def _same(one: Path, other: Path) -> bool:
    with one.open("rb") as first, other.open("rb") as second:
        while chunk := first.read(1 << 20):
            if chunk != second.read(1 << 20):
                return False
    return True


def _report(result: Exported) -> None:
    for path, cause in result.refused[:20]:
        show.tell(f"refused: {path}: {cause}")
    known = f"; {result.known} there already" if result.known else ""
    written = show.count(result.written, "object")
    show.say(f"{written} exported ({show.size(result.bytes)}) to {result.folder}{known}")


def _document(result: Exported) -> dict[str, object]:
    return {
        "folder": str(result.folder),
        "exported": result.written,
        "already_there": result.known,
        "bytes": result.bytes,
        "refused": [{"path": path, "cause": cause} for path, cause in result.refused],
    }
