"""`anode delete`: objects leave the archive for good, at the wish of a person.

Only unique keys choose, each with values and no wildcards: nobody deletes by a name that matches
more than was meant.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from pydicom import Dataset

from archive import Archive, StoredInstance, tombstones
from archive.attributes import LEVELS
from archive.options import Options
from archive.query import parse
from archive.tombstones import Deletion
from cli import calls, options, questions, show
from cli.failures import Code, Failure
from cli.store import opened, recording, user
from scp import audit
from scp.audit import reports
from scp.audit.events import Participant

EXAMPLES = options.examples(
    "anode delete -k StudyInstanceUID=1.2.3",
    "anode delete -k PatientID=ABC --yes",
    "anode delete -k SOPInstanceUID=1.2.3.4 --yes --json",
)
KEYS = (
    "PatientID", "IssuerOfPatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
)  # fmt: skip
_ANY_LEVEL = Options(relational=True)
_SHOWN = {
    "Patient": "PatientName",
    "Patient ID": "PatientID",
    "Date": "StudyDate",
    "Study": "StudyInstanceUID",
}

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
WhichOption = Annotated[
    list[str],
    typer.Option(
        "--key", "-k", metavar="KEY=VALUE",
        help="What to delete: PatientID, IssuerOfPatientID, StudyInstanceUID, SeriesInstanceUID, "
        "SOPInstanceUID, exactly; what matches all of them goes.",
        show_default=False,
    ),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Doomed:
    """What goes, of one study; of objects that belong to none, together."""

    study: dict[str, str]  # by keyword
    instances: tuple[StoredInstance, ...]

    @property
    def uid(self) -> str:
        return self.study.get("StudyInstanceUID", "")

    @property
    def bytes(self) -> int:
        return sum(each.size for each in self.instances)


def delete(
    key: WhichOption,
    *,
    yes: YesOption = False,
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Delete objects of the archive for good.

    The node may run meanwhile. A tombstone stays: UIDs, digests, when and by whom.
    """
    asked = _asked(key)
    settings = calls.settings(config)
    with opened(settings) as archive, recording(settings) as trail:
        doomed = list(_doomed(archive, asked))
        if not doomed:
            raise Failure(Code.PARTIAL, "the archive has nothing that matches these keys")
        if not yes:
            _agreed(doomed)
        for each in doomed:
            deletion = Deletion(each.uid, user(), each.instances)
            tombstones.bury(archive.objects, archive.index, deletion)
            for event in _events(each, whole=not _left(archive, each)):
                trail.record(event)
    if as_json:
        show.document([_document(each) for each in doomed])
    else:
        show.say(f"Deleted: {_sum(doomed)}")
    return Code.DONE


def _left(archive: Archive, each: Doomed) -> bool:
    """Whether something of the study is still there."""
    asked = Dataset()
    asked.StudyInstanceUID = each.uid
    return bool(each.uid and _studies(archive, asked))


def _events(each: Doomed, *, whole: bool) -> Iterator[audit.Event]:
    """PS3.15 A.5.3.8 for a whole study, else A.5.3.6."""
    who = Participant(user(), requestor=True)
    counts = Counter(one.sop_class_uid for one in each.instances)
    for some in reports.portions(counts):
        things = reports.instances(each.instances[0].subject, some)
        if each.uid and whole:
            yield reports.study_deleted(who, things)
        else:
            yield reports.accessed(who, things, "D")


def _asked(keys: Sequence[str]) -> Dataset:
    asked = questions.question(keys).identifier
    asked.pop("QueryRetrieveLevel", None)
    asked.pop("SpecificCharacterSet", None)
    for element in asked:
        value = str(element.value or "")
        if element.keyword not in KEYS:
            name = element.keyword or str(element.tag)
            raise Failure(Code.USAGE, f"{name} does not choose what to delete: {', '.join(KEYS)}")
        if not value or "*" in value or "?" in value:
            why = f"{element.keyword} needs a value, without wildcards"
            raise Failure(Code.USAGE, why)
    return asked


def _doomed(archive: Archive, asked: Dataset) -> Iterator[Doomed]:
    seen: set[str] = set()
    for study in _studies(archive, asked):
        within = _at("IMAGE", asked)
        within.StudyInstanceUID = study["StudyInstanceUID"]
        instances = tuple(
            each
            for each in archive.instances(parse(within, LEVELS, options=_ANY_LEVEL))
            if each.sop_instance_uid not in seen
        )
        seen.update(each.sop_instance_uid for each in instances)
        if instances:
            yield Doomed(study, instances)
    if [element.keyword for element in asked] == ["SOPInstanceUID"]:
        found = archive.instances(parse(_at("IMAGE", asked), ("IMAGE",)))
        alone = tuple(each for each in found if each.sop_instance_uid not in seen)
        if alone:
            yield Doomed({}, alone)


def _studies(archive: Archive, asked: Dataset) -> list[dict[str, str]]:
    identifier = _at("STUDY", asked)
    for keyword in _SHOWN.values():
        if keyword not in identifier:
            setattr(identifier, keyword, None)
    query = parse(identifier, LEVELS, options=_ANY_LEVEL)
    names = [answer.keyword for answer in query.returns]
    return [dict(zip(names, row, strict=True)) for row in archive.find(query)]


def _at(level: str, asked: Dataset) -> Dataset:
    made = Dataset()
    made.update(asked)
    made.QueryRetrieveLevel = level
    return made


def _agreed(doomed: Sequence[Doomed]) -> None:
    """Ask the person, who sees what it is about; raises Failure unless they say yes."""
    if not sys.stdin.isatty():
        raise Failure(Code.USAGE, "nobody is here to be asked; --yes deletes without asking")
    _list(doomed)
    if not typer.confirm(f"Delete {_sum(doomed)} for good?", err=True):
        raise Failure(Code.PARTIAL, "nothing was deleted")


def _list(doomed: Sequence[Doomed]) -> None:
    """What goes, with nothing cut: a table where the terminal has room for it, else lines."""
    *before, last = _SHOWN
    headings = (*before, "Objects", last)
    rows = []
    for each in doomed:
        *cells, uid = (each.study.get(keyword, "") for keyword in _SHOWN.values())
        rows.append((*cells, str(len(each.instances)), uid))
    if show.fits(headings, rows):
        show.listing(headings, rows, ("Objects",))
        return
    width = max(map(len, headings))
    for row in rows:
        for name, said in zip(headings, row, strict=True):
            show.say(f"{name:<{width}}  {said}")
        show.say("")


def _sum(doomed: Sequence[Doomed]) -> str:
    objects = show.count(sum(len(each.instances) for each in doomed), "object")
    studies = show.count(sum(bool(each.uid) for each in doomed), "study", "studies")
    return f"{objects} of {studies} ({show.size(sum(each.bytes for each in doomed))})"


def _document(each: Doomed) -> dict[str, object]:
    return {
        "study": each.uid,
        "instances": [one.sop_instance_uid for one in each.instances],
        "bytes": each.bytes,
    }
