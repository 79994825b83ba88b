"""`anode validate`: objects, in files or stored, by the IOD of their class and rules of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from cli import calls, judging, options, show, sources
from cli.failures import Code, Failure
from cli.judging import Judged
from config import catalogue
from iod.checks import Finding, Known

EXAMPLES = options.examples(
    "anode validate image.dcm",
    "anode validate ./study --errors",
    "anode validate ./study --json",
    "anode validate --stored -k PatientID=ABC",
    "anode validate --stored --all",
)
FEW = 50  # findings that are told one by one; of more, each rule with an example

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
AllOption = Annotated[
    bool, typer.Option("--all", help=f"List every finding, though they are more than {FEW}.")
]
StoredOption = Annotated[
    bool, typer.Option("--stored", help="Validate what the archive holds; -k narrows it down.")
]


def validate(
    paths: PathsArgument = None,
    *,
    stored: StoredOption = False,
    key: options.KeysOption = None,
    errors: ErrorsOption = False,
    every: AllOption = False,
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Check objects against the IOD of their class, and our rules.

    Modules, types and conditions, functional groups, codes, values and their representation.
    References are looked for among the objects given, or in the archive. Exit code 1 when there
    is an error, or nothing to check.
    """
    if stored == bool(paths) or (key and not stored):
        raise Failure(
            Code.USAGE,
            "tell what to validate: either files and folders, or --stored, which -k narrows down",
        )
    if stored:
        judged = judging.stored(calls.settings(config), key or [])
        result = _result(judged, errors=errors, sound=False)
    else:
        found = _collected(paths or [])
        judged = chain(_damaged(found.damaged), _files(found.sources))
        result = _result(judged, errors=errors, sound=True, not_dicom=found.not_dicom)
    if as_json:
        show.document(_document(result))
    else:
        _tell(result, every=every)
    failed = not result.objects or any(each.number("error") for each in result.judged)
    return Code.PARTIAL if failed else Code.DONE


@dataclass(frozen=True, slots=True)
class Result:
    """What was found of objects, and how many they were."""

    judged: Sequence[Judged]
    objects: int
    not_dicom: int = 0


def _result(every: Iterable[Judged], *, errors: bool, sound: bool, not_dicom: int = 0) -> Result:
    """Without those that have no findings unless `sound`: an archive has millions of them."""
    kept, number = list[Judged](), 0
    for each in every:
        number += 1
        told = _only_errors(each) if errors else each
        if told.findings or sound:
            kept.append(told)
    return Result(kept, number, not_dicom)


def _collected(paths: list[Path]) -> sources.Collected:
    with show.spinner() as progress:
        task = progress.add_task("Looking", total=None)
        return sources.collect(paths, lambda: progress.advance(task))


def _damaged(damaged: Iterable[tuple[Path, str]]) -> Iterator[Judged]:
    for path, why in damaged:
        yield judging.damaged(path, why)


def _files(found: Sequence[sources.Source]) -> Iterator[Judged]:
    classes = {each.sop_instance_uid: each.sop_class_uid for each in found}
    known, first = Known(classes.get), dict[str, sources.Source]()
    with show.bar() as progress:
        for each in progress.track(found, description="Validating"):
            of_uid = first.setdefault(each.sop_instance_uid, each)
            yield judging.in_file(each, known, of_uid)


def _only_errors(judged: Judged) -> Judged:
    kept = tuple(each for each in judged.findings if each.severity == "error")
    return Judged(judged.name, judged.sop_class_uid, judged.sop_instance_uid, kept)


def _tell(result: Result, *, every: bool) -> None:
    number = sum(len(each.findings) for each in result.judged)
    if number > FEW and not every:
        headings = ("Rule", "Finding", "Number", "Objects", "For example")
        show.listing(headings, _by_rule(result.judged), right=("Number", "Objects"))
        show.tell(f"{number} findings, told by rule; --all lists each of them, --json, too")
    elif number:
        headings = ("Object", "SOP class", "Finding", "Rule", "What")
        show.listing(headings, list(_rows(result.judged)), right=())
        _by_file(result.judged)
    show.say(_summary(result))


def _by_rule(judged: Iterable[Judged]) -> list[tuple[str, str, str, str, str]]:
    """Each rule that was broken: how often, in how many objects, the first place; worst first."""
    numbers, objects = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    examples: dict[tuple[str, str], str] = {}
    for each in judged:
        broken = [(found.severity, found.rule) for found in each.findings]
        numbers.update(broken)
        objects.update(set(broken))
        for rule, found in zip(broken, each.findings, strict=True):
            examples.setdefault(rule, f"{Path(each.name).name}: {_what(found)}")
    worst = sorted(numbers, key=lambda rule: (rule[0] != "error", -numbers[rule], rule[1]))
    return [
        (rule[1], rule[0], str(numbers[rule]), str(objects[rule]), examples[rule]) for rule in worst
    ]


def _rows(judged: Iterable[Judged]) -> Iterator[tuple[str, str, str, str, str]]:
    for each in judged:
        name = catalogue.name_of(each.sop_class_uid).removesuffix(" Storage")
        for found in each.findings:
            yield Path(each.name).name, name, found.severity, found.rule, _what(found)


def _what(found: Finding) -> str:
    clause = f" ({found.clause})" if found.clause else ""
    return f"{found.path} {found.message}".strip() + clause


def _by_file(judged: Sequence[Judged]) -> None:
    """Errors and warnings by file, when there are several with some."""
    some = [each for each in judged if each.findings]
    if len(some) < 2:
        return
    table = show.table("Object", "Errors", "Warnings", right=("Errors", "Warnings"))
    for each in some:
        show.row(table, each.name, each.number("error"), each.number("warning"))
    show.put(table)


def _summary(result: Result) -> str:
    told = Counter(found.severity for each in result.judged for found in each.findings)
    bad = sum(bool(each.number("error")) for each in result.judged)
    errors, warnings = show.count(told["error"], "error"), show.count(told["warning"], "warning")
    said = f"{show.count(result.objects, 'object')} checked: {errors} in {bad} of them, {warnings}"
    if not result.objects:
        said = "there was nothing to check"
    others = show.count(result.not_dicom, "file not DICOM", "files not DICOM")
    return f"{said}; {others}" if result.not_dicom else said


def _document(result: Result) -> Mapping[str, object]:
    judged = result.judged
    return {
        "checked": result.objects,
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
        "not_dicom": result.not_dicom,
    }
