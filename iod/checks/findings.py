"""What a check finds: a rule by its name, where, what is wrong, and which clause says so.

Law: names of rules are stable; whoever filters findings does it by them.  Messages quote no value
of a patient: what they quote is bounded, and only of attributes whose values the standard lists;
whatever the bytes were, they are printable ASCII.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["error", "warning"]
MOST: Final = 200  # findings of one object in each severity; that there are more is one


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the standard, or a rule of ours, wants it.

    path: keywords with item numbers from 1, as `BeamSequence[2].BeamNumber`; empty for the whole.
    """

    severity: Severity
    path: str
    rule: str
    message: str
    clause: str = ""

    def __post_init__(self) -> None:
        if not (self.message.isascii() and self.message.isprintable()):
            object.__setattr__(self, "message", ascii(self.message)[1:-1])

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        clause = f" ({self.clause})" if self.clause else ""
        return f"{self.severity}: {where}{self.message} [{self.rule}]{clause}"


def errors(findings: list[Finding]) -> list[Finding]:
    """Those that make an object invalid."""
    return [each for each in findings if each.severity == "error"]
