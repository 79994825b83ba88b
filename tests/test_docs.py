"""docs/ is true: nothing that can be configured, typed, asked or refused is missing or made up."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from archive import nonpatient
from archive.attributes import ATTRIBUTES, LEVELS
from archive.findings import KINDS
from archive.options import Options
from cli import commands, main
from config import catalogue
from config.limits import Limits
from config.settings import Settings, load
from scp import extended, statuses
from scu.references import Reason
from tests.commands import ROOT
from tests.test_layers import MAY_IMPORT

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])


COMMANDS = {each.name: each.made() for each in commands.COMMANDS}
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
    "[[user]]": "user",
    "[access]": "access",
    "[archive]": "archive",
    "[audit]": "audit",
    "[[audit.sink]]": "audit.sink",
    "[log]": "log",
}


def model_of(section):
    model = Settings
    for name in section.split("."):
        annotation = model.model_fields[name].annotation
        model = getattr(annotation, "__args__", (annotation,))[0]
    return model


def default(field):
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return "none"
    value = str(field.default) if isinstance(field.default, Path) else field.default
    return f"`{json.dumps(value)}`"


def test_every_section_of_the_settings_has_a_chapter():
    sections = {name for name in TABLES.values() if "." not in name}
    assert {*sections, "limits"} == set(Settings.model_fields)
    assert {*TABLES, "[limits]"} < set(SETTINGS)


@pytest.mark.parametrize("title", TABLES)
def test_every_key_is_told_with_its_default(title):
    fields = model_of(TABLES[title]).model_fields
    told = [row[:2] for row in rows(SETTINGS[title])]
    assert told == [(f"`{name}`", default(field)) for name, field in fields.items()]


def test_every_group_of_rights_is_told():
    told = {
        service.strip("` "): set(groups.split(", "))
        for services, groups in rows(SETTINGS["Rights"])
        for service in services.split(",")
    }
    assert told == catalogue.GROUPS


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

QUERY = chapters(page("query.md"))


@pytest.mark.parametrize("level", LEVELS)
def test_every_key_is_told_at_its_level(level):
    told = next(row for row in rows(QUERY["Keys"]) if row[0] == level)
    keys = {"U": [], "R": [], "O": []}
    for attribute in ATTRIBUTES:
        if attribute.level == level:
            keys[attribute.key].append(attribute.keyword)
    assert told[1:] == tuple(", ".join(keys[kind]) for kind in "URO")


ALONE = "Objects without a patient"


def test_every_key_of_models_without_levels_is_told():
    told = {row[0].split("`")[1]: row[1:] for row in rows(QUERY[ALONE])}
    assert told.keys() == nonpatient.MODELS.keys()
    common = ("SOPInstanceUID", "SOPClassUID", "SpecificCharacterSet", "TimezoneOffsetFromUTC")
    assert all(f"{keyword}" in QUERY[ALONE] for keyword in common)
    for model, keys in nonpatient.MODELS.items():
        own = [each for each in keys if each.keyword not in common]
        expected = (", ".join(a.keyword for a in own if a.key == kind) for kind in "RO")
        assert told[model] == tuple(expected), model


def test_what_is_known_of_their_items_is_told():
    told = {name: set(cell.split(", ")) for name, cell in rows(QUERY[ALONE], table=1)}
    known = {a.keyword: {i.keyword for i in a.items} for a in with_items(nonpatient.KEPT)}
    elsewhere = {name for name, _ in rows(QUERY["Keys"], table=1)}
    code = known["MaterialsCodeSequence"]
    for name, items in known.items():
        assert name in elsewhere or told.get(name, code) == items, name
    assert told.keys() <= known.keys()


def with_items(attributes):
    for attribute in attributes:
        if attribute.items:
            yield attribute
            yield from with_items(attribute.items)


def test_what_is_known_of_items_is_told():
    told = {name: set(cell.split(", ")) for name, cell in rows(QUERY["Keys"], table=1)}
    known = {each.keyword: {i.keyword for i in each.items} for each in with_items(ATTRIBUTES)}
    code = known["ProcedureCodeSequence"]
    listed = re.search(r"PS3.3 8.8\s\(([^)]*)\)", QUERY["Keys"])[1]
    assert set(re.findall(r"\w+", listed)) == code
    for name, items in known.items():
        short = items - code | {"a code's"} if code <= items else items
        assert told.get(name, {"a code's"}) == short, name
    assert told.keys() <= known.keys()


# What query.md calls the options of extended negotiation
NEGOTIATED = {
    "relational queries": "relational",
    "combined date and time": "combined_datetime",
    "fuzzy names": "fuzzy_names",
    "time zone": "timezone",
    "enhanced multi-frame conversion": None,
    "empty value": "empty_value",
    "multiple values": "multiple_value",
}


def test_each_byte_of_extended_negotiation_is_told_with_its_answer():
    told = [row[:3] for row in rows(QUERY["Extended negotiation"])]
    assert [row[1] for row in told] == list(NEGOTIATED)
    assert {name for name in NEGOTIATED.values() if name} == {each.name for each in fields(Options)}
    model = next(m for m in catalogue.MODELS.values() if (m.service, m.root) == ("find", "study"))
    for number, name, answer in told:
        offered = bytes(number == str(place) for place in range(1, 8))
        assert extended.answer(model, offered)[int(number) - 1] == int(answer)
        wanted = Options(**{NEGOTIATED[name]: True}) if NEGOTIATED[name] else Options()
        assert extended.options(model, offered) == wanted


def test_every_refusal_of_an_object_is_told_with_its_status():
    table = rows(chapters(page("storage.md"))["What is refused"])
    assert {name: status for _, status, name in table if name} == {
        f"`{kind.__name__}`": f"`{int(status):04X}`" for kind, status in statuses.STORE.items()
    }


ANSWERS = ("query.md", "retrieve.md", "storage.md", "commitment.md")


@pytest.mark.parametrize("status", statuses.Status)
def test_every_status_we_answer_with_is_told(status):
    assert f"`{int(status):04X}`" in "".join(map(page, ANSWERS))


def test_every_reason_not_to_commit_is_told():
    told = [row[0][1:5] for row in rows(chapters(page("commitment.md"))["What it means here"])]
    assert told == [f"{int(reason):04X}" for reason in Reason if reason]


def test_every_folder_has_its_sentence_in_the_architecture():
    told = [row[0] for row in rows(chapters(page("architecture.md"))["The rooms"])]
    assert told == [f"`{name}/`" for name in MAY_IMPORT]


def test_every_limit_is_told_where_it_is_checked():
    told = ", ".join(row[0] for row in rows(chapters(page("architecture.md"))["Where limits live"]))
    assert set(told.split(", ")) == {f"`{name}`" for name in Limits.model_fields}


def test_every_finding_is_told_with_its_remedy():
    told = rows(chapters(page("care.md"))["Check"])
    assert told == [(f"`{kind}`", *words) for kind, words in KINDS.items()]


# -- all pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert "://" in target or (path.parent / target).exists(), target


def test_every_file_that_is_named_exists():
    named = re.compile(
        r"`((?:config|wire|archive|iod|scu|scp|cli|tests|tools|docs)/[\w./-]+\.\w+)`"
    )
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
