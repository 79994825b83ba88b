"""Bytes of a peer in everything that reads them: heard, or refused in words, and nothing else.

hypothesis mutates what was recorded of legal associations; atheris, which learns from what it
reaches, goes on from there for a moment. `tests/fuzz/run.py` goes on for as long as one likes.
"""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import ROOT, SECONDS
from tests.fuzz import corpus
from tests.fuzz.mutation import MUTATIONS
from tests.fuzz.recording import Conversation, recorded
from tests.fuzz.targets import TARGETS
from tests.hostile import LIMITS, victim
from tests.test_fuzz_conversations import PEERS

pytestmark = pytest.mark.filterwarnings("ignore")
needs_atheris = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this platform"
)
RUNS, LONG_SECONDS = 2000, 600


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> Iterator[list[Conversation]]:
    with victim(tmp_path_factory.mktemp("fuzz"), PEERS + LIMITS) as node:
        yield recorded(node.port, tmp_path_factory.mktemp("said"))


@pytest.fixture(scope="module")
def folder(said: list[Conversation], tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("corpus")
    corpus.written(made, said)
    return made


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_recorded_is_taken(said: list[Conversation], name: str):
    for seed in corpus.seeds(said)[name]:
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
@given(number=st.integers(0, 1 << 32))
def test_what_is_mutated_is_taken_or_refused(said: list[Conversation], name: str, number: int):
    rng = random.Random(number)
    data = rng.choice(corpus.seeds(said)[name])
    for _ in range(rng.choice((1, 2, 5))):
        data = rng.choice(MUTATIONS)(rng, data or b"\0")
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=300))
def test_noise_is_refused(name: str, data: bytes):
    TARGETS[name](data)


def fuzzed(name: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz.run", name, str(folder / name), *options]
    artifacts = f"-artifact_prefix={folder}/"
    mine = {**os.environ, "TMPDIR": str(folder)}  # libFuzzer ends without cleaning up
    return subprocess.run(
        [*command, artifacts], check=False, capture_output=True, text=True, cwd=ROOT, env=mine
    )


@needs_atheris
@pytest.mark.parametrize("name", TARGETS)
def test_atheris_finds_nothing_in_a_moment(folder: Path, name: str):
    ran = fuzzed(name, folder, f"-runs={RUNS}", f"-max_total_time={SECONDS}", "-seed=1")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]


@needs_atheris
@pytest.mark.long
@pytest.mark.parametrize("name", TARGETS)
def test_atheris_finds_nothing_in_ten_minutes(folder: Path, name: str):
    ran = fuzzed(name, folder, f"-max_total_time={LONG_SECONDS}")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
