"""Who may not, reliability/hostile-input.md A1 to A7: each row with its five assertions.

The whole matrix of titles, addresses and certificates is in test_access, refusals in test_refusals.
"""

from __future__ import annotations

import ast
import re
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.rights import RIGHTS
from scu.references import MODEL, Information, Reference, encode
from tests.commands import ROOT, SECONDS, anode, configuration, process
from tests.committing import action
from tests.hostile import BYSTANDER, LIMITS, Victim, attacked, calls, victim
from tests.lines import ABORT, HERE
from tests.objects import uid
from tests.pairs import CT, IMPLICIT, accepting, context_item, data_pdu, request_pdu, serving
from tests.test_layers import MAY_IMPORT
from wire import command as commands
from wire.association import Association, Message
from wire.command import Command, Field
from wire.errors import Ended

MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GOOD, ELSEWHERE, NOWHERE = "127.0.0.3", "127.0.0.4", "127.0.0.5"
UNKNOWN_CALLER, UNKNOWN_CALLED = (1, 1, 3), (1, 1, 7)


def peers(at: int) -> str:
    """Who is known: GOOD may move to DEST, MUTE may do nothing, DEST is at this port."""
    known = [
        ("BYSTANDER", BYSTANDER, 'may = ["echo"]'),
        ("GOOD", GOOD, f'may = {list(RIGHTS)}\nmove_to = ["DEST"]'.replace("'", '"')),
        ("OTHER", GOOD, 'may = ["echo", "find", "move"]\nmove_to = ["OTHER"]\nport = 9'),
        ("MUTE", GOOD, "may = []"),
        ("DEST", HERE, f'may = ["echo"]\nport = {at}'),
    ]
    return "".join(
        f'[[peer]]\nae_title = "{title}"\nhost = "{host}"\n{more}\n' for title, host, more in known
    )


@pytest.fixture(scope="module")
def destination() -> Iterator[int]:
    with socket.create_server((HERE, 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture(scope="module")
def node(tmp_path_factory, destination: int) -> Iterator[Victim]:
    with victim(tmp_path_factory.mktemp("access"), peers(destination) + LIMITS) as serving:
        yield serving


def asked(node: Victim, calling: str, source: str, called: str = "ANODE") -> bytes:
    with node.line(source) as line:
        line.say(request_pdu(calling=calling.encode(), called=called.encode()))
        answer = line.hear()
        if answer[:1] == b"\x02":
            line.release()
        return answer


# -- A1, A4: titles -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calling", "source", "called", "verdict"),
    [
        ("GOOD", ELSEWHERE, "ANODE", UNKNOWN_CALLER),  # a stolen title
        ("STRANGER", GOOD, "ANODE", UNKNOWN_CALLER),  # from an address where others live
        ("STRANGER", ELSEWHERE, "ANODE", UNKNOWN_CALLER),
        ("good", GOOD, "ANODE", UNKNOWN_CALLER),
        ("GOOD", GOOD, "ORTHANC", UNKNOWN_CALLED),
        ("GOOD", GOOD, "ANY-SCP", UNKNOWN_CALLED),
    ],
)
def test_a1_who_is_not_known_by_title_and_address_is_rejected(
    node: Victim, calling: str, source: str, called: str, verdict: tuple[int, ...]
):
    with attacked(node) as seen:
        answer = asked(node, calling, source, called)
        assert tuple(answer[7:10]) == verdict
    assert "rejected: " in seen.lines[0]
    assert asked(node, "GOOD", GOOD)[:1] == b"\x02"


def test_a1_who_may_do_nothing_gets_no_context(node: Victim):
    with attacked(node, lines=2) as seen, node.line(GOOD) as line:
        contexts = context_item(1), context_item(3, CT)
        line.say(request_pdu(*contexts, calling=b"MUTE", called=b"ANODE"))
        results = re.findall(rb"\x21\x00..[\x01\x03]\x00(.)\x00", line.hear(), re.DOTALL)
        assert results == [b"\x01", b"\x01"]
        line.say(data_pdu((1, 3, b"")))
        assert line.verdict() == (2, 6)
    assert "'MUTE' at 127.0.0.3 has no right to" in seen.lines[0]


def test_a4_titles_tried_by_the_hundred_all_get_the_same_answer_and_then_none(
    tmp_path: Path, destination: int
):
    """Twenty refusals a minute are answered and told; from where nobody lives that is all."""
    with victim(tmp_path, peers(destination)) as node:
        with attacked(node, lines=21) as seen:
            heard = [asked(node, f"GUESS{number}", NOWHERE) for number in range(300)]
        assert set(heard[:20]) == {b"\x03\x00\x00\x00\x00\x04\x00\x01\x01\x03"}
        assert set(heard[30:]) == {b""}  # counted once it has gone, so one or two more get through
        # Each association has a thread of its own: which of them writes last is nobody's choice.
        assert sum("127.0.0.5 was refused 20 times" in line for line in seen.lines) == 1
        # The neighbours of somebody who mistypes are heard, and so is he.
        with attacked(node, lines=21):
            heard = [asked(node, f"GUESS{number}", GOOD) for number in range(100)]
        assert set(heard) == {b"\x03\x00\x00\x00\x00\x04\x00\x01\x01\x03"}
        assert asked(node, "GOOD", GOOD)[:1] == b"\x02"


# -- A2: C-MOVE is no way to call others ----------------------------------------------------------

MOST_MEMORY = 400 << 20  # libraries are most of it
STUDY = b"\x08\x00\x52\x00\x06\x00\x00\x00STUDY " + b"\x20\x00\x0d\x00\x06\x00\x00\x001.2.3\0"
DESTINATIONS = [
    b"../",
    b"EVIL",
    b"127.0.0.1:22",
    b"localhost",
    b"169.254.169.254",
    b"http://x/",
    b"BYSTANDER",  # has no port
    b"OTHER",  # another may move there
    b"DEST\0DEST",
    b"DEST\\GOOD",
    b"dest",
    b"",
]


def moved(node: Victim, destination: bytes) -> int | None:
    with node.line(GOOD) as line:
        line.associate(context_item(1, MOVE), calling=b"GOOD")
        ask = commands.encode(Command(Field.C_MOVE, MOVE, message_id=1, command_data_set_type=1))
        named = destination + b" " * (len(destination) % 2)
        told = b"\0\0\0\x06" + len(named).to_bytes(4, "little") + named
        line.say(data_pdu((1, 3, ask + told)), data_pdu((1, 2, STUDY)))
        status = commands.decode(line.hear()[12:]).status
        line.release()
        return status


@pytest.mark.parametrize("named", DESTINATIONS, ids=repr)
def test_a2_a_destination_is_a_name_of_the_configuration_and_nothing_else(
    node: Victim, named: bytes
):
    with attacked(node) as seen:
        assert moved(node, named) == 0xA801
    assert calls(seen) == []
    assert "is not one this caller may move to" in seen.lines[0]


def test_a2_what_is_configured_is_called(node: Victim, destination: int):
    """The positive twin: of nothing found nothing is sent; then the one address, and no name."""
    with attacked(node, lines=0):
        assert moved(node, b"DEST") == 0
    assert f'host = "{HERE}"\nmay = ["echo"]\nport = {destination}' in peers(destination)


# -- A3: nor is storage commitment ----------------------------------------------------------------


@pytest.mark.parametrize("retire", [b"", b"127.0.0.1:22", b"DEST"])
def test_a3_a_report_goes_nowhere_but_where_the_configuration_says(node: Victim, retire: bytes):
    """GOOD has no port: nothing it sends names another place, and nothing is called."""
    told = encode(Information(uid("A3", retire), [Reference(CT, "1.2.3")]), IMPLICIT)
    ask = action(move_destination=retire.decode() or None)
    with attacked(node, lines=None) as seen, node.line(GOOD) as line:
        line.associate(context_item(1, MODEL), calling=b"GOOD")
        line.say(data_pdu((1, 3, commands.encode(ask))), data_pdu((1, 2, told)))
        assert commands.decode(line.hear()[12:]).status == 0
        line.say(ABORT)
    assert calls(seen) == []
    assert len(seen.lines) in (2, 3)  # what was judged; the end; that nobody can be told, once


# -- A5, A6: as installed -------------------------------------------------------------------------


def outward() -> str:
    """An address of this machine that others see."""
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family is socket.AF_INET and not each.address.startswith("127."):
                return each.address
    pytest.skip("this machine has no address but loopback")


def test_a5_a_fresh_installation_serves_this_machine_only(tmp_path: Path):
    with victim(tmp_path) as node:
        with attacked(node, lines=0), pytest.raises(ConnectionRefusedError):
            socket.create_connection((outward(), node.port), 5)
        assert node.echo(HERE) < 1.0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "outward"])
def test_a5_it_refuses_to_listen_elsewhere_until_peers_are_configured(tmp_path: Path, host: str):
    host = outward() if host == "outward" else host
    configured = configuration(tmp_path, f'[[listener]]\nhost = "{host}"\nport = 0\n')
    ran = anode("serve", "-c", configured)
    assert ran.code != 0
    assert "with no [[peer]] the node listens on loopback only" in ran.err


def test_a5_with_peers_whoever_is_none_is_rejected_wherever_it_listens(
    tmp_path: Path, destination: int
):
    listener = '[[listener]]\nhost = "0.0.0.0"\nport = 0\n'
    with (
        victim(tmp_path, listener + peers(destination) + LIMITS) as node,
        attacked(node, lines=1),
        socket.create_connection((outward(), node.port), 5) as sock,
    ):
        sock.sendall(request_pdu(calling=b"GOOD", called=b"ANODE"))
        assert sock.recv(10)[7:10] == bytes(UNKNOWN_CALLER)


RUNNING = re.compile(
    r"^(os\.(system|exec\w*|spawn\w*|posix_spawn\w*|popen)|eval|exec|subprocess\.)"
)


def test_a6_nothing_that_is_received_can_start_anything():
    """No hooks: five files start processes, by commands of theirs: to decode, to examine what is
    stored, to look into files that are wrapped, to make samples, to serve beside others."""
    found = set()
    for folder in MAY_IMPORT:
        for path in (ROOT / folder).rglob("*.py"):
            for tree in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(tree, ast.Call) and RUNNING.match(ast.unparse(tree.func)):
                    found.add((path.relative_to(ROOT).as_posix(), ast.unparse(tree.func)))
    assert found == {
        ("iod/examination/process.py", "subprocess.Popen"),
        ("iod/samples/process.py", "subprocess.Popen"),
        ("iod/transcoding/pool.py", "subprocess.Popen"),
        ("iod/wrapping/inspecting.py", "subprocess.run"),
        ("scp/workers.py", "subprocess.Popen"),
    }


# -- A7: a server that answers with an attack -----------------------------------------------------

MIB = 1 << 20


def evil_store(association: Association, uid: bytes) -> None:
    """A C-STORE sub-operation of a name of our choice, on the first context for CT."""
    context = association.context_for(CT)
    store = Command(Field.C_STORE, CT, message_id=9, command_data_set_type=1)
    named = uid + b"\0" * (len(uid) % 2)
    told = b"\0\0\0\x10" + len(named).to_bytes(4, "little") + named
    association.queue(context, commands.encode(store) + told, b"\x08\0\x05\0\0\0\0\0")


def traversal(association: Association, ask: Message) -> None:
    for name in (b"../../evil", b"/tmp/anode-evil", b"..", b"1.2\0/../x"):
        evil_store(association, name)
        association.flush()
        assert association.expect(10).command.status == 0xC000
    association.send(ask.context, ask.command.response(0))
    association.receive(10)


def endless(control: int) -> Callable[[Association, Message], None]:
    """Values without end, of a command set or of the object behind one."""

    def flood(association: Association, ask: Message) -> None:
        if not control & 1:
            evil_store(association, b"1.2.3")
            del association._outgoing[-14:]  # its last value
        association.flush()
        number = association.context_for(CT).id
        piece = data_pdu((number, control, bytes(64 * 1024)))
        while True:
            association.channel.write(piece)

    return flood


def unknown_context(association: Association, ask: Message) -> None:
    association.channel.write(data_pdu((251, 3, b"")))
    association.receive(10)


def garbage(association: Association, ask: Message) -> None:
    association.channel.write(data_pdu((ask.context.id, 3, b"\xff" * 64)))
    association.receive(10)


def long_list(association: Association, ask: Message) -> None:
    answer = ask.command.response(0xB000, data_set=True)
    association.send(ask.context, answer, bytes(2 * MIB))
    association.receive(10)


def silence(association: Association, ask: Message) -> None:
    association.receive(30)


def good(association: Association, ask: Message) -> None:
    evil_store(association, b"1.2.3")
    association.flush()
    assert association.expect(10).command.status == 0
    association.send(ask.context, ask.command.response(0))
    association.receive(10)


SERVERS = {
    "traversal": (traversal, 1),
    "endless command": (endless(1), 5),
    "endless object": (endless(0), 5),
    "a context of nobody": (unknown_context, 5),
    "garbage": (garbage, 5),
    "an endless list": (long_list, 5),
    "silence": (silence, 5),
    "good": (good, 0),
}


@pytest.mark.parametrize("name", SERVERS)
def test_a7_a_hostile_server_gets_nothing_but_an_end(tmp_path: Path, name: str):
    """`anode get` has the limits of the node; it ends, says why in one line, and leaves nothing."""
    serve, code = SERVERS[name]

    def answer(association: Association) -> None:
        try:
            message = association.receive(10)
            assert message is not None
            message.drain()
            if message.command.command_field == Field.C_GET:
                serve(association, message)
            association.abort()
        except Ended:
            return

    inside = tmp_path / "in"
    inside.mkdir()
    configured = configuration(inside, f"[limits]\nobject_bytes = {MIB}\n")
    before = {path.relative_to(tmp_path) for path in tmp_path.rglob("*")}
    with serving(accepting(answer), 2) as port:
        words = ("get", f"EVIL@{HERE}:{port}", "-k", "StudyInstanceUID=1.2", "-o", "out")
        with process(inside, *words, "-c", configured, "--timeout", "2") as started:
            # What would take more ends in an error of its own.
            resource.prlimit(started.pid, resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
            told = started.communicate(timeout=SECONDS)[1]
    assert started.returncode == code, told
    assert len([line for line in told.splitlines() if "Traceback" in line]) == 0
    made = {path.relative_to(tmp_path) for path in tmp_path.rglob("*")} - before
    names = {path.as_posix() for path in made if path.suffix != ".pyc"}
    assert names == {"in/out", *(["in/out/1.2.3.dcm"] if name == "good" else [])}
    assert not Path("/tmp/anode-evil").exists()
