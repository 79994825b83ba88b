"""DIMSE messages on an association, PS3.7 6.3 and PS3.8 7: in, out, and to the end."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import tracemalloc
from dataclasses import replace

import pytest
from config.limits import Limits
from wire import command as commands
from wire import establish, framing, negotiation
from wire.command import Command, Field
from wire.errors import (
    Aborted,
    Closed,
    DeadlineExceeded,
    NoContext,
    ProtocolError,
    Rejected,
    Unreachable,
    Unreadable,
)
from wire.negotiation import Rejection
from wire.sending import FileSlice
from wire.states import Role, State

from tests.pairs import (
    BRISK,
    CT,
    EXPLICIT,
    IMPLICIT,
    LIMITS,
    PATIENCE,
    VERIFICATION,
    accepting,
    calling,
    data_pdu,
    echo_request,
    echoing,
    raw_acceptor,
    raw_association,
    request_pdu,
    serving,
    wanted,
)

ECHO = commands.encode(echo_request())
STORE = Command(
    Field.C_STORE,
    affected_sop_class_uid=CT,
    affected_sop_instance_uid="1.2.3",
    message_id=5,
    priority=0,
    command_data_set_type=1,
)
STORED = commands.encode(STORE)
FIND = replace(STORE, command_field=Field.C_FIND, affected_sop_instance_uid=None)


def cancel(message_id):
    raw = commands.encode(Command(Field.C_CANCEL, message_id_being_responded_to=message_id))
    return data_pdu((3, 3, raw))


def request(command, data=b"identifier"):
    return data_pdu((3, 3, commands.encode(command)), (3, 2, data))


# -- receiving


def test_messages_arrive_however_they_are_cut():
    """PS3.7 6.3.1: any number of values in any number of PDUs."""
    data = os.urandom(1000)
    whole = [data_pdu((3, 3, STORED), (3, 0, data[:400]), (3, 2, data[400:]))]
    single = [data_pdu((3, 1, bytes([b]))) for b in STORED[:-1]] + [data_pdu((3, 3, STORED[-1:]))]
    single += [data_pdu((3, 0, bytes([b]))) for b in data] + [data_pdu((3, 2, b""))]
    mixed = [
        data_pdu((3, 1, STORED[:9]), (3, 1, b""), (3, 3, STORED[9:]), (3, 0, b"")),
        data_pdu((3, 2, data)),
    ]
    for pdus in (whole, single, mixed):
        with raw_association() as (association, raw):
            raw.send(*pdus, data_pdu((1, 3, ECHO)))
            message = association.receive()
            assert (message.command, message.context.id) == (STORE, 3)
            assert message.identifier() == data
            assert association.receive().command == echo_request()


def test_fragments_are_good_until_the_next_are_asked_for():
    data = os.urandom(3_000_000)

    def serve(association):
        message = association.receive()
        got = bytearray()
        for pieces in message.fragments():
            assert pieces
            got += b"".join(pieces)
        seen.append(bytes(got) == data)
        association.send(message.context, message.command.response(0))
        assert association.receive() is None

    seen = []
    with serving(accepting(serve)) as port:
        with calling(port, wanted((CT, [EXPLICIT]))) as association:
            association.send(association.context_for(CT), STORE, data)
            assert association.response(STORE).command.status == 0
    assert seen == [True]


def test_what_is_drained_does_not_hide_what_follows():
    with raw_association() as (association, raw):
        raw.send(request(STORE, b"x" * 5000), data_pdu((1, 3, ECHO)))
        association.receive().drain()
        assert association.receive().command == echo_request()


VIOLATIONS = {
    "a context that was not accepted": ([data_pdu((77, 3, ECHO))], (2, 6)),  # N7
    "a data set first": ([data_pdu((3, 2, b"ab"))], (0, 0)),
    "a data set within a command": ([data_pdu((3, 1, STORED[:9]), (3, 2, b"ab"))], (0, 0)),
    "a command on two contexts": ([data_pdu((3, 1, STORED[:9]), (1, 3, STORED[9:]))], (0, 0)),
    "a command within a data set": (
        [data_pdu((3, 3, STORED), (3, 0, b"ab"), (3, 3, ECHO))],
        (0, 0),
    ),
    "a data set on two contexts": ([data_pdu((3, 3, STORED), (3, 0, b"ab"), (1, 2, b"c"))], (0, 0)),
    "a garbled command": ([data_pdu((1, 3, b"garbage" * 20))], (0, 0)),  # N8
    "an empty command": ([data_pdu((1, 3, b""))], (0, 0)),
    "a release within a data set": (
        [data_pdu((3, 3, STORED), (3, 0, b"ab")), framing.RELEASE_RQ],
        (2, 2),
    ),
    "a command without end": ([data_pdu((1, 1, bytes(5000)))] * 14, (0, 0)),  # N5
    "a command in one value that is too long": ([data_pdu((1, 3, bytes(65537)))], (0, 0)),
    "an identifier without end": (  # N5
        [data_pdu((3, 3, STORED))] + [data_pdu((3, 0, bytes(60_000)))] * 18,
        (0, 0),
    ),
    "an empty PDU": ([data_pdu()], (2, 6)),  # N11
    "a second request": ([request_pdu()], (2, 2)),  # N10
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_is_an_abort_and_ends_the_association(name):
    """hostile-input.md N5, N7, N8, N10, N11."""
    pdus, answer = VIOLATIONS[name]
    with raw_association() as (association, raw):
        heard = []
        peer = threading.Thread(target=lambda: (raw.send(*pdus), heard.append(raw.rest())))
        peer.start()
        with pytest.raises(ProtocolError) as caught:
            association.receive(PATIENCE).identifier()
        peer.join(PATIENCE)
        assert (caught.value.source, caught.value.reason) == answer
        assert heard == [framing.abort(*answer)]
        assert not association.alive


def test_the_largest_command_set_and_identifier_are_heard():
    """hostile-input.md N5, the positive twin."""
    padding = commands.encode(replace(STORE, error_comment="x" * (65536 - len(STORED) - 8)))
    assert len(padding) == 65536
    with raw_association() as (association, raw):
        big = [data_pdu((3, 0, bytes(1 << 17)))] * 8 + [data_pdu((3, 2, b""))]
        peer = threading.Thread(target=raw.send, args=[data_pdu((3, 3, padding)), *big])
        peer.start()
        message = association.receive(PATIENCE)
        assert len(message.identifier()) == LIMITS.identifier_bytes
        peer.join(PATIENCE)


def test_a_lower_limit_can_be_asked_for():
    with raw_association() as (association, raw):
        raw.send(request(FIND, b"x" * 11))
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ProtocolError, match="more than 10 bytes"):
            association.receive().identifier(10)


def test_endless_fragments_take_no_memory():
    """hostile-input.md N5: what is not kept is not held."""
    with raw_association() as (association, raw):
        pdu = data_pdu((3, 0, bytes(100_000)))

        def flood():
            raw.send(data_pdu((3, 3, STORED)))
            for _ in range(300):
                raw.send(pdu)
            raw.send(data_pdu((3, 2, b"")))

        peer = threading.Thread(target=flood)
        peer.start()
        message = association.receive(PATIENCE)
        tracemalloc.start()
        size = sum(len(piece) for pieces in message.fragments() for piece in pieces)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        peer.join(PATIENCE)
    assert size == 30_000_000
    assert peak < 4_000_000


@pytest.mark.parametrize("pdus", [[], [data_pdu((3, 3, STORED))], [data_pdu((3, 1, STORED[:9]))]])
def test_a_peer_that_stops_is_aborted_in_time(pdus):
    """hostile-input.md N2."""
    with raw_association(limits=BRISK) as (association, raw):
        raw.send(*pdus)
        with pytest.raises(DeadlineExceeded):
            association.receive().identifier()
        assert raw.rest() == framing.abort(2, 0)


# -- C-CANCEL


def test_a_cancel_is_seen_while_responding():
    """PS3.7 9.3.2.3."""
    with raw_association() as (association, raw):
        raw.send(request(FIND))
        message = association.receive()
        message.drain()
        assert not association.cancelled(5)
        raw.send(cancel(4))
        assert not association.cancelled(5)
        raw.send(cancel(5)[:20])
        assert not association.cancelled(5)
        raw.send(cancel(5)[20:])
        assert not association.noticed_cancel(5)
        assert association.cancelled(5)
        assert association.noticed_cancel(5)


def test_a_cancel_that_comes_too_late_does_not_hit_the_next_request():
    """Many peers give all their requests the same Message ID."""
    with raw_association() as (association, raw):
        raw.send(request(FIND))
        association.receive().drain()
        raw.send(cancel(5), request(FIND))
        association.receive().drain()
        assert not association.cancelled(5)


def test_a_request_before_the_answer_is_a_violation():
    """PS3.7 D.3.3.3: the operations window is one."""
    with raw_association() as (association, raw):
        raw.send(request(FIND))
        association.receive().drain()
        raw.send(request(FIND))
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ProtocolError, match="before the answer"):
            association.cancelled(5)


def test_a_release_before_the_answer_is_granted_and_told():
    with raw_association() as (association, raw):
        raw.send(request(FIND))
        association.receive().drain()
        raw.send(framing.RELEASE_RQ)
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(Closed):
            association.cancelled(5)
        assert raw.rest() == framing.RELEASE_RP


# -- sending


def test_what_is_queued_leaves_together_and_in_order():
    with raw_association() as (association, raw):
        context = association.contexts[3]
        pending = FIND.response(0xFF00, data_set=True)
        for n in range(3):
            waiting = association.queue(context, pending, b"answer %d" % n)
        association.queue(context, commands.encode(pending), b"encoded ")
        association.send(context, FIND.response(0))
        assert waiting > 0
        stream = b""
        for n in range(3):
            stream += data_pdu((3, 3, commands.encode(pending))) + data_pdu(
                (3, 2, b"answer %d" % n)
            )
        stream += data_pdu((3, 3, commands.encode(pending))) + data_pdu((3, 2, b"encoded "))
        stream += data_pdu((3, 3, commands.encode(FIND.response(0))))
        assert raw.read(len(stream)) == stream


def test_what_is_queued_leaves_before_we_wait():
    with raw_association(limits=BRISK) as (association, raw):
        association.queue(association.contexts[3], FIND.response(0))
        with pytest.raises(DeadlineExceeded):
            association.receive()
        assert raw.pdu() == data_pdu((3, 3, commands.encode(FIND.response(0))))


def test_no_pdu_is_longer_than_the_peer_wants():
    """PS3.8 D.1."""
    with raw_association(maximum_length=100) as (association, raw):
        association.send(association.contexts[3], STORE, os.urandom(1000))
        association.channel.close()
        lengths = []
        while pdu := raw.pdu():
            lengths.append(len(pdu) - 6)
        assert max(lengths) == 100
        assert len(lengths) > 10


@pytest.fixture
def file():
    with tempfile.TemporaryFile() as opened:
        opened.write(b"head" + bytes(range(250)) * 12000)
        opened.flush()
        yield opened


def test_a_file_is_sent_and_the_association_goes_on(file):
    size = 3_000_000
    received = []

    def serve(association):
        while (message := association.receive()) is not None:
            received.append(b"".join(b"".join(pieces) for pieces in message.fragments()))
            association.send(message.context, message.command.response(0))

    with serving(accepting(serve)) as port:
        with calling(port, wanted((CT, [EXPLICIT]))) as association:
            context = association.context_for(CT, EXPLICIT)
            source = FileSlice(file.fileno(), 4, size)
            association.send_file(context, STORE, source)
            assert association.response(STORE).command.status == 0
            with pytest.raises(Unreadable):
                association.send_file(context, STORE, replace(source, size=size + 1))
            association.send_file(context, STORE, replace(source, size=0))
            assert association.response(STORE).command.status == 0
    assert received == [bytes(range(250)) * 12000, b""]


def test_a_file_that_shrinks_aborts_what_has_begun(file):
    heard = []
    with raw_association() as (association, raw):

        def shrink_and_read():
            heard.append(raw.pdu())
            file.truncate(1000)
            heard.append(raw.rest())

        peer = threading.Thread(target=shrink_and_read)
        peer.start()
        with pytest.raises(Unreadable):
            association.send_file(
                association.contexts[3], STORE, FileSlice(file.fileno(), 4, 3_000_000)
            )
        assert not association.alive
        peer.join(PATIENCE)
    assert heard[1].endswith(framing.abort(0, 0))


# -- asking


def test_message_ids_go_round_and_are_never_zero():
    with raw_association() as (association, _):
        numbers = [association.next_message_id() for _ in range(65537)]
    assert numbers[:2] == [1, 2]
    assert numbers[-3:] == [65535, 1, 2]


@pytest.mark.parametrize(
    "answer",
    [
        echo_request(),
        replace(echo_request().response(0), message_id_being_responded_to=2),
        replace(echo_request().response(0), command_field=0x8020),
    ],
)
def test_an_answer_to_something_else_is_a_violation(answer):
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.send(data_pdu((1, 3, commands.encode(answer))))
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ProtocolError, match="does not answer"):
            association.response(echo_request())
        assert raw.rest() == framing.abort(2, 2)


def test_a_release_instead_of_an_answer_is_told():
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.send(framing.RELEASE_RQ)
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(Closed, match="instead of answering"):
            association.response(echo_request())


def test_a_context_that_is_missing_is_named():
    with raw_association() as (association, _):
        assert association.context_for(CT).id == 3
        assert association.context_for(CT, EXPLICIT).id == 3
        for uid, syntax in [("1.2.3", None), (CT, IMPLICIT)]:
            with pytest.raises(NoContext, match=uid):
                association.context_for(uid, syntax)


# -- coming to be


def test_a_rejection_is_told_in_words_at_both_ends():
    no = Rejection(1, 1, 7, "not us")
    heard = []

    def serve(sock):
        channel = establish.acceptor(sock, LIMITS)
        made = establish.accept(channel, lambda p: negotiation.accept(p, LIMITS, lambda _: no))
        heard.append(made[1])

    with serving(serve) as port, pytest.raises(Rejected, match="called ae title") as caught:
        calling(port)
    assert (caught.value.result, caught.value.source, caught.value.reason) == (1, 1, 7)
    assert heard == [no]


def test_a_bad_request_is_aborted_at_both_ends():
    with raw_acceptor() as (channel, raw):
        raw.send(request_pdu(user=b"\x51\0"))
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ProtocolError):
            establish.accept(channel, lambda pdu: negotiation.accept(pdu, LIMITS, pytest.fail))
        assert raw.rest() == framing.abort(2, 6)


def test_a_mistake_in_the_policy_lets_nobody_in():
    def mistaken(_):
        raise ZeroDivisionError

    with raw_acceptor() as (channel, raw):
        raw.send(request_pdu())
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ZeroDivisionError):
            establish.accept(channel, lambda pdu: negotiation.accept(pdu, LIMITS, mistaken))
        assert raw.rest() == framing.abort(2, 0)


def test_nobody_there_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port}: Connection refused"):
        calling(port)


def test_a_peer_that_never_answers_is_given_up():
    done = threading.Event()
    with serving(lambda _: done.wait(PATIENCE)) as port:
        with pytest.raises(DeadlineExceeded):
            calling(port, limits=BRISK)
        done.set()


# -- ending


def test_the_peers_release_is_answered_and_ends_the_association():
    with raw_association() as (association, raw):
        raw.send(framing.RELEASE_RQ)
        raw.socket.shutdown(socket.SHUT_WR)
        assert association.receive() is None
        assert raw.rest() == framing.RELEASE_RP
        association.release()  # nothing is left to do
        with pytest.raises(Closed, match="is over"):
            association.send(association.contexts[1], echo_request())


@pytest.mark.parametrize(
    ("role", "before", "after"),
    [
        # PS3.8 9.2.3: the requestor answers first, the acceptor once it has been answered
        (Role.REQUESTOR, [framing.RELEASE_RQ], [framing.RELEASE_RP]),
        (Role.ACCEPTOR, [framing.RELEASE_RQ, framing.RELEASE_RP], []),
    ],
)
def test_a_release_collision_ends_well_in_both_roles(role, before, after):
    with raw_association(role) as (association, raw):
        ours = threading.Thread(target=association.release)
        ours.start()
        assert raw.pdu() == framing.RELEASE_RQ
        raw.send(*before)
        assert raw.pdu() == framing.RELEASE_RP
        raw.send(*after)
        raw.socket.close()
        ours.join(PATIENCE)
        assert association.channel.core.state is State.IDLE


def test_data_under_way_do_not_stop_a_release():
    """PS3.8 AR-6."""
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.send(data_pdu((1, 3, ECHO)), framing.RELEASE_RP)
        association.release()
        assert raw.rest() == framing.RELEASE_RQ


def test_data_without_end_do():
    with raw_association(Role.REQUESTOR, BRISK) as (association, raw):
        stop = threading.Event()

        def flood():
            raw.socket.settimeout(0.2)
            try:
                while not stop.is_set():
                    raw.send(data_pdu((1, 3, ECHO)))
            except OSError:
                pass

        peer = threading.Thread(target=flood)
        peer.start()
        with pytest.raises(DeadlineExceeded):
            association.release()
        stop.set()
        peer.join(PATIENCE)


def test_a_failed_release_takes_nothing_back():
    """What was answered before it stays answered; asked for directly, it is told."""
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.socket.shutdown(socket.SHUT_WR)
        with association:
            pass
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(Closed):
            association.release()


def test_an_error_aborts():
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(KeyError), association:
            raise KeyError
        assert raw.rest() == framing.abort(0, 0)


@pytest.mark.parametrize("source", [0, 2])
def test_the_peers_abort_ends_whatever_we_wait_for(source):
    with raw_association(Role.REQUESTOR) as (association, raw):
        raw.send(framing.abort(source, 0))
        with pytest.raises(Aborted):
            association.response(echo_request())
        assert not association.alive
        association.abort()
        assert raw.rest() == b""


def test_many_bad_associations_leave_nothing_behind():
    """hostile-input.md N8."""
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(200):
        with raw_association() as (association, raw):
            raw.send(data_pdu((1, 3, b"garbage" * 20)))
            raw.socket.shutdown(socket.SHUT_WR)
            with pytest.raises(ProtocolError):
                association.receive()
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) == descriptors


# -- with DCMTK at the other end


def dcmtk(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.interop
@pytest.mark.parametrize(
    "options", [[], ["--abort"], ["-pdu", "4096"], ["-pts", "10", "-ppc", "64"]]
)
def test_dcmtks_echoscu_is_answered(options):
    ended = []

    def serve(association):
        try:
            echoing(association)
            ended.append("released")
        except Aborted:
            ended.append("aborted")

    with serving(accepting(serve)) as port:
        command = [dcmtk("echoscu"), "--repeat", "3", *options, "127.0.0.1", str(port)]
        run = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert run.returncode == 0, run.stderr
    assert ended == ["aborted" if options == ["--abort"] else "released"]


@pytest.fixture
def storescp(tmp_path):
    """DCMTK's storescp on a free port, its log for the word that it listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [dcmtk("storescp"), "-v", "-od", tmp_path, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                threading.Event().wait(0.05)
        yield port, tmp_path
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.interop
def test_dcmtks_storescp_takes_an_echo_and_a_file(storescp):
    from pydicom import dcmread
    from pydicom.data import get_testdata_file

    port, folder = storescp
    path = get_testdata_file("CT_small.dcm")
    data_set = dcmread(path)
    with open(path, "rb") as file:
        whole = file.read()
        start = 132 + 12 + data_set.file_meta.FileMetaInformationGroupLength
        store = replace(STORE, affected_sop_instance_uid=str(data_set.SOPInstanceUID))
        request = wanted((VERIFICATION, [IMPLICIT]), (CT, [EXPLICIT]))
        with calling(port, request) as association:
            echo = echo_request(association.next_message_id())
            association.send(association.context_for(VERIFICATION), echo)
            assert association.response(echo).command.status == 0
            source = FileSlice(file.fileno(), start, len(whole) - start)
            association.send_file(association.context_for(CT, EXPLICIT), store, source)
            assert association.response(store).command.status == 0
    (stored,) = folder.iterdir()
    assert dcmread(stored).PixelData == data_set.PixelData
