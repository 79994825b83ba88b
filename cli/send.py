"""`anode send`: files and folders to a peer (C-STORE), with a summary by SOP class.

What --skip-stored skips is what the peer itself says it has (C-FIND at IMAGE level, one question
per series): a state file of ours would be wrong as soon as the peer deletes something.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Annotated

import typer
from rich.table import Table

from cli import calls, committing, options, show, sources
from cli.calls import Call
from cli.committing import WAIT_SECONDS, Committed, ListenOption, Patience, WaitOption
from cli.explaining import explained
from cli.failures import Code, Failure
from cli.holdings import held
from cli.sending import Sent, conversion_to
from cli.sending import send as send_all
from cli.sources import Collected, Source
from config import catalogue
from scu import statuses

EXAMPLES = options.examples(
    "anode send ANODE@127.0.0.1:11112 scan.dcm",
    "anode send PACS1 ./study ./more.dcm --jobs 4",
    "anode send PACS1 /media/cd/DICOMDIR --skip-stored     (resume)",
    "anode send OLD_WS ./study --convert                    (to who takes little)",
    "anode send PACS1 ./study --commit --listen 11113       (and have it answer for them)",
)

JobsOption = Annotated[
    int, typer.Option("--jobs", "-j", min=1, max=64, help="Associations at the same time.")
]
SkipOption = Annotated[
    bool,
    typer.Option("--skip-stored", help="Ask the peer first (C-FIND) and send only what it lacks."),
]
ConvertOption = Annotated[
    bool,
    typer.Option(
        "--convert",
        help="Change the encoding, without loss, of what the peer does not take as it is.",
    ),
]
CommitOption = Annotated[
    bool, typer.Option("--commit", help="Then have the peer answer for them (storage commitment).")
]


@dataclass(frozen=True, slots=True)
class OfClass:
    """What became of the objects of one SOP class."""

    sop_class_uid: str
    stored: int
    warnings: int
    failed: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Converted:
    """Objects of one SOP class that were sent in another transfer syntax than their own."""

    sop_class_uid: str
    transfer_syntax_uid: str
    converted_to: str
    objects: int


@dataclass(slots=True)
class Summary:
    """Everything that happened, for the table and for --json."""

    peer: str
    found: Collected
    total: int = 0  # to be sent; Ctrl-C leaves some of them without an outcome
    results: list[Sent] = field(default_factory=list)
    already: int = 0
    seconds: float = 0.0
    committed: Committed | None = None
    refused: Code = Code.DONE  # what asking to commit ended with

    @property
    def held(self) -> list[Source]:
        """What the peer has, by its own word."""
        failed = {each.source.path for each in self.results if each.category == statuses.FAILURE}
        return [each for each in self.found.sources if each.path not in failed]

    def count(self, category: str) -> int:
        """How many ended so."""
        return sum(result.category == category for result in self.results)

    @property
    def untried(self) -> int:
        """How many had no outcome yet when Ctrl-C came."""
        return self.total - len(self.results)

    @property
    def bytes(self) -> int:
        """Data set bytes that arrived."""
        return sum(each.source.size for each in self.results if each.category != statuses.FAILURE)

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Path and cause of whatever was not stored."""
        unsent = [(str(path), cause) for path, cause in self.found.damaged]
        failed = [each for each in self.results if each.category == statuses.FAILURE]
        return unsent + [(str(each.source.path), each.cause) for each in failed]

    @property
    def converted(self) -> list[Converted]:
        """What was stored in another encoding."""
        counts = Counter(
            (each.source.sop_class_uid, each.source.transfer_syntax_uid, each.converted_to)
            for each in self.results
            if each.converted_to and each.category != statuses.FAILURE
        )
        return [Converted(*key, number) for key, number in sorted(counts.items())]

    @property
    def code(self) -> Code:
        """0 when all were stored; the peer's fault when it took nothing; else 1."""
        if not self.failures:
            return self.refused or (self.committed.code if self.committed else Code.DONE)
        if any(each.category != statuses.FAILURE for each in self.results):
            return Code.PARTIAL
        codes = Counter(result.code for result in self.results)
        return codes.most_common(1)[0][0] if codes else Code.PARTIAL


def send(
    peer: options.PeerArgument,
    paths: options.PathsArgument,
    *,
    jobs: JobsOption = 1,
    skip_stored: SkipOption = False,
    convert: ConvertOption = False,
    commit: CommitOption = False,
    wait: WaitOption = WAIT_SECONDS,
    listen: ListenOption = None,
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
    """Store files and folders at a peer (C-STORE).

    Exit code 0 only if all were stored, and with --commit committed. What is not DICOM is passed
    over and counted.
    """
    way = calls.Way(config, aet, aec, timeout, calls.Secured(tls, cert, tls_key, ca))
    call = calls.resolve(peer, way)
    waiting = committing.patience(peer, way, wait, listen if commit else None)
    with show.spinner() as progress:
        looking = progress.add_task("Looking at files", total=None)
        found = sources.collect(paths, lambda: progress.advance(looking), hierarchy=skip_stored)
    summary = Summary(str(call.target), found)
    wanted = _lacking(call, summary) if skip_stored else found.sources
    if not found.sources and not found.damaged:
        why = _passed_over(found) if found.not_dicom else "no file"
        raise Failure(Code.PARTIAL, f"nothing to send: {why} in what was named")
    summary.total, begun = len(wanted), time.monotonic()
    with conversion_to(call, config, convert=convert) as conversion:
        done = _send(summary, lambda: send_all(call, wanted, jobs, conversion))
    summary.seconds = time.monotonic() - begun
    if not as_json:
        _report(summary)
    if commit and done and summary.held:
        _commit(call, summary, waiting)
    if as_json:
        show.document(_document(summary))
    elif summary.committed:
        committing.report(summary.committed)
    return summary.code if done else Code.INTERRUPTED


def _commit(call: Call, summary: Summary, waiting: Patience) -> None:
    try:
        summary.committed = committing.ask(call, summary.held, waiting)
    except Failure as failure:  # what was stored is told all the same
        summary.refused = failure.code
        show.complain(failure)


def _lacking(call: Call, summary: Summary) -> list[Source]:
    with explained(call):
        there = held(call, {(each.study, each.series) for each in summary.found.sources})
    missing = [each for each in summary.found.sources if each.sop_instance_uid not in there]
    summary.already = len(summary.found.sources) - len(missing)
    return missing


def _send(summary: Summary, begin: Callable[[], Iterator[Sent]]) -> bool:
    """Send, and gather the results; False when Ctrl-C put an end to it."""
    with show.bar() as progress:
        task = progress.add_task("Sending", total=summary.total)
        try:
            for result in begin():
                summary.results.append(result)
                progress.advance(task)
        except KeyboardInterrupt:
            return False
    return True


def _report(summary: Summary) -> None:
    if summary.results:
        show.put(_by_class(summary))
    show.causes("failed", summary.failures)
    for each in summary.converted:
        show.say(f"converted: {_change(each)}")
    stored = summary.count(statuses.SUCCESS) + summary.count(statuses.WARNING)
    rate = f"{show.size(summary.bytes / max(summary.seconds, 1e-6))}/s"
    parts = [f"{stored} of {show.count(summary.total, 'object')} stored at {summary.peer}"]
    if stored:
        parts.append(f"{show.size(summary.bytes)} in {summary.seconds:.1f} s ({rate})")
    if summary.untried:
        # What was under way then may have arrived: its answer is not heard any more.
        parts.append(f"interrupted: {summary.untried} not sent, or not known to have arrived")
    if summary.already:
        parts.append(f"{summary.already} there already")
    if summary.found.not_dicom:
        parts.append(_passed_over(summary.found))
    show.say("; ".join(parts))


def _change(each: Converted) -> str:
    kind, before, after = map(
        catalogue.name_of, (each.sop_class_uid, each.transfer_syntax_uid, each.converted_to)
    )
    return f"{each.objects} {kind} from {before} to {after}"


def _by_class(summary: Summary) -> Table:
    made = show.table(
        "SOP class", "Stored", "Warnings", "Failed", "Bytes",
        right=("Stored", "Warnings", "Failed", "Bytes"), whole=("SOP class",),
    )  # fmt: skip
    for each in _classes(summary):
        cells = (each.stored, each.warnings, each.failed, show.size(each.bytes))
        show.row(made, catalogue.name_of(each.sop_class_uid), *cells)
    return made


def _classes(summary: Summary) -> list[OfClass]:
    counts: Counter[tuple[str, str]] = Counter()
    volume: Counter[str] = Counter()
    for result in summary.results:
        uid = result.source.sop_class_uid
        counts[uid, result.category] += 1
        volume[uid] += result.source.size if result.category != statuses.FAILURE else 0
    return [
        OfClass(
            uid,
            stored=counts[uid, statuses.SUCCESS],
            warnings=counts[uid, statuses.WARNING],
            failed=counts[uid, statuses.FAILURE],
            bytes=volume[uid],
        )
        for uid in sorted({uid for uid, _ in counts}, key=catalogue.name_of)
    ]


def _document(summary: Summary) -> dict[str, object]:
    return {
        "peer": summary.peer,
        "stored": summary.count(statuses.SUCCESS),
        "warnings": summary.count(statuses.WARNING),
        "failed": len(summary.failures),
        "not_sent": summary.untried,
        "already_stored": summary.already,
        "not_dicom": summary.found.not_dicom,
        "bytes": summary.bytes,
        "seconds": round(summary.seconds, 6),
        "classes": [asdict(each) for each in _classes(summary)],
        "converted": [asdict(each) for each in summary.converted],
        "failures": [{"path": path, "cause": cause} for path, cause in summary.failures],
        "commitment": committing.document(summary.committed) if summary.committed else None,
    }


def _passed_over(found: Collected) -> str:
    return f"{show.count(found.not_dicom, 'file')} not DICOM"
