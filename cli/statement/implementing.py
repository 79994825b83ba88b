"""Chapter 4: the application entity, what it does and when. Annex N.4."""

from __future__ import annotations

from collections.abc import Iterator

from cli.statement.blocks import Block, Heading, Paragraph, grid
from config.settings import Settings


def implementation(settings: Settings) -> Iterator[Block]:
    """Chapter 4."""
    title = settings.node.ae_title
    yield Heading("4", "Implementation Model")
    yield Heading("4.1", "Application Entities and Data Flow")
    yield Paragraph(
        f"There is one application entity, {title}. What it is told over the network goes to one "
        "archive: object files, and an index that is queried."
    )
    yield grid(
        "Table 4.1-1. Application data flow",
        "Real-world activity | Message | From | To | Then",
        [tuple(cell.format(title=title) for cell in row) for row in _FLOW],
    )
    yield Heading("4.1.1", f"Functional Definition of {title}")
    served = settings.node.workers or 1
    yield Paragraph(
        "It accepts associations on its listeners while the node runs (`anode serve`), each in a "
        f"thread of its own, in {served} process{'es' if served > 1 else ''}; and it initiates "
        "associations for C-MOVE, for reports of storage commitment, and for commands. It needs "
        "nobody's hand: what peers ask is answered by the rights the configuration gives them."
    )


_FLOW = (
    ("Store objects", "C-STORE", "peer", "{title}", "written, indexed, then acknowledged (5.6.1)"),
    ("Query", "C-FIND", "peer", "{title}", "answered from the index"),
    ("Retrieve to oneself", "C-GET", "peer", "{title}", "C-STORE on the same association"),
    ("Retrieve to another", "C-MOVE", "peer", "{title}", "C-STORE to the destination"),
    ("Commit", "N-ACTION", "peer", "{title}", "N-EVENT-REPORT to the requestor"),
    ("Verify", "C-ECHO", "peer", "{title}", "answered"),
    ("Send files", "C-STORE", "`anode send`", "peer", "the summary tells what was stored"),
    ("Ask a peer", "C-FIND", "`anode find`", "peer", "answers are shown"),
    ("Fetch", "C-GET, C-MOVE", "`anode get`, `move`", "peer", "files, or counts"),
    ("Be sure of a copy", "N-ACTION", "`anode commit`", "peer", "N-EVENT-REPORT is awaited"),
    ("Look whether a peer is there", "C-ECHO", "`anode echo`, `peers`", "peer", "told"),
)
