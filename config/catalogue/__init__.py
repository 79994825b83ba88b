"""What we speak: storage SOP classes, transfer syntaxes and information models, as tables.

The rows live in three CSV files beside this one (PS3.6 Annex A, PS3.4 Annexes B, C, GG, HH, II);
a new class is one row.  Presentation contexts, dispatch and the conformance statement follow.
Media Storage Directory Storage is left out on purpose: a DICOMDIR never travels by C-STORE.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class SopClass:
    """A storage SOP class; kind is patient, non-patient or retired, group is for rights."""

    uid: str
    name: str
    keyword: str
    kind: str
    group: str


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """A transfer syntax; form says how pixel data lies in the data set.

    form: native, deflated, encapsulated, video, referenced, flow (PS3.22, never stored) or other.
    deflated: the whole data set after the file meta information is deflated (PS3.5 A.5).
    """

    uid: str
    name: str
    keyword: str
    retired: bool
    form: str
    implicit: bool
    little_endian: bool
    deflated: bool


@dataclass(frozen=True, slots=True)
class InformationModel:
    """A query/retrieve information model for one service: find, move or get.

    classes: the only storage classes it reaches; empty for every patient-related one. A model that
    has some is of objects without a patient: it has one level, which identifiers do not name.
    served: whether this version answers it.
    group: what it asks for, for rights: patient, protocol, display...
    """

    uid: str
    name: str
    service: str
    root: str
    levels: tuple[str, ...]
    classes: tuple[str, ...]
    served: bool
    group: str


def _rows(name: str) -> Iterator[list[str]]:
    text = files(__name__).joinpath(name).read_text(encoding="ascii")
    rows = csv.reader(text.splitlines())
    next(rows)  # the head line
    return rows


def _transfer_syntax(row: list[str]) -> TransferSyntax:
    uid, name, keyword, retired, form, *flags = row
    implicit, little_endian, deflated = (flag == "yes" for flag in flags)
    return TransferSyntax(
        uid, name, keyword, retired == "yes", form, implicit, little_endian, deflated
    )


def _model(row: list[str]) -> InformationModel:
    uid, name, service, root, levels, classes, served, group = row
    lists = tuple(levels.split()), tuple(classes.split())
    return InformationModel(uid, name, service, root, *lists, served == "yes", group)


STORAGE: Final[Mapping[str, SopClass]] = MappingProxyType(
    {row[0]: SopClass(*row) for row in _rows("sop_classes.csv")}
)
TRANSFER_SYNTAXES: Final[Mapping[str, TransferSyntax]] = MappingProxyType(
    {row[0]: _transfer_syntax(row) for row in _rows("transfer_syntaxes.csv")}
)
MODELS: Final[Mapping[str, InformationModel]] = MappingProxyType(
    {row[0]: _model(row) for row in _rows("models.csv")}
)
SERVED_MODELS: Final[Mapping[str, InformationModel]] = MappingProxyType(
    {uid: model for uid, model in MODELS.items() if model.served}
)
# In the order of the file: the two every node has first, then current, then retired ones.
STORAGE_TRANSFER_SYNTAXES: Final[tuple[str, ...]] = tuple(
    uid for uid, syntax in TRANSFER_SYNTAXES.items() if syntax.form not in ("flow", "other")
)

# By service: the groups a right may be narrowed to; classes the catalogue lacks are "other".
OTHER: Final = "other"
GROUPS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "store": frozenset(each.group for each in STORAGE.values()) | {OTHER},
        **{
            service: frozenset(each.group for each in MODELS.values() if each.service == service)
            for service in ("find", "move", "get")
        },
    }
)

_UID_OF_KEYWORD: Final[Mapping[str, str]] = MappingProxyType(
    {entry.keyword: uid for table in (STORAGE, TRANSFER_SYNTAXES) for uid, entry in table.items()}
)


def storage_class(uid: str) -> SopClass | None:
    """The storage SOP class of this UID; None when it is private or unknown."""
    return STORAGE.get(uid)


def transfer_syntax(uid: str) -> TransferSyntax | None:
    """The transfer syntax of this UID; None when it is private or unknown."""
    return TRANSFER_SYNTAXES.get(uid)


def information_model(uid: str) -> InformationModel | None:
    """The information model of this UID, served or not; None when there is none."""
    return MODELS.get(uid)


def uid_of(keyword: str) -> str | None:
    """The UID of a storage class or transfer syntax by its keyword, as `CTImageStorage`."""
    return _UID_OF_KEYWORD.get(keyword)


def name_of(uid: str) -> str:
    """The name of whatever the catalogue knows by this UID; the UID itself when unknown."""
    entry = STORAGE.get(uid) or TRANSFER_SYNTAXES.get(uid) or MODELS.get(uid)
    return entry.name if entry else uid


def of_patient(uid: str) -> bool:
    """Whether objects of this storage class belong to a patient; unknown ones do not have to."""
    found = STORAGE.get(uid)
    return found is not None and found.kind != "non-patient"


def is_non_patient(uid: str) -> bool:
    """Whether it is a class of the Non-Patient Object Storage Service, PS3.4 GG."""
    found = STORAGE.get(uid)
    return found is not None and found.kind == "non-patient"


def group_of(uid: str) -> str:
    """The group of a storage class or information model; "other" when it is in no table."""
    entry = STORAGE.get(uid) or MODELS.get(uid)
    return entry.group if entry else OTHER
