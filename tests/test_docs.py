"""docs/ is true: nothing that can be configured, typed, asked or refused is missing or made up."""

import json
import re
from pathlib import Path

import pytest
import typer
from pydantic_core import PydanticUndefined

from archive.attributes import ATTRIBUTES, LEVELS
from cli import main
from config.limits import Limits
from config.settings import Settings, load
from scp import statuses
from tests.commands import ROOT
from tests.test_layers import MAY_IMPORT

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
COMMANDS = typer.main.get_command(main.app).commands
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)[^)]*\)")


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def chapters(text):
    """What stands under each heading of the second rank."""
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    return {title.strip(): body for title, _, body in (part.partition("\n") for part in parts)}


def rows(body, *, table=0):
    """The cells of a chapter's table, without its head."""
    tables = re.findall(r"(?:^\|.*\n)+", body, re.MULTILINE)
    return [
        tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
        for line in tables[table].splitlines()[2:]
    ]


# -- configuration.md -----------------------------------------------------------------------------

SETTINGS = chapters(page("configuration.md"))
TABLES = {
    "[node]": "node",
    "[[listener]]": "listener",
    "[[peer]]": "peer",
    "[access]": "access",
    "[archive]": "archive",
    "[log]": "log",
}


def model_of(section):
    annotation = Settings.model_fields[section].annotation
    return getattr(annotation, "__args__", (annotation,))[0]


def default(field):
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return "none"
    value = str(field.default) if isinstance(field.default, Path) else field.default
    return f"`{json.dumps(value)}`"


def test_every_section_of_the_settings_has_a_chapter():
    assert {*TABLES.values(), "limits"} == set(Settings.model_fields)
    assert {*TABLES, "[limits]"} < set(SETTINGS)


@pytest.mark.parametrize("title", TABLES)
def test_every_key_is_told_with_its_default(title):
    fields = model_of(TABLES[title]).model_fields
    told = [row[:2] for row in rows(SETTINGS[title])]
    assert told == [(f"`{name}`", default(field)) for name, field in fields.items()]


def test_every_limit_is_told_as_the_table_of_limits_says():
    assert rows(SETTINGS["[limits]"]) == [
        (
            f"`{name}`",
            f"`{field.default:.15g}`",
            field.json_schema_extra["unit"],
            field.description,
        )
        for name, field in Limits.model_fields.items()
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_configuration_shown_is_accepted(tmp_path, path):
    for body in re.findall(r"^```toml\n(.*?)^```", path.read_text("utf-8"), re.M | re.S):
        file = tmp_path / "anode.toml"
        file.write_text(body, encoding="utf-8")
        load(file, {})


# -- cli.md ---------------------------------------------------------------------------------------

TYPED = chapters(page("cli.md"))


def told_of(parameter):
    """Names and help of an option or argument, as `--help` has them."""
    names = [*parameter.opts, *parameter.secondary_opts]
    if parameter.param_type_name == "argument":
        names = [parameter.metavar]
    return ", ".join(f"`{name}`" for name in names), parameter.help or ""


def test_every_command_has_a_chapter_in_the_order_of_the_help():
    assert [title for title in TYPED if title.startswith("anode ")] == [
        f"anode {name}" for name in COMMANDS
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_told_as_its_help_says(name):
    shared = rows(TYPED["Options of several commands"])
    told = [row[:2] for row in shared if name in row[2].split(", ")]
    body = TYPED[f"anode {name}"]
    told += rows(body) if "|" in body else []
    assert sorted(told) == sorted(told_of(each) for each in COMMANDS[name].params)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_chapter_begins_with_the_help_of_its_command(name):
    told = " ".join(TYPED[f"anode {name}"].partition("|")[0].split())
    assert told.startswith(" ".join(COMMANDS[name].help.split()))


def test_every_exit_code_is_told():
    told = " ".join(page("cli.md").split())
    codes = re.findall(r"(\d+) ([a-z][a-z ]+)", main.CODES)
    assert len(codes) == 7
    assert [row[:2] for row in rows(TYPED["Exit codes"])] == codes
    assert all(f"`{name}" in told for name in ("ANODE_CONFIG", main.TRACEBACK))


# -- query.md, storage.md, architecture.md --------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_every_key_is_told_at_its_level(level):
    told = next(row for row in rows(chapters(page("query.md"))["Keys"]) if row[0] == level)
    keys = {"U": [], "R": [], "O": []}
    for attribute in ATTRIBUTES:
        if attribute.level == level:
            keys[attribute.key].append(attribute.keyword)
    assert told[1:] == tuple(", ".join(keys[kind]) for kind in "URO")


def test_every_refusal_of_an_object_is_told_with_its_status():
    table = rows(chapters(page("storage.md"))["What is refused"])
    assert {name: status for _, status, name in table if name} == {
        f"`{kind.__name__}`": f"`{int(status):04X}`" for kind, status in statuses.STORE.items()
    }


@pytest.mark.parametrize("status", statuses.Status)
def test_every_status_we_answer_with_is_told(status):
    assert f"`{int(status):04X}`" in page("query.md") + page("storage.md")


def test_every_folder_has_its_sentence_in_the_architecture():
    told = [row[0] for row in rows(chapters(page("architecture.md"))["The rooms"])]
    assert told == [f"`{name}/`" for name in MAY_IMPORT]


def test_every_limit_is_told_where_it_is_checked():
    told = ", ".join(row[0] for row in rows(chapters(page("architecture.md"))["Where limits live"]))
    assert set(told.split(", ")) == {f"`{name}`" for name in Limits.model_fields}


# -- all pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert "://" in target or (path.parent / target).exists(), target


def test_every_file_that_is_named_exists():
    named = re.compile(r"`((?:config|wire|archive|scu|scp|cli|tests|tools|docs)/[\w./-]+\.\w+)`")
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in PAGES
        for name in named.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / name).exists()
    ]
    assert missing == []


def test_decisions_are_numbered_without_gaps():
    names = sorted(path.name for path in (DOCS / "decisions").glob("*.md"))
    assert [name[:4] for name in names] == [f"{n:04}" for n in range(1, len(names) + 1)]
    for name in names:
        assert page(f"decisions/{name}").startswith(f"# {int(name[:4])}. ")
