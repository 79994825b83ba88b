"""What was found in a file that is to be wrapped; goes as JSON from the process that looked."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

Code = tuple[str, str, str]
"""Code Value, Coding Scheme Designator, Code Meaning; PS3.3 8.8."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is true of a file's content, and what the object says of it."""

    facts: dict[str, Any]  # for people and --json
    notes: tuple[str, ...] = ()  # what they should know, but is no reason to refuse
    title: str = ""
    instance_identifier: str = ""  # of a CDA document: HL7 Instance Identifier
    concept: Code | None = None
    created: str = ""  # YYYYMMDDHHMMSS, as far as it says so
    patients: tuple[str, ...] = ()  # the ids by which it names its patient
    media_types: tuple[str, ...] = ()  # of other documents within it
    refers_to: tuple[str, ...] = ()  # other files it needs, as it names them

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, document: dict[str, Any]) -> Contents:
        """The same from JSON, where tuples are lists."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in document.items()
        }
        return cls(**given)
