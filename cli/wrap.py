"""`anode wrap`: STL, OBJ, MTL, PDF and CDA files as DICOM objects, looked into before.

Law: what is refused leaves nothing behind: no object is written before all were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cli import calls, options, show
from cli.delivering import Delivered, deliver
from cli.failures import Code, Failure
from cli.wrapping import Among, Manner, Wrapped, made
from config import catalogue
from iod.errors import Unwrappable
from iod.wrapping import codes
from iod.wrapping.building import Said

EXAMPLES = options.examples(
    "anode wrap skull.stl --patient-from ct.dcm --source ./ct --units mm -o skull.dcm",
    "anode wrap skull-2.stl --replaces skull.dcm --send PACS1",
    "anode wrap heart.obj heart.mtl --patient-from ct.dcm --model-purpose planning -o models",
    "anode wrap report.pdf --patient-from PatientID=ABC --new-study --title Letter -o letter.dcm",
)

FilesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="What to wrap, by the end of its name: .stl, .obj, .mtl, .pdf, .xml or .cda (CDA).",
        exists=True, dir_okay=False, readable=True,
    ),
]  # fmt: skip
PatientOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|UID|KEY=VALUE",
        help="Whose it is: a DICOM file, an object of the archive, or PatientID=... or "
        "StudyInstanceUID=... in the archive. With --replaces as there.",
        show_default=False,
    ),
]
NewStudyOption = Annotated[
    bool, typer.Option("--new-study", help="Begin a study; without it, it joins that study.")
]
SourceOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="PATH",
        help="What it was made from: DICOM files or folders. A model lies in their frame of "
        "reference. May be repeated.",
        exists=True, readable=True, show_default=False,
    ),
]  # fmt: skip
ReplacesOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|UID",
        help="Its predecessor: a DICOM file or an object of the archive. What is not said anew "
        "is as there; the instance number is the next.",
        show_default=False,
    ),
]
ReferenceOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=FILE|UID",
        help="The object behind a name in an OBJ or MTL file: heart.mtl=mtl.dcm. May be repeated.",
        show_default=False,
    ),
]
TitleOption = Annotated[
    str | None, typer.Option(help="Its title; without it the document's own.", show_default=False)
]
ConceptOption = Annotated[
    str | None,
    typer.Option(
        metavar="VALUE^SCHEME^MEANING",
        help="The code of its title; without it by the modality of the sources, or as CDA has it.",
        show_default=False,
    ),
]
UnitsOption = Annotated[
    Literal["um", "mm", "cm", "m"] | None,
    typer.Option(help="The unit of a model's coordinates; mm without it.", show_default=False),
]
PurposeOption = Annotated[
    Literal[
        "educational", "planning", "tool", "prosthetic", "implant", "simulation",
        "quality-control", "diagnostic",
    ] | None,
    typer.Option("--model-purpose", help="What a model is to be used for.", show_default=False),
]  # fmt: skip
DescriptionOption = Annotated[
    str | None, typer.Option(help="A description of a model.", show_default=False)
]
MirroredOption = Annotated[
    bool | None,
    typer.Option("--mirrored/--not-mirrored", help="A model of the other side, mirrored.",
                 show_default=False),
]  # fmt: skip
ModifiedOption = Annotated[
    bool | None,
    typer.Option("--modified/--not-modified", help="A model that is not the anatomy as it is.",
                 show_default=False),
]  # fmt: skip
BurnedInOption = Annotated[
    bool | None,
    typer.Option(
        "--burned-in/--not-burned-in",
        help="It names the patient; without it PDF and CDA do, models do not.",
        show_default=False,
    ),
]
GroupOption = Annotated[
    bool, typer.Option("--group", help="These models belong together: one Model Group UID.")
]
ClosedOption = Annotated[
    bool, typer.Option("--watertight", help="Refuse a model that is not closed.")
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="OUT",
        help="The DICOM file to write, or the folder; of several files always the folder.",
        show_default=False,
    ),
]  # fmt: skip
SendOption = Annotated[
    str | None,
    typer.Option(metavar="PEER", help="Store it at this peer.", show_default=False),
]


def wrap(
    files: FilesArgument,
    *,
    patient_from: PatientOption = None,
    new_study: NewStudyOption = False,
    source: SourceOption = None,
    replaces: ReplacesOption = None,
    reference: ReferenceOption = None,
    title: TitleOption = None,
    concept: ConceptOption = None,
    units: UnitsOption = None,
    model_purpose: PurposeOption = None,
    description: DescriptionOption = None,
    mirrored: MirroredOption = None,
    modified: ModifiedOption = None,
    burned_in: BurnedInOption = None,
    group: GroupOption = False,
    watertight: ClosedOption = False,
    output: OutOption = None,
    overwrite: options.OverwriteOption = False,
    send: SendOption = None,
    config: options.ConfigOption = None,
    aet: options.AetOption = None,
    aec: options.AecOption = None,
    timeout: options.TimeoutOption = None,
    tls: options.TlsOption = None,
    cert: options.CertOption = None,
    tls_key: options.TlsKeyOption = None,
    ca: options.CaOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Make DICOM objects of STL, OBJ, MTL, PDF and CDA files.

    Each file is looked into first, and refused with the cause when it is damaged, empty or
    degenerate. The object keeps its bytes as they are; `anode unwrap` gives them back.
    """
    way = calls.Way(config, aet, aec, timeout, calls.Secured(tls, cert, tls_key, ca))
    call = _destination(send, way, output)
    code = _coded(concept)
    said = Said(title, code, units, model_purpose, description, mirrored, modified, burned_in)
    among = Among(patient_from, replaces, source or [], reference or [], config)
    how = Manner(new_study=new_study, group=group, closed=watertight)
    objects = made(files, among, how, said)
    done = deliver([each.dataset for each in objects], output, call, overwrite=overwrite)
    _tell(objects, done, as_json=as_json)
    return done.code


def _destination(send: str | None, way: calls.Way, output: Path | None) -> calls.Call | None:
    if output is None and send is None:
        raise Failure(Code.USAGE, "where to? Say -o OUT, or --send PEER")
    return calls.resolve(send, way) if send else None


def _tell(objects: Sequence[Wrapped], done: Delivered, *, as_json: bool) -> None:
    if as_json:
        show.document(_document(objects, done))
    else:
        _report(objects, done)


def _coded(concept: str | None) -> tuple[str, str, str] | None:
    try:
        return codes.read(concept) if concept else None
    except Unwrappable as error:
        raise Failure(Code.USAGE, f"--concept: {error}") from None


def _report(objects: Sequence[Wrapped], done: Delivered) -> None:
    for each in objects:
        for note in each.notes:
            show.tell(f"{each.file}: {note}")
    heads = ("File", "SOP class", "Content", "SOP Instance UID")
    made_ = show.table(*heads, whole=("File", "SOP class", "Content", "SOP Instance UID"))
    for each in objects:
        kind = catalogue.name_of(each.document.kind.sop_class_uid)
        show.row(made_, each.file, kind, _content(each), each.dataset.SOPInstanceUID)
    show.put(made_)
    for uid, cause in done.failures.items():
        show.tell(f"failed: {uid}: {cause}")
    where = [str(path) for path in done.paths]
    if done.peer:
        stored = len(objects) - len(done.failures)
        where.append(f"{stored} of {show.count(len(objects), 'object')} stored at {done.peer}")
    show.say("; ".join(where))


def _content(each: Wrapped) -> str:
    """The fact that tells most of a file, in a few words."""
    facts = each.document.contents.facts
    parts = [show.size(len(each.document.data))]
    for name, what in (("triangles", "triangle"), ("pages", "page")):
        if facts.get(name):
            parts.append(show.count(facts[name], what))
    if extents := facts.get("extents"):
        unit = each.dataset.MeasurementUnitsCodeSequence[0].CodeValue
        parts.append(f"{' x '.join(f'{extent:g}' for extent in extents)} {unit}")
    if "watertight" in facts:
        parts.append("watertight" if facts["watertight"] else "not watertight")
    return ", ".join(parts)


def _document(objects: Sequence[Wrapped], done: Delivered) -> dict[str, object]:
    paths: list[str | None] = [str(path) for path in done.paths]
    paths = paths or [None] * len(objects)
    return {
        "objects": [_one(each, path, done) for each, path in zip(objects, paths, strict=True)],
        "peer": done.peer or None,
    }


def _one(each: Wrapped, path: str | None, done: Delivered) -> dict[str, Any]:
    made_ = each.dataset
    return {
        "file": str(each.file),
        "kind": each.document.kind.name,
        "path": path,
        "sop_class_uid": str(made_.SOPClassUID),
        "sop_instance_uid": str(made_.SOPInstanceUID),
        "series_instance_uid": str(made_.SeriesInstanceUID),
        "study_instance_uid": str(made_.StudyInstanceUID),
        "instance_number": int(made_.InstanceNumber),
        "title": str(made_.DocumentTitle or ""),
        "bytes": len(each.document.data),
        "content": each.document.contents.facts,
        "notes": each.notes,
        "stored": str(made_.SOPInstanceUID) not in done.failures if done.peer else None,
        "cause": done.failures.get(str(made_.SOPInstanceUID)),
    }
