"""What a CA has issued and revoked: one JSON document a line, only ever added to.

Law: a certificate stands in here before anybody has it, a revocation before a CRL says so; so a
crash may leave a line too many, never one too few.  A line that cannot be read is an error, unless
it is a last one that was cut short: its command never said it was done.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from config import files, issuing, subjects
from config.errors import ConfigError

NAME: Final = "ca.index"
REASONS: Final[Mapping[str, x509.ReasonFlags]] = {
    "unspecified": x509.ReasonFlags.unspecified,
    "key-compromise": x509.ReasonFlags.key_compromise,
    "affiliation-changed": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessation-of-operation": x509.ReasonFlags.cessation_of_operation,
}
"""Why a certificate may be revoked, RFC 5280 5.3.1."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A certificate that was issued; times in UTC. `at` is known of what was read only."""

    serial: int
    name: str
    names: tuple[str, ...]
    pin: str
    until: datetime
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Revocation:
    """When and why a certificate stopped being good."""

    serial: int
    moment: datetime
    reason: x509.ReasonFlags


@dataclass(slots=True)
class Ledger:
    """All that is written, oldest first."""

    entries: dict[int, Entry] = field(default_factory=dict)
    revoked: dict[int, Revocation] = field(default_factory=dict)
    crl_number: int = 0

    def state(self, entry: Entry) -> str:
        """Whether a certificate is good: "valid", "expired", "revoked"."""
        if entry.serial in self.revoked:
            return "revoked"
        return "valid" if entry.until > datetime.now(UTC) else "expired"

    def current(self, entry: Entry) -> bool:
        """Whether it is the newest good one of its name."""
        good = [each for each in self.named(entry.name) if self.state(each) == "valid"]
        return bool(good) and good[-1].serial == entry.serial

    def named(self, name: str) -> list[Entry]:
        """The certificates of this name."""
        return [entry for entry in self.entries.values() if entry.name == name]

    def lost_key(self, pin: str) -> Entry | None:
        """The revoked certificate that had this key, if there is one."""
        own = (self.entries[serial] for serial in self.revoked if serial in self.entries)
        return next((entry for entry in own if entry.pin == pin), None)


def entry(made: x509.Certificate, name: str) -> Entry:
    """What is written down of a certificate."""
    pin = issuing.pin(made.public_key())
    return Entry(made.serial_number, name, names(made), pin, made.not_valid_after_utc)


def names(made: x509.Certificate) -> tuple[str, ...]:
    """The names in a certificate of ours."""
    try:
        held = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(map(subjects.of, held))


def read(folder: Path) -> Ledger:
    """The ledger of the CA in this folder; raises ConfigError."""
    path = folder / NAME
    ledger = Ledger()
    for number, line in enumerate(_lines(path), 1):
        try:
            _take(ledger, json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigError(
                f"{path}: line {number} cannot be read; bring the file back from a backup"
            ) from None
    return ledger


def issued(folder: Path, entry: Entry) -> None:
    """Write down a certificate."""
    until = entry.until.isoformat()
    what = {"name": entry.name, "names": entry.names, "pin": entry.pin, "until": until}
    _add(folder, [{"what": "issued", "serial": f"{entry.serial:x}", **what}])


def revoked(folder: Path, gone: Iterable[Revocation]) -> None:
    """Write down revocations."""
    _add(
        folder,
        [
            {"what": "revoked", "serial": f"{each.serial:x}", "reason": each.reason.name}
            for each in gone
        ],
    )


def published(folder: Path, number: int) -> None:
    """Write down the number of a CRL."""
    _add(folder, [{"what": "crl", "number": number}])


def _add(folder: Path, documents: Iterable[Mapping[str, object]]) -> None:
    path = folder / NAME
    now = datetime.now(UTC).isoformat(timespec="seconds")
    lines = "".join(json.dumps({"at": now, **each}) + "\n" for each in documents)
    if path.exists() and (torn := _torn(path.read_bytes())):
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - torn)
    files.append(path, lines.encode("ascii"))


def _lines(path: Path) -> list[bytes]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(
            f"{path} is missing, in which the CA keeps what it issued and revoked; bring it back "
            "from a backup"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return content[: len(content) - _torn(content)].splitlines()


def _torn(content: bytes) -> int:
    """The bytes of a last line that was cut short."""
    return len(content) - content.rfind(b"\n") - 1


def _take(ledger: Ledger, said: dict[str, object]) -> None:
    match said:
        case {"what": "issued", "serial": str(serial), "name": str(name), "names": list(names),
              "pin": str(pin), "until": str(until), "at": str(at)}:  # fmt: skip
            begin, end = map(datetime.fromisoformat, (at, until))
            entry = Entry(int(serial, 16), name, tuple(map(str, names)), pin, end, begin)
            ledger.entries[entry.serial] = entry
        case {"what": "revoked", "serial": str(serial), "reason": str(reason), "at": str(at)}:
            number = int(serial, 16)
            gone = Revocation(number, datetime.fromisoformat(at), x509.ReasonFlags[reason])
            ledger.revoked.setdefault(number, gone)
        case {"what": "crl", "number": int(number)}:
            ledger.crl_number = max(ledger.crl_number, number)
        case _:
            raise ValueError
