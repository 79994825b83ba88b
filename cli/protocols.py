"""`anode protocols`: protocols of the archive or a peer, for which models, and how they stand.

Defined protocols and approvals are objects of no patient (PS3.4 GG, HH, II).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, get_args

import typer

from cli import calls, options, protocolsources, show
from cli.failures import Code, Failure
from cli.protocolsources import Known
from cli.store import opened
from iod import protocols as meaning
from iod.protocols import Assertion, Protocol, Standing

EXAMPLES = options.examples(
    "anode protocols",
    "anode protocols --model 'SOMATOM*' --state approved",
    "anode protocols PACS1 --model 'SOMATOM*'",
    "anode protocols --at 2024-02-01 --json",
)

FromArgument = Annotated[
    str,
    typer.Argument(
        metavar="[PEER]",
        help="Ask this peer, and not the archive: an AE title, or AET@host:port.",
        show_default=False,
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Only protocols for this model or model group; * and ? stand for others.",
        show_default=False,
    ),
]
AtOption = Annotated[
    str,
    typer.Option(
        "--at",
        metavar="DATE",
        help="How they stood then: 2024-02-01 (its end), or 2024-02-01T09:00.",
        show_default=False,
    ),
]
StateOption = Annotated[
    str,
    typer.Option(
        "--state",
        metavar="STATE",
        help="Only those that stand so: approved, expired, superseded, withdrawn...",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class _Row:
    """A protocol, what is asserted of it, and how it stands."""

    protocol: Protocol
    assertions: list[Assertion]
    standing: Standing
    successors: list[str]


def protocols(
    *,
    peer: FromArgument = "",
    config: options.ConfigOption = None,
    aet: options.AetOption = None,
    timeout: options.TimeoutOption = None,
    model: ModelOption = "",
    at: AtOption = "",
    state: StateOption = "",
    as_json: options.JsonOption = False,
) -> None:
    """List protocols: their models, how they stand at a date.

    A protocol is approved while the newest assertion about a use of it approves that use and has
    not expired; superseded once it was deprecated; withdrawn once it was disapproved.
    """
    if state and state not in get_args(meaning.State):
        states = ", ".join(get_args(meaning.State))
        raise Failure(Code.USAGE, f"--state is one of {states}, not {state!r}")
    when = _moment(at)
    if peer:
        known = protocolsources.of_peer(calls.resolve(peer, calls.Way(config, aet, None, timeout)))
    else:
        with opened(calls.settings(config)) as archive:
            known = protocolsources.of_archive(archive)
    rows = sorted(_rows(known, when), key=lambda row: (row.protocol.name, _since(row)))
    rows = [
        row
        for row in rows
        if (not model or row.protocol.fits(model)) and state in ("", row.standing.state)
    ]
    if as_json:
        show.document([_document(row) for row in rows])
    elif rows:
        headings = ["Protocol", "For", "State", "Since", "Until", "By", "SOP Instance UID"]
        show.listing(headings, [_cells(row) for row in rows], ())
    if not as_json:
        show.say(show.count(len(rows), "protocol"))


def _moment(at: str) -> datetime:
    """Now, or what --at says: of a day its end."""
    if not at:
        return datetime.now(UTC)
    day, _, time = at.strip().replace("T", " ").partition(" ")
    digits = day.replace("-", "") + time.replace(":", "")
    found = meaning.moment(digits, end=len(digits) <= 8)
    if found is None:
        raise Failure(Code.USAGE, f"--at {at!r} is no date; write it as 2024-02-01")
    return found


def _rows(known: Known, when: datetime) -> Iterator[_Row]:
    said = dict[str, list[Assertion]]()
    for approval in known.approvals:
        for uid in meaning.subjects(approval):
            said.setdefault(uid, []).extend(meaning.assertions(approval))
    found = [meaning.protocol(each) for each in known.protocols]
    successors = dict[str, list[str]]()
    for one in found:
        for uid in one.predecessors:
            successors.setdefault(uid, []).append(one.sop_instance_uid)
    for one in found:
        uid = one.sop_instance_uid
        told = sorted(said.get(uid, ()), key=lambda each: each.at)
        yield _Row(one, told, meaning.standing(told, when), successors.get(uid, []))


def _since(row: _Row) -> str:
    return row.standing.by.at.isoformat() if row.standing.by else ""


def _cells(row: _Row) -> list[str]:
    by = row.standing.by
    uses = [use for use in row.standing.uses if use != meaning.USES[0]]
    if len({each.scope for each in row.assertions if each.scope}) > 1:
        uses += row.standing.scopes
    state = row.standing.state + (f" ({', '.join(uses)})" if uses else "")
    return [
        row.protocol.name,
        ", ".join(dict.fromkeys(each.name or each.group for each in row.protocol.models)),
        state,
        by.at.date().isoformat() if by else "",
        by.expires.date().isoformat() if by and by.expires else "",
        by.by if by else "",
        row.protocol.sop_instance_uid,
    ]


def _document(row: _Row) -> dict[str, Any]:
    return {
        **asdict(row.protocol),
        "state": row.standing.state,
        "approved_for": list(row.standing.uses),
        "scopes": list(row.standing.scopes),
        "by": _told(row.standing.by) if row.standing.by else None,
        "successors": row.successors,
        "assertions": [_told(each) for each in row.assertions],
    }


def _told(each: Assertion) -> dict[str, Any]:
    return {
        **asdict(each),
        "at": each.at.isoformat(),
        "expires": each.expires.isoformat() if each.expires else None,
    }
