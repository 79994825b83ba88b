"""What people see: text without surprises, tables, numbers, progress, JSON.

Law: nothing from a peer or a file reaches the terminal as it is: control characters are shown, not
obeyed.  Answers go to standard output, everything else to standard error.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from io import StringIO, TextIOWrapper
from typing import TextIO

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

HEADING = 2  # lines above the rows of a table
GAP = 3  # columns between two cells
SHOWN = 20  # failures listed one by one; --json has all
LEAST, SHORT = 8, 10  # a column is cut down to the one first, unless it is as short as a date
WIDE = 10_000  # columns when nobody's terminal is to be fitted
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_ODD = re.compile(r"[^\n -~]")
# The same heading line for terminals that have no other characters.
_ASCII_HEAD = box.Box(str(box.SIMPLE_HEAD).replace("\u2500", "-"), ascii=True)


def plain(text: object, stream: TextIO | None = None) -> str:
    """The text with control, format and broken characters spelled out.

    So is whatever the stream (standard output) has no code for.
    """
    shown = "".join(
        character
        if character == " " or unicodedata.category(character) not in _UNSEEN
        else character.encode("unicode_escape", "backslashreplace").decode("ascii")
        for character in str(text)
    )
    encoding = _encoding(stream or sys.stdout)
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def _encoding(stream: TextIO) -> str:
    return codecs.lookup(getattr(stream, "encoding", None) or "utf-8").name


def _writes(character: str) -> bool:
    """Whether standard output has a code for it."""
    return plain(character) == character


def console() -> Console:
    """Standard output."""
    return _console(stderr=False)


def errors() -> Console:
    """Standard error."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDE
    return Console(
        file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False
    )


def say(text: object) -> None:
    """One line of the answer."""
    console().print(Text(plain(text)), soft_wrap=True)


def tell(text: object) -> None:
    """One line beside the answer."""
    errors().print(Text(plain(text, sys.stderr)), soft_wrap=True)


def complain(text: object) -> None:
    """What went wrong."""
    said = Text.assemble(("anode: ", "bold red"), plain(text, sys.stderr))
    errors().print(said, soft_wrap=True)


def document(value: object) -> None:
    """One JSON document in UTF-8; what a terminal may obey is escaped, all where it has no more."""
    ascii_only = _encoding(sys.stdout) != "utf-8"
    text = json.dumps(value, indent=2, allow_nan=False, ensure_ascii=ascii_only)
    sys.stdout.write(_ODD.sub(_json_character, text) + "\n")


def page(text: str) -> None:
    """One HTML page; it says it is in UTF-8, so where it cannot be, all but ASCII is references."""
    if _encoding(sys.stdout) != "utf-8":
        text = text.encode("ascii", "xmlcharrefreplace").decode("ascii")
    sys.stdout.write(text)


def _json_character(found: re.Match[str]) -> str:
    character = found[0]
    if unicodedata.category(character) in _UNSEEN:
        return json.dumps(character)[1:-1]
    return character


def records(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """CSV, RFC 4180, in UTF-8; on a terminal in what that can show."""
    out = sys.stdout
    clean = plain if out.isatty() else str
    if isinstance(out, TextIOWrapper) and not out.isatty():
        out.reconfigure(encoding="utf-8", errors="backslashreplace")
    for row_ in (headings, *rows):
        line = StringIO(newline="")
        csv.writer(line, lineterminator="\r\n").writerow([clean(cell) for cell in row_])
        out.write(line.getvalue())


def table(*columns: str, right: Sequence[str] = (), whole: Sequence[str] = ()) -> Table:
    """A table; `right` are columns of numbers, `whole` those that are never cut short."""
    head = box.SIMPLE_HEAD if _writes("\u2500") else _ASCII_HEAD
    made = Table(box=head, pad_edge=False, show_edge=False, header_style="bold")
    for name in columns:
        made.add_column(
            name,
            justify="right" if name in right else "left",
            overflow="fold" if name in whole else "ellipsis",
            no_wrap=name not in whole,
        )
    return made


def row(made: Table, *cells: object) -> None:
    """Add a row of plain text."""
    made.add_row(*(Text(plain(cell)) for cell in cells))


def put(made: Table, below: Sequence[str] = ()) -> None:
    """Print a table as an answer; `below` are lines to stand under its rows, one for each."""
    out = console()
    with out.capture() as captured:
        out.print(made)
    # On a terminal blanks at the end of a line may carry a style; elsewhere they are noise.
    lines = [line if out.is_terminal else line.rstrip() for line in captured.get().splitlines()]
    for number, line in enumerate(lines, -HEADING):
        sys.stdout.write(f"{line}\n")
        if 0 <= number < len(below) and below[number]:
            sys.stdout.write(f"    {plain(below[number])}\n")


def fits(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> bool:
    """Whether a `listing` of these has room for all but its last column."""
    cells = [[plain(cell) for cell in each] for each in rows]
    return sum(_natural(headings[:-1], cells)) <= console().width + GAP


def listing(
    headings: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str]
) -> None:
    """A table whose last column is long: where it does not fit, it stands under the rows, whole."""
    cells = [[plain(cell) for cell in each] for each in rows]
    room = console().width
    if sum(_natural(headings, cells)) <= room:
        put(_filled(headings, cells, right))
    else:
        put(_filled(headings[:-1], cells, right), [each[-1] for each in cells])


def _natural(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """The width of each column with what separates it from the next one."""
    columns = zip(headings, *rows, strict=False)
    return [max(map(cell_len, column)) + GAP for column in columns]


def _filled(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]) -> Table:
    """A table of these rows, as far as there are headings; wide columns give way."""
    made = table(*headings, right=right)
    widths, room = _natural(headings, rows), console().width
    long = [number for number, width in enumerate(widths) if width > SHORT + GAP]
    for least, columns in ((LEAST, long), (1, range(len(widths)))):
        while sum(widths) > room + GAP:
            widest = max(columns, key=widths.__getitem__, default=0)
            if widths[widest] <= least + GAP:
                break
            widths[widest] -= 1
    for column, width in zip(made.columns, widths, strict=True):
        column.width = width - GAP
        column.header = _cut(str(column.header), width - GAP)
    for cells in rows:
        fitted = map(_cut, cells, (width - GAP for width in widths))
        made.add_row(*map(Text, fitted))
    return made


def _cut(cell: str, width: int) -> str:
    """The cell, or its beginning and a sign that there was more; wide characters count two."""
    if cell_len(cell) <= width:
        return cell
    more = "\u2026" if _writes("\u2026") else "..."[: width - 1]
    return set_cell_size(cell, width - cell_len(more)).rstrip() + more


def causes(how: str, failures: Sequence[tuple[object, str]]) -> None:
    """What failed and why, beside the answer; of more than SHOWN those of one cause share a line.

    So a peer that is not there is said once, and not for each of a thousand files.
    """
    lines = [(f"{what}", cause) for what, cause in failures]
    if len(lines) > SHOWN:
        alike: dict[str, list[str]] = {}
        for what, cause in lines:
            alike.setdefault(cause, []).append(what)
        lines = [(_and_others(members), cause) for cause, members in alike.items()]
    for what, cause in lines[:SHOWN]:
        tell(f"{how}: {what}: {cause}")
    if len(lines) > SHOWN:
        tell(f"... and {len(lines) - SHOWN} more causes; --json lists all")
    elif len(failures) > SHOWN:
        tell("--json lists each of them")


def _and_others(members: Sequence[str]) -> str:
    others = len(members) - 1
    return f"{members[0]} and {count(others, 'other')}" if others else members[0]


def size(number: float) -> str:
    """Bytes for people: 512 B, 6.3 MB."""
    unit = "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(number) < 1000 or unit == "TB":
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"


def count(number: int, one: str, many: str = "") -> str:
    """1 file, 2 files."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def bar() -> Progress:
    """A progress bar on standard error, only where a person looks at it."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors(),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def spinner() -> Progress:
    """The same without an end in sight."""
    return Progress(
        SpinnerColumn("dots" if _writes("\u280b") else "line"),
        TextColumn("{task.description} {task.completed:g}", markup=False),
        console=errors(),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
