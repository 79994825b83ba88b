"""`anode unwrap`: the document in an encapsulated document object, byte for byte.

Law: the file's name is the person's or made of the object's UID; nothing else in the object names
it. What comes out of the archive is an export, and recorded as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from pydicom import Dataset

from archive import filemeta
from cli import calls, named, options, show
from cli.damage import damage
from cli.failures import Code, Failure
from cli.placing import place
from cli.store import recording, user
from config import catalogue
from iod.errors import Unwrapped
from iod.reading.values import bare
from iod.wrapping.unwrapping import TAGS, Taken, take
from scp import audit

EXAMPLES = options.examples(
    "anode unwrap heart.dcm -o heart.stl",
    "anode unwrap 1.2.826.0.1.3680043.8.498.1 -o ./models      (out of the archive)",
    "anode unwrap report.dcm -o report.pdf --overwrite --json",
)

WhatArgument = Annotated[
    str,
    typer.Argument(
        metavar="OBJECT",
        help="A DICOM file, or the SOP Instance UID of an object in the archive.",
        show_default=False,
    ),
]
OutOption = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="OUT",
        help="The file to write; in a folder it is named by the object's UID and its kind.",
    ),
]  # fmt: skip


def unwrap(
    what: WhatArgument,
    *,
    output: OutOption,
    overwrite: options.OverwriteOption = False,
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Take the file out of an encapsulated document object.

    STL, OBJ, MTL, PDF or CDA, byte for byte: a byte of padding that DICOM needed is removed.
    """
    with _found(what, output, config) as (path, source):
        wrapped = named.parsed(path, specific_tags=list(TAGS))
        if why := damage(path):  # a document that is cut off would come out as if it were whole
            raise Failure(Code.PARTIAL, f"{source} is damaged: {why}")
        try:
            taken = take(wrapped)
        except Unwrapped as error:
            raise Failure(Code.PARTIAL, f"{source}: {error}") from None
        out = _out(output, wrapped, taken)
        place(out, lambda file: file.write(taken.data), overwrite=overwrite)
    if as_json:
        show.document(_document(out, wrapped, taken))
    else:
        for note in taken.notes:
            show.tell(f"{source}: {note}")
        show.say(f"{taken.kind.name} of {show.size(len(taken.data))} in {out}")
    return Code.DONE


@contextmanager
def _found(what: str, output: Path, config: Path | None) -> Iterator[tuple[Path, str]]:
    """The file of the object, and what to call it; out of the archive it is recorded."""
    if Path(what).is_file():
        yield Path(what), what
        return
    if not filemeta.is_uid(what):
        raise Failure(Code.USAGE, f"{what} is no file, nor the UID of an object in the archive")
    stored = named.stored(what, config)
    with recording(calls.settings(config)) as trail:
        told = partial(audit.exported, user(), output.absolute().as_uri())
        with audit.Media(trail.record, told) as media:
            yield stored.path, what
            media.add(stored.subject, stored.sop_class_uid)


def _out(output: Path, wrapped: Dataset, taken: Taken) -> Path:
    if not output.is_dir():
        return output
    uid = bare(wrapped, "SOPInstanceUID")
    if not filemeta.is_uid(uid):
        raise Failure(Code.PARTIAL, "the object has no UID to name a file by: say -o FILE")
    return output / f"{uid}{taken.kind.suffixes[0]}"


def _document(out: Path, wrapped: Dataset, taken: Taken) -> dict[str, object]:
    return {
        "path": str(out),
        "kind": taken.kind.name,
        "sop_class": catalogue.name_of(taken.kind.sop_class_uid),
        "sop_instance_uid": bare(wrapped, "SOPInstanceUID"),
        "media_type": taken.kind.media_type,
        "title": bare(wrapped, "DocumentTitle"),
        "bytes": len(taken.data),
        "notes": list(taken.notes),
    }
