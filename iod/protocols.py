"""Procedure protocols and what is asserted of them: PS3.3 C.34 and C.35, PS3.16 CID 800.

Law: pure functions of data sets. Who approves a protocol writes an object of its own about it, and
another one when that changes; so a state is what the newest assertion says that speaks of it, at a
moment. Assertions of other things (appropriate for the device, eligible for reimbursement...) are
remarks: they make no protocol approved. What is said for one use (experimental, in pregnancy, in a
trial) is not said for another, nor what is said for one institution or trial; what is said of any
use, and that a protocol is deprecated, is said of all of them. Where it does not tell which
institution or trial is meant, it may be any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from fnmatch import fnmatchcase
from typing import Final, Literal

from pydicom import Dataset
from pydicom.multival import MultiValue

from iod.reading.values import bare, items, value

State = Literal["approved", "expired", "superseded", "withdrawn", "disapproved", "not approved"]

DEFINED: Final = frozenset(("1.2.840.10008.5.1.4.1.1.200.1", "1.2.840.10008.5.1.4.1.1.200.7"))
APPROVAL: Final = "1.2.840.10008.5.1.4.1.1.200.3"

ANY: Final = "any use"
_INSTITUTION: Final = "the institution"
_TRIAL: Final = "clinical trial"
# Codes of DCM in CID 800: whether they approve, and for which use.
_SPEAKING: Final[Mapping[str, tuple[str, str]]] = {
    "128603": ("approves", _INSTITUTION),
    "128604": ("approves", _TRIAL),
    "128605": ("approves", "pregnant patients"),
    "128611": ("approves", "experimental use"),
    "128609": ("disapproves", ANY),
    "128623": ("disapproves", _INSTITUTION),
    "128624": ("disapproves", _TRIAL),
    "128617": ("disapproves", "pregnant patients"),
    "128612": ("disapproves", "experimental use"),
    "128610": ("deprecates", ANY),
}
USES: Final = tuple(dict.fromkeys(use for _, use in _SPEAKING.values() if use != ANY))

_DT: Final = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d{1,6})?([+-]\d{4})?")


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion of an approval object, PS3.3 Protocol Approval Module."""

    uid: str
    code: str
    meaning: str
    by: str
    institution: str
    at: datetime
    expires: datetime | None
    related: tuple[str, ...]  # UIDs of assertions it is about
    approval: str  # SOP Instance UID of the object
    scope: str = ""  # the institution or trial it is said for; empty where it does not tell

    @property
    def does(self) -> str:
        """approves, disapproves, deprecates; empty for a remark."""
        return _SPEAKING.get(self.code, ("", ""))[0]

    @property
    def use(self) -> str:
        """For which use it is said."""
        return _SPEAKING.get(self.code, ("", ""))[1]

    def speaks_of(self, use: str, scope: str) -> bool:
        """Whether it is said of a use, at an institution or in a trial."""
        return self.use == ANY or (self.use == use and scope in (self.scope or scope, ""))

    def expired(self, at: datetime) -> bool:
        """Whether it has ceased by then."""
        return self.expires is not None and self.expires <= at


@dataclass(frozen=True, slots=True)
class Standing:
    """How a protocol stands at a moment."""

    state: State
    uses: tuple[str, ...] = ()  # for which it is approved
    by: Assertion | None = None  # which says so
    scopes: tuple[str, ...] = ()  # the institutions and trials it is approved for, as they are told


@dataclass(frozen=True, slots=True)
class Model:
    """One item of the Model Specification Sequence, PS3.3 Equipment Specification Module."""

    manufacturer: str
    group: str
    name: str
    versions: tuple[str, ...]
    serial: str

    def fits(self, wanted: str) -> bool:
        """Whether a model is meant; `*` and `?` stand for others, and case does not count."""
        pattern = wanted.casefold().replace("[", "[[]")  # which `fnmatch` would obey, too
        told = [self.name, self.group, f"{self.manufacturer} {self.name or self.group}"]
        return any(fnmatchcase(each.casefold(), pattern) for each in told if each.strip())


@dataclass(frozen=True, slots=True)
class Protocol:
    """A defined procedure protocol."""

    sop_instance_uid: str
    sop_class_uid: str
    name: str
    creator: str
    created: str
    modality: str
    models: tuple[Model, ...]
    predecessors: tuple[str, ...]

    def fits(self, model: str) -> bool:
        """Whether it is for a model: a device that does not match shall not execute it."""
        return any(each.fits(model) for each in self.models)


def protocol(dataset: Dataset) -> Protocol:
    """What a defined protocol says of itself."""
    return Protocol(
        sop_instance_uid=bare(dataset, "SOPInstanceUID"),
        sop_class_uid=bare(dataset, "SOPClassUID"),
        name=bare(dataset, "ProtocolName"),
        creator=bare(dataset, "ContentCreatorName"),
        created=bare(dataset, "InstanceCreationDate"),
        modality=bare(dataset, "EquipmentModality"),
        models=tuple(_model(each) for each in items(dataset, "ModelSpecificationSequence")),
        predecessors=tuple(
            bare(each, "ReferencedSOPInstanceUID")
            for each in items(dataset, "PredecessorProtocolSequence")
        ),
    )


def _model(one: Dataset) -> Model:
    return Model(
        bare(one, "Manufacturer"),
        bare(one, "ManufacturerRelatedModelGroup"),
        bare(one, "ManufacturerModelName"),
        _texts(one, "SoftwareVersions"),
        bare(one, "DeviceSerialNumber"),
    )


def subjects(approval: Dataset) -> list[str]:
    """The SOP Instance UIDs of what an approval is about."""
    found = items(approval, "ApprovalSubjectSequence")
    return [uid for each in found if (uid := bare(each, "ReferencedSOPInstanceUID"))]


def assertions(approval: Dataset) -> list[Assertion]:
    """What an approval asserts; assertions without a readable moment assert nothing."""
    zone = bare(approval, "TimezoneOffsetFromUTC")
    return list(_assertions(approval, zone))


def _assertions(approval: Dataset, zone: str) -> Iterator[Assertion]:
    for each in items(approval, "ApprovalSequence"):
        at = moment(bare(each, "AssertionDateTime"), zone)
        code = next(iter(items(each, "AssertionCodeSequence")), Dataset())
        if at is None:
            continue
        who = next(iter(items(each, "AsserterIdentificationSequence")), Dataset())
        dicom = bare(code, "CodingSchemeDesignator") == "DCM"
        yield Assertion(
            uid=bare(each, "AssertionUID"),
            code=bare(code, "CodeValue") if dicom else "",
            meaning=bare(code, "CodeMeaning"),
            by=bare(who, "PersonName") or bare(who, "ManufacturerModelName"),
            institution=bare(who, "InstitutionName"),
            at=at,
            expires=_end(bare(each, "AssertionExpirationDateTime"), zone, at),
            related=tuple(
                bare(other, "ReferencedAssertionUID")
                for other in items(each, "RelatedAssertionSequence")
            ),
            approval=bare(approval, "SOPInstanceUID"),
            scope=_scope(each),
        )


def _scope(assertion: Dataset) -> str:
    """Type 1C: told where the code is one for an institution, or for a trial."""
    for each in items(assertion, "InstitutionCodeSequence"):
        values = (bare(each, part) for part in ("CodeValue", "LongCodeValue", "URNCodeValue"))
        if code := next(filter(None, values), ""):
            return f"{bare(each, 'CodingSchemeDesignator')} {code}".strip()
    return bare(assertion, "ClinicalTrialProtocolID")


def _end(text: str, zone: str, at: datetime) -> datetime | None:
    """When it expires; where that cannot be read it never held, for it must not hold for ever."""
    return (moment(text, zone, end=True) or at) if text else None


def standing(said: Iterable[Assertion], at: datetime) -> Standing:
    """How a protocol stands by what was asserted of it until then."""
    told = (one for one in said if one.does and one.at <= at)
    # Of what is said at one moment that counts most which does not approve.
    known = sorted(told, key=lambda one: (one.at, one.does != "approves"))
    if not known:
        return Standing("not approved")
    approved = list[Assertion]()
    for use, scope in {(one.use, one.scope) for one in known if one.use != ANY}:
        last = next(one for one in reversed(known) if one.speaks_of(use, scope))
        if last.does == "approves" and not last.expired(at):
            approved.append(last)
    if approved:
        uses = {one.use for one in approved}
        scopes = {one.scope for one in approved if one.scope}
        newest = max(approved, key=lambda one: (one.at, one.uid))
        ordered = tuple(use for use in USES if use in uses)
        return Standing("approved", ordered, newest, tuple(sorted(scopes)))
    return _ended(known, known[-1])


def _ended(known: Sequence[Assertion], newest: Assertion) -> Standing:
    """Why a protocol is approved no more, or never was."""
    if newest.does == "deprecates":
        return Standing("superseded", by=newest)
    if newest.does == "approves":
        return Standing("expired", by=newest)
    approvals = [one for one in known if one.does == "approves"]
    before = any(newest.speaks_of(one.use, one.scope) for one in approvals)
    return Standing("withdrawn" if before else "disapproved", by=newest)


def moment(text: str, zone: str = "", *, end: bool = False) -> datetime | None:
    """A DT (PS3.5 6.2) as a moment; in the zone it names, else in `zone`, else in that of here.

    Of what it leaves out the first moment is meant, or the last where it is an end.
    """
    found = _DT.fullmatch(text.strip())
    if found is None:
        return None
    *parts, offset = found.groups()
    told = [int(part) for part in parts if part is not None]
    defaults = [1, 1, 0, 0, 0]
    try:
        whole = datetime(*told, *defaults[len(told) - 1 :])  # type: ignore[arg-type]
        if end:
            whole = _after(whole, len(told))
        return _placed(whole, offset or zone)
    except (ValueError, OverflowError):
        return None


def _after(whole: datetime, told: int) -> datetime:
    """The first moment behind a year, a month, a day, an hour...; a second stays one."""
    if told == 1:
        return whole.replace(year=whole.year + 1)
    if told == 2:
        return (whole.replace(day=28) + timedelta(days=4)).replace(day=1)
    steps = {3: timedelta(days=1), 4: timedelta(hours=1), 5: timedelta(minutes=1)}
    return whole + steps.get(told, timedelta())


def _placed(whole: datetime, zone: str) -> datetime:
    found = re.fullmatch(r"([+-])(\d\d)(\d\d)", zone)
    if found is None:
        return whole.astimezone(UTC)  # here
    shift = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return whole.replace(tzinfo=timezone(-shift if found[1] == "-" else shift))


def _texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    found = value(dataset, keyword)
    many = found if isinstance(found, MultiValue) else [bare(dataset, keyword)]
    return tuple(filter(None, map(str, many)))
