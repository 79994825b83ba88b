"""The command line as a whole: every command explains itself, and ends with the right exit code."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version

import pytest

from cli.commands import COMMANDS, GROUPS
from config.peers import Access
from tests.commands import ROOT, SECONDS, anode, at, command, configuration
from tests.nodes import node, peer
from tests.objects import instance, written
from tests.pairs import serving
from tests.peers import free_port

NAMES = [each.name for each in COMMANDS]
NOT_YET = ("worklist",)
IMPORTED = "import sys, cli.main as m; m.run(sys.argv[1:]); print('imported:', *sys.modules)"
ABORT = b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00"  # PS3.8 9.3.8


def test_without_arguments_the_commands_are_listed():
    for name in NAMES:
        group, _, own = name.rpartition(" ")
        ran = anode(*group.split())
        assert re.search(rf"^  {own} ", ran.out + ran.err, re.MULTILINE)


def test_the_version_is_the_project_s():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert anode("--version").out == f"anode {project['version']}\n"
    assert version("anode") == project["version"]


@pytest.mark.parametrize("name", [*NAMES, *GROUPS])
def test_a_command_s_help_shows_examples_of_it(name):
    ran = anode(*name.split(), "--help")
    assert ran.code == 0
    examples = ran.out.partition("Examples:")[2]
    assert f"anode {name}" in examples


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_every_option_and_argument_is_explained(command):
    parameters = command.made().params
    assert [p.name for p in parameters if not getattr(p, "help", None)] == []


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_a_command_s_line_in_the_list_begins_its_help(command):
    first = command.made().help.partition("\n\n")[0]
    assert " ".join(first.split()) == command.told


def imported_by(*arguments):
    """The modules that a process has after a command line."""
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=SECONDS,
    )  # fmt: skip
    return set(ran.stdout.split("imported: ")[1].split())


def test_the_list_of_commands_and_the_version_import_no_command():
    loaded = imported_by("--help") | imported_by("--version")
    commands = {f"cli.{each.place.partition('.')[0]}" for each in COMMANDS}
    assert loaded & {*commands, "pydicom", "pynetdicom", "pydantic", "cryptography"} == set()


@pytest.mark.parametrize("name", ["echo", "find"])
def test_a_command_that_calls_a_peer_imports_neither_node_nor_index(name):
    loaded = imported_by(name, f"ANODE@127.0.0.1:{free_port()}")
    assert f"cli.{name}" in loaded
    assert loaded & {"peewee", "archive.index", "scp.node", "scp.listener", "iod.checks"} == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_command_fits_the_list_in_one_line(name):
    group, _, own = name.rpartition(" ")
    (line,) = re.findall(rf"^  {own} .*", anode(*group.split(), "--help").out, re.MULTILINE)
    assert not line.endswith("...")


@pytest.mark.parametrize("name", NOT_YET)
def test_what_is_not_built_yet_is_not_offered(name):
    ran = anode(*name.split())
    assert ran.code == 2
    assert "No such command" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("echo",),
        ("echo", "ANODE@127.0.0.1:11112", "--nonsense"),
        ("echo", "ANODE"),
        ("echo", "@127.0.0.1:104"),
        ("echo", "ANODE@127.0.0.1"),
        ("echo", "ANODE@127.0.0.1:0"),
        ("echo", "ANODE@127.0.0.1:99999"),
        ("echo", "ANODE@10.0.0.300:104"),
        ("echo", "A_NAME_OF_TOO_MANY_CHARACTERS@127.0.0.1:104"),
        ("echo", "ANODE@127.0.0.1:104", "--aet", "A\\B"),
        ("echo", "ANODE@127.0.0.1:104", "-c", "/nowhere/anode.toml"),
        ("send", "ANODE@127.0.0.1:104", "/nowhere/at.all"),
        ("find", "ANODE@127.0.0.1:104", "-L", "WARD"),
        ("find", "ANODE@127.0.0.1:104", "-k", "NoSuchKeyword=1"),
        ("find", "ANODE@127.0.0.1:104", "-k", "Rows=many"),
        ("find", "ANODE@127.0.0.1:104", "--limit", "0"),
        ("find", "ANODE@127.0.0.1:104", "-k", "StudyDate=20240102-20240101"),
        ("find", "ANODE@127.0.0.1:104", "-k", "@/nowhere/query.dcm"),
        ("move", "ANODE@127.0.0.1:104", "WS1"),
        ("move", "ANODE@127.0.0.1:104", "A_NAME_OF_TOO_MANY_CHARACTERS", "-k", "PatientID=1"),
        ("get", "ANODE@127.0.0.1:104", "-k", "SeriesInstanceUID=1.2"),
        ("init", "--port", "0"),
        ("tls", "probe", "127.0.0.1"),
        ("tls", "probe", "10.0.0.300:2762"),
        ("tls", "probe", "127.0.0.1:2762", "--profile", "strong"),
        ("tls", "probe", "127.0.0.1:2762", "--tls-key", "/nowhere/own.key"),
    ],
)
def test_wrong_usage_ends_with_2(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = anode(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_an_unknown_key_of_the_configuration_ends_with_2_and_the_nearest_one(tmp_path):
    ran = anode("status", "-c", configuration(tmp_path, '[node]\nae_titel = "X"\n'))
    assert ran.code == 2
    assert "ae_title" in ran.err


def test_an_unreachable_peer_ends_with_3_and_the_next_step():
    ran = anode("echo", f"ANODE@127.0.0.1:{free_port()}")
    assert ran.code == 3
    assert "is it running, and is that the right host and port?" in ran.err


def test_a_peer_that_is_called_by_a_wrong_name_ends_with_4(tmp_path):
    with node(tmp_path) as ours:
        ran = anode("echo", at(ours).replace("ANODE@", "OTHER@"))
    assert ran.code == 4
    assert "does not know itself as OTHER; check its AE title" in ran.err


def test_a_peer_that_does_not_know_us_ends_with_4(tmp_path):
    with node(tmp_path, peers=(peer("FRIEND"),)) as ours:
        ran = anode("echo", at(ours), "--aet", "STRANGER")
        assert anode("echo", at(ours), "--aet", "FRIEND").code == 0
    assert ran.code == 4
    assert "does not know us as STRANGER: add us to its peers, or use --aet" in ran.err


def test_a_service_that_is_not_offered_ends_with_4(tmp_path):
    with node(tmp_path, access=Access(unknown_peers=("echo",))) as ours:
        ran = anode("find", at(ours))
    assert ran.code == 4
    assert "may not serve this, or not to us" in ran.err


def test_an_association_that_is_aborted_ends_with_5():
    def abort(sock):
        sock.recv(65536)
        sock.sendall(ABORT)

    with serving(abort) as port:
        ran = anode("echo", f"ANODE@127.0.0.1:{port}")
    assert ran.code == 5
    assert "aborted" in ran.err


def test_a_peer_that_closes_the_connection_ends_with_5():
    with serving(lambda sock: sock.recv(65536)) as port:
        assert anode("echo", f"ANODE@127.0.0.1:{port}").code == 5


def test_a_peer_that_does_not_answer_in_time_ends_with_5():
    with serving(lambda sock: [*iter(lambda: sock.recv(65536), b"")]) as port:
        ran = anode("echo", f"ANODE@127.0.0.1:{port}", "--timeout", "0.05")
    assert ran.code == 5


def test_what_failed_in_part_ends_with_1(tmp_path):
    (good,) = written(tmp_path / "in", instance())
    (tmp_path / "in" / "bad.dcm").write_bytes(good.read_bytes()[:-5])
    with node(tmp_path / "data") as ours:
        assert anode("send", at(ours), tmp_path / "in").code == 1
        assert anode("send", at(ours), good).code == 0


@pytest.mark.parametrize("code", [0, 3])
def test_the_process_ends_with_the_same_codes(code, tmp_path):
    with node(tmp_path) as ours:
        peer_ = at(ours) if code == 0 else f"ANODE@127.0.0.1:{free_port()}"
        ran = subprocess.run(
            command("echo", peer_),
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip
    assert ran.returncode == code
    assert "Traceback" not in ran.stderr


def test_nobody_sees_a_traceback_of_an_error_of_ours(monkeypatch):
    monkeypatch.setattr("scu.echo.echo", lambda *_: 1 / 0)
    ran = anode("echo", "ANODE@127.0.0.1:104")
    assert ran.code == 1
    assert "an error of ours: ZeroDivisionError" in ran.err
    assert "Traceback" not in ran.err


def test_dcmtk_s_spellings_are_understood(tmp_path):
    with node(tmp_path, peers=(peer("FRIEND"),)) as ours:
        here = at(ours).partition("@")[2]
        assert anode("echo", here, "-aet", "FRIEND", "-aec", "ANODE").code == 0
        arguments = ("-S", "-k", "0008,0052=STUDY", "-k", "0010,0020=ABC", "-aet", "FRIEND")
        assert anode("find", at(ours), *arguments).code == 0
        assert anode("find", at(ours), "-P", "-k", "PatientID=A", "-aet", "FRIEND").code == 0


def test_echo_says_how_long_it_took(tmp_path):
    with node(tmp_path) as ours:
        ran = anode("echo", at(ours))
        document = anode("echo", at(ours), "--json").document
    assert re.fullmatch(
        rf"{at(ours)} answers: associated in [\d.]+ ms, echo in [\d.]+ ms\n", ran.out
    )
    assert document["status"] == 0
    assert document["answered_seconds"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("find", "X@h:1", "--model", "hangin"), "; did you mean 'hanging'?"),
        (("tls", "probe", "h:1", "--tls", "x"), ""),
        (("get", "X@h:1", "--model", "instances"), "; did you mean 'instance'?"),
        (("get", "X@h:1", "--model", "zzz"), "'inventory'\n"),
        (("get", "X@h:1", "--model", "it's"), ""),
    ],
)
def test_a_value_that_is_none_of_those_known_is_told_with_the_nearest(arguments, said):
    ran = anode(*arguments)
    assert ran.code == 2
    assert "Value error" not in ran.err
    assert said in ran.err
