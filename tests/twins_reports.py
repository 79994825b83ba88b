"""Broken twins of samples: structured reports, the same harms to each and some of their own."""

from __future__ import annotations

from collections.abc import Iterator

from tests.broken import Twin, bad_code, empty, gone, now

NOWHERE = "2.25.1"
MR = "1.2.840.10008.5.1.4.1.1.4"

REPORTS = (
    "contrast/planned",
    "contrast/performed",
    "dose/x-ray-dose",
    "dose/patient-dose",
    "echo/report",
    "small-animal/context",
    "measurements/report",
    "measurements/extensible",
)
# Titles of the scheme DCM: of the second the class has only one.
UNTITLED = ("dose/x-ray-dose", "small-animal/context", "measurements/report")
TITLED = ("contrast/planned", "contrast/performed", "dose/patient-dose", "echo/report")
_TITLE = "ConceptNameCodeSequence[1]"
_FIRST = "ContentSequence[1]"


def _each(sample: str) -> Iterator[Twin]:
    """What can be done to any report."""
    yield Twin(sample, gone("CompletionFlag"), "type1.missing")
    yield Twin(sample, now("VerificationFlag", "PERHAPS"), "value.enumerated")
    yield Twin(sample, gone(f"{_TITLE}.CodingSchemeDesignator"), "code.scheme")
    yield Twin(sample, now(f"{_FIRST}.ValueType", "PICTURE"), "sr.value-type")
    yield Twin(sample, now(f"{_FIRST}.RelationshipType", "IS LIKE"), "sr.relationship")
    yield Twin(sample, gone("ContentSequence"), "sr.empty", severity="warning")
    if sample in TITLED:
        yield Twin(sample, now(f"{_TITLE}.CodeValue", "121071"), "sr.title")


TWINS = (
    *(twin for sample in REPORTS for twin in _each(sample)),
    *(bad_code(sample, _TITLE) for sample in UNTITLED),
    Twin("echo/report", gone("TimezoneOffsetFromUTC"), "sr.timezone"),
    Twin("echo/report", now("TimezoneOffsetFromUTC", "+2500"), "sr.timezone"),
    Twin("measurements/image-1", empty("ImageType"), "type1.empty"),
    Twin("measurements/image-2", now("Rows", 1), "pixel.size", "PixelData"),
)
