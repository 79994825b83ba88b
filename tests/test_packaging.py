"""What is installed is ours and whole: names, pins, and a wheel with every package and table."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["setuptools"]["packages"]
TOP_LEVEL = [name for name in PACKAGES if "." not in name]
PINS = {
    canonicalize_name(name): version
    for name, _, version in (
        line.partition("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
}


def _required(requirements: list[str]) -> set[str]:
    parsed = map(Requirement, requirements)
    return {
        canonicalize_name(each.name)
        for each in parsed
        if each.marker is None or each.marker.evaluate({"extra": ""})
    }


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_name_resolves_to_ours(name):
    # There are unrelated distributions that bring packages called `scp` and `config`.
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin == str(ROOT.joinpath(*name.split("."), "__init__.py"))


def test_every_package_is_listed_by_name():
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for name in TOP_LEVEL
        for path in (ROOT / name).rglob("__init__.py")
    }
    assert found == set(PACKAGES)


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_a_package_says_it_is_typed(name):
    assert (ROOT / name / "py.typed").is_file()


def test_no_dependency_takes_the_name_of_a_package_of_ours():
    assert set(PINS).isdisjoint({"anode", *TOP_LEVEL})


@pytest.mark.parametrize("path", ["constraints.txt", "tools/sslyze.txt"])
def test_a_constraint_is_a_name_and_a_version(path):
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin)] == []
    assert len({canonicalize_name(pin.partition("==")[0]) for pin in pins}) == len(pins)


def test_every_dependency_is_pinned_directly_or_not():
    project = PROJECT["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    wanted, seen = _required(declared), set()
    while wanted - seen:
        name = (wanted - seen).pop()
        seen.add(name)
        wanted |= _required(metadata.requires(name) or [])
    assert seen == set(PINS)


@pytest.mark.parametrize(("name", "version"), PINS.items())
def test_what_runs_here_is_what_is_pinned(name, version):
    assert metadata.version(name) == version


SCRIPTS = ["Makefile", "constraints.txt", "tools/setup.sh", "tools/peers.sh", ".ci/run"]


@pytest.mark.parametrize("path", SCRIPTS)
def test_no_script_names_a_host(path):
    assert not re.search(r"https?://|index-url|find-links", (ROOT / path).read_text("utf-8"))


def test_a_wheel_holds_every_package_its_tables_and_its_types(tmp_path):
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in TOP_LEVEL:
        shutil.copytree(ROOT / name, source / name, ignore=unwanted)
    for path in (ROOT / name for name in ("pyproject.toml", "LICENSE", "README.md")):
        shutil.copy(path, source)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-w", wheels]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, source], check=True)
    (wheel,) = wheels.glob("anode-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        info = "".join(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        entry_points = archive.read(info).decode()
    kinds = (".py", ".csv", ".json", ".pem", ".typed")
    files = (path for path in source.rglob("*") if path.suffix in kinds or "LICENSE-" in path.name)
    ours = {str(path.relative_to(source)) for path in files}
    assert {name for name in ours if not name.startswith("build/")} == held
    assert "anode = cli.main:main" in entry_points
