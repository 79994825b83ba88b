"""Ctrl-C at the command line ends a query with C-CANCEL, PS3.7 9.3.2.3, and exit code 130."""

import select
import signal
import threading

import pytest
from pydicom import Dataset

from scu.datasets import encode
from tests.commands import SECONDS, process
from tests.pairs import PATIENCE, accepting, serving

PENDING, CANCELLED, SUCCESS = 0xFF00, 0xFE00, 0x0000


class Slow:
    """A peer that answers once, and then not before it is told to cancel."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.cancelled = False

    def __call__(self, association):
        request = association.receive()
        request.drain()
        command = request.command
        pending = command.response(PENDING, data_set=command.move_destination is None)
        data = None
        if command.move_destination is None:
            match = Dataset()
            match.QueryRetrieveLevel, match.StudyInstanceUID = "STUDY", "1.2.3"
            data = encode(match, request.context.transfer_syntax)
        else:
            pending = pending.with_counts(5, 1, 0, 0)
        association.send(request.context, pending, data)
        self.begun.set()
        while not association.cancelled(command.message_id):
            assert select.select([association.channel.socket], [], [], PATIENCE)[0]
        self.cancelled = True
        final = command.response(CANCELLED)
        if command.move_destination is not None:
            final = final.with_counts(4, 1, 0, 0)
        association.send(request.context, final)
        association.receive()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("find", "{peer}"), "until it was cancelled"),
        (("move", "{peer}", "DEST", "-k", "StudyInstanceUID=1.2.3"), "0xFE00"),
    ],
    ids=["find", "move"],
)
def test_ctrl_c_cancels_and_what_came_is_shown(tmp_path, arguments, said):
    slow = Slow()
    with serving(accepting(slow)) as port:
        given = [each.format(peer=f"SLOW@127.0.0.1:{port}") for each in arguments]
        with process(tmp_path, *given) as started:
            assert slow.begun.wait(SECONDS)
            started.send_signal(signal.SIGINT)
            _, err = started.communicate(timeout=SECONDS)
    assert slow.cancelled
    assert started.returncode == 130
    assert said in err
    assert "Traceback" not in err
