"""Several C-MOVEs at once: turns at a destination, and a destination that dies in the middle."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from config.limits import Limits
from scp.moves import Moves
from scu import retrieve
from scu.associate import associate
from tests import clients
from tests.clients import CALLER, STUDY_ROOT, SYNTAXES
from tests.nodes import node, peer, target
from tests.objects import CT_IMAGE, identifier, instance, uid, written
from tests.receivers import receiver

MOVE = STUDY_ROOT + "2"


def test_only_so_many_have_a_turn_and_the_rest_get_theirs_later():
    moves, inside, most = Moves(2), [], []
    lock, full = threading.Lock(), threading.Barrier(2, timeout=60)

    def one(number: int) -> None:
        with moves.turn("DEST", lambda: False) as mine:
            assert mine
            with lock:
                inside.append(number)
                most.append(len(inside))
            full.wait()
            with lock:
                inside.remove(number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(6)))
    assert max(most) == 2
    assert len(most) == 6


def test_who_gives_up_waiting_has_no_turn_and_blocks_nobody():
    moves = Moves(1)
    with moves.turn("DEST", lambda: False), moves.turn("DEST", lambda: True) as mine:
        assert not mine
    with moves.turn("DEST", lambda: False) as mine:
        assert mine


def test_moves_to_one_destination_wait_for_each_other_over_the_wire(tmp_path: Path):
    objects = [instance(number) for number in range(5)]
    at_once, most = [0], [0]
    lock = threading.Lock()

    def answer(_number: int) -> int:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        threading.Event().wait(0.01)
        with lock:
            at_once[0] -= 1
        return 0

    with receiver([CT_IMAGE], answer=answer) as (port, received):
        peers = peer("DEST", port), peer(CALLER.ae_title, move_to=("DEST",))
        with node(tmp_path / "node", peers=peers, limits=Limits(moves=1)) as serving:
            here = target(serving)
            clients.send(here, written(tmp_path / "o", *objects))
            asked = identifier("STUDY", StudyInstanceUID=uid("s"))
            with ThreadPoolExecutor(3) as pool:
                ends = list(pool.map(lambda _: clients.move(here, asked, "DEST")[-1], range(3)))
    assert [(end.status, end.completed) for end in ends] == [(0, 5)] * 3
    assert len(received) == 15
    assert most[0] == 1


def test_a_destination_that_dies_fails_what_was_left_and_the_numbers_add_up(tmp_path: Path):
    objects = [instance(number) for number in range(8)]

    def answer(number: int) -> int:
        if number == 4:
            _die(received)
        return 0

    with receiver([CT_IMAGE], answer=answer) as (port, received):
        peers = peer("DEST", port), peer(CALLER.ae_title, move_to=("DEST",))
        with node(tmp_path / "node", peers=peers) as serving:
            here = target(serving)
            clients.send(here, written(tmp_path / "o", *objects))
            asked = identifier("STUDY", StudyInstanceUID=uid("s"))
            with associate(here, CALLER, [(MOVE, SYNTAXES)]) as association:
                responses = list(retrieve.move(association, MOVE, asked, "DEST"))
    last = responses[-1]
    done = last.completed
    assert last.status == 0xB000
    assert done == 3
    assert (last.completed, last.failed, last.warning) == (done, 8 - done, 0)
    assert len(last.failed_uids) == last.failed
    for progress in responses[:-1]:
        assert progress.remaining + progress.completed + progress.failed == 8


def test_a_destination_that_never_answers_fails_in_time(tmp_path: Path):
    objects, done = [instance(number) for number in range(5)], threading.Event()

    def answer(_number: int) -> int:
        done.wait(30)
        return 0

    with receiver([CT_IMAGE], answer=answer) as (port, _):
        peers = peer("DEST", port), peer(CALLER.ae_title, move_to=("DEST",))
        slow = Limits(response_seconds=2.0)  # and enough to associate
        with node(tmp_path / "node", peers=peers, limits=slow) as serving:
            here = target(serving)
            clients.send(here, written(tmp_path / "o", *objects))
            asked = identifier("STUDY", StudyInstanceUID=uid("s"))
            try:
                last = clients.move(here, asked, "DEST")[-1]
            finally:
                done.set()
    assert (last.status, last.completed, last.failed) == (0xA702, 0, 5)
    assert last.comment


def _die(received) -> None:
    """The receiver's process would be gone: its listener and its associations are."""
    association = received.events[0].assoc
    server = association.ae._servers[0]
    server.socket.close()
    association.abort()
