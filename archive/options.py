"""What extended negotiation agreed for queries, PS3.4 C.5.1.1.

Law: every option is off unless both sides said otherwise; matching without options is the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """One flag per byte of the SOP Class Extended Negotiation that changes matching."""

    relational: bool = False  # byte 1: any keys at any level
    combined_datetime: bool = False  # byte 2: a date and its time are one interval
    fuzzy_names: bool = False  # byte 3: PN also matches by sound
    timezone: bool = False  # byte 4: times compare in UTC
    empty_value: bool = False  # byte 6: `""` matches what has no value
    multiple_value: bool = False  # byte 7: several values in the key, any of which may match
