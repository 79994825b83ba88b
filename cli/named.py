"""DICOM objects that a person names: a file, a UID of the own archive, or keys that find one.

Law: what is read here is a head; pixels and documents stay in their file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from archive import Archive, Bounds, StoredInstance, filemeta
from archive.attributes import BY_TAG, LEVELS
from archive.encodings import DEFLATED
from archive.errors import ArchiveError, NotDicom
from archive.inflating import scanner
from archive.options import Options
from archive.query import Query, parse
from cli import calls, keys, texts
from cli.failures import Code, Failure
from cli.store import opened

_SMALL = 1 << 16  # longer values stay in the file
_ANYWHERE = Options(relational=True)


def read(path: Path) -> Dataset:
    """The head of an object in a file, its text as Unicode. Raises Failure, OSError."""
    return texts.decoded(parsed(path, stop_before_pixels=True, defer_size=_SMALL))


def parsed(path: Path, **how: Any) -> Dataset:
    """The object in a file, read by pydicom with these arguments. Raises Failure, OSError."""
    try:
        fits(path)
        return dcmread(path, **how)
    except (InvalidDicomError, NotDicom):
        raise Failure(Code.PARTIAL, f"{path} is no DICOM file") from None
    except RecursionError:
        raise Failure(Code.PARTIAL, f"{path}: its sequences nest too deeply to be read") from None
    except ArchiveError as error:
        raise Failure(Code.PARTIAL, f"{path}: {error}") from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            raise  # of the disk; pydicom raises them without a number over torn bytes
        raise Failure(Code.PARTIAL, f"{path} is damaged: {type(error).__name__}") from error


def fits(path: Path) -> None:
    """See that a deflated data set fits into memory before it is read as a whole, hostile input D6.

    Raises ArchiveError.
    """
    with path.open("rb") as file:
        meta = filemeta.read(file)
        if meta.transfer_syntax_uid in DEFLATED:
            scan = scanner(meta.transfer_syntax_uid, frozenset(), Bounds())
            file.seek(meta.offset)
            while chunk := file.read(1 << 16):
                scan.feed(chunk)


def stored(uid: str, config: Path | None) -> StoredInstance:
    """An object of the archive by its SOP Instance UID. Raises Failure, ArchiveError."""
    with opened(calls.settings(config)) as archive:
        found = archive.lookup(uid)
    if found is None:
        raise Failure(Code.PARTIAL, f"the archive has no object {uid}")
    return found


def one(named: str, config: Path | None) -> Dataset:
    """The head of the object in this file, or with this UID in the archive. Raises Failure."""
    if Path(named).is_file():
        return read(Path(named))
    if filemeta.is_uid(named):
        return read(stored(named, config).path)
    raise Failure(Code.USAGE, f"{named} is no file, nor the UID of an object in the archive")


def of_patient(named: str, config: Path | None, *, any_study: bool) -> Dataset:
    """An object of the patient, and unless `any_study` of the one study, that is meant.

    A file, a UID, or KEY=VALUE for the archive. Raises Failure.
    """
    if "=" not in named or Path(named).is_file():
        return one(named, config)
    asked = keys.identifier([named])
    with opened(calls.settings(config)) as archive:
        study = _study(archive, asked, named, any_study=any_study)
        found = next(iter(archive.instances(_query("IMAGE", StudyInstanceUID=study))), None)
    if found is None:
        raise Failure(Code.PARTIAL, f"the archive has no object with {named} any more")
    return read(found.path)


def _study(archive: Archive, asked: Dataset, named: str, *, any_study: bool) -> str:
    asked.setdefault("PatientID", "")
    asked.setdefault("IssuerOfPatientID", "")
    asked.setdefault("StudyInstanceUID", "")
    if unknown := [each for each in asked if int(each.tag) not in BY_TAG]:
        name = unknown[0].keyword or str(unknown[0].tag)
        raise Failure(Code.USAGE, f"the archive does not index {name}, so it is no key here")
    asked.QueryRetrieveLevel = "STUDY"
    query = parse(asked, LEVELS, options=_ANYWHERE)
    rows = list(archive.find(query))
    names = [answer.keyword for answer in query.returns]
    studies = [dict(zip(names, row, strict=True)) for row in rows]
    _check(studies, named, any_study=any_study)
    return studies[-1]["StudyInstanceUID"]


def _check(studies: Sequence[dict[str, str]], named: str, *, any_study: bool) -> None:
    if not studies:
        raise Failure(Code.PARTIAL, f"the archive has nothing with {named}")
    patients = {(each["PatientID"], each["IssuerOfPatientID"]) for each in studies}
    if len(patients) > 1:
        raise Failure(Code.USAGE, f"{named} are {len(patients)} patients; name one")
    if len(studies) > 1 and not any_study:
        raise Failure(
            Code.USAGE,
            f"{named} has {len(studies)} studies; name one by StudyInstanceUID=..., "
            "or say --new-study",
        )


def _query(level: str, **keys: str) -> Query:
    made = Dataset()
    made.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(made, keyword, value)
    return parse(made, LEVELS, options=_ANYWHERE)
