"""A receiver that others wrote: rsyslog gets the audit trail over each transport."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from config.auditing import Sink
from tests import audit_sinks, peers
from tests.audit_sinks import HERE, SECONDS
from tests.certificates import Authority
from tests.clients import query, send
from tests.nodes import target
from tests.objects import identifier
from tests.test_audit_node import audited, objects

pytestmark = [pytest.mark.interop, peers.needs_rsyslog]


def _arrived(path: Path, number: int) -> list[bytes]:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        if len(lines) >= number:
            return lines
        threading.Event().wait(0.02)
    raise AssertionError(f"{len(lines)} of {number} messages")


@pytest.mark.parametrize("transport", ["tcp", "tls", "udp"])
def test_rsyslog_gets_every_message(tmp_path, transport):
    files, ours = [], {}
    if transport == "tls":
        ca = Authority(tmp_path / "tls")
        theirs, own = ca.issue("sink"), ca.issue("node")
        files = [ca.certificate, theirs.certificate, theirs.key]
        ours = {"ca": ca.certificate, "certificate": own.certificate, "key": own.key}
    with peers.rsyslog(tmp_path / "rsyslog", transport, files) as (port, path):
        sink = Sink(host=HERE, port=port, transport=transport, **ours)
        with audited(tmp_path / "n", sink) as (serving, found):
            send(target(serving), objects(tmp_path / "o"))
            query(target(serving), identifier(PatientName="*"))
            _arrived(path, 4)
        lines = _arrived(path, 5)
    texts = [audit_sinks.parsed(line).text for line in lines]
    assert list(dict.fromkeys(texts)) == [each.text for each in found]
