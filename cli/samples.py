"""`anode samples`: one valid instance of every storage SOP class of the supplements, as files.

The instances are made in a process of their own (`iod/samples/`); this one only tells of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import options, show
from cli.failures import Code, Failure
from config import catalogue
from config.words import nearest
from iod import samples
from iod.errors import IodError

EXAMPLES = options.examples(
    "anode samples",
    "anode samples ./samples",
    "anode samples ./samples --class radiotherapy",
    "anode samples ./samples --class ProtocolApprovalStorage --json",
    "anode samples ./samples && anode send ANODE@127.0.0.1:11112 ./samples",
)

FolderArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIR",
        help="The folder to write to; made if missing. Without it the families are told.",
        file_okay=False,
        show_default=False,
    ),
]
ClassOption = Annotated[
    list[str] | None,
    typer.Option(
        "--class",
        metavar="NAME",
        help="Only these: a SOP class by UID or keyword, or a family by its name. May be repeated.",
        show_default=False,
    ),
]


def written(
    folder: FolderArgument = None,
    *,
    only: ClassOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Write sample instances of the new SOP classes.

    One valid instance of each storage SOP class of the supplements, and what it refers to: a
    folder for each family, the same bytes every time. People and devices are invented.
    Without a folder it tells what families there are.
    Exit code 1 when something that --class names could not be made.
    """
    names = frozenset(_uid_or_family(each) for each in only or ())
    if folder is None:
        return _told(names, as_json=as_json)
    folder.mkdir(parents=True, exist_ok=True)  # what hinders it is told here, by its name
    try:
        told = list(_made(folder, names))
    except IodError as error:
        raise Failure(Code.PARTIAL, str(error)) from error
    made = [each for each in told if isinstance(each, samples.Made)]
    left = [each for each in told if isinstance(each, samples.Left)]
    if as_json:
        show.document(_document(folder, made, left))
    else:
        _report(folder, made)
    for each in left:
        said = f"{each.family} left out: {each.why}"
        show.complain(said) if names else show.tell(said)
    return Code.PARTIAL if names and left else Code.DONE


def _told(names: frozenset[str], *, as_json: bool) -> int:
    """The families that there are, and whose SOP classes; nothing is written."""
    families = [
        each for each in samples.FAMILIES if not names or names & {each.name, *each.classes}
    ]
    if as_json:
        told = [
            {"family": each.name, "holds": each.told, "sop_class_uids": list(each.classes)}
            for each in families
        ]
        show.document({"families": told})
        return Code.DONE
    table = show.table("Family", "Holds")
    for each in families:
        show.row(table, each.name, each.told)
    show.put(table)
    classes = {uid for each in families for uid in each.classes}
    of = show.count(len(classes), "SOP class", "SOP classes")
    show.say(f"{show.count(len(families), 'family', 'families')} with {of}: anode samples DIR")
    return Code.DONE


def _uid_or_family(name: str) -> str:
    known = {uid for family in samples.FAMILIES for uid in family.classes}
    by_keyword = {each.keyword: uid for uid, each in catalogue.STORAGE.items()}
    found = by_keyword.get(name, name)
    if found in known or found in samples.BY_NAME:
        return found
    families = ", ".join(samples.BY_NAME)
    keywords = (each.keyword for uid, each in catalogue.STORAGE.items() if uid in known)
    raise Failure(
        Code.USAGE,
        f"there is no sample of {name}: --class takes the UID or keyword of a storage SOP class "
        f"of the supplements, or one of the families {families}"
        f"{nearest(name, [*samples.BY_NAME, *keywords])}",
    )


def _made(folder: Path, names: frozenset[str]) -> Iterator[samples.Made | samples.Left]:
    with show.bar() as progress:
        task = progress.add_task("Making samples", total=None)
        for each in samples.make(folder, names):
            if not isinstance(each, samples.Begun):
                yield each
            else:
                progress.update(
                    task, description=f"Making {each.family}", completed=each.number, total=each.of
                )


def _report(folder: Path, made: list[samples.Made]) -> None:
    table = show.table("Family", "SOP class", "File", whole=("SOP class", "File"))
    for each in made:
        file = each.path.relative_to(folder)
        show.row(table, each.family, catalogue.name_of(each.sop_class_uid), file)
    show.put(table)
    classes = {each.sop_class_uid for each in made}
    instances = show.count(len(made), "instance")
    of = show.count(len(classes), "SOP class", "SOP classes")
    show.say(f"{instances} of {of} written to {folder}")


def _document(
    folder: Path, made: list[samples.Made], left: list[samples.Left]
) -> dict[str, object]:
    return {
        "folder": str(folder),
        "instances": [{**asdict(each), "path": str(each.path)} for each in made],
        "left_out": [asdict(each) for each in left],
    }
