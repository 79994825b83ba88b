"""When our certificates, their CAs and CRLs end: for the warnings at start, daily and in status."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config import certificates
from config.settings import Settings

SOON_DAYS, NOW_DAYS = 30, 7


@dataclass(frozen=True, slots=True)
class Expiry:
    """A file that is good until a moment, in UTC; subject is whose it is."""

    path: Path
    kind: str
    subject: str
    until: datetime

    @property
    def days_left(self) -> int:
        """Whole days; negative once it has ended."""
        return (self.until - datetime.now(UTC)).days

    def __str__(self) -> str:
        """For people: what it is, when it ends, what to do."""
        day = self.until.date().isoformat()
        what = f"{self.path}: the {self.kind} of {self.subject or 'nobody'}"
        if self.days_left < 0:
            return f"{what} ended on {day}; replace the file, then reload (SIGHUP)"
        return f"{what} ends on {day}, in {self.days_left} days"


def expiries(settings: Settings) -> list[Expiry]:
    """Everything with an end that the listeners name, what ends first coming first.

    Raises ConfigError when a file cannot be read.
    """
    found = {each for listener in settings.listener for each in _of(listener.credentials)}
    return sorted(found, key=lambda each: each.until)


def _of(credentials: certificates.Credentials) -> Iterator[Expiry]:
    for path in filter(None, (credentials.certificate, credentials.ca)):
        for each in certificates.certificates_in(path):
            subject = each.subject.rfc4514_string()
            yield Expiry(path, "certificate", subject, each.not_valid_after_utc)
    if credentials.crl is not None:
        for revoked in certificates.revocations(credentials.crl):
            if (until := revoked.next_update_utc) is not None:
                yield Expiry(credentials.crl, "CRL", revoked.issuer.rfc4514_string(), until)
