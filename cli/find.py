"""`anode find`: ask a peer what it holds (C-FIND), PS3.4 C.4.1.

Ctrl-C and --limit send C-CANCEL; what had arrived until then is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Annotated, Any, Final

import typer
from pydicom import Dataset
from pydicom.datadict import keyword_for_tag

from cli import calls, keys, options, show
from cli.calls import Call
from cli.failures import Code, Failure, explained
from cli.holdings import proposal
from cli.interrupts import cancellable
from cli.keys import Question
from config import catalogue
from scu.associate import associate
from scu.find import QueryFailed, begin
from scu.find import matches as answers

EXAMPLES = options.examples(
    "anode find ANODE@127.0.0.1:11112                                  (all studies)",
    "anode find PACS1 -k PatientName='DOE*' -k StudyDate=20240101-",
    "anode find PACS1 -L SERIES -k StudyInstanceUID=1.2.3",
    "anode find PACS1 -L PATIENT --json",
    "anode find PACS1 -S -k 0008,0052=STUDY -k 0010,0020=ABC           (as findscu)",
)

LimitOption = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, help="Stop after N matches.", show_default=False),
]

# Keyword and heading, by level: what is asked for, and shown, without -k.
COLUMNS: Final = {
    "PATIENT": {
        "PatientName": "Patient",
        "PatientID": "Patient ID",
        "PatientBirthDate": "Born",
        "PatientSex": "Sex",
        "NumberOfPatientRelatedStudies": "Studies",
    },
    "STUDY": {
        "PatientName": "Patient",
        "PatientID": "Patient ID",
        "StudyDate": "Date",
        "StudyDescription": "Description",
        "ModalitiesInStudy": "Modalities",
        "AccessionNumber": "Accession",
        "NumberOfStudyRelatedInstances": "Objects",
        "StudyInstanceUID": "Study Instance UID",
    },
    "SERIES": {
        "Modality": "Modality",
        "SeriesNumber": "No.",
        "SeriesDescription": "Description",
        "BodyPartExamined": "Body part",
        "NumberOfSeriesRelatedInstances": "Objects",
        "SeriesInstanceUID": "Series Instance UID",
    },
    "IMAGE": {
        "InstanceNumber": "No.",
        "SOPClassUID": "SOP class",
        "NumberOfFrames": "Frames",
        "SOPInstanceUID": "SOP Instance UID",
    },
}
_NUMBERS = ("Studies", "Objects", "No.", "Frames")


def find(
    peer: options.PeerArgument,
    *,
    key: options.KeysOption = None,
    level: options.LevelOption = None,
    patient_root: options.PatientRootOption = False,
    limit: LimitOption = None,
    config: options.ConfigOption = None,
    aet: options.AetOption = None,
    aec: options.AecOption = None,
    timeout: options.TimeoutOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Ask a peer what patients, studies, series it has (C-FIND)."""
    call = calls.resolve(peer, calls.Way(config, aet, aec, timeout))
    asked = keys.question(key or [], level=level, patient_root=patient_root)
    for keyword in COLUMNS[asked.level]:
        if keyword not in asked.identifier:
            setattr(asked.identifier, keyword, None)
    matches: list[Dataset] = []
    code = _gather(call, asked, matches, limit)
    if as_json:
        show.document([_json(match) for match in matches])
    else:
        _table(asked, matches)
        _conclude(matches, code, limit)
    return code


def _gather(call: Call, asked: Question, matches: list[Dataset], limit: int | None) -> Code:
    model = asked.model("find")
    with (
        show.spinner() as progress,
        explained(call),
        associate(call.target, call.caller, [proposal(model)]) as association,
        _refusal(call, asked),
        cancellable(association, partial(begin, association, model, asked.identifier)) as under_way,
        closing(answers(association, under_way.asked)) as found,
    ):
        task = progress.add_task("Matches", total=None)
        for match in found:
            matches.append(match)
            progress.advance(task)
            if len(matches) == limit:
                break  # the closing sends C-CANCEL
    return Code.INTERRUPTED if under_way.cancelled else Code.DONE


@contextmanager
def _refusal(call: Call, asked: Question) -> Iterator[None]:
    try:
        yield
    except QueryFailed as error:
        lacking = " ".join(f"-k {keyword}=..." for keyword in keys.missing(asked))
        hint = f"; a question at {asked.level} level needs {lacking}" if lacking else ""
        raise Failure(Code.PARTIAL, f"{call.target} answered {error}{hint}") from None
    except ValueError as error:
        raise Failure(Code.PARTIAL, f"{call.target}: {error}") from None


def _table(asked: Question, matches: Sequence[Dataset]) -> None:
    if not matches:
        return
    headings = _headings(asked)
    rows = [[_cell(match, keyword) for keyword in headings] for match in matches]
    show.listing(list(headings.values()), rows, _NUMBERS)


def _headings(asked: Question) -> dict[str, str]:
    """The columns: those of the level, then whatever else -k asked for."""
    known = COLUMNS[asked.level]
    extra = [keyword_for_tag(tag) or str(tag) for tag in asked.identifier.keys()]  # noqa: SIM118
    hidden = ("QueryRetrieveLevel", "SpecificCharacterSet", *known)
    return {**{keyword: keyword for keyword in extra if keyword not in hidden}, **known}


def _cell(match: Dataset, keyword: str) -> str:
    try:
        value: Any = match.get(keyword)
    except Exception:  # noqa: BLE001 - pydicom raises what its converters happen to raise
        return "(unreadable)"
    if value is None or value == "":
        return ""
    if keyword == "SOPClassUID":
        return catalogue.name_of(str(value))
    text = str(value)
    if keyword.endswith("Date") and len(text) == 8 and text.isdecimal():
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return ", ".join(map(str, value)) if isinstance(value, list) else text


def _json(match: Dataset) -> dict[str, Any]:
    """The DICOM JSON model, PS3.18 Annex F; values that cannot be read are left out."""
    return match.to_json_dict(suppress_invalid_tags=True)


def _conclude(matches: Sequence[Dataset], code: Code, limit: int | None) -> None:
    said = show.count(len(matches), "match", "matches")
    if code is Code.INTERRUPTED:
        said += " until it was cancelled"
    elif len(matches) == limit:
        said += "; there may be more (--limit)"
    show.tell(said)
