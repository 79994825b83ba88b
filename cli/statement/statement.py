"""The statement as one sequence of blocks, and as Markdown; its headings make the contents."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cli.statement import (
    annexes,
    configuring,
    implementing,
    introduction,
    network,
    outcomes,
    security,
    services,
)
from cli.statement.blocks import Block, Bullets, Grid, Heading, Paragraph
from config.settings import Settings

TITLE = "DICOM Conformance Statement of Anode"
_MARKS = re.compile(r"([|\\<])")  # `<` would begin a tag


def statement(settings: Settings, written: str) -> list[Block]:
    """The cover and all chapters in order, PS3.2 Annex N; `written` is the date of the document."""
    before = [*introduction.cover(settings, written), *introduction.overview(settings)]
    after = [
        *introduction.introduction(written),
        *implementing.implementation(settings),
        *services.services(settings),
        *configuring.configuration(settings),
        *network.network(settings),
        *outcomes.outcomes(settings),
        *security.security(settings),
        *annexes.annexes(settings),
    ]
    own = Heading("2", "Table of Contents")
    headings = [each for each in (*before, own, *after) if isinstance(each, Heading)]
    chapters = tuple(f"{each.number} {each.text}" for each in headings if each.rank <= 3)
    return [*before, own, Bullets(chapters), *after]


def markdown(blocks: list[Block]) -> str:
    """The statement in Markdown."""
    return f"# {TITLE}\n\n" + "\n\n".join(_markdown(each) for each in blocks) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * min(block.rank + 1, 6)} {block.number} {block.text}"
        case Paragraph():
            return block.text
        case Bullets():
            return "\n".join(f"- {item}" for item in block.items)
        case Grid():
            return "\n".join(_grid(block))


def _grid(block: Grid) -> Iterator[str]:
    yield f"**{block.caption}**\n"
    yield _row(block.headings)
    yield f"|{'---|' * len(block.headings)}"
    yield from (_row(row) for row in block.rows)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(_MARKS.sub(_escaped, ' '.join(cell.split())) for cell in cells)} |"


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[1]}"
