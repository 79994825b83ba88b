"""What one object, or one query, may cost us at most. Hostile input D3, D4, D6, D10: all refused.

The numbers are defaults; `config.limits` names the same ones and the node passes them down.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds on one data set, all inclusive: the value named here is still accepted."""

    free_bytes: int = 0
    """Left on the disk; with less nothing more is received."""
    object_bytes: int = 64 << 30
    """Encoded data set bytes."""
    elements: int = 1_000_000
    """Data elements, items and pixel data fragments at every level together."""
    odd_elements: int = 30_000
    """The same of a data set that only pydicom can read, which costs more for each."""
    nesting: int = 64
    """Sequences within sequences."""
    inflated_bytes: int = 512 << 20
    """Bytes of a deflated data set after inflation; they are never all in memory."""
    value_bytes: int = 64 << 10
    """Bytes kept of one indexed value; the rest of it stays in the file alone."""
    head_bytes: int = 48 << 20
    """Bytes that the fallback may read of an odd data set, big values left out."""
    query_seconds: float = 30.0
    """One statement of a query."""


# The most that any configuration lets in: what is held already is not disowned by new limits.
HELD = Bounds(
    object_bytes=1 << 62,
    elements=100_000_000,
    odd_elements=100_000_000,
    nesting=1000,
    inflated_bytes=64 << 30,
)
