"""Multi-frame images, PS3.3 C.7.6.16, C.7.6.17: frames in one stack, by their place in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword

from iod.samples.identity import uid
from iod.samples.items import item, put
from iod.samples.subjects import SAMPLE_DATE, SAMPLE_TIME

_STACK: Final = "1"
_MOMENT: Final = SAMPLE_DATE + SAMPLE_TIME


def framed(made: Dataset, frames: Sequence[Dataset]) -> Dataset:
    """These per-frame functional groups, each with Frame Content, C.7.6.16.2.2."""
    for number, frame in enumerate(frames, 1):
        told = item(
            FrameAcquisitionNumber=1,
            FrameAcquisitionDateTime=_MOMENT,
            FrameReferenceDateTime=_MOMENT,
            FrameAcquisitionDuration=200.0,
            StackID=_STACK,
            InStackPositionNumber=number,
            DimensionIndexValues=[1, number],
        )
        put(frame, FrameContentSequence=[told])
    return put(
        made,
        NumberOfFrames=str(len(frames)),
        PerFrameFunctionalGroupsSequence=list(frames),
    )


def one_of_one(made: Dataset) -> Dataset:
    """An image that is not one of several of a concatenation, where that is to be said."""
    return put(
        made,
        InConcatenationNumber=1,
        InConcatenationTotalNumber=1,
        ConcatenationFrameOffsetNumber=0,
    )


def dimensions(made: Dataset, name: str) -> Dataset:
    """Multi-frame Dimension Module: by stack, then by position in it."""
    organization = uid("dimensions", name, made.Modality)
    content = tag_for_keyword("FrameContentSequence")
    indices = [
        item(
            DimensionOrganizationUID=organization,
            DimensionIndexPointer=tag_for_keyword(keyword),
            FunctionalGroupPointer=content,
            DimensionDescriptionLabel=label,
        )
        for keyword, label in (
            ("StackID", "Stack"),
            ("InStackPositionNumber", "Position"),
        )
    ]
    return put(
        made,
        DimensionOrganizationSequence=[item(DimensionOrganizationUID=organization)],
        DimensionIndexSequence=indices,
    )
