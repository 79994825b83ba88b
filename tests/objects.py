"""Small objects made for a test: just what the archive needs to find them, and pixels if wanted."""

from __future__ import annotations

from pathlib import Path

from pydicom import DataElement, Dataset, FileDataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
_ROOT = "1.2.826.0.1.3680043.8.498."


def uid(*names: object) -> str:
    """A UID that is the same for the same names."""
    return str(generate_uid(prefix=_ROOT, entropy_srcs=[str(name) for name in names]))


def instance(number: int = 1, *, sop_class: str = CT_IMAGE, **values: object) -> FileDataset:
    """An object of patient P1, study "s", series "e", unless `values` say otherwise."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = sop_class
    made = FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
    made.SOPClassUID = sop_class
    made.PatientID, made.PatientName = "P1", "Doe^Jane"
    made.StudyInstanceUID, made.SeriesInstanceUID = uid("s"), uid("e")
    made.StudyDate, made.StudyTime, made.AccessionNumber = "20240102", "101500", "A1"
    made.Modality, made.StudyID, made.SeriesNumber = "CT", "1", "1"
    made.InstanceNumber = str(number)
    made.SOPInstanceUID = uid("i", number, sorted(map(str, values.items())))
    for keyword, value in values.items():
        setattr(made, keyword, value)
    meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def non_patient(sop_class: str, number: int = 1, **values: object) -> FileDataset:
    """An object of a class that belongs to no patient, PS3.4 Annex GG."""
    made = instance(number, sop_class=sop_class)
    for keyword in [element.keyword for element in made]:
        if keyword not in ("SOPClassUID", "SOPInstanceUID", "InstanceNumber"):
            del made[keyword]
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def written(folder: Path, *objects: FileDataset) -> list[Path]:
    """Part 10 files of these objects in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, one in enumerate(objects):
        path = folder / f"{number:05d}.dcm"
        dcmwrite(path, one, enforce_file_format=True)
        paths.append(path)
    return paths


def misfit(into: Dataset, keyword: str, vr: str) -> None:
    """Put a number there, whatever belongs there: FD is one, what stands as IS is none."""
    into[keyword] = DataElement(keyword, vr, 1)
    if vr == "IS":
        into[keyword]._value = "abc"


def identifier(level: str | None = "STUDY", **keys: object) -> Dataset:
    """A query's identifier."""
    made = Dataset()
    if level:
        made.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(made, keyword, value)
    return made
