"""`anode find`: ask a peer what it holds (C-FIND), PS3.4 C.4.1.

Ctrl-C and --limit send C-CANCEL; what had arrived until then is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Annotated

import typer
from pydicom import Dataset

from cli import calls, matches, options, questions, show, texts, unmatched
from cli.calls import Call
from cli.explaining import explained
from cli.failures import Code, Failure
from cli.holdings import proposal
from cli.interrupts import cancellable
from cli.questions import Question
from scu import extended
from scu.associate import associate
from scu.find import QueryFailed, begin
from scu.find import matches as answers
from wire.association import Association

EXAMPLES = options.examples(
    "anode find ANODE@127.0.0.1:11112                                  (all studies)",
    "anode find PACS1 -k PatientName='DOE*' -k StudyDate=20240101-",
    "anode find PACS1 -k PatientName='山田*' --csv > studies.csv",
    "anode find PACS1 -L SERIES -k StudyInstanceUID=1.2.3",
    "anode find PACS1 -L IMAGE --relational -k SOPInstanceUID=1.2.3    (where agreed on)",
    "anode find PACS1 -L PATIENT --json",
    "anode find PACS1 --model hanging -k HangingProtocolName='NEURO*'",
    "anode find PACS1 -S -k 0008,0052=STUDY -k 0010,0020=ABC           (as findscu)",
    "anode find PACS1 -k '(0040,0275)[0].(0040,1001)=R1' -k @query.dcm (as findscu)",
)

LimitOption = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", min=1, help="Stop after N matches.", show_default=False),
]
CsvOption = Annotated[
    bool, typer.Option("--csv", help="Answer with CSV: a column for each key asked for.")
]
RelationalOption = Annotated[
    bool,
    typer.Option(
        "--relational", help="Ask for relational queries: keys of any level, none of those above."
    ),
]
FuzzyOption = Annotated[
    bool, typer.Option("--fuzzy", help="Ask for names to be matched as they sound.")
]


def find(
    peer: options.PeerArgument,
    *,
    key: options.KeysOption = None,
    level: options.LevelOption = None,
    model: options.FindModelOption = None,
    patient_root: options.PatientRootOption = False,
    relational: RelationalOption = False,
    fuzzy: FuzzyOption = False,
    limit: LimitOption = None,
    config: options.ConfigOption = None,
    aet: options.AetOption = None,
    aec: options.AecOption = None,
    timeout: options.TimeoutOption = None,
    tls: options.TlsOption = None,
    cert: options.CertOption = None,
    tls_key: options.TlsKeyOption = None,
    ca: options.CaOption = None,
    as_json: options.JsonOption = False,
    as_csv: CsvOption = False,
) -> int:
    """Ask a peer what it has: studies, or what has no patient."""
    if as_json and as_csv:
        raise Failure(Code.USAGE, "--json or --csv, not both")
    secured = calls.Secured(tls, cert, tls_key, ca)
    call = calls.resolve(peer, calls.Way(config, aet, aec, timeout, secured))
    root = questions.root_of(model, patient_root=patient_root)
    asked = questions.question(key or [], level=level, root=root)
    if asked.single and relational:
        raise Failure(Code.USAGE, f"the model {model} has no levels: leave --relational out")
    for keyword in matches.COLUMNS[asked.kind]:
        if keyword not in asked.identifier:
            setattr(asked.identifier, keyword, None)
    if not relational and (unmatched := questions.below(asked)):
        belong = f"{', '.join(unmatched)} belong{'s' * (len(unmatched) == 1)}"
        level_ = f"below the {asked.level} level, where {belong}"
        show.tell(f"nothing is matched {level_}: say -L, or --relational")
    wishes = {"relational": relational, "fuzzy_names": fuzzy}
    wanted = [name for name, wish in wishes.items() if wish]
    found: list[Dataset] = []
    code = _gather(call, asked, found, wanted=wanted, limit=limit)
    if as_json:
        show.document([matches.model(match) for match in found])
    elif as_csv:
        matches.csv(asked, found)
    else:
        matches.table(asked, found)
        _conclude(found, code, limit)
    return code


def _gather(
    call: Call,
    asked: Question,
    found: list[Dataset],
    *,
    wanted: Collection[str],
    limit: int | None,
) -> Code:
    model = asked.model("find")
    offer = {model: extended.offer(wanted, single=asked.single)} if wanted else None
    with (
        show.spinner() as progress,
        explained(call),
        associate(call.target, call.caller, [proposal(model)], extended=offer) as association,
        _refusal(call, asked),
    ):
        association.context_for(model)  # without it nothing was negotiated
        excused = _agreed(call, asked, association, wanted)
        sent = partial(begin, association, model, asked.identifier)
        task = progress.add_task("Matches", total=None)
        with (
            cancellable(association, sent) as under_way,
            closing(answers(association, under_way.asked)) as arriving,
        ):
            for match in arriving:
                found.append(texts.decoded(match))
                progress.advance(task)
                if len(found) == limit:
                    break  # the closing sends C-CANCEL
    pending = under_way.asked.pending
    if said := unmatched.told(asked.identifier, found, pending, excused):
        show.tell(f"{call.target} {said}")
    return Code.INTERRUPTED if under_way.cancelled else Code.DONE


def _agreed(
    call: Call, asked: Question, association: Association, wanted: Collection[str]
) -> list[str]:
    """Say what the peer does not agree to; a question that needs it is not asked, C.4.1.2.2.

    The keys that may come back empty: matched by a relational query, or told of already.
    """
    answer = association.extended.get(asked.model("find"), b"")
    declined = extended.declined(wanted, answer)
    if "relational" in declined:
        said = f"{call.target} does not agree to relational queries"
        if lacking := questions.missing(asked):
            association.release()
            needed = " ".join(f"-k {keyword}=..." for keyword in lacking)
            raise Failure(
                Code.REJECTED, f"{said}: a question at {asked.level} level needs {needed}"
            )
        show.tell(f"{said}; asked as a hierarchical one")
    if "fuzzy_names" in declined:
        show.tell(
            f"{call.target} does not agree to fuzzy matching; names match as they are written"
        )
    return [] if "relational" in declined else questions.below(asked)


@contextmanager
def _refusal(call: Call, asked: Question) -> Iterator[None]:
    try:
        yield
    except QueryFailed as error:
        lacking = " ".join(f"-k {keyword}=..." for keyword in questions.missing(asked))
        hint = f"; a question at {asked.level} level needs {lacking}" if lacking else ""
        raise Failure(Code.PARTIAL, f"{call.target} answered {error}{hint}") from None
    except ValueError as error:
        raise Failure(Code.PARTIAL, f"{call.target}: {error}") from None


def _conclude(found: Sequence[Dataset], code: Code, limit: int | None) -> None:
    said = show.count(len(found), "match", "matches")
    if code is Code.INTERRUPTED:
        said += " until it was cancelled"
    elif len(found) == limit:
        said += "; there may be more (--limit)"
    show.tell(said)
