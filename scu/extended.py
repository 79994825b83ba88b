"""Extended negotiation of queries as their requestor, PS3.4 C.5.1.1 and K.5: ask, and be answered.

Nothing is in force before the acceptor has said so, byte for byte.
"""

from __future__ import annotations

from collections.abc import Collection

# C.5.1.1.1 to C.5.1.1.4: the meaning of each byte
_MEANINGS = ("relational", "combined_datetime", "fuzzy_names", "timezone")


# K.5: models of one level have three bytes or four, and the first two are always 1
_SINGLE = ("relational", "combined_datetime", "fuzzy_names")


def offer(wanted: Collection[str], *, single: bool = False) -> bytes:
    """The application information that asks for these; as short as it can be."""
    least = len(_SINGLE) - 1 if single else 0
    last = max(map(_MEANINGS.index, wanted), default=0)
    asked = {*wanted, *_SINGLE[:2]} if single else wanted
    return bytes(name in asked for name in _MEANINGS[: max(last, least) + 1])


def declined(wanted: Collection[str], answer: bytes) -> list[str]:
    """What of it the acceptor's answer does not grant; no answer grants nothing."""
    agreed = {name for name, byte in zip(_MEANINGS, answer, strict=False) if byte == 1}
    return [name for name in _MEANINGS if name in wanted and name not in agreed]
