"""The statement as one HTML page that stands alone: contents, headings, tables with captions."""

from __future__ import annotations

import html
import re

from cli.statement.blocks import Block, Bullets, Grid, Heading, Paragraph
from cli.statement.statement import TITLE

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; }
h1, h2, h3, h4, h5, h6 { line-height: 1.2; margin: 1.5em 0 .5em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: start; font-weight: 600; padding: .25rem 0; }
th, td { border: 1px solid #8888; padding: .25rem .5rem; text-align: start; vertical-align: top; }
h5, h6 { font-size: 1rem; }
td { overflow-wrap: break-word; }
@page { size: landscape; margin: 12mm; }
@media print {
  body { font-size: 8.5pt; max-width: none; padding: 0; }
  .scroll { overflow: visible; }
  h1, h2, h3, h4, h5, h6, caption { break-after: avoid; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  a { color: inherit; text-decoration: none; }
}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_CODE = re.compile(r"`([^`]*)`")


def page(blocks: list[Block]) -> str:
    """The statement in HTML."""
    body = "\n".join(_html(each) for each in blocks)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{TITLE}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{TITLE}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _html(block: Block) -> str:
    match block:
        case Heading():
            rank = min(block.rank + 1, 6)
            words = f"{block.number} {_text(block.text)}"
            return f'<h{rank} id="n{block.number}">{words}</h{rank}>'
        case Paragraph():
            return f"<p>{_text(block.text)}</p>"
        case Bullets():
            return f"<ul>{''.join(f'<li>{_linked(item)}</li>' for item in block.items)}</ul>"
        case Grid():
            return _table(block)


def _linked(item: str) -> str:
    """A line of the contents leads to its chapter."""
    found = re.match(r"([A-E0-9](?:\.[0-9]+)*) (?=[A-Z])", item)
    text = _text(item)
    return f'<a href="#n{found[1]}">{text}</a>' if found else text


def _table(block: Grid) -> str:
    head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in block.headings)
    body = "".join(
        f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in block.rows
    )
    caption = _text(block.caption)
    label = html.escape(block.caption, quote=True)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>'
        f"<caption>{caption}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _text(words: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(words, quote=True))
