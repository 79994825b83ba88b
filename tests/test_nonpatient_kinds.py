"""Every key of the models without levels, at any depth, by every kind of matching it has.

PS3.4 K.2.2 with C.2.2.2. Keys are made from what the objects of `nonpatients` hold; what they
should find is told by rules that are written here anew, over the values as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from pydicom import Dataset

from archive.attributes import CODE, Attribute
from archive.nonpatient import MODELS
from scu import find
from scu.associate import Target, associate
from tests import clients
from tests.clients import CALLER, SYNTAXES
from tests.nodes import node, target
from tests.nonpatients import CLASSES, FIND, VALUES, filled, objects
from tests.objects import uid, written

# In no object here: what a code may have besides its value, scheme and meaning; and what only says
# how an answer is written.
RARE = CODE - {"CodeValue", "CodingSchemeDesignator", "CodeMeaning"}
ABOUT = {"SpecificCharacterSet", "TimezoneOffsetFromUTC"}
TEXT = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"}
MOMENTS = {"DA": 8, "TM": 6, "DT": 14}

Matches = Callable[[str], bool]


@dataclass(frozen=True)
class Leaf:
    """A key that is no sequence: its keywords from the top, and its representation."""

    path: tuple[str, ...]
    vr: str

    def __str__(self) -> str:
        return ".".join(self.path)


def leaves(keys: tuple[Attribute, ...], above: tuple[str, ...] = ()) -> Iterator[Leaf]:
    for key in keys:
        path = (*above, key.keyword)
        if key.items:
            yield from leaves(key.items, path)
        elif key.keyword not in ABOUT and not (key.keyword in RARE and above):
            yield Leaf(path, key.vr)


def told(values: Any, path: tuple[str, ...]) -> list[str]:
    """What an object tells at a path, in all items."""
    if not path:
        several = values if isinstance(values, list) else [values]
        return [str(each) for each in several if each not in ("", None)]
    items = values if isinstance(values, list) else [values]
    return [each for item in items if path[0] in item for each in told(item[path[0]], path[1:])]


def held(model: str) -> dict[str, dict[str, Any]]:
    """The objects by name, with what identifies them."""
    return {
        name: {"SOPInstanceUID": str(uid(model, name)), "SOPClassUID": CLASSES[model], **values}
        for name, values in VALUES[model].items()
    }


# -- the kinds: of a value, keys and what they match ----------------------------------------------


def folded(text: str) -> str:
    """A name without case and accents."""
    apart = unicodedata.normalize("NFD", text.lower())
    return "".join(each for each in apart if not unicodedata.combining(each))


def like(pattern: str, vr: str) -> Matches:
    """`*` any run, `?` any one."""
    prepare = folded if vr == "PN" else str
    parts = {"*": ".*", "?": "."}
    sought = re.compile("".join(parts.get(c) or re.escape(c) for c in prepare(pattern)), re.DOTALL)
    return lambda value: sought.fullmatch(prepare(value)) is not None


def first(moment: str, vr: str) -> str:
    """The first moment a value may mean; the last one ends in nines."""
    return moment.ljust(MOMENTS[vr], "0")


def last(moment: str, vr: str) -> str:
    return moment.ljust(MOMENTS[vr], "9")


def single(value: str, vr: str) -> Iterator[tuple[str, Matches]]:
    if vr in MOMENTS:  # a shortened key is all that it may mean
        yield value, lambda other: first(value, vr) <= first(other, vr) <= last(value, vr)
    elif vr == "PN":
        yield value.upper(), lambda other: folded(other) == folded(value)
    elif vr in ("FL", "FD", "US", "UL", "UV", "IS", "DS"):
        yield value, lambda other: float(other) == float(value)
    else:
        yield value, lambda other: other == value
    if vr in TEXT - {"PN"} and value.swapcase() != value:
        yield value.swapcase(), lambda other: other == value.swapcase()


def wildcard(value: str, vr: str) -> Iterator[tuple[str, Matches]]:
    if vr in TEXT:
        patterns = (value[0] + "*", "*" + value[-1], "?" + value[1:], f"*{value[1:-1]}*")
        for pattern in patterns:
            if pattern.strip("*"):  # else it is universal
                yield pattern, like(pattern, vr)


def listed(value: str, vr: str) -> Iterator[tuple[Any, Matches]]:
    if vr == "UI":
        yield ["9.9.9", value], lambda other: other == value


def ranged(value: str, vr: str) -> Iterator[tuple[str, Matches]]:
    if vr in MOMENTS:
        yield f"{value}-", lambda other: first(other, vr) >= first(value, vr)
        yield f"-{value}", lambda other: first(other, vr) <= last(value, vr)
        yield (
            f"{value}-{value}",
            lambda other: first(value, vr) <= first(other, vr) <= last(value, vr),
        )


NOBODYS: Mapping[str, Any] = {
    "DA": "19000101", "TM": "031415", "DT": "19000101", "UI": "9.9.9", "FD": 9.5, "CS": "NOBODY",
    "US": 54321, "UL": 54321, "UV": 54321,
}  # fmt: skip


def nobodys(_: str, vr: str) -> Iterator[tuple[Any, Matches]]:
    yield NOBODYS.get(vr, "Nobody's"), lambda _: False


def universal(_: str, vr: str) -> Iterator[tuple[Any, None]]:
    """Everything matches, also what has no such value."""
    yield None, None
    if vr in TEXT:
        yield "*", None


KINDS: Mapping[str, Callable[[str, str], Iterator[tuple[Any, Matches | None]]]] = {
    "single value": single,
    "list of UID": listed,
    "wild card": wildcard,
    "range": ranged,
    "nothing": nobodys,
    "universal": universal,
}


# -- the table ------------------------------------------------------------------------------------


def asked(leaf: Leaf, key: Any) -> Dataset:
    """An identifier with one key at this path."""
    if leaf.vr in ("US", "UL", "UV") and key is not None:
        key = int(key)
    elif leaf.vr == "FD" and key is not None:
        key = float(key)
    keys: Any = key
    for keyword in reversed(leaf.path):
        keys = {keyword: keys}
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    if leaf.path != ("SOPInstanceUID",):
        identifier.SOPInstanceUID = ""
    return filled(identifier, keys)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("kinds")
    with node(folder / "node") as serving:
        for model in VALUES:
            paths = written(folder / model, *objects(model).values())
            assert all(one.status == 0 for one in clients.send(target(serving), paths))
        yield target(serving)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", MODELS)
def test_each_key_at_any_depth_by_each_kind_of_matching(at: Target, model: str, kind: str):
    there = held(model)
    names = {values["SOPInstanceUID"]: name for name, values in there.items()}
    with associate(at, CALLER, [(FIND[model], SYNTAXES)]) as association:
        for leaf in leaves(MODELS[model]):
            known = {name: told(values, leaf.path) for name, values in there.items()}
            values = sorted({value for one in known.values() for value in one})
            for value in values if KINDS[kind] not in (nobodys, universal) else values[:1]:
                for key, matches in KINDS[kind](value, leaf.vr):
                    answers = find.find(association, FIND[model], asked(leaf, key))
                    expected = {
                        name
                        for name, one in known.items()
                        if matches is None or any(map(matches, one))
                    }
                    found = {names[str(each.SOPInstanceUID)] for each in answers}
                    assert found == expected, (str(leaf), key)


@pytest.mark.parametrize("model", MODELS)
def test_every_key_has_a_value_in_some_object(model: str):
    """Else the table above would pass over it."""
    there = held(model).values()
    without = [
        str(leaf)
        for leaf in leaves(MODELS[model])
        if not any(told(values, leaf.path) for values in there)
    ]
    assert without == []


# -- the types of keys, PS3.4 Tables HH.6-1, II.6-1, U.6-1, X.6-1, BB.6-1 to -3 -------------------

REFERENCE = "(ReferencedSOPClassUID ReferencedSOPInstanceUID)"
CREATED = "InstanceCreationDate InstanceCreationTime"
REQUIRED: Mapping[str, str] = {
    "protocol": f"""
        CustodialOrganizationSequence(InstitutionName InstitutionCodeSequence)
        ResponsibleGroupCodeSequence ProtocolName PotentialScheduledProtocolCodeSequence
        PotentialRequestedProcedureCodeSequence PotentialReasonsForProcedureCodeSequence
        PredecessorProtocolSequence{REFERENCE} ContentCreatorName {CREATED}
        ClinicalTrialSponsorName ClinicalTrialProtocolID EquipmentModality
        ModelSpecificationSequence(Manufacturer ManufacturerRelatedModelGroup
        ManufacturerModelName SoftwareVersions) AnatomicRegionSequence
        PrimaryAnatomicStructureSequence""",
    "approval": f"""
        {CREATED} ApprovalSubjectSequence{REFERENCE} ApprovalSequence(AssertionCodeSequence
        AsserterIdentificationSequence(PersonName PersonIdentificationCodeSequence
        OrganizationalRoleCodeSequence InstitutionName InstitutionCodeSequence)
        AssertionDateTime AssertionExpirationDateTime)""",
    "hanging": """
        HangingProtocolName HangingProtocolLevel HangingProtocolDefinitionSequence(Modality
        Laterality AnatomicRegionSequence ProcedureCodeSequence
        ReasonForRequestedProcedureCodeSequence) NumberOfPriorsReferenced
        HangingProtocolUserIdentificationCodeSequence HangingProtocolUserGroupName
        NumberOfScreens""",
    "palette": "ContentLabel",
    "implant": f"""
        Manufacturer ImplantName ImplantPartNumber ImplantSize
        ReplacedImplantTemplateSequence{REFERENCE} DerivationImplantTemplateSequence{REFERENCE}
        OriginalImplantTemplateSequence{REFERENCE} EffectiveDateTime
        ImplantTargetAnatomySequence(AnatomicRegionSequence)
        ImplantRegulatoryDisapprovalCodeSequence MaterialsCodeSequence
        CoatingMaterialsCodeSequence""",
    "assembly": f"""
        ImplantAssemblyTemplateName Manufacturer ProcedureTypeCodeSequence
        ReplacedImplantAssemblyTemplateSequence{REFERENCE}
        OriginalImplantAssemblyTemplateSequence{REFERENCE}
        DerivationImplantAssemblyTemplateSequence{REFERENCE} SurgicalTechnique""",
    "group": f"""
        ImplantTemplateGroupName ImplantTemplateGroupIssuer EffectiveDateTime
        ReplacedImplantTemplateGroupSequence{REFERENCE}""",
    "inventory": "",  # Table JJ was not at hand
}


def required(text: str) -> set[str]:
    """The keys of such a text by their paths."""
    found, above, last = set(), [], ""
    for word in re.findall(r"\w+|[()]", text):
        if word == "(":
            above.append(last)
        elif word == ")":
            above.pop()
        else:
            last = word
            found.add(".".join([*above, word]))
    return found


def typed(keys: tuple[Attribute, ...], key_type: str, above: str = "") -> Iterator[str]:
    for key in keys:
        if key.key == key_type:
            yield above + key.keyword
        yield from typed(key.items, key_type, f"{above}{key.keyword}.")


@pytest.mark.parametrize("model", MODELS)
def test_required_are_the_keys_that_the_standard_requires(model: str):
    assert set(typed(MODELS[model], "R")) == required(REQUIRED[model]) | {"SOPClassUID"}
    assert list(typed(MODELS[model], "U")) == ["SOPInstanceUID"]
