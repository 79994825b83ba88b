"""Text of answers and of query files as Unicode, PS3.3 C.12.1.1.2, whatever set it is written in.

Law: nothing raises for what somebody wrote; what cannot be read becomes U+FFFD, or stays for
pydicom to complain of. Text that names no set is read as what it most likely is.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom import Dataset, config
from pydicom.charset import python_encoding
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import BaseTag

from archive import charsets
from archive.charsets import DEFAULT, CharacterSet

UTF8 = "ISO_IR 192"
_ESCAPE = b"\x1b"
# Text by PS3.5 6.1.2.3, and what is ASCII by right and often is not.
_TEXT = charsets.IN_CHARACTER_SET | {"AE", "CS", "UR"}


def decoded(found: Dataset, inherited: CharacterSet = DEFAULT) -> Dataset:
    """The data set itself, with its text decoded by our own rules; items inherit the set."""
    charset = charsets.of(found, inherited)
    for tag in list(found.keys()):
        element: DataElement | RawDataElement = found.get_item(tag, keep_deferred=True)
        vr = _vr(tag, element)
        if vr == "SQ":
            for item in _items(found, tag):
                decoded(item, charset)
        elif isinstance(element, RawDataElement) and vr in _TEXT and _foreign(element.value or b""):
            text = charsets.decode(element.value or b"", vr, charset)[0].rstrip("\0 ")
            found[tag] = DataElement(tag, vr, text, validation_mode=config.IGNORE)
    return found


def _vr(tag: BaseTag, element: object) -> str:
    written = getattr(element, "VR", None)
    if written and written != "UN":
        return str(written)
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _items(found: Dataset, tag: BaseTag) -> list[Dataset]:
    try:
        return list(found[tag].value)
    except Exception:  # noqa: BLE001 - pydicom raises what its parsers happen to raise
        return []


def _foreign(value: bytes) -> bool:
    return not value.isascii() or _ESCAPE in value


def declared(identifier: Dataset) -> Dataset:
    """The identifier with a character set that has all of its text: its own, or else UTF-8.

    Raises ValueError for what is no text.
    """
    texts = list(_texts(identifier))
    if any("\ud800" <= character <= "\udfff" for _, text in texts for character in text):
        raise ValueError("it holds bytes that are no text")
    if all(text.isascii() for _, text in texts):
        return identifier
    own = charsets.of(identifier)
    known = not own.odd and not own.default and all(term in python_encoding for term in own.terms)
    if not known or any(charsets.encode(text, vr, own) is None for vr, text in texts):
        identifier.SpecificCharacterSet = UTF8
    return identifier


def _texts(identifier: Dataset) -> Iterator[tuple[str, str]]:
    for element in identifier:
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts(item)
        elif element.VR in _TEXT and element.value is not None:
            values = element.value if element.VM > 1 else [element.value]
            yield from ((element.VR, str(value)) for value in values)
