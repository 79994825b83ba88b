"""Imports go down, never up or sideways, and each outside library has one home (design.md)."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# folder -> the folders of ours it may import
MAY_IMPORT = {
    "config": set(),
    "wire": set(),
    "archive": set(),
    "iod": set(),
    "scu": {"config", "wire"},
    "scp": {"config", "wire", "archive", "iod", "scu"},
    "cli": {"config", "wire", "archive", "iod", "scu", "scp"},
}
# library -> its homes; pydicom's Dataset and UID are the common language
HOMES = {
    "pydantic": {"config"},
    "cryptography": {"config"},
    "ssl": {"config", "wire"},
    "pynetdicom": {"wire", "scu", "scp"},
    "pydicom": {"wire", "archive", "iod", "scu", "scp", "cli"},
    "peewee": {"archive"},
    "playhouse": {"archive"},
    "jellyfish": {"archive"},
    "highdicom": {"iod"},
    "av": {"iod"},
    "numpy": {"iod"},
    "imagecodecs": {"iod"},
    "trimesh": {"iod"},
    "pypdf": {"iod"},
    "defusedxml": {"iod"},
    "jpeg_ls": {"iod"},
    "typer": {"cli"},
    "click": {"cli"},
    "rich": {"cli"},
}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}


def _modules(packages: list[str]) -> list[str]:
    paths = (path for package in packages for path in (ROOT / package).rglob("*.py"))
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def _tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), module)


def _imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else (node.module or "").partition(".")[0], node.lineno


def _faults(module: str, tree: ast.Module) -> list[str]:
    package = Path(module).parts[0]
    allowed = MAY_IMPORT[package] | {package}
    faults = []
    for name, line in _imports(tree):
        if name in MAY_IMPORT:
            fault = name not in allowed
        elif name in HOMES:
            fault = package not in HOMES[name]
        else:
            fault = name not in sys.stdlib_module_names
        if fault:
            faults.append(f"{module}:{line}: {package} must not import {name}")
    return faults


def _environment_reads(module: str, tree: ast.Module) -> list[str]:
    return [
        f"{module}:{node.lineno}: reads the environment"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT)
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and ENVIRONMENT & {alias.name for alias in node.names}
        )
    ]


@pytest.mark.parametrize("module", _modules(list(MAY_IMPORT)))
def test_imports_go_down_and_libraries_stay_at_home(module):
    assert _faults(module, _tree(module)) == []


@pytest.mark.parametrize("module", _modules([name for name in MAY_IMPORT if name != "cli"]))
def test_only_the_command_line_reads_the_environment(module):
    assert _environment_reads(module, _tree(module)) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("wire/x.py", "import config.limits"),
        ("archive/x.py", "from wire import core"),
        ("scu/x.py", "import archive"),
        ("scp/x.py", "from cli.main import main"),
        ("iod/x.py", "from config import catalogue"),
        ("scu/x.py", "from . import associate"),
        ("scp/x.py", "from pydantic import BaseModel"),
        ("scp/x.py", "import peewee"),
        ("config/x.py", "import pynetdicom"),
        ("archive/x.py", "import numpy"),
        ("wire/x.py", "def later():\n    import rich"),
    ],
)
def test_a_forbidden_import_is_seen(module, line):
    assert len(_faults(module, ast.parse(line))) == 1


@pytest.mark.parametrize(
    "line", ["import os\nos.environ['X']", "from os import getenv", "import os\nos.getenv('X')"]
)
def test_a_read_of_the_environment_is_seen(line):
    assert len(_environment_reads("scp/x.py", ast.parse(line))) == 1
