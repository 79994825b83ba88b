"""Extended negotiation of queries as their requestor, PS3.4 C.5.1.1: what to ask, what was agreed.

Nothing is in force before the acceptor has said so, byte for byte.
"""

from __future__ import annotations

from collections.abc import Collection

# C.5.1.1.1 to C.5.1.1.4: the meaning of each byte
_MEANINGS = ("relational", "combined_datetime", "fuzzy_names", "timezone")


def offer(wanted: Collection[str]) -> bytes:
    """The application information that asks for these; as short as it can be."""
    last = max(map(_MEANINGS.index, wanted), default=0)
    return bytes(name in wanted for name in _MEANINGS[: last + 1])


def declined(wanted: Collection[str], answer: bytes) -> list[str]:
    """What of it the acceptor's answer does not grant; no answer grants nothing."""
    agreed = {name for name, byte in zip(_MEANINGS, answer, strict=False) if byte == 1}
    return [name for name in _MEANINGS if name in wanted and name not in agreed]
