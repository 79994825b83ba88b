"""`anode serve` as a process: where it listens, how it ends, one line a record."""

import errno
import json
import logging
import os
import re
import signal
import socket
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import demo, logs, serve
from config.settings import Log
from scu.associate import Caller, Target, associate
from scu.echo import VERIFICATION, verify
from tests.commands import SECONDS, anode, configuration, logging_kept, process

LISTENS = re.compile(r"(\w+) listens on 127\.0\.0\.1:(\d+)")


def listening(started):
    """Title and port, once the process says so; and what it said until then."""
    said = ""
    for line in started.stderr:
        said += line
        if found := LISTENS.search(line):
            return found[1], int(found[2]), said
    raise AssertionError(f"it never listened: {said}")


@contextmanager
def serving(folder, *arguments, **environ):
    with process(folder, "serve", "--port", 0, *arguments, **environ) as started:
        yield started, *listening(started)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(tmp_path, number):
    with serving(tmp_path) as (started, title, port, _):
        assert anode("echo", f"{title}@127.0.0.1:{port}").code == 0
        started.send_signal(number)
        _, err = started.communicate(timeout=SECONDS)
    assert started.returncode == 0
    assert "stopped" in err
    assert "Traceback" not in err


def test_an_association_under_way_may_finish(tmp_path):
    with serving(tmp_path) as (started, title, port, _):
        target = Target(title, "127.0.0.1", port)
        with associate(
            target, Caller("T"), [(VERIFICATION, ("1.2.840.10008.1.2",))]
        ) as association:
            started.send_signal(signal.SIGTERM)
            assert any("draining" in line for line in started.stderr)
            assert verify(association) == 0
        assert started.wait(SECONDS) == 0


def test_a_second_signal_ends_it_at_once(tmp_path):
    with serving(tmp_path) as (started, title, port, _):
        target = Target(title, "127.0.0.1", port)
        with associate(
            target, Caller("T"), [(VERIFICATION, ("1.2.840.10008.1.2",))]
        ) as association:
            started.send_signal(signal.SIGTERM)
            assert any("draining" in line for line in started.stderr)
            started.send_signal(signal.SIGTERM)
            assert started.wait(SECONDS) == -signal.SIGTERM
            association.abort()


def test_a_port_that_is_taken_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with process(tmp_path, "serve", "--port", port) as started:
            _, err = started.communicate(timeout=SECONDS)
    assert started.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in err
    assert "--port N" in err


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EADDRINUSE, "is a node running already?"),
        (errno.EADDRNOTAVAIL, "this machine has no such address; another one: --host"),
        (errno.EACCES, "ports below 1024 take CAP_NET_BIND_SERVICE"),
    ],
)
def test_the_next_step_is_that_of_the_cause(number, hint):
    error = OSError(number, f"cannot listen on 10.9.9.9:104: {os.strerror(number)}")
    said = str(serve._refused(error))
    assert said.startswith(str(error.strerror))
    assert hint in said


def test_options_go_over_the_environment_and_that_over_the_file(tmp_path):
    configuration(tmp_path, '[node]\nae_title = "FILE"\n[log]\nlevel = "info"\n')
    with serving(tmp_path) as (_, title, _, _):
        assert title == "FILE"
    with serving(tmp_path, ANODE__NODE__AE_TITLE="ENVIRON") as (_, title, _, _):
        assert title == "ENVIRON"
    with serving(tmp_path, "--ae-title", "OPTION", ANODE__NODE__AE_TITLE="ENVIRON") as served:
        assert served[1] == "OPTION"


def test_a_wrong_option_is_named_as_it_was_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = anode("serve", "--port", 99999)
    assert ran.code == 2
    assert "--port" in ran.err
    assert "ANODE__" not in ran.err


def test_it_does_not_listen_to_the_world_without_peers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = anode("serve", "--host", "0.0.0.0")
    assert ran.code == 2
    assert "loopback" in ran.err


def test_json_logs_are_one_object_a_line(tmp_path):
    with serving(tmp_path, ANODE__LOG__FORMAT="json") as (started, title, port, said):
        anode("echo", f"{title}@127.0.0.1:{port}")
        started.send_signal(signal.SIGTERM)
        _, err = started.communicate(timeout=SECONDS)
    records = [json.loads(line) for line in (said + err).splitlines()]
    assert {"time", "level", "logger", "thread", "message"} <= set(records[0])
    assert [each["message"] for each in records if each["level"] != "info"] == []


def record(message, *values, exc_info=None):
    return logging.LogRecord("anode.x", logging.WARNING, "x.py", 1, message, values, exc_info)


@given(st.text())
def test_a_log_record_is_one_line_of_plain_text(text):
    for line in (
        logs.TextFormatter().format(record("%s", text)),
        logs.JsonFormatter().format(record("%s", text)),
    ):
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line


def test_a_traceback_is_still_one_line():
    try:
        raise ValueError("first\nsecond")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    text = logs.TextFormatter().format(record("it failed", exc_info=info))
    assert len(text.splitlines()) == 1
    assert "ValueError" in text
    assert (
        "ValueError"
        in json.loads(logs.JsonFormatter().format(record("x", exc_info=info)))["traceback"]
    )


@pytest.mark.parametrize(("level", "heard"), [("info", False), ("debug", True)])
def test_warnings_of_libraries_hold_patient_data_and_are_heard_at_debug_only(level, heard):
    with logging_kept():
        logs.begin(Log(level=level))
        for name in logs.LIBRARIES:
            assert logging.getLogger(name).isEnabledFor(logging.WARNING) is heard


def test_the_demonstration_ends_well(capsys):
    assert demo.main() == 0
    assert "byte for byte what was sent" in capsys.readouterr().out
