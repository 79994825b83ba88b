"""Many objects to one peer, from one thread or several: one outcome each, whatever happens."""

import threading

import pytest

from scu import instances
from scu.associate import Caller, Target
from scu.loads import FRUITLESS, Waiting
from scu.store import store_all
from tests.objects import instance, written
from tests.pairs import PATIENCE, accepting, serving
from wire.errors import Aborted, Unreachable, Unreadable


@pytest.fixture
def objects(tmp_path):
    return [instances.read(path) for path in written(tmp_path, *map(instance, range(8)))]


def sent(port, objects, threads):
    target = Target("DEST", "127.0.0.1", port)
    return list(store_all(target, Caller("TESTER"), objects, threads=threads))


def taking(number):
    """A peer that answers so many objects on an association and aborts with the next."""

    def serve(association):
        for _ in range(number):
            if (message := association.receive()) is None:
                return
            message.drain()
            association.send(message.context, message.command.response(0))
        if association.receive() is not None:
            association.abort()

    return accepting(serve)


@pytest.mark.parametrize("threads", [0, 1])
@pytest.mark.parametrize(("number", "connections", "stored"), [(9, 1, 8), (3, 2, 6), (1, 4, 4)])
def test_an_association_that_breaks_costs_one_object(objects, threads, number, connections, stored):
    with serving(taking(number), connections) as port:
        outcomes = sent(port, objects, threads)
    assert [one.instance for one in outcomes] == objects
    assert sum(one.status == 0 for one in outcomes) == stored
    assert all(isinstance(one.error, Aborted) for one in outcomes if one.status is None)


@pytest.mark.parametrize("threads", [0, 1])
@pytest.mark.parametrize("serve", [taking(0), lambda sock: sock.recv(65536)])
def test_three_fruitless_associations_end_it(objects, threads, serve):
    with serving(serve, FRUITLESS) as port:
        outcomes = sent(port, objects, threads)
    assert len(outcomes) == len(objects)
    assert {one.status for one in outcomes} == {None}
    assert "the peer ends every association it is offered" in outcomes[-1].comment


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_a_peer_that_is_not_there_fails_everything_at_once(objects, threads):
    outcomes = sent(1, objects, threads)
    assert len(outcomes) == len(objects)
    assert all(isinstance(one.error, Unreachable) for one in outcomes)


@pytest.mark.parametrize("threads", [0, 1])
def test_leaving_early_releases_the_association_and_begins_nothing_more(objects, threads):
    seen, released = [], threading.Event()

    def serve(association):
        while (message := association.receive()) is not None:
            message.drain()
            seen.append(message.command.affected_sop_instance_uid)
            association.send(message.context, message.command.response(0))
        released.set()

    with serving(accepting(serve), 1) as port:
        outcomes = store_all(
            Target("DEST", "127.0.0.1", port), Caller("TESTER"), objects, threads=threads
        )
        assert next(outcomes).status == 0
        outcomes.close()
        assert released.wait(PATIENCE)
    # A thread of its own may have gone on meanwhile.
    assert len(seen) == 1 or threads


def test_objects_are_read_no_earlier_than_they_are_wanted(objects):
    read = []
    waiting = Waiting(read.append(one) or one for one in objects)
    assert read == []
    for number, one in enumerate(objects, 1):
        assert waiting
        assert waiting.following() is one
        assert len(read) == number
        assert waiting.take() is one
    assert not waiting
    assert waiting.following() is waiting.take() is None


def test_what_was_let_go_of_is_not_read_any_more(objects):
    waiting = Waiting(objects)
    assert waiting.take() is objects[0]
    assert waiting.following() is objects[1]
    waiting.clear()
    assert waiting.take() is None


def test_what_cannot_be_read_is_told_after_what_was_sent_before_it():
    """A look at what follows comes while an object is under way: its outcome must be told."""

    def read():
        yield "one"
        raise Unreadable("the list broke off")

    waiting = Waiting(read())
    assert waiting.take() == "one"
    assert waiting.following() is None
    assert waiting
    with pytest.raises(Unreadable, match="broke off"):
        waiting.take()
    assert not waiting
    assert waiting.take() is None
