"""[[user]]: who may give a username and passcode with an association, PS3.7 D.3.3.7.

Law: a passcode is never stored, only what scrypt (RFC 7914) makes of it, and never logged.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import threading
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from config.tables import Table

# RFC 7914 2, OWASP's choice for interactive logins: 2^15 * 8 * 128 bytes = 32 MiB for a moment
_COST, _BLOCK, _LANES = 15, 8, 1
NAME_LENGTH: Final = 64
_SALT_BYTES, _HASH_BYTES = 16, 32
_MOST_MEMORY: Final = 128 * 1024 * 1024
_AT_A_TIME: Final = 2
_turns = threading.BoundedSemaphore(_AT_A_TIME)
_SPELLING = re.compile(r"scrypt:(\d{1,2}):(\d{1,2}):(\d{1,2}):([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")


def hashed(passcode: str) -> str:
    """What `[[user]] passcode` holds for this passcode: `scrypt:15:8:1:SALT:HASH`."""
    salt = os.urandom(_SALT_BYTES)
    made = _scrypt(passcode.encode(), salt, (_COST, _BLOCK, _LANES))
    parts = (base64.b64encode(part).decode() for part in (salt, made))
    return ":".join(("scrypt", str(_COST), str(_BLOCK), str(_LANES), *parts))


def _scrypt(passcode: bytes, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    power, block, lanes = cost
    return hashlib.scrypt(
        passcode,
        salt=salt,
        n=1 << power,
        r=block,
        p=lanes,
        maxmem=_MOST_MEMORY,
        dklen=_HASH_BYTES,
    )


def _read(spelled: str) -> tuple[tuple[int, int, int], bytes, bytes]:
    found = _SPELLING.fullmatch(spelled)
    if found is None:
        # What stands there may be the passcode itself: it is not repeated.
        raise ValueError("must be what `anode user NAME` prints, as scrypt:15:8:1:...")
    power, block, lanes = (int(number) for number in found.groups()[:3])
    try:
        salt, made = (base64.b64decode(text, validate=True) for text in found.groups()[3:])
    except binascii.Error:
        raise ValueError("has a part that is not base64; let `anode user NAME` print it") from None
    memory = 128 * block << power
    if (
        power < 14
        or not block
        or not lanes
        or memory > _MOST_MEMORY // 2
        or len(made) != _HASH_BYTES
    ):
        raise ValueError("is too cheap or too dear to verify; let `anode user NAME` print it")
    return (power, block, lanes), salt, made


def _passcode(value: object) -> object:
    """Before pydantic sees it, whose sentences repeat what was given."""
    _read(value if isinstance(value, str) else "")
    return value


# Verified against when there is no such user, so that the time tells nobody which names exist.
_NOBODY: Final = f"scrypt:{_COST}:{_BLOCK}:{_LANES}:{'A' * 22}==:{'A' * 43}="


class User(Table):
    """[[user]]: a name and what scrypt makes of its passcode."""

    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
    passcode: Annotated[str, BeforeValidator(_passcode), Field(repr=False)]


def verified(users: tuple[User, ...], name: bytes, passcode: bytes) -> bool:
    """Whether this is one of these users with its passcode; takes as long when it is none.

    Whoever asks has no rights yet, so the memory and the processors this may take are bounded.
    """
    user = next((each for each in users if each.name.encode() == name), None)
    cost, salt, made = _read(user.passcode if user else _NOBODY)
    with _turns:
        same = hmac.compare_digest(_scrypt(passcode, salt, cost), made)
    return same and user is not None
