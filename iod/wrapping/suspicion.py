"""What makes an object doubtful that is valid all the same: told, never a reason to refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydicom import Dataset

from iod.wrapping.building import Document
from iod.wrapping.codes import METRES

# A model of a part of a patient is between these, in metres.
_SMALLEST: Final = 0.0005
_LARGEST: Final = 3.0


def doubts(document: Document, made: Dataset) -> Iterator[str]:
    """Notes on the object as it was made."""
    extents = document.contents.facts.get("extents")
    if extents:
        unit = str(made.MeasurementUnitsCodeSequence[0].CodeValue)
        longest = max(extents)
        if not _SMALLEST <= longest * METRES.get(unit, 1) <= _LARGEST:
            yield f"it is {longest:g} {unit} long: is that its unit? --units says"
    patients = document.contents.patients
    if patients and str(made.get("PatientID") or "") not in patients:
        yield "none of the ids by which it names its patient is the Patient ID of the object"
