"""How names sound: fuzzy semantic matching of names, PS3.4 C.2.2.2.1 and C.5.1.1 (byte 3).

Law: a name matches when each word of the key sounds like some word of the name, wherever it
stands. Two words sound alike when their Metaphone or their Soundex codes are equal ("Meyer" and
"Maier", "Katherine" and "Catherine"); words that are not Latin letters have no code and are equal
or not. A word with a wild card is a pattern of its word's letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from jellyfish import metaphone, soundex

from archive import text

_PARTS = re.compile(r"[\^=\s\\,.-]+")
_LATIN = re.compile(r"[a-z]+")
_APOSTROPHES = re.compile("['’`´]")


def _words(name: str) -> Iterator[str]:
    """The folded words of a name; never with a space, which parts them in the index."""
    return filter(None, _PARTS.split(_APOSTROPHES.sub("", text.fold_name(name))))


@lru_cache(maxsize=512)
def codes(word: str) -> tuple[str, ...]:
    """The codes of a folded word, in capitals, so that they never equal a word."""
    if _LATIN.fullmatch(word) is None:
        return (word,)
    found = (metaphone(word), soundex(word))
    return tuple(dict.fromkeys(code.replace(" ", "") for code in found if code)) or (word,)


@lru_cache(maxsize=512)
def heard(name: str) -> str:
    """The sounds of a stored name or names: words and codes, each between two spaces."""
    sounds = dict.fromkeys(sound for word in _words(name) for sound in (word, *codes(word)))
    return f" {' '.join(sounds)} " if sounds else ""


def asked(key: str) -> tuple[tuple[str, ...], ...]:
    """For each word of a key the patterns, any of which must be found among the sounds."""
    return tuple(
        tuple(f"* {sound} *" for sound in ((word,) if _is_wild(word) else codes(word)))
        for word in _words(key)
        if word.strip("*")
    )


def _is_wild(word: str) -> bool:
    return "*" in word or "?" in word
