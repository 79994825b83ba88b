"""README.md is true, and docs/ too: sessions are run against a node and print what is shown.

A `console` block holds commands after `$ ` and their output; all blocks of a section are one
session of bash, in a folder like a fresh clone, with a node of its own.  A `toml` block is added to
the configuration before that starts; a `python` block is a file, which its first line names.  `...`
stands for any text; times, rates and the room left are not compared.  A session that starts a node
itself has nothing at its beginning.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from config import catalogue
from config.settings import load
from tests.commands import ROOT, anode, process
from tests.peers import free_port, needs_dcmtk
from tests.test_cli_serve import listening

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HOME = "/home/you/anode"
PORT, ANOTHER, TLS_PORT = 11112, 11113, 2762
END = "\036"
SECONDS = 60
SERVE = re.compile(r"[.]venv/bin/anode (serve .*)")
DCMTK = re.compile(r"(?:dcm\w+|\w+scu) ")
# What differs from run to run: times, rates, what the disk has left.
VARIES = (
    (re.compile(r"\b[\d.]+ (m?s)\b"), r"# \1"),
    (re.compile(r"[\d.]+ [kMG]?B/s"), "# B/s"),
    (re.compile(r"^(Free +)\S.*$", re.MULTILINE), r"\1#"),
)


@dataclass(frozen=True)
class Section:
    """A chapter of a page that shows a session."""

    page: str
    title: str
    steps: tuple[tuple[str, str], ...]  # command, output
    configuration: str
    scripts: tuple[str, ...]


def sections(path):
    text = path.read_text(encoding="utf-8")
    for chapter in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, blocks = chapter.partition("\n")[0], BLOCK.findall(chapter)
        steps = [step for kind, body in blocks if kind == "console" for step in shown(body)]
        toml = "\n".join(body for kind, body in blocks if kind == "toml")
        scripts = tuple(body for kind, body in blocks if kind == "python")
        if steps:
            yield Section(path.stem, title, tuple(steps), toml, scripts)


def shown(body):
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def steady(text):
    for pattern, instead in VARIES:
        text = pattern.sub(instead, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def agrees(expected, actual):
    """Whether an output is what is shown of it."""
    parts = steady(expected).split("...")
    return re.fullmatch(".*?".join(map(re.escape, parts)), steady(actual), re.DOTALL) is not None


def clone(folder, configuration):
    """The folder as `make run` leaves it; port 0, so that any free one is taken."""
    (folder / ".venv").symlink_to(sys.prefix)
    assert anode("init", folder).code == 0
    path = folder / "anode.toml"
    written = f"{path.read_text(encoding='utf-8')}\n{configuration}"
    path.write_text(written.replace(f"port = {PORT}", "port = 0"), encoding="utf-8")
    return path


def session(folder, steps):
    """The commands in one bash; exit code and output of each."""
    # A shell without .venv activated: pynetdicom's programs there have the names of DCMTK's.
    own = str(Path(sys.prefix) / "bin")
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if p != own)
    script = "".join(f"{command}\nprintf '{END}%d{END}' $?\n" for command, _ in steps)
    ran = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{script}"],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=SECONDS,
        check=True,
    )
    parts = ran.stdout.split(END)
    return list(zip(map(int, parts[1::2]), parts[0::2], strict=False))


def from_nothing(folder, steps):
    """A session that starts a node: what is before it, the node on a free port, what is after."""
    number = next(number for number, (command, _) in enumerate(steps) if SERVE.match(command))
    (folder / ".venv").symlink_to(sys.prefix)
    results = session(folder, steps[:number])
    arguments = SERVE.match(steps[number][0])[1].split()
    with process(folder, *arguments, "--port", 0) as node:
        port, said = listening(node)[1:]
        after = [
            (command.replace(str(TLS_PORT), str(port)), _) for command, _ in steps[number + 1 :]
        ]
        results += [(0, said), *session(folder, after)]
    return [(code, output.replace(f":{port}", f":{TLS_PORT}")) for code, output in results]


def compare(steps, results, at):
    for (command, expected), (code, output) in zip(steps, results, strict=True):
        said = output.replace(str(at), HOME)
        assert code == 0, f"$ {command}\n{said}"
        if not agrees(expected, said):
            assert steady(said) == steady(expected), f"$ {command}"


def marked(section):
    foreign = any(DCMTK.match(command) for command, _ in section.steps)
    dcmtk = [pytest.mark.interop, needs_dcmtk] if foreign else []
    name = f"{section.page}: {section.title}".lower().replace(" ", "-")
    return pytest.param(section, marks=dcmtk, id=name)


SECTIONS = [section for path in PAGES for section in sections(path)]


@pytest.mark.parametrize("section", [marked(each) for each in SECTIONS])
def test_a_session_prints_what_is_shown(tmp_path, section):
    if any(SERVE.match(command) for command, _ in section.steps):
        compare(section.steps, from_nothing(tmp_path, section.steps), tmp_path)
        return
    another = str(free_port())
    configuration = clone(tmp_path, section.configuration.replace(str(ANOTHER), another))
    with process(tmp_path, "serve") as node:
        port = str(listening(node)[1])
        text = configuration.read_text(encoding="utf-8")
        configuration.write_text(text.replace("port = 0", f"port = {port}"), encoding="utf-8")
        steps = [
            (command.replace(str(PORT), port).replace(str(ANOTHER), another), output)
            for command, output in section.steps
        ]
        for script in section.scripts:
            name = re.match(r"# (\w+[.]py)", script)[1]
            (tmp_path / name).write_text(script.replace(str(PORT), port), encoding="utf-8")
        results = session(tmp_path, steps)
    told = [(code, output.replace(f":{port}", f":{PORT}")) for code, output in results]
    compare(section.steps, told, tmp_path)


def test_it_is_secured_in_five_commands():
    section = next(each for each in SECTIONS if each.title == "Secure it in five commands")
    used = [command.replace(".venv/bin/anode ", "").split()[0] for command, _ in section.steps]
    assert used == ["init", "tls", "serve", "echoscu", "storescu"]


def test_the_first_session_is_five_commands():
    first = next(section for section in SECTIONS if section.title == "A first session")
    used = [command.split()[1] for command, _ in first.steps]
    assert used == ["echo", "send", "find", "get", "status"]


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("3 stored", "3 stored\n", True),
        ("3 stored", "2 stored", False),
        ("echo in 0.3 ms", "echo in 12 ms", True),
        ("7 in 0.1 s (929 kB/s)", "7 in 2.0 s (1.2 MB/s)", True),
        ("7 in 0.1 s", "8 in 0.1 s", False),
        ("a\n...\nz", "a\nb\nc\nz", True),
        ("a\n...\nz", "a\nb\nc", False),
        ("Free   1.0 GB", "Free   83.2 GB", True),
        ("", "W: something", False),
        ("a [b] (c)", "a [b] (c)", True),
    ],
)
def test_a_drift_is_seen(expected, actual, same):
    assert agrees(expected, actual) is same


def test_its_configuration_is_accepted(tmp_path):
    for number, (kind, body) in enumerate(BLOCK.findall(README)):
        if kind == "toml":
            path = tmp_path / f"{number}.toml"
            path.write_text(body, encoding="utf-8")
            assert load(path, {}).peer


def test_its_make_commands_exist_and_ci_runs_one_of_them():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE))
    assert {"run", "test", "check", "demo"} <= named <= targets
    assert "make check" in (ROOT / ".ci" / "run").read_text()


def test_what_it_says_we_speak_is_what_we_speak():
    kinds = [each.kind for each in catalogue.STORAGE.values()]
    assert (
        f"{len(kinds)} storage SOP classes: {kinds.count('patient')} of patients, "
        f"{kinds.count('non-patient')} others, {kinds.count('retired')} retired"
    ) in README
    assert f"| {len(catalogue.STORAGE_TRANSFER_SYNTAXES)}: native" in README
    served = catalogue.SERVED_MODELS.values()
    others = [each for each in served if each.classes and each.service == "find"]
    assert f"{len(others)} models of objects without a patient" in README
    told = {
        "patient": "Patient Root",
        "study": "Study Root",
        "patient-study": "Patient/Study Only",
        "composite": "Composite Instance Root",
        "without-bulk-data": "Without Bulk Data",
        "repository": "Repository Query",
        "commitment": "Storage Commitment Push Model",
    }
    assert {each.root for each in served if not each.classes} == set(told)
    assert all(name in README for name in told.values())
    assert {each.service for each in served if each.classes} == {"find", "move", "get"}


def test_every_folder_of_ours_is_told():
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name in re.search(r"^packages = \[([\w\s,.\"-]*)\]", pyproject, re.MULTILINE)[1].split(","):
        top = name.strip().strip('"').partition(".")[0]
        assert not top or f"| `{top}/` |" in README
