"""Medians as bars, with the spread as a line, in SVG; no library draws what thirty lines can."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.sax.saxutils import escape

from benchmarks.measuring import RATES, Row

WIDTH, BAR, LEFT, RIGHT = 760, 16, 150, 120
OURS, OTHERS = "#1f6feb", "#9aa4af"


def drawn(rows: Sequence[Row]) -> str:
    """A picture of all rows: a group for each work, a bar for each server."""
    parts: list[str] = []
    y = 8
    measured = sorted((row for row in rows if row.samples), key=lambda row: row.work)
    for work, group in groupby(measured, lambda row: row.work):
        found = list(group)
        better = "more is better" if found[0].unit in RATES else "less is better"
        y += 22
        parts.append(_text(8, y, f"{work} ({found[0].unit}, {better})", "bold"))
        y += 6
        most = max(max(row.samples) for row in found) or 1
        for row in found:
            parts += _bar(row, y, (WIDTH - LEFT - RIGHT) / most)
            y += BAR + 3
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 12}" '
        f'viewBox="0 0 {WIDTH} {y + 12}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y + 12}" fill="#fff"/>', *parts,
                      "</svg>\n"])  # fmt: skip


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-weight="{weight}">{escape(text)}</text>'


def _bar(row: Row, y: float, scale: float) -> list[str]:
    colour = OURS if row.server.startswith("Anode") else OTHERS
    width, middle = row.median * scale, y + BAR / 2
    low, high = (LEFT + end(row.samples) * scale for end in (min, max))
    return [
        _text(16, y + 12, row.server),
        f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>',
        f'<path d="M{low:.1f} {middle}H{high:.1f}" stroke="#333"/>',
        _text(max(high, LEFT + width) + 6, y + 12, f"{row.median:.4g}"),
    ]
