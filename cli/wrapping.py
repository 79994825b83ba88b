"""The work of `anode wrap`: files are looked into, and objects made of them."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from pydicom import Dataset
from pydicom.uid import generate_uid

from cli import named, show, sources
from cli.failures import Code, Failure
from iod.errors import Unwrappable
from iod.wrapping import heads, kinds, references, subject
from iod.wrapping.building import Document, Equipment, Place, Said, build
from iod.wrapping.inspecting import inspect, read
from iod.wrapping.linking import links
from iod.wrapping.references import Reference
from iod.wrapping.suspicion import doubts


@dataclass(frozen=True, slots=True)
class Among:
    """Among which objects the new ones belong, as it was typed; UIDs are of this archive."""

    patient_from: str | None
    replaces: str | None
    sources: Sequence[Path]
    references: Sequence[str]
    config: Path | None


@dataclass(frozen=True, slots=True)
class Manner:
    """How they are made: in a study of their own, as one group, only of closed models."""

    new_study: bool = False
    group: bool = False
    closed: bool = False


@dataclass(slots=True)
class Wrapped:
    """An object that was made of a file, and what to mind."""

    file: Path
    document: Document
    dataset: Dataset
    notes: list[str]


def made(files: Sequence[Path], among: Among, how: Manner, said: Said) -> list[Wrapped]:
    """The objects. Raises Failure."""
    if among.replaces and len(files) > 1:
        raise Failure(Code.USAGE, "--replaces is for one FILE; wrap the others by themselves")
    documents = {file: _looked_into(file, closed=how.closed) for file in files}
    _of_use(documents, how, said)
    given = _references(among)
    _asked_for(documents, given)
    where = _place(among, new_study=how.new_study)
    series = {document.kind.modality: _uid() for document in documents.values()}
    places = {
        file: replace(where, instance=_uid(), series=series[document.kind.modality], number=number)
        for number, (file, document) in enumerate(documents.items(), 1)
    }
    siblings = {file.resolve(): _sibling(documents[file], place) for file, place in places.items()}
    said = replace(said, group=_uid()) if how.group else said
    objects = []
    for file, document in documents.items():
        with _about(file):
            behind, notes = links(document, file, siblings, given)
            dataset = build(document, replace(places[file], named=behind), said)
            told = [*document.contents.notes, *notes, *doubts(document, dataset)]
            objects.append(Wrapped(file, document, dataset, told))
    return objects


@contextmanager
def _about(what: object) -> Iterator[None]:
    """What cannot be wrapped is told with its name."""
    try:
        yield
    except Unwrappable as error:
        raise Failure(Code.PARTIAL, f"{what}: {error}") from None


def _looked_into(file: Path, *, closed: bool) -> Document:
    with _about(file):
        kind = kinds.of_file(file)
        data = read(file)
        contents = inspect(kind, data)
        if closed and contents.facts.get("watertight") is False:
            raise Unwrappable(contents.notes[0])
        modified = datetime.fromtimestamp(file.stat().st_mtime)
        return Document(kind, data, contents, modified)


def _of_use(documents: Mapping[Path, Document], how: Manner, said: Said) -> None:
    """What is said of models is for a model. Raises Failure."""
    if any(document.kind.model for document in documents.values()):
        return
    of_models = {
        "--units": said.units is not None,
        "--model-purpose": said.purpose is not None,
        "--description": said.description is not None,
        "--mirrored": said.mirrored is not None,
        "--modified": said.modified is not None,
        "--group": how.group,
        "--watertight": how.closed,
    }
    if given := [name for name, is_given in of_models.items() if is_given]:
        what = show.count(len(documents), "file")
        raise Failure(
            Code.USAGE,
            f"{', '.join(given)}: for models only (STL, OBJ, MTL), and none of {what} is one",
        )


def _asked_for(documents: Mapping[Path, Document], given: Iterable[str]) -> None:
    """An object is given for a name that some file has. Raises Failure."""
    names = {name for document in documents.values() for name in document.contents.refers_to}
    known = names.union(*map(str.split, names))  # a line may name several files
    for name in given:
        if name not in known:
            told = f"; they name {', '.join(sorted(names))}" if names else ""
            message = f"--reference {name!r}: none of the files names that{told}"
            raise Failure(Code.USAGE, message)


def _place(among: Among, *, new_study: bool) -> Place:
    """Whose the objects are, and what they come from; each has its own UID and number yet."""
    before = _head(among.replaces, among.config) if among.replaces else None
    if among.patient_from:
        found = named.of_patient(among.patient_from, among.config, any_study=new_study)
        owner = _sound(found, among.patient_from)
    elif before is not None:
        owner = before
    else:
        raise Failure(Code.USAGE, "whose is it? Say --patient-from FILE, or --replaces FILE")
    with _about(among.patient_from or among.replaces):
        whose = subject.of(owner, _uid() if new_study else "")
    if before is not None:
        _same_patient(whose, before, among.replaces)
    return Place(
        subject=whose,
        instance="",
        series="",
        number=0,
        frame_of_reference=_uid(),
        equipment=_equipment(),
        sources=_sources(among.sources, whose),
        predecessor=before,
    )


def _sources(paths: Sequence[Path], whose: Dataset) -> tuple[Dataset, ...]:
    found = sources.collect(paths)
    if found.damaged:
        path, cause = found.damaged[0]
        raise Failure(Code.PARTIAL, f"{path}: {cause}")
    if paths and not found.sources:
        raise Failure(Code.PARTIAL, "there is no DICOM object among the sources")
    made_: list[Dataset] = []
    for each in found.sources:
        made_.append(_sound(named.read(each.path), each.path))
        _same_patient(whose, made_[-1], each.path)
    return tuple(made_)


def _head(what: str, config: Path | None) -> Dataset:
    return _sound(named.one(what, config), what)


def _sound(head: Dataset, what: object) -> Dataset:
    with _about(what):
        return heads.sound(head)


def _same_patient(whose: Dataset, other: Dataset, what: object) -> None:
    if subject.differ(whose, other):
        raise Failure(Code.PARTIAL, f"{what} is of another patient (Patient ID and its issuer)")


def _references(among: Among) -> Mapping[str, Reference]:
    made_ = {}
    for text in among.references:
        name, equals, target = text.rpartition("=")
        if not equals or not name:
            raise Failure(Code.USAGE, f"--reference {text!r}: write NAME=FILE, heart.mtl=mtl.dcm")
        with _about(target):
            made_[name] = references.to(_head(target, among.config))
    return made_


def _sibling(document: Document, where: Place) -> Reference:
    study = str(where.subject.StudyInstanceUID)
    return Reference(study, where.series, document.kind.sop_class_uid, where.instance)


def _equipment() -> Equipment:
    # A model's Device Serial Number is of type 1 (C.7.5.2); ours is the machine's name.
    release = version("anode")
    return Equipment("Anode", "anode wrap", socket.gethostname()[:64] or "unknown", release)


def _uid() -> str:
    return str(generate_uid(prefix=None))
