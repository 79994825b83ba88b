"""Items: data sets written as keywords and values, codes (PS3.3 8.8), references (PS3.3 10.8).

Law: a keyword that DICOM does not have is an error, never a silent Python attribute.
"""

from __future__ import annotations

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword


def put(into: Dataset, **values: object) -> Dataset:
    """Set these attributes; the data set again."""
    for keyword, value in values.items():
        if tag_for_keyword(keyword) is None:
            raise AttributeError(f"DICOM has no attribute {keyword}")
        setattr(into, keyword, value)
    return into


def item(**values: object) -> Dataset:
    """An item of a sequence."""
    return put(Dataset(), **values)


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """A coded entry, Basic Coded Entry Attributes of PS3.3 8.8."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def reference(to: Dataset, **more: object) -> Dataset:
    """An item that refers to this instance, SOP Instance Reference Macro of PS3.3 10.8."""
    made = item(ReferencedSOPClassUID=to.SOPClassUID, ReferencedSOPInstanceUID=to.SOPInstanceUID)
    return put(made, **more)
