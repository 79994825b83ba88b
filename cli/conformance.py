"""`anode conformance`: the conformance statement of this configuration, PS3.2 Annex N."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli import calls, options, placing, show
from cli.statement.page import page
from cli.statement.statement import markdown, statement

EXAMPLES = options.examples(
    "anode conformance",
    "anode conformance -c /etc/anode.toml --html -o conformance.html",
)
HtmlOption = Annotated[bool, typer.Option("--html", help="Write HTML in place of Markdown.")]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write it there, not to standard output.",
        dir_okay=False, show_default=False,
    ),
]  # fmt: skip


def conformance(
    *,
    config: options.ConfigOption = None,
    as_html: HtmlOption = False,
    output: OutputOption = None,
    overwrite: options.OverwriteOption = False,
) -> None:
    """Write the conformance statement of this configuration.

    In the layout of PS3.2 Annex N, made from the tables the node runs by.
    """
    blocks = statement(calls.settings(config), date.today().isoformat())
    text = page(blocks) if as_html else markdown(blocks)
    if output is None:
        sys.stdout.write(text)
    else:
        _written(output, text.encode(), overwrite=overwrite)
        show.tell(f"Wrote {output}")


def _written(output: Path, data: bytes, *, overwrite: bool) -> None:
    """Whole or not at all; a device or a pipe, and what a link leads to, stays what it is."""
    path = output.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(data)
    else:
        placing.place(path, lambda file: file.write(data), overwrite=overwrite)
