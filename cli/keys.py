"""Identifiers as people type them: -k KEY=VALUE, PS3.4 C.4.

KEY is a keyword, a tag as 0010,0020, or, in DCMTK's notation, a path into sequences, as
ScheduledProcedureStepSequence[0].Modality or (0040,0275)[0].(0040,1001).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from pydicom import Dataset, config, dcmread
from pydicom.datadict import (
    dictionary_has_tag,
    dictionary_VR,
    keyword_dict,
    keyword_for_tag,
    tag_for_keyword,
)
from pydicom.dataelem import DataElement
from pydicom.tag import BaseTag, Tag

from cli import texts
from config.errors import ConfigError

_TAG = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?")
# By representation; of a date and time what is shorter than a day would be an offset from UTC. Of
# times none is: with a range of dates they are one interval, PS3.4 C.2.2.2.5.
_RANGES = {
    "DA": re.compile(r"(\d{8})-(\d{8})"),
    "DT": re.compile(r"(\d{8,14})-(\d{8,14})"),
}
_UID = re.compile(r'[0-9.]*|""')  # the latter: what has none, PS3.4 C.2.2.2.7
_ITEM = re.compile(r"(.+)\[(\d{1,3})\]")
_WHOLE = frozenset({"US", "SS", "UL", "SL", "SV", "UV"})
_RETIRED = "RETIRED_"  # as DCMTK's dictionary begins what the standard has retired
_PIXELS = 0x7FE0  # the first group that is no key: pixel data, and what lies behind them


def identifier(keys: Sequence[str]) -> Dataset:
    """What these keys say, in the order they are typed in; raises ConfigError."""
    made = Dataset()
    for key in keys:
        _take(made, key)
    try:
        return texts.declared(made)
    except ValueError as error:
        raise ConfigError(f"these keys cannot be sent: {error}") from None


def _take(made: Dataset, text: str) -> None:
    if text.startswith("@"):
        made.update(_file(Path(text[1:])))
        return
    path, _, value = text.partition("=")
    *sequences, last = path.strip().split(".")
    inner = made
    for name in sequences:
        inner = _item(inner, name)
    if not value and _ITEM.fullmatch(last):
        _item(inner, last)
        return
    tag, vr = _attribute(last)
    if vr == "SQ" and not value and tag in inner:
        return  # its items are keys already
    inner[tag] = _element(tag, vr, value)


def _file(path: Path) -> Dataset:
    """The keys in a query file as dump2dcm makes it, with or without meta information."""
    try:
        found = texts.decoded(dcmread(path, force=True, stop_before_pixels=True))
        keys = [each for each in found if each.tag.element and 4 < each.tag.group < _PIXELS]
    except OSError as error:
        raise ConfigError(f"the keys in {path} cannot be read: {error.strerror}") from None
    except Exception as error:  # noqa: BLE001 - pydicom's parsers raise what they happen to
        raise ConfigError(f"the keys in {path} cannot be read: {error}") from None
    if not any(dictionary_has_tag(each.tag) for each in keys):  # any text may pass for private ones
        raise ConfigError(f"{path} holds no keys: it is no DICOM file")
    return Dataset({element.tag: element for element in keys})


def _item(outer: Dataset, name: str) -> Dataset:
    match = _ITEM.fullmatch(name)
    keyword, number = (match[1], int(match[2])) if match else (name, 0)
    tag, vr = _attribute(keyword)
    if vr != "SQ":
        raise ConfigError(f"{keyword} is no sequence, so nothing can be in it")
    items = outer.setdefault(tag, DataElement(tag, "SQ", [])).value
    while len(items) <= number:
        items.append(Dataset())
    found: Dataset = items[number]
    return found


def _attribute(name: str) -> tuple[BaseTag, str]:
    match = _TAG.fullmatch(name)
    name = name.removeprefix(_RETIRED)
    number = int(match[1] + match[2], 16) if match else tag_for_keyword(name)
    if number is None or not name:  # the dictionary has retired tags without a keyword
        near = get_close_matches(name, keyword_dict, 1, 0.7)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(f"{name!r} is neither a DICOM keyword nor a tag like 0010,0020{hint}")
    try:
        return Tag(number), dictionary_VR(number).split(" or ")[0]
    except KeyError:
        raise ConfigError(
            f"{name} is not in the data dictionary: private keys need @FILE"
        ) from None


def _element(tag: BaseTag, vr: str, text: str) -> DataElement:
    # Nothing can match it, and a peer would just say so.
    if _reversed(vr, text):
        raise ConfigError(f"{keyword_for_tag(tag)}: the range {text} ends before it begins")
    if vr == "UI" and (
        odd := [part for part in text.split("\\") if not _UID.fullmatch(part.strip())]
    ):
        raise ConfigError(
            f"{keyword_for_tag(tag)}: {odd[0]!r} is no UID: digits and dots, and no wildcards"
        )
    try:
        return DataElement(tag, vr, _value(vr, text), validation_mode=config.IGNORE)
    except (ValueError, TypeError, OverflowError):
        raise ConfigError(f"{text!r} cannot be the value of {tag} ({vr})") from None


def _reversed(vr: str, text: str) -> bool:
    """Whether it is a range that ends before it begins, as far as both ends are told."""
    found = _RANGES[vr].fullmatch(text) if vr in _RANGES else None
    told = min(map(len, found.groups())) if found else 0
    return found is not None and found[1][:told] > found[2][:told]


def _value(vr: str, text: str) -> object:
    if vr == "SQ":
        if text:
            raise ValueError("a sequence has no text")
        return []
    if not text:
        return None
    if vr in _WHOLE:
        return [int(part) for part in text.split("\\")]
    if vr in ("FL", "FD"):
        return [float(part) for part in text.split("\\")]
    if vr == "AT":
        return [_attribute(part)[0] for part in text.split("\\")]
    return text
