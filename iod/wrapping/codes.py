"""Codes that wrapped documents are described by, each from its context group in PS3.16."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pydicom import Dataset

from iod.errors import Unwrappable
from iod.reading.values import bare
from iod.wrapping.contents import Code

# CID 7063 Model Scale Unit (defined: no others)
UNITS: Final[dict[str, Code]] = {
    "um": ("um", "UCUM", "micrometer"),
    "mm": ("mm", "UCUM", "mm"),
    "cm": ("cm", "UCUM", "cm"),
    "m": ("m", "UCUM", "m"),
}
METRES: Final = {"um": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0}
# CID 7064 Model Usage (baseline)
PURPOSES: Final[dict[str, Code]] = {
    "educational": ("129012", "DCM", "Educational Intent"),
    "planning": ("129013", "DCM", "Planning Intent"),
    "tool": ("129014", "DCM", "Tool Fabrication"),
    "prosthetic": ("129015", "DCM", "Prosthetic Fabrication"),
    "implant": ("129016", "DCM", "Implant Fabrication"),
    "simulation": ("129017", "DCM", "Simulation Intent"),
    "quality-control": ("113680", "DCM", "Quality Control Intent"),
    "diagnostic": ("261004008", "SCT", "Diagnostic Intent"),
}
# CID 7062 Purpose of Reference to Predecessor 3D Model
EDITED_MODEL: Final[Code] = ("129010", "DCM", "Edited Model")
# CID 7060 Encapsulated Document Source Purpose of Reference
SOURCE_IMAGE: Final[Code] = ("121324", "DCM", "Source image")
_SOURCES: Final[dict[str, Code]] = {
    "1.2.840.10008.5.1.4.1.1.66": ("128226", "DCM", "Source raw data"),
    "1.2.840.10008.5.1.4.1.1.66.3": ("125028", "DCM", "Source Deformable Spatial Registration"),
    "1.2.840.10008.5.1.4.1.1.67": ("128227", "DCM", "Source real world value map"),
}
# CID 7061 Model Document Title, by the modality of what the model was made from
_TITLES: Final[dict[str, Code]] = {
    "CT": ("85040-4", "LN", "CT 3D CAM model"),
    "MR": ("85041-2", "LN", "MR 3D CAM model"),
    "US": ("129018", "DCM", "US 3D CAM model"),
}
_MIXED: Final[Code] = ("129019", "DCM", "Mixed Modality 3D CAM model")
_VALUE: Final = 16
_MEANING: Final = 64


def item(code: Code) -> Dataset:
    """A code as an item of a sequence, PS3.3 8.8."""
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = code
    return made


def read(text: str) -> Code:
    """A code as people write it, VALUE^SCHEME^MEANING. Raises Unwrappable."""
    parts = [part.strip() for part in text.split("^")]
    if len(parts) != 3 or not all(parts):
        raise Unwrappable(f"{text!r} is no code: write VALUE^SCHEME^MEANING, 11502-2^LN^Report")
    value, scheme, meaning = parts
    if len(value) > _VALUE or len(scheme) > _VALUE or len(meaning) > _MEANING or "\\" in text:
        raise Unwrappable(
            f"{text!r} is no code: value and scheme have at most {_VALUE} characters, "
            f"the meaning {_MEANING}, and none is a backslash"
        )
    return value, scheme, meaning


def of_source(source: Dataset) -> Code | None:
    """The purpose of a reference to what a document was made from; None where none is known."""
    return SOURCE_IMAGE if "Rows" in source else _SOURCES.get(bare(source, "SOPClassUID"))


def model_title(modalities: Iterable[str]) -> Code | None:
    """What kind of model this is, by the modalities of its sources; None where none is known."""
    known = set(modalities)
    return _MIXED if len(known) > 1 else _TITLES.get("".join(known))
