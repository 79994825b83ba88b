"""Rooms one can overlook: the sizes, names and types that style.md asks of shipped code."""

import ast
import re
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("config", "wire", "archive", "iod", "scu", "scp", "cli")
MODULES = sorted(
    str(path.relative_to(ROOT)) for package in PACKAGES for path in (ROOT / package).rglob("*.py")
)
LONGEST_FILE = 300
LONGEST_FUNCTION = 50
LONG_FUNCTION = 40
MEDIAN_FUNCTION = 8
MOST_PARAMETERS = 4
FORBIDDEN_NAME = re.compile(r"(Manager|Helper|Impl)s?$|^handle_|^(utils?|helpers?|common|misc)$")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), module)


def _functions(module: str) -> list[Function]:
    return [node for node in ast.walk(_tree(module)) if isinstance(node, Function)]


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _lengths() -> list[int]:
    return [_length(function) for module in MODULES for function in _functions(module)]


def _positional(function: Function) -> list[str]:
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


@pytest.mark.parametrize("module", MODULES)
def test_a_file_is_at_most_300_lines(module):
    assert len((ROOT / module).read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("module", MODULES)
def test_a_file_begins_with_its_law(module):
    assert ast.get_docstring(_tree(module)), f"{module} has no docstring"


@pytest.mark.parametrize("module", MODULES)
def test_a_function_is_at_most_50_lines(module):
    long = {f.name: _length(f) for f in _functions(module) if _length(f) > LONGEST_FUNCTION}
    assert long == {}


@pytest.mark.parametrize("module", MODULES)
def test_a_function_says_what_it_returns(module):
    assert [f.name for f in _functions(module) if f.returns is None] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_function_takes_at_most_four_positional_parameters(module):
    many = {f.name: _positional(f) for f in _functions(module)}
    assert {name: taken for name, taken in many.items() if len(taken) > MOST_PARAMETERS} == {}


@pytest.mark.parametrize("module", MODULES)
def test_names_are_of_the_field(module):
    defined = [
        node.name for node in ast.walk(_tree(module)) if isinstance(node, Function | ast.ClassDef)
    ]
    assert [name for name in (Path(module).stem, *defined) if FORBIDDEN_NAME.search(name)] == []


def test_of_all_functions_95_percent_are_at_most_40_lines():
    lengths = _lengths()
    assert sum(length <= LONG_FUNCTION for length in lengths) >= 0.95 * len(lengths)


def test_the_median_function_is_at_most_8_lines():
    assert median(_lengths()) <= MEDIAN_FUNCTION
