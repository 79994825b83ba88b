"""What a document refers to: its sources, its predecessor, files it names. PS3.3 C.24.2, C.12.2."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydicom import Dataset

from iod.errors import Unwrappable
from iod.reading.values import bare
from iod.wrapping import codes
from iod.wrapping.contents import Code


@dataclass(frozen=True, slots=True)
class Reference:
    """An instance, where it belongs, and why or how it is referred to."""

    study: str
    series: str
    sop_class: str
    instance: str
    purpose: Code | None = None
    uri: str = ""  # as the document names it
    image: bool = False

    def item(self) -> Dataset:
        """SOP Instance Reference Macro, table 10-11, with what is known beside it."""
        made = Dataset()
        made.ReferencedSOPClassUID = self.sop_class
        made.ReferencedSOPInstanceUID = self.instance
        if self.purpose:
            made.PurposeOfReferenceCodeSequence = [codes.item(self.purpose)]
        if self.uri:
            made.RelativeURIReferenceWithinEncapsulatedDocument = self.uri
        return made


def to(one: Dataset, purpose: Code | None = None, uri: str = "") -> Reference:
    """A reference to this object. Raises Unwrappable."""
    names = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")
    for name in names:
        if not bare(one, name):
            raise Unwrappable(f"it cannot be referred to: it has no {name}")
    study, series, sop_class, instance = (bare(one, name) for name in names)
    return Reference(study, series, sop_class, instance, purpose, uri, "Rows" in one)


def predecessor(reference: Reference) -> Dataset:
    """Item of Predecessor Documents Sequence: Hierarchical SOP Instance Reference, table C.17-3."""
    series = Dataset()
    series.SeriesInstanceUID = reference.series
    series.ReferencedSOPSequence = [reference.item()]
    made = Dataset()
    made.StudyInstanceUID = reference.study
    made.ReferencedSeriesSequence = [series]
    return made


def hierarchy(made: Dataset, references: Sequence[Reference]) -> None:
    """Common Instance Reference Module: series of this study, then other studies. C.12.2."""
    own = str(made.StudyInstanceUID)
    studies = list(dict.fromkeys(each.study for each in references))
    for study in studies:
        series = _series(each for each in references if each.study == study)
        if study == own:
            made.ReferencedSeriesSequence = series
            continue
        other = Dataset()
        other.StudyInstanceUID, other.ReferencedSeriesSequence = study, series
        if "StudiesContainingOtherReferencedInstancesSequence" not in made:
            made.StudiesContainingOtherReferencedInstancesSequence = []
        made.StudiesContainingOtherReferencedInstancesSequence.append(other)


def _series(references: Iterable[Reference]) -> list[Dataset]:
    by_series: dict[str, dict[str, Reference]] = {}
    for each in references:
        by_series.setdefault(each.series, {})[each.instance] = each
    items = []
    for uid, members in by_series.items():
        made = Dataset()
        made.SeriesInstanceUID = uid
        made.ReferencedInstanceSequence = [_bare(each) for each in members.values()]
        items.append(made)
    return items


def _bare(reference: Reference) -> Dataset:
    made = Dataset()
    made.ReferencedSOPClassUID = reference.sop_class
    made.ReferencedSOPInstanceUID = reference.instance
    return made
