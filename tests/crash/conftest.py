"""What the crash tests share: nodes to be killed, and the word that says what was not tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.crash.disks import missing
from tests.crash.secured import secured
from tests.crash.serving import Cradle, Site


def pytest_terminal_summary(terminalreporter):
    """A run without power cuts says so at its end, and not only among what was skipped."""
    if why := missing():
        terminalreporter.section("POWER CUTS WERE NOT TESTED", "!", red=True)
        terminalreporter.line(why)


@pytest.fixture(scope="session")
def cradle():
    """Where nodes of ours come from."""
    with Cradle() as made:
        yield made


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A CA for all."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def site(tmp_path) -> Site:
    """A folder for a node, and nothing in it."""
    return Site.within(tmp_path)


@pytest.fixture
def secure_site(tmp_path: Path, authority: Authority) -> Site:
    """The same with a TLS listener beside the plain one."""
    return secured(Site.within(tmp_path), authority)
