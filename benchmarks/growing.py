"""Big indexes, and whether the suite of queries takes as long on them as on a small one.

    .venv/bin/python -m benchmarks.growing make DIR --instances 1000000
    .venv/bin/python -m benchmarks.growing ask SMALL BIG

`make` puts rows straight into an index of ours, by the writer that C-STORE uses; there are no
object files behind them. Studies are of 50 instances, patients of one study; 20 studies are of one
day, 20 patients of one surname. So each query of the suite has as many answers on an index of any
size, and `ask` shows what size alone costs: milliseconds on both, the second divided by the first.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword

from archive.heads import Head
from archive.index import Index
from archive.options import Options
from archive.query import Query, parse
from archive.record import AT, Record, StoredInstance, record
from archive.seals import stamp
from archive.writer import Writer

IMAGES, SERIES = 50, 2  # of a study
ALIKE = 20  # studies of a day, patients of a surname
STUDY_ROOT = ("STUDY", "SERIES", "IMAGE")
_ROOT = "1.2.826.0.1.3680043.10.543"
_EXPLICIT = "1.2.840.10008.1.2.1"
_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "XA": "1.2.840.10008.5.1.4.1.1.12.1",
}
_SYLLABLES = ("ba", "den", "fi", "gro", "hal", "ko", "lun", "mer", "no", "sta")
_GIVEN = ("Anna", "Ben", "Clara", "David", "Eva", "Frank", "Greta", "Hans", "Ida", "Jan")
_WHAT = ("Thorax", "Abdomen", "Brain", "Knee left", "Lumbar spine", "Follow-up")


# -- what is made ---------------------------------------------------------------------------------


def surname(study: int) -> str:
    """Of four syllables, the same for 20 studies in a row."""
    digits = f"{study // ALIKE:04}"
    return "".join(_SYLLABLES[int(digit)] for digit in digits).capitalize()


def day(study: int) -> str:
    """Of 20 studies in a row."""
    return f"{date(1990, 1, 1) + timedelta(study // ALIKE):%Y%m%d}"


def modality(study: int) -> str:
    """Mostly the usual ones; XA only in 20 studies, whatever the size."""
    return "XA" if 40 <= study < 40 + ALIKE else ("CT", "MR", "DX", "US")[study % 4]


def uid(study: int, series: int | None = None, image: int | None = None) -> str:
    """Of a study, a series or an instance."""
    return ".".join(str(each) for each in (_ROOT, study, series, image) if each is not None)


def _head(study: int, series: int) -> Head:
    values = {
        "SpecificCharacterSet": "ISO_IR 100",
        "PatientID": f"P{study:08}",
        "PatientName": f"{surname(study)}^{_GIVEN[study % 10]}",
        "PatientBirthDate": f"{1930 + study % 80}0{1 + study % 9}{10 + study % 18}",
        "PatientSex": "FM"[study % 2],
        "StudyInstanceUID": uid(study),
        "StudyDate": day(study),
        "StudyTime": f"{8 + study % 10:02}{study % 60:02}00",
        "AccessionNumber": f"A{study:08}",
        "StudyID": str(study % 1000),
        "StudyDescription": _WHAT[study % len(_WHAT)],
        "ReferringPhysicianName": f"{surname(study * 7)}^Dr",
        "SeriesInstanceUID": uid(study, series),
        "Modality": modality(study),
        "SeriesNumber": str(series),
        "SeriesDescription": f"{_WHAT[study % len(_WHAT)]} {series}",
        "BodyPartExamined": "CHEST",
        "Manufacturer": "Anode",
        "StationName": f"STATION{study % 4}",
        "ContentDate": day(study),
        "ImageType": "ORIGINAL\\PRIMARY\\AXIAL",
        "SOPClassUID": _CLASSES[modality(study)],
    }
    raws = {
        tag_for_keyword(name) or 0: text.encode() + b" " * (len(text) % 2)
        for name, text in values.items()
    }
    return Head({**raws, 0x00280010: b"\0\2", 0x00280011: b"\0\2"}, _EXPLICIT, little_endian=True)


def _stored(root: Path, study: int, series: int, image: int) -> StoredInstance:
    own = uid(study, series, image)
    sha = hashlib.sha256(own.encode()).hexdigest()
    number = study * IMAGES + series * 1000 + image
    path = root / f"objects/2026/03/{1 + study % 28:02}/10/{number:016x}-{number:08x}-{sha}.dcm"
    return StoredInstance(_CLASSES[modality(study)], own, _EXPLICIT, path, 900, 525_000, sha)


def _records(root: Path, study: int) -> Iterator[Record]:
    """The instances of a series differ in their UIDs and numbers."""
    for series in range(1, SERIES + 1):
        first = record(_head(study, series), _stored(root, study, series, 1), "MODALITY")
        first = replace(first, received=stamp(1.77e9))
        for number in range(1, IMAGES // SERIES + 1):
            stored = _stored(root, study, series, number)
            image = list(first.image)
            image[AT["SOPInstanceUID"]] = stored.sop_instance_uid
            image[AT["InstanceNumber"]] = image[AT["InstanceNumber_match"]] = str(number)
            yield replace(first, stored=stored, image=tuple(image))


def make(root: Path, instances: int) -> float:
    """An index of so many instances; the seconds it took."""
    begun = time.perf_counter()
    root.mkdir(parents=True, exist_ok=True)
    index = Index(root, sync="lazy")
    connection = index._dialect.connect(readonly=False)
    connection.execute("PRAGMA cache_size = -400000")
    writer = Writer(connection, root)
    for study in range(instances // IMAGES):
        if study % 1000 == 0:
            connection.execute("BEGIN")
        for each in _records(root, study):
            writer.add(each)
        if study % 1000 == 999 or study + 1 == instances // IMAGES:
            # As after objects have been examined: a big archive has few that wait for it.
            connection.execute("UPDATE instance SET examined = 1, checked = 1 WHERE examined = 0")
            connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    index.close()
    return time.perf_counter() - begun


# -- what is asked --------------------------------------------------------------------------------

_STUDY = ("PatientName", "PatientID", "StudyDate", "StudyTime", "AccessionNumber", "StudyID",
          "ModalitiesInStudy", "NumberOfStudyRelatedInstances", "StudyInstanceUID")  # fmt: skip
_SERIES = ("SeriesInstanceUID", "Modality", "SeriesNumber", "NumberOfSeriesRelatedInstances")
_IMAGE = ("SOPInstanceUID", "InstanceNumber")
_RETURNS: Mapping[str, tuple[str, ...]] = {"STUDY": _STUDY, "SERIES": _SERIES, "IMAGE": _IMAGE}
_RELATIONAL = Options(relational=True)


@dataclass(frozen=True)
class Asked:
    """A query of the suite: what it matches, and how many answers it has at any size."""

    name: str
    level: str
    answers: int
    keys: Mapping[str, str]
    options: Options = Options()  # noqa: RUF009  frozen

    @property
    def query(self) -> Query:
        """As the archive is asked."""
        identifier = Dataset()
        identifier.QueryRetrieveLevel = self.level
        for name in _RETURNS[self.level]:
            setattr(identifier, name, "")
        for name, value in self.keys.items():
            setattr(identifier, name, value.split("\\") if "\\" in value else value)
        return parse(identifier, STUDY_ROOT, options=self.options)


_SOME = "\\".join(uid(study) for study in range(10, 30))
_IN_STUDY = {"StudyInstanceUID": uid(7)}
_IN_SERIES = {**_IN_STUDY, "SeriesInstanceUID": uid(7, 1)}
SUITE = (
    Asked("exact Patient ID", "STUDY", 1, {"PatientID": "P00000007"}),
    Asked("wildcard name, trailing", "STUDY", 20, {"PatientName": f"{surname(60)}*"}),
    Asked("wildcard name, leading", "STUDY", 2, {"PatientName": f"*{surname(60)[1:]}^Anna"}),
    Asked("date range", "STUDY", 20, {"StudyDate": f"{day(60)}-{day(60)}"}),
    Asked("date range and name", "STUDY", 20,
          {"StudyDate": f"{day(40)}-{day(99)}", "PatientName": f"{surname(60)}*"}),
    Asked("accession number", "STUDY", 1, {"AccessionNumber": "A00000007"}),
    Asked("modality in study", "STUDY", 20, {"ModalitiesInStudy": "XA"}),
    Asked("modality in study and date", "STUDY", 5,
          {"ModalitiesInStudy": "CT", "StudyDate": day(60)}),
    Asked("UID list", "STUDY", 20, {"StudyInstanceUID": _SOME}),
    Asked("series", "SERIES", 2, _IN_STUDY),
    Asked("series of a modality, relational", "SERIES", 40, {"Modality": "XA"}, _RELATIONAL),
    Asked("series of a patient, relational", "SERIES", 2, {"PatientID": "P00000007"}, _RELATIONAL),
    Asked("image", "IMAGE", 25, _IN_SERIES),
    Asked("image by its number", "IMAGE", 1, {**_IN_SERIES, "InstanceNumber": "3"}),
    Asked("image by its UID, relational", "IMAGE", 1, {"SOPInstanceUID": uid(7, 1, 3)},
          _RELATIONAL),
    Asked("images of a patient, relational", "IMAGE", 50, {"PatientID": "P00000007"}, _RELATIONAL),
    Asked("studies by an image, relational", "STUDY", 1, {"SOPInstanceUID": uid(7, 1, 3)},
          _RELATIONAL),
)  # fmt: skip


def _milliseconds(index: Index, asked: Asked, rounds: int) -> float:
    took, query = [], asked.query
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        found = sum(1 for _ in index.find(query))
        took.append(1000 * (time.perf_counter() - begun))
        if found != asked.answers:
            raise RuntimeError(f"{asked.name}: {found} answers, not {asked.answers}")
    return statistics.median(took[1:])


def ask(small: Path, big: Path, rounds: int = 15) -> list[tuple[str, float, float]]:
    """The suite on both: name and milliseconds of each."""
    both = [Index(root, sync="lazy") for root in (small, big)]
    found = []
    for asked in SUITE:
        first, second = (_milliseconds(index, asked, rounds) for index in both)
        found.append((asked.name, first, second))
        print(f"{asked.name:34} {first:8.2f} {second:8.2f} ms  x{second / first:.2f}", flush=True)
    for index in both:
        index.close()
    return found


def main(arguments: list[str]) -> None:
    """Make or ask."""
    law = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        "benchmarks.growing",
        description=law[0],
        epilog=law[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="an index of so many instances")
    making.add_argument("folder", type=Path)
    making.add_argument("--instances", type=int, default=1_000_000)
    asking = commands.add_parser("ask", help="the suite on a small index and a big one")
    asking.add_argument("small", type=Path)
    asking.add_argument("big", type=Path)
    asked = parser.parse_args(arguments)
    if asked.command == "make":
        took = make(asked.folder, asked.instances)
        size = (asked.folder / "index.sqlite3").stat().st_size
        print(f"{asked.instances} instances in {took:.0f} s, {size / 1e6:.0f} MB")
    else:
        ask(asked.small, asked.big)


if __name__ == "__main__":
    main(sys.argv[1:])
