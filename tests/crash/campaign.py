"""Suite C3: many rounds, in parts, and the table of what came of them.

    python -m tests.crash.campaign run FILE --kills 1000 --cuts 200
    python -m tests.crash.campaign table FILE [--write docs/durability.md]

Each part of some rounds begins with a new and empty archive and adds a line to FILE when it ends;
a run that was ended goes on where FILE ends.  Power cuts need root; `nice` is a good idea.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from tests.certificates import Authority
from tests.crash.cuts import ROUNDS, Machine, cuts
from tests.crash.disks import Disks, missing
from tests.crash.kills import Figures, Rounds, kills
from tests.crash.oracle import Findings
from tests.crash.secured import secured
from tests.crash.serving import Cradle, Site

KILLS, CUTS = 1000, 200
KILLED = Rounds(20, fresh=20)
BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"
KINDS = {"kill": "kill -9", "cut": "power cut"}

Line = Mapping[str, Any]


def _authority(folder: Path, part: int) -> Authority | None:
    """For every second pair of parts: by TLS, too."""
    (place := folder / "ca").mkdir()
    return Authority(place) if part // 2 % 2 else None


def _kill(cradle: Cradle, folder: Path, part: int) -> Figures:
    site, authority = Site.within(folder), _authority(folder, part)
    return kills(cradle, secured(site, authority) if authority else site, KILLED)


def _cut(cradle: Cradle, folder: Path, part: int) -> Figures:
    with Disks(folder) as disks:
        machine = Machine(disks, folder, part % 2 + 1, _authority(folder, part))
        return cuts(cradle, machine, ROUNDS)


PARTS: Mapping[str, Callable[[Cradle, Path, int], Figures]] = {"kill": _kill, "cut": _cut}


def run(file: Path, wanted: Mapping[str, int]) -> Iterator[Line]:
    """Rounds until FILE has as many of each kind as wanted; one line for each part."""
    with Cradle() as cradle:
        for kind, rounds in wanted.items():
            done = [line for line in read(file) if line["kind"] == kind]
            number = sum(line["rounds"] for line in done)
            part = len(done)
            while number < rounds:
                with tempfile.TemporaryDirectory(prefix="anode-crash-") as folder:
                    figures = PARTS[kind](cradle, Path(folder), part)
                number, part = number + figures.rounds, part + 1
                line = {"kind": kind, **_told(figures)}
                with file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(line) + "\n")
                yield line


def _told(figures: Figures) -> dict[str, Any]:
    found = {one.name: len(getattr(figures.findings, one.name)) for one in fields(Findings)}
    return {
        "rounds": figures.rounds,
        "acknowledged": figures.acknowledged,
        "kept": figures.kept,
        "quarantined": figures.quarantined,
        "transactions": figures.transactions,
        "committed": figures.committed,
        **found,
        "restarts": [round(each, 3) for each in figures.restarts],
        "findings": str(figures.findings),
    }


def read(file: Path) -> list[Line]:
    """The lines so far."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def wrong(lines: list[Line]) -> list[str]:
    """What was found, in words."""
    return [line["findings"] for line in lines if line["findings"]]


def table(lines: list[Line]) -> str:
    """The figures for people, in Markdown."""
    rows = [_row(kind, [line for line in lines if line["kind"] == kind]) for kind in KINDS]
    names = list(rows[0])
    head = [f"| | {' | '.join(KINDS.values())} |", "|---|" + "---|" * len(KINDS)]
    return "\n".join(
        head + [f"| {name} | {' | '.join(row[name] for row in rows)} |" for name in names]
    )


def _row(kind: str, lines: list[Line]) -> dict[str, str]:
    def total(name: str) -> int:
        return sum(line[name] for line in lines)

    rounds, acknowledged = total("rounds"), total("acknowledged")
    restarts = [each for line in lines for each in line["restarts"]] or [0.0]
    figures = {"rounds": f"{rounds:,}", "acknowledged objects": f"{acknowledged:,}"}
    figures["storage commitments accepted"] = f"{total('transactions'):,}"
    figures["objects reported as committed"] = f"{total('committed'):,}"
    figures |= {name: str(total(each)) for each, name in NAMED.items()}
    return figures | {
        "never answered, kept whole": str(total("kept")),
        "to quarantine": str(total("quarantined")),
        "restart, median": f"{statistics.median(restarts):.2f} s",
        "restart, longest": f"{max(restarts):.2f} s",
        "rounds in 100 that may lose something, at most (95 %)": f"{300 / max(rounds, 1):.1f}",
    }


NAMED = {
    "lost": "lost",
    "torn": "torn",
    "unqueryable": "not found by C-FIND",
    "unretrieved": "not got by C-GET as sent",
    "dangling": "rows without file",
    "unaccounted": "files without row",
    "left": "temporary files left over",
    "broken": "reported as committed, not there",
    "denied": "acknowledged, reported as not committed",
    "unreported": "accepted commitments without a report",
}


def write(path: Path, lines: list[Line]) -> None:
    """Put the table between its marks in a page."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{path} has no {BEGIN.strip()} and {END.strip()}")
    path.write_text(f"{before}{begin}{table(lines)}\n{end}{after}", encoding="utf-8")


def main() -> int:
    """The command line; 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.campaign", description=__doc__)
    parser.add_argument("what", choices=["run", "table"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--cuts", type=int, default=CUTS)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    given = parser.parse_args()
    if given.what == "run":
        if given.cuts and missing():
            print(f"no power cuts: {missing()}", file=sys.stderr)
            given.cuts = 0
        for line in run(given.file, {"cut": given.cuts, "kill": given.kills}):
            print(json.dumps({**line, "restarts": max(line["restarts"])}), flush=True)
    lines = read(given.file)
    if given.write:
        write(given.write, lines)
    print(table(lines))
    return 1 if wrong(lines) else 0


if __name__ == "__main__":
    sys.exit(main())
