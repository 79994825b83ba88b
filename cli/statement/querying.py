"""Chapter 5.2.7: query and retrieve, model by model and key by key. PS3.4 C, K, Y, Z."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from archive import nonpatient
from archive.attributes import ATTRIBUTES, CODE, LEVELS, Attribute
from cli.statement import claims
from cli.statement.blocks import Block, Heading, Paragraph, bullets, grid
from config.catalogue import InformationModel
from config.settings import Settings

UNIQUE: Final = {"U": "unique", "R": "required", "O": "optional"}
# What `archive.matching` compares by; universal matching is common to all.
MATCHING: Final[Mapping[str, str]] = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"), "single, wildcard"),
    "PN": "single, wildcard, fuzzy (negotiated)",
    "UI": "single, list of UID",
    "DA": "single, range",
    "TM": "single, range",
    "DT": "single, range",
    "SQ": "sequence",
}
_OPTIONS: Final[Mapping[str, str]] = {
    "relational": "relational",
    "combined_datetime": "combined date and time",
    "fuzzy_names": "fuzzy names",
    "timezone": "time zone",
    "empty_value": "empty value",
    "multiple_value": "multiple values",
    "reserved": "date and time combined (always)",
}


def query_retrieve(settings: Settings) -> Iterator[Block]:
    """5.2.7."""
    yield Heading("5.2.7", "Query/Retrieve Service")
    served = [each.model for each in claims.models(settings)]
    finds = [model for model in served if model.service == "find"]
    yield from _rules(finds)
    for number, model in enumerate(finds, 1):
        yield Heading(f"5.2.7.1.{number}", model.name)
        yield from _keys(model)
    yield from _retrieval([model for model in served if model.service in claims.RETRIEVES])
    yield from _asking()


def _rules(finds: Sequence[InformationModel]) -> Iterator[Block]:
    yield Heading("5.2.7.1", "Query (C-FIND) as SCP")
    if not finds:
        yield Paragraph("The configuration gives nobody the right to query.")
        return
    yield bullets(
        *_of_no_patient(finds),
        "Every key is also matched universally (zero length). Attributes that are no key of the "
        "model are returned empty, and the status is FF01; so are keys of levels below, which "
        "relational queries match all the same: one object below matches all of them.",
        "Text other than person names is compared case-sensitively; of all attributes of VR PN "
        "case does not matter (5.7). A required key that is "
        "empty in an object matches whatever is asked; in models without levels a key that is "
        "empty in an object matches nothing.",
        "Date and time are matched each by itself unless combined; in models without levels "
        "they are "
        "always combined. Ranges hold their ends.",
        "The unique key of every level above needs one single value; keys of higher levels are "
        "matched and returned as well.",
        "Type 3 return keys of the tables are supported. What stands below a sequence with > are "
        "keys of its items; those of a sequence of codes are a code's, PS3.3 8.8: "
        f"{', '.join(sorted(CODE))}.",
        "Empty value matching (two quotation marks) is negotiated; lists of values are "
        "understood in any case: an attribute matches when any of its values is any of the list's.",
        "Fuzzy matching of names, when negotiated: each word of the key sounds like some word of "
        "the name, in any order, by Metaphone or Soundex; words of other than Latin letters must "
        "be equal.",
        "Time zone adjustment, when negotiated: with TimezoneOffsetFromUTC in the request, dates "
        "with times and DT are compared in UTC, an object's by its own offset; without one they "
        "are as written. Else times are compared as written.",
        "The set of a request and of an answer: 5.7.",
        "The number of answers has no limit but the requestor's cancel, which is obeyed between "
        "answers; a statement of the index may take the `query_seconds` of table 6.1-2, then the "
        "query is refused. Priority is not regarded: requests are answered as they come.",
        "InstanceAvailability is always ONLINE.",
    )
    if any(model.root == "repository" for model in finds):
        yield Paragraph(
            "Repository Query: answers come in the order of their RecordKey. A PriorRecordKey "
            "stays good when its record is deleted, and until the index is made anew (`anode "
            "reindex`). No File Access URI, no Metadata Sequence and no other way to the objects "
            "than DICOM is answered."
        )
    rows = [
        (model.name, ", ".join(model.levels) if not model.classes else "one level, not named")
        for model in finds
    ]
    yield grid("Table 5.2.7-1. Query models", "Model | Levels", rows)


def _of_no_patient(finds: Sequence[InformationModel]) -> Iterator[str]:
    if any(model.classes for model in finds):
        yield (
            "Models of objects without a patient have one level, which identifiers do not name. "
            "Superseded approvals and replaced templates are not withheld: every object that "
            "matches "
            "is answered."
        )


def _keys(model: InformationModel) -> Iterator[Block]:
    """A table of the keys of each level that may be asked."""
    for level, keys in keys_of(model):
        rows = list(_rows(keys))
        name = f"Keys of {model.name}" + (f" at level {level}" if level else "")
        yield grid(name, "Attribute | Tag | Key | Matching", rows)


def _rows(keys: Sequence[Attribute], depth: int = 0) -> Iterator[tuple[str, ...]]:
    """A row for each key, below a sequence the keys of its items; those of codes are told once."""
    for key in keys:
        yield ">" * depth + key.keyword, tag(key), UNIQUE[key.key], matching(key)
        inner = [each for each in key.items if each.keyword not in CODE or not is_code(key)]
        yield from _rows(inner, depth + 1)


def is_code(key: Attribute) -> bool:
    """Whether the items of a sequence are codes, maybe with something more, PS3.3 8.8."""
    return {each.keyword for each in key.items} >= CODE


def keys_of(model: InformationModel) -> Iterator[tuple[str, list[Attribute]]]:
    """By level, the keys that the model answers; of a model without levels, all of them."""
    if model.classes:
        yield "", [each for each in nonpatient.MODELS[model.root] if _asked(each, model)]
        return
    top = LEVELS.index("PATIENT")
    for level in model.levels:
        within = LEVELS[top : LEVELS.index(level) + 1]
        fresh = within if level == model.levels[0] else within[-1:]
        yield level, [each for each in ATTRIBUTES if each.level in fresh and _asked(each, model)]


def _asked(key: Attribute, model: InformationModel) -> bool:
    """The Record Key is that of the Repository Query (C.6.4); a character set is no key."""
    if key.keyword == "RecordKey":
        return model.root == "repository"
    return key.keyword != "SpecificCharacterSet"


def tag(key: Attribute) -> str:
    """(gggg,eeee)."""
    return f"({key.tag >> 16:04X},{key.tag & 0xFFFF:04X})"


def matching(key: Attribute) -> str:
    """How a key is matched."""
    if not key.matched:
        return "returned only"
    kind = "sequence of codes" if is_code(key) else MATCHING.get(key.vr, "single")
    return f"{kind}; any of its values" if key.many and key.vr != "UI" else kind


def options(agreed: Sequence[str]) -> str:
    """Which bytes of extended negotiation are answered 1."""
    words = [f"{at} {_OPTIONS[name]}" for at, name in enumerate(agreed, 1) if name]
    return ", ".join(words) or "none"


def _retrieval(models: Sequence[InformationModel]) -> Iterator[Block]:
    yield Heading("5.2.7.2", "Retrieve (C-MOVE, C-GET) as SCP")
    if not models:
        yield Paragraph("The configuration gives nobody the right to retrieve.")
        return
    rows = [
        (model.name, ", ".join(model.levels) if not model.classes else "SOPInstanceUID")
        for model in models
    ]
    yield grid("Table 5.2.7-2. Retrieve models", "Model | Levels or key", rows)
    yield bullets(
        "Unique keys only: one value above the level, one UID or a list at it. Other keys are "
        "ignored.",
        "C-MOVE sends to configured peers that the caller may name, on associations of its own, on "
        "contexts for exactly what matches; others are answered A801.",
        "Statuses and counts: a pending response follows each sub-operation but the last, and has "
        "the four counts; the final one names what failed, as far as it has room (Failed SOP "
        "Instance UID List). No match is a success without sub-operations. At one destination "
        "at most the `moves` of table 6.1-2 send at a time; others wait.",
        "Each sub-operation of a C-MOVE carries Move Originator AE Title and Message ID. If the "
        "association it was asked on ends, sending stops.",
        "A peer configured so (`retrieve_whole`, table 6.2-1) also gets what the objects it "
        "asked for "
        "need: the radiations of a set, the images of a presentation state... Off by default.",
        "Enhanced multi-frame conversion is not supported. FRAME level of the Composite Instance "
        "Root: SimpleFrameList, CalculatedFrameList or TimeRange; the new object has a new SOP "
        "Instance UID.",
    )


def _asking() -> Iterator[Block]:
    """What commands ask of others."""
    yield Heading("5.2.7.3", "Query and Retrieve as SCU")
    yield bullets(
        "`anode find` sends the keys that are typed, of any attribute and to any depth of "
        "sequences, with Specific Character Set where it needs one, and what its table of answers "
        "shows; single value, wildcard, range, list and universal matching are the peer's. Without "
        "`--model` Study Root is asked, or Patient Root at level PATIENT.",
        "Relational queries and fuzzy names are asked for with `--relational` and `--fuzzy`; where "
        "the peer does not agree to what a question needs, it is not asked.",
        "Every answer is shown, whatever its order and number, until `--limit`, which sends a "
        "C-CANCEL, as does an interrupt.",
        "`anode move` and `anode get` send unique keys only, refuse others, and send C-CANCEL when "
        "interrupted; `get` may ask with C-FIND what is held before.",
        "`anode get` takes objects of the storage classes it proposes; a C-STORE it cannot keep is "
        "answered with a failure.",
        "Enhanced multi-frame conversion is not asked for.",
    )
