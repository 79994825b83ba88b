"""Values as people read them, PS3.5 6.2, and codes, PS3.3 8.8.

Law: no value makes this fail: what cannot be read as its VR says is shown as it stands in the file,
what is missing is empty. Texts are cut at `LONGEST`, lists at `MOST`, and both say so.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydicom import Dataset
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_description, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.multival import MultiValue
from pydicom.uid import UID

LONGEST: Final = 400
MOST: Final = 16
_UNDEFINED: Final = 0xFFFFFFFF
_BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "OB or OW"})


_LATER: Final[Mapping[str, str]] = {
    "1.2.840.10008.5.1.4.1.1.9.100.1": "Waveform Presentation State Storage",
    "1.2.840.10008.5.1.4.1.1.9.100.2": "Waveform Acquisition Presentation State Storage",
    "1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.66.8": "Height Map Segmentation Storage",
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame Compression",
}
"""Names of PS3.6 Annex A that pydicom 3.0 does not have."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A code: `same` tells codes apart as PS3.3 8.8 does, by value and scheme."""

    value: str
    scheme: str
    meaning: str

    def __str__(self) -> str:
        return self.meaning or self.value

    @property
    def full(self) -> str:
        """The meaning, and in brackets the code itself."""
        code = ", ".join(filter(None, (self.value, self.scheme)))
        return f"{self.meaning} ({code})" if self.meaning else f"({code})"

    @property
    def same(self) -> tuple[str, str]:
        """What two equal codes share."""
        return self.value, self.scheme


def value(item: Dataset, keyword: str) -> Any:
    """The value of an attribute; None when it is not there or cannot be read."""
    tag = tag_for_keyword(keyword)
    element = None if tag is None else _element(item, tag)
    return None if element is None else element.value


def bare(item: Dataset, keyword: str) -> str:
    """The value of an attribute as it stands, without padding; empty where there is none."""
    found = value(item, keyword)
    return "" if found is None else str(found).strip()


def items(item: Dataset, path: str) -> list[Dataset]:
    """The items of a sequence; `A.B` are those of B in all items of A."""
    first, _, rest = path.partition(".")
    found = value(item, first)
    own = list(found) if isinstance(found, Sequence) and not isinstance(found, str | bytes) else []
    own = [each for each in own if isinstance(each, Dataset)]
    return [below for each in own for below in items(each, rest)] if rest else own


def coded(item: Dataset, keyword: str) -> Coded | None:
    """The code in the first item of a code sequence."""
    for each in items(item, keyword):
        return code(each)
    return None


def code(item: Dataset) -> Coded | None:
    """The code an item holds; None when it holds none."""
    short = ("CodeValue", "LongCodeValue", "URNCodeValue")
    found = next(filter(None, (text(item, keyword) for keyword in short)), "")
    meaning = text(item, "CodeMeaning")
    if not found and not meaning:
        return None
    return Coded(found, text(item, "CodingSchemeDesignator"), meaning)


def text(item: Dataset, path: str, longest: int = LONGEST) -> str:
    """What stands at a path, in words; `A.B` is B in the items of A, `#A` the number of these."""
    if path.startswith("#"):
        found = items(item, path[1:])
        return str(len(found)) if found else ""
    above, _, keyword = path.rpartition(".")
    where = items(item, above) if above else [item]
    return joined([_text(each, keyword, longest) for each in where], "; ")


def joined(texts: Sequence[str], between: str = ", ", *, alike: bool = True) -> str:
    """The texts that are not empty, the first of them and the number of all.

    Where all are the same there is one, and how many of it, unless their places mean something.
    """
    some = [each for each in texts if each]
    if alike and len(some) > 2 and len(set(some)) == 1:
        return f"{some[0]} ({len(some)} times)"
    more = f"{between}... ({len(some)} in all)" if len(some) > MOST else ""
    return between.join(some[:MOST]) + more


def cut(words: str, longest: int = LONGEST) -> str:
    """The words, or their beginning and how many characters there are."""
    if len(words) <= longest:
        return words
    return f"{words[:longest].rstrip()}... ({len(words)} characters)"


def title(path: str) -> str:
    """What an attribute is called: the name of the data dictionary, without its machinery."""
    keyword = path.lstrip("#").rpartition(".")[2]
    tag = tag_for_keyword(keyword)
    name = keyword if tag is None else dictionary_description(tag)
    for end in (" Code Sequence", " Sequence"):
        name = name.removesuffix(end)
    return name


def sop_class(uid: str) -> str:
    """The name of a SOP class or another registered UID; the UID when there is none."""
    return _LATER.get(uid) or (UID(uid, validation_mode=IGNORE).name if uid else "")


def _element(item: Dataset, tag: int) -> DataElement | None:
    """The element; None when it is not there or not what its VR says."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return item[tag]
    except KeyError:
        return None
    except Exception:  # noqa: BLE001 - pydicom raises whatever its converters do
        return None


def _text(item: Dataset, keyword: str, longest: int) -> str:
    tag = tag_for_keyword(keyword)
    if tag is None or tag not in item:
        return ""
    raw = _raw(item, tag)
    if raw is not None and raw.VR in _BINARY and raw.length not in (0, _UNDEFINED):
        return f"{raw.length} bytes"
    element = _element(item, tag)
    if element is not None:
        return cut(words(element), longest)
    held = raw.value if raw else None
    return cut(held.decode("latin-1").strip(" \0"), longest) if held else ""


def _raw(item: Dataset, tag: int) -> RawDataElement | None:
    """The element as it stands in the file; None when it has been looked at."""
    found = _kept(item, tag)
    return found if isinstance(found, RawDataElement) else None


def _kept(item: Dataset, tag: int) -> object:
    return item.get_item(tag, keep_deferred=True)


def words(element: DataElement) -> str:
    """The value of an element that could be read."""
    held, vr = element.value, str(element.VR)
    if held is None:
        return ""
    if vr == "SQ":
        return joined([_item(each) for each in held])
    if isinstance(held, bytes):
        return f"{len(held)} bytes" if held else ""
    said = _SAID.get(vr, _plain)
    values = held if isinstance(held, MultiValue | list) else [held]
    return joined([said(each) for each in values], alike=False)  # as a vector, 0, 0, 0


def _item(item: Dataset) -> str:
    """An item in a word: its code, the object it refers to, or only that it is there."""
    found = code(item)
    if found:
        return str(found)
    uid = _text(item, "ReferencedSOPInstanceUID", LONGEST)
    if uid:
        return f"{_text(item, 'ReferencedSOPClassUID', LONGEST)} {uid}".strip()
    return f"{len(item)} attributes"


def _plain(held: Any) -> str:
    return str(held).strip(" \0")


def _number(held: Any) -> str:
    return f"{held:.9g}" if isinstance(held, float) else str(held)


def _date(held: Any) -> str:
    """DA, with hyphens where it is eight digits."""
    given = str(held).strip()
    if len(given) == 8 and given.isdecimal():
        return f"{given[:4]}-{given[4:6]}-{given[6:]}"
    return given


def _time(held: Any) -> str:
    """TM, with colons where it is digits."""
    given = str(held).strip()
    whole, point, fraction = given.partition(".")
    if not whole.isdecimal() or len(whole) > 6 or len(whole) % 2:
        return given
    return ":".join(_pairs(whole)) + point + fraction


def _moment(held: Any) -> str:
    """DT: date, time, and its offset from UTC."""
    given = str(held).strip()
    at = max(given.find("+", 8), given.find("-", 8))
    offset = given[at:] if at >= 0 else ""
    stem = given[: len(given) - len(offset)]
    day, time = stem[:8], stem[8:]
    if not day.isdecimal():
        return given
    zone = f" {offset[:3]}:{offset[3:]}" if len(offset) == 5 else offset
    return f"{_date(day)} {_time(time)}".strip() + zone


def _pairs(digits: str) -> Iterator[str]:
    return (digits[at : at + 2] for at in range(0, len(digits), 2))


def _uid(held: Any) -> str:
    given = str(held).strip(" \0")
    return sop_class(given)


_SAID: Final[Mapping[str, Callable[[Any], str]]] = {
    "DA": _date,
    "TM": _time,
    "DT": _moment,
    "UI": _uid,
    "FD": _number,
    "FL": _number,
}
"""By VR: how one value is said."""
