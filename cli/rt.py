"""`anode rt`: radiation sets, and what each of them needs as a tree, with what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from archive import Archive
from cli import calls, objects, options, show
from cli.failures import Code, Failure
from cli.relations import Node, Relations, class_name
from cli.store import opened, recording, user
from iod.labels import SETS
from scp import audit
from scp.audit import reports
from scp.audit.events import Participant

EXAMPLES = options.examples("anode rt", "anode rt 1.2.826.0.1.3680043.8.498.1", "anode rt --json")

UidArgument = Annotated[
    str,
    typer.Argument(
        metavar="[UID]",
        help="The SOP Instance UID of a radiation set, or of any other object.",
        show_default=False,
    ),
]


def rt(
    *,
    uid: UidArgument = "",
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """List radiation sets, whether complete; of one, its tree.

    Exit code 1 when something of the one that is named is missing, or not known.
    """
    settings = calls.settings(config)
    with opened(settings) as archive:
        relations = Relations(archive)
        trees = [relations.tree(each) for each in _roots(archive, uid)]
        with recording(settings) as trail, audit.Media(trail.record, _accessed) as media:
            for tree in trees:
                stored = archive.lookup(tree.relation.sop_instance_uid)
                if stored is not None:
                    media.add(stored.subject, stored.sop_class_uid)
        objects.note_waiting(archive)
    if as_json:
        show.document([_document(tree) for tree in trees])
    elif uid:
        for line in _lines(trees[0], ""):
            show.say(line)
        show.say(_complete(trees[0]))
    else:
        _list(trees)
    whole = not uid or not (trees[0].counts()[1] or any(trees[0].unknowns()))
    return Code.DONE if whole else Code.PARTIAL


def _roots(archive: Archive, uid: str) -> Iterator[str]:
    if not uid:
        yield from (each.sop_instance_uid for each in archive.index.of_classes(SETS))
    elif archive.lookup(uid) is None:
        raise Failure(Code.PARTIAL, f"the archive holds no object {uid}")
    else:
        yield uid


def _accessed(things: reports.Things) -> audit.Event:
    return reports.accessed(Participant(user(), requestor=True), things, "R")


def _list(trees: list[Node]) -> None:
    if trees:
        headings = [
            "Label",
            "What",
            "Intent",
            "Fractions",
            "Objects",
            "Missing",
            "SOP Instance UID",
        ]
        show.listing(headings, [_cells(tree) for tree in trees], ("Objects", "Missing"))
    show.say(show.count(len(trees), "radiation set"))


def _cells(tree: Node) -> list[str]:
    number, missing = tree.counts()
    said = dict(tree.remarks)
    what = class_name(tree.relation.sop_class_uid)
    uid = tree.relation.sop_instance_uid
    fractions = said.get("fractions") or said.get("fraction", "")
    gone = f"{missing} or more" if any(tree.unknowns()) else str(missing)
    return [tree.label, what, said.get("intent", ""), fractions, str(number), gone, uid]


def _complete(tree: Node) -> str:
    number, missing = tree.counts()
    whole = show.count(number, "object")
    told = f"{missing} of them missing" if missing else "nothing missing"
    unknown = Counter(tree.unknowns())
    if not unknown:
        return f"{whole}, {told}"
    reasons = ", ".join(f"{number} {why}" for why, number in unknown.items())
    return f"{whole}, {told} as far as is known: {reasons}"


def _lines(node: Node, indent: str) -> Iterator[str]:
    yield f"{indent}{_told(node)}"
    for assessment in node.assessments:
        yield f"{indent}    assessed: {assessment}"
    for each in node.below:
        yield from _lines(each, f"{indent}    ")


def _told(node: Node) -> str:
    what = class_name(node.relation.sop_class_uid) or "an object of unknown class"
    many = f"{node.number} x {what}" if node.number > 1 else what
    parts = [f"{node.relation.role}: {many}" if node.relation.role else many]
    if node.label:
        parts.append(f'"{node.label}"')
    parts += [f"{name} {value}" for name, value in node.remarks]
    if node.number == 1:
        parts.append(node.relation.sop_instance_uid)
    if node.again:
        parts.append("(see above)")
    elif node.missing:
        parts.append("(!) missing" if node.number == 1 else f"(!) {node.missing} missing")
    elif node.unknown:
        parts.append(f"(!) {node.unknown}")
    return "  ".join(parts)


def _document(node: Node) -> dict[str, Any]:
    return {
        "role": node.relation.role,
        "sop_class_uid": node.relation.sop_class_uid,
        "sop_instance_uid": node.relation.sop_instance_uid,
        "label": node.label,
        **dict(node.remarks),
        "number": node.number,
        "missing": node.missing,
        "again": node.again,
        "unknown": node.unknown,
        "assessments": node.assessments,
        "refers_to": [_document(each) for each in node.below],
    }
