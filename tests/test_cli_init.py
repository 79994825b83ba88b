"""`anode init`: a configuration and a CA, whole or not at all, and never over what is there."""

import os
import resource
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest
from cryptography import x509

from config import subjects
from config.certificates import certificates_in
from config.settings import load
from config.users import hashed
from tests.commands import ROOT, SECONDS, anode, command
from tests.nodes import HERE, node
from tests.peers import tool

FILES = {"ca.crt", "ca.key", "ca.crl", "ca.index", "node.crt", "node.key"}


def tree(folder):
    """Every file and folder with what it is."""
    return {
        path: (path.stat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in folder.rglob("*")
    }


def names(folder):
    (found,) = certificates_in(folder / "tls" / "node.crt")
    held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(each.value) for each in held]


def whole(folder):
    """Whether all is there, and good."""
    files = ("-CAfile", folder / "tls" / "ca.crt", "-CRLfile", folder / "tls" / "ca.crl")
    verified = tool("openssl", "verify", "-crl_check", *files, folder / "tls" / "node.crt")
    load(folder / "anode.toml", {})
    return {path.name for path in (folder / "tls").iterdir()} == FILES and not verified.returncode


def test_it_makes_a_configuration_a_ca_and_a_certificate(tmp_path):
    ran = anode("init", tmp_path / "new", "--ae-title", "PACS1")
    assert ran.code == 0
    assert whole(tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"anode.toml", "tls"}
    (found,) = certificates_in(tmp_path / "new" / "tls" / "node.crt")
    assert found.subject.rfc4514_string() == "CN=PACS1"
    assert "own CA with a certificate of the node" in ran.out


def test_only_the_owner_reads_what_is_secret(tmp_path):
    before = os.umask(0)
    try:
        assert anode("init", tmp_path).code == 0
    finally:
        os.umask(before)
    open_ = {path.name for path in tmp_path.rglob("*") if path.stat().st_mode & 0o077}
    assert open_ == {"anode.toml", "ca.crt", "ca.crl", "node.crt"}
    assert not stat.S_IMODE((tmp_path / "anode.toml").stat().st_mode) & 0o007


def test_the_node_is_certified_for_this_machine_or_for_what_it_is_told(tmp_path):
    itself = ["localhost", "127.0.0.1", "::1"]
    assert anode("init", tmp_path / "1").code == 0
    try:
        machine = [subjects.of_host(socket.gethostname()).partition(":")[2]]
    except ValueError:
        machine = []
    assert names(tmp_path / "1") == [*machine, *itself]
    given = ("--host", "PACS1.hospital.example", "--host", "10.0.0.2")
    assert anode("init", tmp_path / "2", *given).code == 0
    assert names(tmp_path / "2") == ["pacs1.hospital.example", "10.0.0.2", *itself]
    assert anode("init", tmp_path / "3", "--host", "*.example").code == 2
    assert not (tmp_path / "3").exists()


def test_plain_it_listens_here_and_tls_waits_as_a_comment(tmp_path):
    assert anode("init", tmp_path).code == 0
    path = tmp_path / "anode.toml"
    (listener,) = load(path, {}).listener
    assert (listener.host, listener.port, listener.tls) == (HERE, 11112, None)
    text = path.read_text()
    head, _, rest = text.partition("# DICOM over TLS")
    rows, blank, after = rest.partition("\n\n")
    lines = [line.removeprefix("# ") for line in rows.splitlines()[2:]]
    path.write_text("\n".join([head, *lines]) + blank + after)
    _, over = load(path, {}).listener
    assert (over.port, over.tls, over.client_certificate) == (2762, "rfc9325", "required")
    assert over.crl is None


@pytest.mark.parametrize("port", [None, 4711])
def test_with_tls_it_listens_over_tls_alone(port, tmp_path):
    ran = anode("init", tmp_path, "--tls", *(("--port", port) if port else ()))
    assert ran.code == 0
    assert "anode tls cert issue WS1" in ran.out
    (listener,) = load(tmp_path / "anode.toml", {}).listener
    assert (listener.host, listener.port, listener.tls) == (HERE, port or 2762, "rfc9325")


def test_the_peer_that_is_proposed_with_tls_loads_too(tmp_path):
    assert anode("init", tmp_path, "--tls").code == 0
    path = tmp_path / "anode.toml"
    head, mark, rest = path.read_text().partition("# [[peer]]\n")
    rows, blank, after = rest.partition("\n\n")
    lines = [line.removeprefix("# ") for line in (mark + rows).splitlines()]
    path.write_text(head + "\n".join(lines) + blank + after)
    (peer,) = load(path, {}).peer
    assert peer.certificate == ("dns:ct1.example",)


def test_what_tls_makes_serves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert anode("init", "--tls").code == 0
    tables = load(tmp_path / "anode.toml", {"ANODE__LISTENER__1__PORT": "0"})
    with node(tmp_path / "data", listener=tables.listener) as serving:
        at = f"ANODE@localhost:{serving.addresses[0][1]}"
        assert anode("echo", at, "--tls", "rfc9325").code == 0
        monkeypatch.chdir("/")
        assert anode("echo", at, "--tls", "rfc9325", "--ca", tmp_path / "tls/ca.crt").code != 0


def test_a_second_one_is_refused_and_leaves_everything_as_it_is(tmp_path):
    assert anode("init", tmp_path).code == 0
    before = tree(tmp_path)
    for options in ((), ("--tls",), ("--ae-title", "OTHER")):
        ran = anode("init", tmp_path, *options)
        assert (ran.code, ran.out) == (1, "")
        assert "is there already and stays as it is" in ran.err
    assert tree(tmp_path) == before


def test_a_folder_tls_that_is_there_stays_as_it_is(tmp_path):
    """A CA of the hospital's, or one from before."""
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "ca.crt").write_text("theirs")
    before = tree(tmp_path / "tls")
    ran = anode("init", tmp_path)
    assert ran.code == 0
    assert "tls is there already and stays as it is" in ran.out
    assert tree(tmp_path / "tls") == before
    load(tmp_path / "anode.toml", {})


def test_an_empty_one_is_filled(tmp_path):
    (tmp_path / "tls").mkdir()
    assert anode("init", tmp_path).code == 0
    assert whole(tmp_path)


# -- interrupted ----------------------------------------------------------------------------------


def started(folder, **options):
    return subprocess.Popen(
        command("init", folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}, **options,
    )  # fmt: skip


@pytest.mark.parametrize("most", [0, 300, 1000, 1550, 2000, 2260])
def test_a_disk_that_is_full_leaves_nothing_half_made(most, tmp_path):
    """Each bound lets some of the files be written and not the next."""

    def bounded():
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    with started(tmp_path / "new", preexec_fn=bounded) as process:
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "File too large" in err
    assert "Traceback" not in err
    assert list((tmp_path / "new").iterdir()) == []
    assert anode("init", tmp_path / "new").code == 0
    assert whole(tmp_path / "new")


def test_a_configuration_that_cannot_be_written_takes_the_ca_away_again(tmp_path):
    """The last step fails: a dangling link is no configuration, and has the name."""
    (tmp_path / "anode.toml").symlink_to(tmp_path / "nowhere")
    assert anode("init", tmp_path).code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["anode.toml"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_one_leaves_all_or_nothing(number, tmp_path):
    """Killed as soon as its draft is seen; what a killed one leaves, the next one removes."""
    folder = tmp_path / "new"
    with started(folder) as process:
        deadline = time.monotonic() + SECONDS
        while not (folder / ".anode-init").exists() and process.poll() is None:
            assert time.monotonic() < deadline
        process.send_signal(number)
        process.wait(SECONDS)
    left = {path.name for path in folder.iterdir()}
    if number == signal.SIGINT:
        assert left in (set(), {"anode.toml", "tls"})
    assert "tls" not in left or {path.name for path in (folder / "tls").iterdir()} == FILES
    anode("init", folder)
    assert whole(folder)
    assert {path.name for path in folder.iterdir()} == {"anode.toml", "tls"}


def test_an_interrupt_the_moment_its_draft_is_there_leaves_nothing(tmp_path, monkeypatch):
    make = Path.mkdir

    def interrupted(path, *arguments, **keys):
        make(path, *arguments, **keys)
        if path.name == ".anode-init":
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "mkdir", interrupted)
    assert anode("init", tmp_path).code == 130
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_make_one(tmp_path):
    ends = [started(tmp_path / "new") for _ in range(3)]
    codes = []
    for process in ends:
        process.communicate(timeout=SECONDS)
        codes.append(process.returncode)
    assert sorted(codes) == [0, 1, 1]
    assert whole(tmp_path / "new")


@pytest.mark.parametrize("options", [("--tls", "rfc9325"), ("rfc9325",)])
def test_a_profile_where_a_folder_is_expected_is_told(options, tmp_path, monkeypatch):
    """Calls say `--tls PROFILE`."""
    monkeypatch.chdir(tmp_path)
    ran = anode("init", *options)
    assert (ran.code, ran.out) == (2, "")
    assert "rfc9325 is a TLS profile, and init takes a folder" in ran.err
    assert not list(tmp_path.iterdir())


def test_the_users_and_the_audit_sink_that_are_proposed_load_too(tmp_path):
    assert anode("init", tmp_path).code == 0
    path = tmp_path / "anode.toml"
    head, mark, rest = path.read_text().partition("# [[user]]\n")
    rows, end, after = rest.partition("\n[access]")
    assert mark
    lines = [line.removeprefix("# ") for line in (mark + rows).splitlines()]
    text = head + "\n".join(lines).replace("scrypt:...", hashed("secret")) + "\n" + end + after
    path.write_text(text)
    settings = load(path, {})
    assert [user.name for user in settings.user] == ["anna"]
    assert [str(sink.host) for sink in settings.audit.sink] == ["10.0.0.6"]
