"""What people call an object, in a few words; and what an assessment says of others.

Law: pure functions of data sets; an object that has no name of its own is called nothing.
"""

from __future__ import annotations

from typing import Final

from pydicom import Dataset

from iod.reading.values import bare, items

# The first of these that has a value: from what names this very object to what names its series.
_NAMES: Final = (
    *("UserContentLongLabel", "UserContentLabel", "RTPlanLabel", "StructureSetLabel"),
    *("ProtocolName", "AssessmentLabel", "DocumentTitle", "ContentDescription", "ContentLabel"),
    *("HangingProtocolName", "ImplantName", "SeriesDescription"),
)
SETS: Final = (
    "1.2.840.10008.5.1.4.1.1.481.12",  # RT Radiation Set
    "1.2.840.10008.5.1.4.1.1.481.16",  # RT Radiation Record Set
    "1.2.840.10008.5.1.4.1.1.481.21",  # RT Radiation Set Delivery Instruction
    "1.2.840.10008.5.1.4.34.10",  # RT Brachy Application Setup Delivery Instruction
)


def label(dataset: Dataset) -> str:
    """What it is called."""
    return next(filter(None, (bare(dataset, keyword) for keyword in _NAMES)), "")


def remarks(dataset: Dataset) -> list[tuple[str, str]]:
    """What else matters of an object of a radiation set."""
    told = (
        ("intent", bare(dataset, "RTRadiationSetIntent")),
        ("fractions", bare(dataset, "IntendedNumberOfFractions")),
        ("fraction", bare(dataset, "CurrentFractionNumber")),
        ("control points", bare(dataset, "NumberOfRTControlPoints")),
    )
    return [(name, value) for name, value in told if value]


def verdict(dataset: Dataset) -> str:
    """The summary of a Content Assessment Result, and what was assessed for."""
    types = items(dataset, "AssessmentTypeCodeSequence")
    kinds = ", ".join(filter(None, (bare(each, "CodeMeaning") for each in types)))
    summary = bare(dataset, "AssessmentSummary")
    return f"{summary} ({kinds})" if kinds else summary
