"""Objects that a document is wrapped among: whether what is taken from them can be read.

Law: pydicom decodes a value when it is first asked for; it is asked for here, so that damage is
told as such, and nowhere else.
"""

from __future__ import annotations

from pydicom import DataElement, Dataset

from iod.errors import Unwrappable
from iod.wrapping.building import INHERITED
from iod.wrapping.subject import PATIENT, STUDY

_REFERRED = """
    SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID SeriesNumber InstanceNumber
    Modality Manufacturer ManufacturerModelName FrameOfReferenceUID AcquisitionDateTime
    AcquisitionDate AcquisitionTime
"""
_USED = f"{PATIENT} {STUDY} {INHERITED} {_REFERRED}".split()

# PS3.5 6.1.2.3: Specific Character Set says nothing of these.
_ASCII = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"})


def sound(head: Dataset) -> Dataset:
    """The head itself, all of whose values that are used can be read. Raises Unwrappable."""
    for keyword in _USED:
        try:
            if keyword in head:
                _decode(head, keyword)
        except Exception:  # noqa: BLE001 - pydicom raises whatever its converters do
            raise Unwrappable(f"it is damaged: its {keyword} cannot be read") from None
    return head


def _decode(head: Dataset, keyword: str) -> None:
    """Raises whatever pydicom does, and ValueError for what could not be written again."""
    element = head[keyword]
    within = (
        [each for item in element.value for each in item.iterall()] if _is_list(element) else []
    )
    for each in (element, *within):
        if each.VR in _ASCII and not str(each.value).isascii():
            raise ValueError(each.tag)


def _is_list(element: DataElement) -> bool:
    return element.VR == "SQ"
