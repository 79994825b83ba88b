"""Distils highdicom's tables of PS3.3 into `iod/checks/tables/structure.json`.

    python tools/iod_structure.py          # writes the file; needs highdicom

Law: nothing is lost but repetition.  highdicom repeats each macro wherever it is used, 100,000
rows; here a list of attributes that occurs twice is one node.  In its data C is conditional and U
is user option (only its enum has them swapped).  The checker needs this file alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "iod/checks/tables/structure.json"
NOTICE = (
    "PS3.3 as tables, distilled by tools/iod_structure.py from highdicom {version}, which is "
    "Copyright 2020 MGH Computational Pathology, under the MIT License: see LICENSE-highdicom."
)

Tree = dict[str, tuple[str, "Tree"]]
Row = tuple[str, str, int]


class Nodes:
    """Lists of attributes, each once: keyword, type, and the node of its items or -1."""

    def __init__(self) -> None:
        self.rows: list[tuple[Row, ...]] = []
        self._known: dict[tuple[Row, ...], int] = {}

    def add(self, tree: Tree) -> int:
        """The number of a node, which is known or new."""
        rows = tuple(
            (keyword, kind, self.add(inside) if inside else -1)
            for keyword, (kind, inside) in tree.items()
        )
        if rows not in self._known:
            self._known[rows] = len(self.rows)
            self.rows.append(rows)
        return self._known[rows]


def tree(attributes: Iterable[Mapping[str, Any]]) -> Tree:
    """A module's flat rows as the tree that their paths tell."""
    root: Tree = {}
    for each in attributes:
        at = root
        for keyword in each["path"]:
            at = at[keyword][1]
        at[each["keyword"]] = (each["type"], {})
    return root


def _table(name: str) -> dict[str, Any]:
    """A table of the installed highdicom, which itself is not imported."""
    path = distribution("highdicom").locate_file(f"highdicom/_standard/{name}.json")
    loaded: dict[str, Any] = json.loads(Path(str(path)).read_text(encoding="utf-8"))
    return loaded


def distilled() -> dict[str, Any]:
    """What the file holds."""
    nodes = Nodes()
    modules = {
        name: nodes.add(tree(rows)) for name, rows in sorted(_table("module_attribute_map").items())
    }
    iods = {
        name: [[each["key"], each["usage"]] for each in rows]
        for name, rows in sorted(_table("iod_module_map").items())
    }
    return {
        "notice": NOTICE.format(version=version("highdicom")),
        "classes": dict(sorted(_table("sop_class_iod_map").items())),
        "iods": iods,
        "modules": modules,
        "nodes": [[list(row) for row in rows] for rows in nodes.rows],
    }


def text(tables: Mapping[str, Any]) -> str:
    """A line for each entry, so that a new edition can be read as a difference."""
    parts = []
    for name, table in tables.items():
        if isinstance(table, str):
            parts.append(f"{json.dumps(name)}: {json.dumps(table)}")
        elif isinstance(table, dict):
            rows = [f"{json.dumps(key)}: {_compact(value)}" for key, value in table.items()]
            parts.append(f"{json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n}")
        else:
            rows = [_compact(value) for value in table]
            parts.append(f"{json.dumps(name)}: [\n" + ",\n".join(rows) + "\n]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    TARGET.write_text(text(distilled()), encoding="ascii")
