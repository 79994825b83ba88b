"""Mutated conversations with a living node: whatever is said, it lives, and others are served.

A finding is told by its number: `mutated(number, recorded)` is that conversation again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice

import pytest

from tests.fuzz.mutation import converse, mutated
from tests.fuzz.recording import Conversation, recorded
from tests.hostile import BYSTANDER, LIMITS, Victim, attacked, victim
from tests.peers import needs_dcmtk

PEERS = f"""
[[peer]]
ae_title = "BYSTANDER"
host = "{BYSTANDER}"
may = ["echo"]
[[peer]]
ae_title = "TESTER"
host = "127.0.0.1"
may = ["echo", "store", "find", "move", "get", "commit"]
move_to = ["DEST"]
[[peer]]
ae_title = "DEST"
host = "127.0.0.1"
port = 9
"""
BATCH = 250
START = int(os.environ.get("FUZZ_START", "0"))
LONG = int(os.environ.get("FUZZ_LONG", "30000"))


@pytest.fixture(scope="module")
def node(tmp_path_factory) -> Iterator[Victim]:
    with victim(tmp_path_factory.mktemp("fuzz"), PEERS + LIMITS) as serving:
        yield serving


@pytest.fixture(scope="module")
def seeds(node: Victim, tmp_path_factory) -> list[Conversation]:
    return recorded(node.port, tmp_path_factory.mktemp("said"))


@needs_dcmtk
def test_thirty_legal_associations_are_recorded(seeds: list[Conversation]):
    assert len(seeds) >= 30
    assert all(one[0][:1] == b"\x01" for one in seeds)
    assert max(map(len, seeds)) >= 4


def test_a_recorded_conversation_can_be_held_again(node: Victim, seeds: list[Conversation]):
    """The positive twin: unchanged, each is answered with an acceptance."""
    for said in seeds:
        assert converse(node.port, said, in_step=True)[:1] in (b"\x02", b"\x03")


def survived(node: Victim, seeds: Sequence[Conversation], numbers: range) -> None:
    rest = iter(numbers)
    while batch := list(islice(rest, BATCH)):
        with attacked(node, lines=None, stored=None) as seen:
            for number in batch:
                converse(node.port, mutated(number, seeds), in_step=number % 2 == 0)
        told = [line for line in seen.lines if " ERROR " in line or "Traceback" in line]
        assert not told, (batch[0], told)


def test_500_mutated_conversations_harm_nobody(node: Victim, seeds: list[Conversation]):
    survived(node, seeds, range(START, START + 500))


@pytest.mark.long
def test_30000_mutated_conversations_harm_nobody(node: Victim, seeds: list[Conversation]):
    survived(node, seeds, range(1_000_000 + START, 1_000_000 + START + LONG))
