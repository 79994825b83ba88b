"""`anode validate`: objects in files against the IOD of their class, and rules of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli import options, show, sources
from cli.failures import Code, Failure
from config import catalogue
from iod import checks
from iod.checks import Finding, Known

EXAMPLES = options.examples(
    "anode validate image.dcm",
    "anode validate ./study --errors",
    "anode validate ./study --json",
)
SHOWN = 200

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATH...",
        help="Files, folders, or DICOMDIR files.",
        exists=True,
        readable=True,
        show_default=False,
    ),
]
ErrorsOption = Annotated[bool, typer.Option("--errors", help="Tell errors only, no warnings.")]


@dataclass(frozen=True, slots=True)
class Judged:
    """An object and what was found of it."""

    name: str  # of the file
    sop_class_uid: str
    sop_instance_uid: str
    findings: tuple[Finding, ...]

    def number(self, severity: str) -> int:
        """How many findings are that severe."""
        return sum(each.severity == severity for each in self.findings)


def validate(
    paths: PathsArgument = None,
    *,
    errors: ErrorsOption = False,
    as_json: options.JsonOption = False,
) -> int:
    """Check objects against the IOD of their class, and our rules.

    Modules, types and conditions, functional groups, codes, values and their representation.
    References are looked for among the objects given. Exit code 1 when there is an error.
    """
    if not paths:
        raise Failure(Code.USAGE, "tell what to validate: files or folders")
    with show.spinner() as progress:
        task = progress.add_task("Looking", total=None)
        found = sources.collect(paths, lambda: progress.advance(task))
    judged = [*_damaged(found.damaged), *_files(found.sources)]
    if errors:
        judged = [_only_errors(each) for each in judged]
    _tell(judged, found.not_dicom, as_json=as_json)
    return Code.PARTIAL if any(each.number("error") for each in judged) else Code.DONE


def _damaged(damaged: Iterable[tuple[Path, str]]) -> Iterator[Judged]:
    for path, why in damaged:
        yield Judged(str(path), "", "", (Finding("error", "", "file.unreadable", why, "PS3.10 7"),))


def _files(found: Sequence[sources.Source]) -> Iterator[Judged]:
    classes = {each.sop_instance_uid: each.sop_class_uid for each in found}
    known = Known(classes.get)
    with show.bar() as progress:
        for each in progress.track(found, description="Validating"):
            try:
                findings = checks.check(each, known)
            except OSError as error:
                why = error.strerror or str(error)
                findings = [Finding("error", "", "file.unreadable", why, "PS3.10 7")]
            told = each.sop_class_uid, each.sop_instance_uid
            yield Judged(str(each.path), *told, tuple(findings))


def _only_errors(judged: Judged) -> Judged:
    kept = tuple(each for each in judged.findings if each.severity == "error")
    return Judged(judged.name, judged.sop_class_uid, judged.sop_instance_uid, kept)


def _tell(judged: Sequence[Judged], not_dicom: int, *, as_json: bool) -> None:
    if as_json:
        show.document(_document(judged, not_dicom))
        return
    rows = list(_rows(judged))
    if rows:
        headings = ("File", "SOP class", "Finding", "Rule", "What")
        show.listing(headings, rows[:SHOWN], right=())
    if len(rows) > SHOWN:
        show.tell(f"... and {len(rows) - SHOWN} more; --json lists all")
    _by_file(judged)
    show.say(_summary(judged, not_dicom))


def _rows(judged: Iterable[Judged]) -> Iterator[tuple[str, str, str, str, str]]:
    for each in judged:
        name = catalogue.name_of(each.sop_class_uid).removesuffix(" Storage")
        for found in each.findings:
            where = f"{found.path} {found.message}".strip()
            clause = f" ({found.clause})" if found.clause else ""
            yield Path(each.name).name, name, found.severity, found.rule, where + clause


def _by_file(judged: Sequence[Judged]) -> None:
    """Errors and warnings by file, when there are several with some."""
    some = [each for each in judged if each.findings]
    if len(some) < 2:
        return
    table = show.table("File", "Errors", "Warnings", right=("Errors", "Warnings"))
    for each in some[:SHOWN]:
        show.row(table, each.name, each.number("error"), each.number("warning"))
    show.put(table)


def _summary(judged: Sequence[Judged], not_dicom: int) -> str:
    told = Counter(found.severity for each in judged for found in each.findings)
    bad = sum(bool(each.number("error")) for each in judged)
    errors, warnings = show.count(told["error"], "error"), show.count(told["warning"], "warning")
    said = f"{show.count(len(judged), 'object')} checked: {errors} in {bad} of them, {warnings}"
    others = show.count(not_dicom, "file not DICOM", "files not DICOM")
    return f"{said}; {others}" if not_dicom else said


def _document(judged: Sequence[Judged], not_dicom: int) -> Mapping[str, object]:
    return {
        "objects": [
            {
                "file": each.name,
                "sop_class_uid": each.sop_class_uid,
                "sop_class": catalogue.name_of(each.sop_class_uid),
                "sop_instance_uid": each.sop_instance_uid,
                "findings": [asdict(found) for found in each.findings],
            }
            for each in judged
        ],
        "errors": sum(each.number("error") for each in judged),
        "warnings": sum(each.number("warning") for each in judged),
        "not_dicom": not_dicom,
    }
