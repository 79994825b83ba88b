"""Sentences of PS3.3 that say when an attribute is required, as conditions of the checker.

Law: only a sentence that is understood whole becomes a condition; each of `_ATOMS` is one way that
the standard has of saying one thing.  The language is that of `iod/checks/conditions.py`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

from pydicom.datadict import (
    dictionary_description,
    keyword_for_tag,
    tag_for_keyword,
)

_TAG = r"(?:the |an? |Attribute )*(?:value of |an? Item of )?(?:the )?@(\w+)"
_TOKEN = r"(?:\"[^\"]+\"|[A-Z0-9][A-Z0-9_]*(?: [A-Z0-9_]+)*)(?: \([A-Z][^()]*\))?"
_LIST = rf"(?:either )?{_TOKEN}(?:(?:, or |, | or ){_TOKEN})*"
_CODE = r"\([A-Z0-9a-z-]+, [A-Z0-9a-z]+, \"[^\"]+\" ?\)"
_ITS = r"(?: Value| value)?(?: (\d),?)?(?: of this frame)? "
_IS = (
    r"(?:is present and (?:has (?:a|the) value (?:of )?|the value is |equals |is )"
    r"|is present with (?:a |the )?value (?:of )?|(?:has|have) (?:a |the )?values? (?:of )?"
    r"|is set to |is equal to |equals |= |is |value is |and the value is )"
)
_NOT = (
    r"(?:is present and |value )?"
    r"(?:is not equal to|is not|does not equal|is other than|equals other than) "
)
_THERE = r"(?:(?:is|are) present(?: and has a value| with a value)?|is used|has a value)"
_NOT_THERE = r"(?:is|are) (?:not present|absent)"
_MORE = (
    r"(?:is|has a value|has value|value is|is present and has a value)(?: of)? "
    r"(?:greater|more) than "
)
# Without their tags where the standard is in a hurry; longer ones first.
_UNTAGGED = ("SOP Class UID", "Observer Type", "Rescale Intercept", "Number Of Frames",
             "Pixel Component Organization", "Table Motion", "Frame Time Vector", "Frame Time",
             "Image Type")  # fmt: skip
_ORIGINAL = "ORIGINAL"
# The whole sentence: where ", and KVP is not present" follows, it is not this condition alone.
_FIRST = re.compile(
    r"Required for first Item of Control Point Sequence, or if [\w ]+ changes during \w+\."
)
_REQUIRED = re.compile(r"[Rr]equired (?:if|when|for)")


def plain(markup: str) -> str:
    """The text of a cell."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup))).strip()


def condition(description: str, within: str = "") -> str:
    """The condition of a description; empty where it is not understood.

    `within` is the sequence in whose items the attribute stands.
    """
    told = plain(description)
    sentences = [x for x in re.split(r"(?<=[.])\s+(?=[A-Z])", told) if _REQUIRED.search(x)]
    if len(sentences) != 1 or len(_REQUIRED.findall(told)) != 1:
        return ""
    if within and _FIRST.search(told):
        return f"{within} first"
    words = re.split(r"[Rr]equired (?:if|when):? ", sentences[0])[-1]
    words = re.sub(
        r"[,;.]? *(?:it )?(?:may|shall not) be present otherwise.*$", "", words, flags=re.I
    )
    words = re.sub(r"\(([0-9A-F]{4}),([0-9A-F]{4})\)", r"(\1\2)", words).strip(". ,;")
    readings = (words, words.removeprefix("either "))
    return next((told for each in readings for told in _parsed(_marked(each), 0, "")), "")


def _marked(words: str) -> str:
    """Names of attributes as `@keyword`: nothing else can be taken for a part of a name."""
    while found := re.search(r" ?\(([0-9A-F]{8})\)", words):
        keyword = keyword_for_tag(int(found[1], 16))
        before = words[: found.start()].split(" ")
        known = _stems(dictionary_description(int(found[1], 16))) if keyword else set()
        first = len(before)
        while first and _stems(before[first - 1]) and _stems(before[first - 1]) <= known:
            first -= 1
        while first < len(before) and before[first][:1].islower():
            first += 1  # a name begins with a capital
        rest = words[found.end() :]
        words = " ".join((*before[:first], f"@{keyword}" if known else "?")) + rest
    for name in _UNTAGGED:
        bare = rf"(?<!@)\b{name}\b(?! \(| Vector| Code)"
        words = re.sub(bare, "@" + name.replace(" ", ""), words, flags=re.I)
    return words


def _stems(name: str) -> set[str]:
    return {word.lower().rstrip("s") for word in re.findall(r"\w+", name)}


def _parsed(words: str, at: int, joint: str) -> Iterator[str]:
    """Every way to read the words from here on, the first one the best."""
    for pattern, told in _ATOMS:
        found = re.compile(pattern).match(words, at)
        atom = told(found) if found else ""
        if not found or not atom:
            continue
        if found.end() == len(words):
            yield atom
            continue
        inner = {sign for sign in (" and ", " or ") if sign in atom}
        more = re.compile(r",? (and|or)(?: if)?(?: either)? ").match(words, found.end())
        if more and joint in ("", more[1]) and inner <= {f" {more[1]} "}:
            for rest in _parsed(words, more.end(), more[1]):
                if {s for s in (" and ", " or ") if s in rest} <= {f" {more[1]} "}:
                    yield f"{atom} {more[1]} {rest}"


def _values(text: str) -> str:
    tokens = re.split(r", or |, | or ", text.removeprefix("either "))
    return "|".join(re.sub(r" \(.*\)$", "", token).strip('" ') for token in tokens)


def _compared(sign: str) -> Callable[[re.Match[str]], str]:
    def told(found: re.Match[str]) -> str:
        keyword, place, values = found[1], found[2], _values(found[3])
        # A frame of a MIXED image may be of another kind; of an ORIGINAL one all frames are that.
        if place == "1" and (keyword == "FrameType" or "of this frame" in found[0]):
            if sign != "=" or _ORIGINAL not in values.split("|"):
                return ""
            keyword, values = "ImageType", _ORIGINAL
        return f"{keyword}[{place}] {sign} {values}" if place else f"{keyword} {sign} {values}"

    return told


def _placed(found: re.Match[str]) -> str:
    return f"{found[2]}[{found[1]}] = {_values(found[3])}"


def _each(joint: str, state: str) -> Callable[[re.Match[str]], str]:
    def told(found: re.Match[str]) -> str:
        names = re.findall(r"@(\w+)", found[0])
        return f" {joint} ".join(f"{name} {state}" for name in names)

    return told


def _pointing(found: re.Match[str]) -> str:
    return f"{found[1]} = {tag_for_keyword(found[2]):08X}"


def _more(found: re.Match[str]) -> str:
    least = {"zero": "0"}.get(found[2], found[2])
    return f"{found[1]} > {least}"


def _nonzero(found: re.Match[str]) -> str:
    return f"{found[1]} > 0"


def _coded(found: re.Match[str]) -> str:
    values = re.findall(r"\(([A-Z0-9a-z-]+), [A-Z0-9a-z]+, ", found[0])
    return f"{found[1]} code {'|'.join(values)}"


def _unless(found: re.Match[str]) -> str:
    return f"{found[1]} lacks {_values(found[2])}"


_HOLDS = r"(?:contains(?: an [Ii]tem with)?|equals|is)(?: the value)?(?: of)?"
_CODES = rf"{_CODE}(?:(?:, or |, | or ){_CODE})*"
_ATOMS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (rf"{_TAG} is absent or not ({_LIST})", _unless),
    (rf"{_TAG},?{_ITS}{_NOT}({_LIST})", _compared("!=")),
    (rf"{_TAG} {_MORE}(zero|\d+)", _more),
    (rf"{_TAG} (?:is present and has a non-zero value|is non-zero|is not zero)", _nonzero),
    (rf"{_TAG} {_HOLDS} {_CODES}", _coded),
    (rf"{_TAG} (?:points to|(?:includes|contains) the Tag for) @(\w+)", _pointing),
    (rf"{_TAG},?{_ITS}{_IS}({_LIST})", _compared("=")),
    (rf"Value (\d) of @(\w+) is ({_LIST})", _placed),
    (rf"(?:either )?{_TAG} or {_TAG} {_THERE}", _each("or", "present")),
    (rf"(?:both )?{_TAG}(?: and {_TAG})? {_THERE}", _each("and", "present")),
    # Who says no "either" may mean that neither is there: that much is certain.
    (rf"either {_TAG} or {_TAG} {_NOT_THERE}", _each("or", "absent")),
    (rf"{_TAG} or {_TAG} {_NOT_THERE}", _each("and", "absent")),
    (rf"(?:both )?{_TAG}(?: and {_TAG})? {_NOT_THERE}", _each("and", "absent")),
)  # fmt: skip
