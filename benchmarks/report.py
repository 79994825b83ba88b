"""What was measured as people and programs read it: Markdown, JSON, and the page of the docs."""

from __future__ import annotations

import json
import platform
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import psutil

from benchmarks import picture, servers
from benchmarks.measuring import Row
from benchmarks.targets import Verdict, judged

BEGIN, END = "<!-- figures: written by make bench -->\n", "<!-- end of figures -->"

_ROUNDS = 5  # that make a spread


def save(path: Path, rows: Sequence[Row]) -> None:
    """Keep rows; those of the same work and server that are there already are replaced."""
    kept = {(row.work, row.server): row for row in [*load(path), *rows]}
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = {"machine": machine(), "rows": [asdict(row) for row in kept.values()]}
    path.write_text(json.dumps(saved, indent=1))


def load(path: Path) -> list[Row]:
    """Rows that are kept."""
    if not path.exists():
        return []
    return [Row(**row) for row in json.loads(path.read_text())["rows"]]


def machine() -> str:
    """Where and when this was measured."""
    memory = psutil.virtual_memory().total / 1e9
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {psutil.cpu_count()} cores, {memory:.0f} GB of memory, "
        f"Linux {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )


def page(rows: Sequence[Row], missing: Sequence[str]) -> str:
    """All of it as Markdown."""
    told = [f"Measured: {machine()}."]
    if missing:
        told.append(f"Not installed, so not measured: {', '.join(missing)}.")
    if any(row.scale < 1 or 0 < len(row.samples) < _ROUNDS for row in rows):
        told.append(
            "Some works had fewer objects than their names say (× and a number), or fewer than "
            f"{_ROUNDS} rounds: of these, what is said of targets is a hint."
        )
    return "\n\n".join([*told, _targets(judged(rows)), _durable(rows), _table(rows)]) + "\n"


def _targets(verdicts: Sequence[Verdict]) -> str:
    lines = ["| work | ours | against | target | measured | |", "|---|---|---|---|---|---|"]
    for verdict in verdicts:
        target, value = verdict.target, verdict.value
        if target.most is not None:
            wanted, unit = f"≤ {target.most:g}", "" if value is None else f"{value:.3g}"
            by = "" if value is None else f"{target.most - value:+.3g}"
            against = target.of or ""
        else:
            wanted, unit = f"≥ {target.least:g}×", "" if value is None else f"{value:.2f}×"
            by = "" if value is None else f"{100 * (value / target.least - 1):+.0f} %"
            against = verdict.against or " or ".join(target.peers)
        word = {True: "met", False: "**missed**", None: "not measured"}[verdict.met]
        lines.append(
            f"| {target.work} | {target.ours} | {against} | {wanted} | {unit} | {word} {by} |"
        )
    return "\n".join(lines)


def _durable(rows: Sequence[Row]) -> str:
    names = dict.fromkeys(row.server for row in rows)
    lines = ["| server | what is on the disk when it answers success |", "|---|---|"]
    loops = {"bare loop": "file, name", "grouped loop": "file, name"}
    for name in names:
        kind = servers.SERVERS.get(name)
        lines.append(f"| {name} | {kind.durable if kind else loops.get(name, '')} |")
    return "\n".join(lines)


def _table(rows: Sequence[Row]) -> str:
    lines = [
        "| work | server | median | spread | Anode is | CPU ms each | peak MB |",
        "|---|---|--:|---|--:|--:|--:|",
    ]
    for work, group in groupby(sorted(rows, key=lambda row: row.work), lambda row: row.work):
        found = list(group)
        ours = next((row for row in found if row.server == "Anode" and row.samples), None)
        lines += [_line(work, row, ours) for row in found]
    return "\n".join(lines)


def _line(work: str, row: Row, ours: Row | None) -> str:
    if row.scale != 1:
        work = f"{work} × {row.scale:g}"
    if not row.samples:
        return f"| {work} | {row.server} | | {row.failed} | | | |"
    ends = f"{min(row.samples):.4g}–{max(row.samples):.4g}"
    spread = f"{ends} of {len(row.samples)} {row.failed}".strip()
    ratio = "" if ours is None or not row.median or not ours.median else f"{ours.ratio(row):.2f}×"
    cpu = "" if row.cpu_ms is None else f"{row.cpu_ms:.2f}"
    peak = "" if row.peak_mb is None else f"{row.peak_mb:.0f}"
    median = f"{row.median:.4g} {row.unit}"
    return f"| {work} | {row.server} | {median} | {spread} | {ratio} | {cpu} | {peak} |"


def write(path: Path, rows: Sequence[Row], missing: Sequence[str]) -> None:
    """Put the figures between their marks on a page, and the picture beside it."""
    text = path.read_text(encoding="utf-8")
    between = re.escape(BEGIN) + ".*?" + re.escape(END)
    if not re.search(between, text, re.DOTALL):
        raise ValueError(f"{path} has no place for figures: {BEGIN.strip()} and {END}")
    made = BEGIN + "\n" + page(rows, missing) + "\n" + END
    path.write_text(re.sub(between, lambda _: made, text, flags=re.DOTALL), encoding="utf-8")
    path.with_suffix(".svg").write_text(picture.drawn(rows), encoding="utf-8")
