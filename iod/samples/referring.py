"""References to other instances that are said in more than one place, PS3.3 C.12.2 and C.17.2.1."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom import Dataset

from iod.samples.items import item, put, reference


def common_references(made: Dataset, *to: Dataset) -> Dataset:
    """Common Instance Reference Module, C.12.2: what is referred to, by series; one study."""
    series: dict[str, list[Dataset]] = {}
    for each in to:
        assert each.StudyInstanceUID == made.StudyInstanceUID
        series.setdefault(each.SeriesInstanceUID, []).append(each)
    listed = [
        item(
            SeriesInstanceUID=uid, ReferencedInstanceSequence=[reference(each) for each in members]
        )
        for uid, members in series.items()
    ]
    return put(made, ReferencedSeriesSequence=listed)


def in_study(to: Dataset, **more: object) -> Dataset:
    """Hierarchical SOP Instance Reference Macro, C.17.2.1, with one instance."""
    series = item(
        SeriesInstanceUID=to.SeriesInstanceUID, ReferencedSOPSequence=[reference(to, **more)]
    )
    return item(StudyInstanceUID=to.StudyInstanceUID, ReferencedSeriesSequence=[series])


def evidence(of: Sequence[Dataset]) -> Dataset:
    """Hierarchical SOP Instance Reference Macro, C.17.2.1: all these, of one study."""
    by_series: dict[str, list[Dataset]] = {}
    for each in of:
        by_series.setdefault(each.SeriesInstanceUID, []).append(reference(each))
    return item(
        StudyInstanceUID=of[0].StudyInstanceUID,
        ReferencedSeriesSequence=[
            item(SeriesInstanceUID=series, ReferencedSOPSequence=references)
            for series, references in by_series.items()
        ],
    )
