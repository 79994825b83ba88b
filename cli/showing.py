"""`anode show`: what an object is and what it says, from a file or out of the archive.

Law: an object is read, never changed; a look into the archive is recorded as such, PS3.15 A.5.3.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from pydicom import Dataset

from archive import Archive, StoredInstance, charsets
from archive.errors import ArchiveError
from cli import calls, named, objects, options, printing, show, texts
from cli.damage import damage
from cli.failures import Code, Failure, local
from cli.placing import place
from cli.relations import Relations, referring
from cli.store import opened, recording, user
from config.settings import Settings
from iod.reading import contrast, documents, html
from iod.reading.description import Description, described
from iod.reading.measurements import document as measurement
from iod.reading.sections import Section
from scp import audit
from scp.audit import reports
from scp.audit.events import Participant

EXAMPLES = options.examples(
    "anode show report.dcm",
    "anode show 1.2.826.0.1.3680043.8.498.1",
    "anode show report.dcm --html -o report.html",
    "anode show report.dcm --measurements --json",
)
_UID: Final = re.compile(r"[0-9]+(\.[0-9]+)+")

TargetsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="TARGET...",
        help="DICOM files, or SOP Instance UIDs of objects in the archive.",
        show_default=False,
    ),
]
HtmlOption = Annotated[bool, typer.Option("--html", help="Answer with one HTML page.")]
MeasurementsOption = Annotated[
    bool,
    typer.Option("--measurements", help="Only the measurements of structured reports."),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write the page there, not to standard output.",
        dir_okay=False, show_default=False,
    ),
]  # fmt: skip


@dataclass(slots=True)
class _Found:
    """An object that was asked for."""

    target: str
    description: Description
    damage: str = ""  # why it is not all that the object said


@dataclass(slots=True)
class _Reader:
    """Opens the archive when the first target asks for it; `looked_at` is what it gave."""

    settings: Settings
    stack: ExitStack
    archive: Archive | None = None
    looked_at: list[StoredInstance] = field(default_factory=list)

    def read(self, target: str) -> _Found:
        """The object a person names; raises Failure, ArchiveError, OSError."""
        path = Path(target)
        if path.is_file():
            return _found(target, path)
        if not _UID.fullmatch(target):
            raise Failure(Code.USAGE, f"{target} is neither a file nor a SOP Instance UID")
        if self.archive is None:
            self.archive = self.stack.enter_context(opened(self.settings))
        stored = self._stored(target)
        if stored is None:
            who = referring(self.archive, target)
            raise Failure(Code.PARTIAL, f"the archive holds no object {target}{who}")
        return _found(target, stored.path)

    def relations(self, uid: str) -> list[Section]:
        """What the archive knows of an object that it has, if it is open."""
        if self.archive is None or self.archive.lookup(uid) is None:
            return []
        return list(Relations(self.archive).sections(uid))

    def held(self, uid: str) -> Description | None:
        """The object of this UID, if the archive is open and has it."""
        stored = self._stored(uid)
        return described(_dataset(stored.path)) if stored else None

    def _stored(self, uid: str) -> StoredInstance | None:
        stored = self.archive.lookup(uid) if self.archive else None
        self.looked_at += [stored] if stored else []
        return stored


def shown(
    *,
    target: TargetsArgument,
    config: options.ConfigOption = None,
    as_html: HtmlOption = False,
    as_json: options.JsonOption = False,
    measurements: MeasurementsOption = False,
    output: OutputOption = None,
    overwrite: options.OverwriteOption = False,
) -> int:
    """Tell what an object is and what it says.

    A structured report as its tree, with its measurements; of other objects what matters: the
    tracks of a tractography, the radiations of a set, the parameters of a protocol...
    Exit code 1 when some target cannot be shown, or not to its end.
    """
    if as_html and (as_json or measurements):
        told = "--html shows whole objects: it goes without --json and --measurements"
        raise Failure(Code.USAGE, told)
    if output and not as_html:
        raise Failure(Code.USAGE, "-o is where the page goes: add --html")
    with ExitStack() as stack:
        reader = _Reader(calls.settings(config), stack)
        found, failures = _read(reader, target)
        for one in found:
            one.description = _around(one.description, found, reader)
        _record(reader.settings, reader.looked_at)
        if reader.archive is not None and reader.looked_at:
            objects.note_waiting(reader.archive)
    failures += [_torn(one) for one in found if one.damage]
    for failure in failures:
        show.complain(failure)
    if not found:
        return max(each.code for each in failures)
    if as_html:
        _page(found, output, overwrite=overwrite)
    elif as_json:
        show.document(_documents(found, measurements))
    else:
        for one in found:
            _print(one, measurements)
    return Code.PARTIAL if failures else Code.DONE


def _torn(one: _Found) -> Failure:
    told = f"{one.target} is damaged, so this is not all of it: {one.damage}"
    return Failure(Code.PARTIAL, told)


def _read(reader: _Reader, targets: Sequence[str]) -> tuple[list[_Found], list[Failure]]:
    """What there is of what was asked for, and why the rest is not."""
    found: list[_Found] = []
    failures: list[Failure] = []
    for target in dict.fromkeys(targets):
        try:
            found.append(reader.read(target))
        except (Failure, ArchiveError, OSError) as error:
            failure = local(error)
            failures += [failure] if failure else []
    return found, failures


def _around(one: Description, found: Sequence[_Found], reader: _Reader) -> Description:
    """The same, with what other objects say of it: here relations join, as further sections."""
    further = [*_planned(one, found, reader), *reader.relations(one.sop_instance_uid)]
    return replace(one, sections=(*one.sections, *further))


def _planned(one: Description, found: Sequence[_Found], reader: _Reader) -> Iterator[Section]:
    """Of a performed contrast administration: the plan it names, asked for as well or archived."""
    if one.sop_class_uid != contrast.PERFORMED or one.content is None:
        return
    known = {each.description.sop_instance_uid: each.description for each in found}
    for uid in contrast.planned_instances(one.content):
        plan = known.get(uid) or reader.held(uid)
        if plan is not None and plan.content is not None:
            yield contrast.compared(plan.content, one.content)
        else:
            yield Section("Planned against performed", (("Plan", f"{uid} is not here"),))


def _found(target: str, path: Path) -> _Found:
    """The object in a file; where that is cut off, all that is told begins with saying so."""
    description = described(_dataset(path))
    if why := damage(path):
        told = Section("Damaged", (("Not all of it can be read", why),))
        description = replace(description, sections=(told, *description.sections))
    return _Found(target, description, why)


def _dataset(path: Path) -> Dataset:
    """The object in a file, without its pixels; what is large is read when it is asked for.

    Text that names no set, or none that there is, is read as `find` reads it.
    """
    found = named.parsed(path, defer_size=objects.LARGE, stop_before_pixels=True)
    own = charsets.of(found)
    if not (own.default or own.odd):
        return found
    try:
        return texts.decoded(found)
    except RecursionError:
        return found


def _record(settings: Settings, looked_at: Sequence[StoredInstance]) -> None:
    """Whose data was read, and by whom."""
    if not looked_at:
        return
    reader = Participant(user(), requestor=True)
    told = partial(_accessed, reader)
    with recording(settings) as trail, audit.Media(trail.record, told) as media:
        for stored in looked_at:
            media.add(stored.subject, stored.sop_class_uid)


def _accessed(reader: Participant, things: reports.Things) -> audit.Event:
    return reports.accessed(reader, things, "R")


def _page(found: Sequence[_Found], output: Path | None, *, overwrite: bool) -> None:
    text = html.page(each.description for each in found)
    if output is None:
        show.page(text)
    else:
        place(output, lambda file: file.write(text.encode("utf-8")), overwrite=overwrite)
        show.tell(f"Wrote {output}")


def _documents(found: Sequence[_Found], measurements: bool) -> list[dict[str, object]]:
    if measurements:
        return [
            {"target": each.target, **measurement(one)}
            for each in found
            for one in each.description.measurements
        ]
    return [{"target": each.target, **documents.document(each.description)} for each in found]


def _print(one: _Found, measurements: bool) -> None:
    if measurements:
        printing.measured(one.description.measurements)
    else:
        printing.describe(one.description)
