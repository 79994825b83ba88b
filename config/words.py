"""Words of the configuration that need no library: names of profiles, and a word mistyped."""

import difflib
from collections.abc import Iterable
from typing import Literal, get_args

TlsProfile = Literal["rfc9325", "rfc9325-modified", "non-downgrading", "bcp195", "extended"]
TLS_PROFILES: tuple[TlsProfile, ...] = get_args(TlsProfile)


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence that proposes the known word this one is nearest to, or nothing."""
    spelled = {each.lower(): each for each in known}
    found = difflib.get_close_matches(word.lower(), spelled, n=1)
    return f"; did you mean {spelled[found[0]]!r}?" if found else ""
