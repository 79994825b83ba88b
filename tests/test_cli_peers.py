"""`anode peers`, and how PEER is found in the configuration."""

import re

import pytest

from cli.main import run
from tests.commands import anode, configuration
from tests.nodes import node, peer, port
from tests.peers import free_port
from tests.test_cli_find import Terminal


def peers(*entries):
    return "".join(
        f'[[peer]]\nae_title = "{title}"\nhost = "{host}"\n' + (f"port = {at}\n" if at else "")
        for title, host, at in entries
    )


def test_a_peer_is_called_by_its_name_in_the_configuration(tmp_path):
    with node(tmp_path, "PACS1") as ours:
        file = configuration(tmp_path, peers(("PACS1", "127.0.0.1", port(ours))))
        assert anode("echo", "PACS1", "-c", file).code == 0
        ran = anode("echo", "PACS2", "-c", file)
    assert ran.code == 2
    assert "PACS2 is no [[peer]] of" in ran.err
    assert "PACS1" in ran.err


def test_a_peer_without_a_port_cannot_be_called(tmp_path):
    ran = anode("echo", "CT1", "-c", configuration(tmp_path, peers(("CT1", "127.0.0.1", None))))
    assert ran.code == 2
    assert "CT1 has no port" in ran.err


def test_the_configuration_is_found_by_the_environment(tmp_path, monkeypatch):
    with node(tmp_path, "PACS1") as ours:
        file = configuration(tmp_path, peers(("PACS1", "127.0.0.1", port(ours))))
        monkeypatch.setenv("ANODE_CONFIG", str(file))
        assert anode("echo", "PACS1").code == 0


def test_the_configuration_is_found_in_the_current_folder(tmp_path, monkeypatch):
    with node(tmp_path, "PACS1") as ours:
        configuration(tmp_path, peers(("PACS1", "127.0.0.1", port(ours))))
        monkeypatch.chdir(tmp_path)
        assert anode("echo", "PACS1").code == 0


def test_we_call_as_the_node_of_the_configuration_unless_told_otherwise(tmp_path):
    with node(tmp_path, peers=(peer("MINE"),)) as ours:
        entries = peers(("ANODE", "127.0.0.1", port(ours)))
        file = configuration(tmp_path, f'[node]\nae_title = "MINE"\n{entries}')
        assert anode("echo", "ANODE", "-c", file).code == 0
        assert anode("echo", "ANODE", "-c", file, "--aet", "OTHER").code == 4


def test_peers_tells_of_each_whether_it_is_there_accepts_us_or_why_not(tmp_path):
    with node(tmp_path / "1", "GOOD") as good, node(tmp_path / "2", "ELSE") as named_otherwise:
        entries = peers(
            ("GOOD", "127.0.0.1", port(good)),
            ("WRONG", "127.0.0.1", port(named_otherwise)),
            ("GONE", "127.0.0.1", free_port()),
            ("MODALITY", "10.0.0.0/24", None),
        )
        file = configuration(tmp_path, entries)
        ran = anode("peers", "-c", file)
        found = {each["ae_title"]: each for each in anode("peers", "-c", file, "--json").document}
    assert ran.code == 1
    lines = {line.split()[0]: line for line in ran.out.splitlines()[2:]}
    assert list(lines) == ["GOOD", "WRONG", "GONE", "MODALITY"]
    assert "does not know itself as WRONG" in lines["WRONG"]
    assert "Connection refused" in lines["GONE"]
    seen = {title: (each["reachable"], each["accepted"]) for title, each in found.items()}
    assert seen == {
        "GOOD": (True, True),
        "WRONG": (True, False),
        "GONE": (False, False),
        "MODALITY": (None, None),
    }
    assert found["GOOD"]["seconds"] > 0


def test_peers_ends_with_0_when_all_that_can_be_called_answer(tmp_path):
    with node(tmp_path, "GOOD") as good:
        entries = peers(("GOOD", "127.0.0.1", port(good)), ("CT1", "127.0.0.2", None))
        assert anode("peers", "-c", configuration(tmp_path, entries)).code == 0


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_where_no_peer_has_a_port_it_is_said_that_nothing_was_tested(options, tmp_path):
    file = configuration(tmp_path, peers(("CT1", "127.0.0.2", None), ("CT2", "127.0.0.3", None)))
    ran = anode("peers", "-c", file, *options)
    assert ran.code == 1
    assert "nothing was tested: no [[peer]] has a port" in ran.err


def test_without_peers_the_next_step_is_told(tmp_path):
    ran = anode("peers", "-c", configuration(tmp_path))
    assert ran.code == 1
    assert "names no [[peer]]" in ran.err


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_narrow_terminal_shows_who_and_where_whole(width, tmp_path, monkeypatch):
    out = Terminal()
    with node(tmp_path, "SIXTEENLETTERS16") as good:
        entries = peers(
            ("SIXTEENLETTERS16", "127.0.0.1", port(good)),
            ("GONE", "127.0.0.1", free_port()),
            ("CT1", "127.0.0.2", None),
        )
        file = configuration(tmp_path, entries)
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setattr("sys.stdout", out)
        assert run(["peers", "-c", str(file)]) == 1
    lines = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue()).splitlines()
    said = " ".join(lines)
    assert f"SIXTEENLETTERS16   127.0.0.1:{port(good)}" in said
    assert "\u2026" not in said
    assert "store" in said.lower()
    assert "Connection refused" in said
    if width < 120:
        assert lines[0].split() == ["Peer", "Address", "Echo"]
        assert lines[3].startswith("    plain; store, find, move, get, commit: yes; ")
        assert "; classes: " in lines[3]
