"""Syslog receivers on free ports, and what audit messages must be: RFC 5424 to 5426, PS3.15 A.5.

    with tcp_sink() as sink:
        ... Sink(host=HERE, port=sink.port, transport="tcp")
        sink.await_messages(3)

Each message that arrives is taken apart by its grammar and validated against the schema.
`python -m tests.audit_sinks FILE [PORT]` is a TCP sink as a process, which a test may kill.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import sys
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from config.auditing import Audit, Sink
from scp.audit.journal import FOLDER

HERE = "127.0.0.1"
SECONDS = 20.0
SCHEMA = Path(__file__).with_name("audit_message.rng")
# RFC 5424 6: HEADER SP STRUCTURED-DATA [SP MSG]
_SYSLOG = re.compile(
    rb"<(?P<pri>[1-9]\d{0,2})>1"
    rb" (?P<when>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d))"
    rb" (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<process>[!-~]{1,128}) (?P<id>[!-~]{1,32})"
    rb" (?P<data>-) \xef\xbb\xbf(?P<xml>.*)",
    re.DOTALL,
)


@cache
def _schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(SCHEMA))


@dataclass(frozen=True)
class Message:
    """One audit message, valid by its schema."""

    syslog: dict[str, str]
    xml: Any

    @property
    def event(self) -> str:
        """EventID, and the action; the kind too, where there is one."""
        kind = "".join(f" {each}" for each in self.xml.xpath("//EventTypeCode/@csd-code"))
        (action,) = self.xml.xpath("//@EventActionCode")
        return f"{self.one('//EventID/@csd-code')} {action}{kind}"

    @property
    def outcome(self) -> str:
        return self.one("//@EventOutcomeIndicator")

    @property
    def text(self) -> str:
        return etree.tostring(self.xml, encoding="unicode")

    def one(self, path: str) -> str:
        (found,) = self.xml.xpath(path)
        return str(found)

    def all(self, path: str) -> list[str]:
        return [str(each) for each in self.xml.xpath(path)]

    def roles(self) -> dict[str, str]:
        """AE titles by role; "" is one without a role."""
        return {
            "".join(each.xpath("RoleIDCode/@csd-code")): each.get(
                "AlternativeUserID", ""
            ).removeprefix("AETITLES=")
            for each in self.xml.iter("ActiveParticipant")
        }

    def detail(self, name: str) -> str:
        (value,) = self.xml.xpath(f"//ParticipantObjectDetail[@type='{name}']/@value")
        return b64decode(value).decode()

    def classes(self) -> dict[str, int]:
        return {
            each.get("UID"): int(each.get("NumberOfInstances"))
            for each in self.xml.iter("SOPClass")
        }


def parsed(raw: bytes) -> Message:
    """A syslog message as PS3.15 A.6 wants it, or an AssertionError."""
    found = _SYSLOG.fullmatch(raw)
    assert found, raw[:200]
    syslog = {name: value.decode() for name, value in found.groupdict().items() if name != "xml"}
    assert int(syslog["pri"]) >> 3 == 10
    assert (syslog["app"], syslog["id"]) == ("anode", "DICOM+RFC3881")
    assert b"\n" not in raw
    xml = etree.fromstring(found["xml"])
    assert _schema().validate(xml), (_schema().error_log, raw)
    return Message(syslog, xml)


def journal(data: Path) -> list[Message]:
    """What the journal of a data folder holds."""
    lines = (path.read_bytes().split(b"\n") for path in sorted((data / FOLDER).glob("*.log")))
    return [parsed(line) for each in lines for line in each if line]


class Received:
    """What a sink was sent, in order."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.raw: list[bytes] = []
        self._change = threading.Condition()

    def take(self, message: bytes) -> None:
        with self._change:
            self.raw.append(message)
            self._change.notify_all()

    @property
    def messages(self) -> list[Message]:
        return [parsed(each) for each in self.raw]

    def events(self) -> list[str]:
        return [each.event for each in self.messages]

    def await_messages(self, number: int) -> list[Message]:
        """At least so many."""
        with self._change:
            assert self._change.wait_for(lambda: len(self.raw) >= number, SECONDS), self.events()
        return self.messages

    def await_event(self, event: str) -> list[Message]:
        """Until there is one like this."""
        with self._change:
            assert self._change.wait_for(
                lambda: any(each.event == event for each in self.messages), SECONDS
            ), self.events()
        return self.messages


@contextmanager
def udp_sink() -> Iterator[Received]:
    """One datagram, one message: RFC 5426 3.1."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind((HERE, 0))
        received = Received(sock.getsockname()[1])

        def listen() -> None:
            while raw := sock.recv(65536):
                received.take(raw)

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield received
        finally:
            with socket.socket(type=socket.SOCK_DGRAM) as other:
                other.sendto(b"", (HERE, received.port))
            thread.join()


@contextmanager
def tcp_sink(context: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Received]:
    """Octet counting, RFC 6587 3.4.1; with a context of a server, RFC 5425."""
    with socket.create_server((HERE, port)) as listening:
        received = Received(listening.getsockname()[1])
        threads = [threading.Thread(target=_accept, args=(listening, context, received.take))]
        threads[0].start()
        try:
            yield received
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            threads[0].join()


def _accept(
    listening: socket.socket, context: ssl.SSLContext | None, take: Callable[[bytes], None]
) -> None:
    serving: list[tuple[threading.Thread, socket.socket]] = []
    while True:
        try:
            sock, _ = listening.accept()
            sock = context.wrap_socket(sock, server_side=True) if context else sock
        except (ssl.SSLError, ConnectionError):
            continue
        except OSError:
            break
        serving.append((threading.Thread(target=_frames, args=(sock, take)), sock))
        serving[-1][0].start()
    for thread, sock in serving:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
        thread.join()


def _frames(sock: socket.socket, take: Callable[[bytes], None]) -> None:
    """MSG-LEN SP SYSLOG-MSG; what is not ends the connection."""
    with sock, contextlib.suppress(OSError), sock.makefile("rb") as file:
        while head := b"".join(iter(lambda: file.read(1), b" ")) if file.peek(1) else b"":
            assert re.fullmatch(rb"[1-9]\d{0,9}", head), head
            raw = file.read(int(head))
            if len(raw) < int(head):
                return
            take(raw)


def audit(*sinks: Sink, **keys: Any) -> Audit:
    """[audit] with these sinks."""
    return Audit(sink=sinks, **keys)


def at(received: Received, transport: str = "tcp", **keys: Any) -> Sink:
    """[[audit.sink]] for one of these."""
    return Sink(host=HERE, port=received.port, transport=transport, **keys)


def main() -> None:
    """A sink that writes what it gets to a file, each message as soon as it is whole."""
    path, port = Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 0
    if path.exists():  # a line that a kill cut short is none
        whole = path.read_bytes()
        path.write_bytes(whole[: whole.rfind(b"\n") + 1])
    with path.open("ab", buffering=0) as file, socket.create_server((HERE, port)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            sock, _ = listening.accept()
            _frames(sock, lambda raw: file.write(raw + b"\n"))


if __name__ == "__main__":
    main()
