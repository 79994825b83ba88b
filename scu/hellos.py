"""One question to a TLS server, one connection: would it take one of these suites and groups?

Law: silence is never taken for a refusal, and no answer for more than it says.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from config import suites
from config.limits import Limits
from wire import flight, hello
from wire.errors import Unreachable, WireError
from wire.flight import Alerted, Flight, Foreign
from wire.hello import Hello

LONGEST_SECONDS = 120.0
"""For all questions together, however slowly each is answered."""

VERSIONS = {
    hello.TLS13: "TLSv1.3",
    hello.TLS12: "TLSv1.2",
    hello.TLS11: "TLSv1.1",
    hello.TLS10: "TLSv1",
    hello.SSL3: "SSLv3",
}


class Silent(WireError):
    """The server did not answer in time, or does not answer any more."""


class NoTls(WireError):
    """What listens there does not speak TLS; `begins` is how its answer began."""

    def __init__(self, message: str, begins: bytes = b"") -> None:
        super().__init__(message)
        self.begins = begins


@dataclass(slots=True)
class Server:
    """Whom we ask, and what it has said so far."""

    host: str
    port: int
    limits: Limits = field(default_factory=Limits)
    asked: int = 0
    dropped: int = 0  # how often it closed the connection instead of saying no
    alerted: int = 0
    flights: list[Flight] = field(default_factory=list)
    ends: float = field(default_factory=lambda: time.monotonic() + LONGEST_SECONDS)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def connect(self) -> socket.socket:
        """A connection with the time a handshake may take; raises Unreachable, Silent."""
        if time.monotonic() > self.ends:
            raise Silent(f"{self} was not done within {LONGEST_SECONDS:g} s")
        limits = self.limits
        try:
            sock = socket.create_connection((self.host, self.port), limits.connect_seconds)
        except OSError as error:
            why = error.strerror or str(error)
            if self.asked:
                raise Silent(f"{self} takes no more connections ({why})") from None
            raise Unreachable(f"no connection to {self}: {why}") from None
        self.asked += 1
        sock.settimeout(limits.handshake_seconds)
        return sock

    def ask(self, version: int, offered: Sequence[str], groups: Iterable[str]) -> Flight | None:
        """What it chooses of this; None: it refuses.  Raises Unreachable, NoTls, Silent."""
        table = suites.ALL_GROUPS if version == hello.TLS13 else suites.GROUPS
        question = Hello(
            version,
            tuple(suites.SUITES[name] for name in offered),
            tuple(table[name][0] for name in groups if name in table),
            _server_name(self.host),
        )
        try:
            answer = self._answer(hello.encode(question))
        except Alerted:
            self.alerted += 1
            return None
        except Foreign as error:
            raise NoTls(f"{self} answers, and not in TLS", error.begins) from None
        except TimeoutError:
            late = f"{self} said nothing within {self.limits.handshake_seconds:g} s"
            raise Silent(late) from None
        if answer is None:
            self.dropped += 1
        elif suites.NAMES.get(answer.suite) not in offered:
            raise NoTls(f"{self} answers in TLS, with a suite that was not offered")
        elif answer.version not in VERSIONS or answer.version > version:
            raise NoTls(f"{self} answers in TLS, of a version that was not offered")
        else:
            self.flights.append(answer)
        return answer

    def _answer(self, question: bytes) -> Flight | None:
        """Its flight; None when it closes the connection before that is whole."""
        deadline = time.monotonic() + self.limits.handshake_seconds
        received = b""
        with self.connect() as sock:
            try:
                sock.sendall(question)
                while len(received) < flight.LONGEST:
                    sock.settimeout(max(deadline - time.monotonic(), 0.001))
                    piece = sock.recv(65536)
                    if not piece:
                        return None
                    received += piece
                    if (answer := flight.read(received)) is not None:
                        return answer
            except (ConnectionResetError, BrokenPipeError):
                return None
        raise Foreign(received[:16])


def name(answer: Flight) -> str:
    """The suite a server chose."""
    return suites.NAMES[answer.suite]


def _server_name(host: str) -> str:
    """What SNI says, RFC 6066 3: names only, never addresses."""
    return host if ":" not in host and any(map(str.isalpha, host)) else ""
