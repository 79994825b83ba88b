"""Cipher suites and groups a TLS server may be asked for, as IANA numbers them, and their strength.

OpenSSL's names, which people type; beyond those of the profiles (`config.profiles`) what servers of
the last decades still accept.  Suites with pre-shared keys, SRP, Kerberos, DSS and fixed DH
certificates are not here: no DICOM peer was ever seen with one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from config.profiles import PROFILES

_FURTHER: Final = """
    CCAA DHE-RSA-CHACHA20-POLY1305
    C0A3 DHE-RSA-AES256-CCM8          C09F DHE-RSA-AES256-CCM
    C0A2 DHE-RSA-AES128-CCM8          C09E DHE-RSA-AES128-CCM
    C05D ECDHE-ECDSA-ARIA256-GCM-SHA384  C05C ECDHE-ECDSA-ARIA128-GCM-SHA256
    C061 ECDHE-ARIA256-GCM-SHA384     C060 ECDHE-ARIA128-GCM-SHA256
    C053 DHE-RSA-ARIA256-GCM-SHA384   C052 DHE-RSA-ARIA128-GCM-SHA256
    C024 ECDHE-ECDSA-AES256-SHA384    C028 ECDHE-RSA-AES256-SHA384
    C023 ECDHE-ECDSA-AES128-SHA256    C027 ECDHE-RSA-AES128-SHA256
    006B DHE-RSA-AES256-SHA256        0067 DHE-RSA-AES128-SHA256
    C073 ECDHE-ECDSA-CAMELLIA256-SHA384  C077 ECDHE-RSA-CAMELLIA256-SHA384
    C072 ECDHE-ECDSA-CAMELLIA128-SHA256  C076 ECDHE-RSA-CAMELLIA128-SHA256
    00C4 DHE-RSA-CAMELLIA256-SHA256   00BE DHE-RSA-CAMELLIA128-SHA256
    C00A ECDHE-ECDSA-AES256-SHA       C014 ECDHE-RSA-AES256-SHA
    C009 ECDHE-ECDSA-AES128-SHA       C013 ECDHE-RSA-AES128-SHA
    0039 DHE-RSA-AES256-SHA           0033 DHE-RSA-AES128-SHA
    0088 DHE-RSA-CAMELLIA256-SHA      0045 DHE-RSA-CAMELLIA128-SHA
    009A DHE-RSA-SEED-SHA
    009D AES256-GCM-SHA384            009C AES128-GCM-SHA256
    C0A1 AES256-CCM8   C09D AES256-CCM   C0A0 AES128-CCM8   C09C AES128-CCM
    C051 ARIA256-GCM-SHA384           C050 ARIA128-GCM-SHA256
    003D AES256-SHA256                003C AES128-SHA256
    00C0 CAMELLIA256-SHA256           00BA CAMELLIA128-SHA256
    0035 AES256-SHA                   0084 CAMELLIA256-SHA
    0041 CAMELLIA128-SHA   0096 SEED-SHA   0007 IDEA-CBC-SHA
    C008 ECDHE-ECDSA-DES-CBC3-SHA     C012 ECDHE-RSA-DES-CBC3-SHA
    0016 DHE-RSA-DES-CBC3-SHA         000A DES-CBC3-SHA
    C007 ECDHE-ECDSA-RC4-SHA          C011 ECDHE-RSA-RC4-SHA
    0005 RC4-SHA   0004 RC4-MD5   0015 DHE-RSA-DES-CBC-SHA   0009 DES-CBC-SHA
    0014 EXP-DHE-RSA-DES-CBC-SHA      0008 EXP-DES-CBC-SHA
    0006 EXP-RC2-CBC-MD5              0003 EXP-RC4-MD5
    00A7 ADH-AES256-GCM-SHA384        00A6 ADH-AES128-GCM-SHA256
    006D ADH-AES256-SHA256            006C ADH-AES128-SHA256
    00C5 ADH-CAMELLIA256-SHA256       00BF ADH-CAMELLIA128-SHA256
    C019 AECDH-AES256-SHA             C018 AECDH-AES128-SHA
    003A ADH-AES256-SHA               0034 ADH-AES128-SHA
    0089 ADH-CAMELLIA256-SHA          0046 ADH-CAMELLIA128-SHA
    C017 AECDH-DES-CBC3-SHA   001B ADH-DES-CBC3-SHA   C016 AECDH-RC4-SHA   0018 ADH-RC4-MD5
    C006 ECDHE-ECDSA-NULL-SHA   C010 ECDHE-RSA-NULL-SHA   C015 AECDH-NULL-SHA
    003B NULL-SHA256   0002 NULL-SHA   0001 NULL-MD5
"""

_PAIRS: Final = _FURTHER.split()
_OF_PROFILES: Final = {s.name: s.code for profile in PROFILES.values() for s in profile.suites}
SUITES: Final[Mapping[str, int]] = _OF_PROFILES | {
    name: int(code, 16) for code, name in zip(_PAIRS[::2], _PAIRS[1::2], strict=True)
}
"""Name -> IANA's code, those of the profiles first."""
NAMES: Final[Mapping[int, str]] = {code: name for name, code in SUITES.items()}
MODERN: Final = tuple(name for name, code in SUITES.items() if code >> 8 == 0x13)
"""Of TLS 1.3."""
OLDER: Final = tuple(name for name in SUITES if name not in MODERN)

# IANA's TLS supported groups: name -> (code, bits of its order)
GROUPS: Final[Mapping[str, tuple[int, int]]] = {
    "X25519": (29, 253), "P-256": (23, 256), "P-384": (24, 384), "P-521": (25, 521),
    "X448": (30, 446), "brainpoolP256r1": (26, 256), "brainpoolP384r1": (27, 384),
    "brainpoolP512r1": (28, 512), "secp256k1": (22, 256), "sect571r1": (14, 571),
    "sect571k1": (13, 571), "sect409r1": (12, 409), "sect409k1": (11, 409),
    "sect283r1": (10, 283), "sect283k1": (9, 283), "P-224": (21, 224), "secp224k1": (20, 224),
    "P-192": (19, 192), "secp192k1": (18, 192), "sect239k1": (8, 239), "sect233r1": (7, 233),
    "sect233k1": (6, 233), "sect163r2": (3, 163), "sect163k1": (1, 163), "secp160r1": (16, 160),
}  # fmt: skip
# RFC 7919: of TLS 1.3 only here. A server of an older version that knows them would take another
# prime from who names them than from who does not.
FINITE: Final[Mapping[str, tuple[int, int]]] = {
    f"ffdhe{bits}": (code, bits) for code, bits in enumerate((2048, 3072, 4096, 6144, 8192), 256)
}
ALL_GROUPS: Final[Mapping[str, tuple[int, int]]] = {**GROUPS, **FINITE}
GROUP_NAMES: Final[Mapping[int, str]] = {code: name for name, (code, _) in ALL_GROUPS.items()}
_FORWARD_SECRET = re.compile(r"(EXP-)?(ECDHE|DHE|ADH|AECDH)-|TLS_")
_SEALED = re.compile(r"GCM|CCM|POLY1305")
_BROKEN = re.compile(r"NULL|RC4|RC2|EXP-|DES-CBC-")


def forward_secret(name: str) -> bool:
    """Whether what was recorded stays secret when the server's key does not."""
    return _FORWARD_SECRET.match(name) is not None


def exchange(name: str) -> str:
    """How keys are agreed on below TLS 1.3: "ECDHE", "DHE" or "" (the server's RSA key)."""
    bare = name.removeprefix("EXP-")
    if bare.startswith(("ECDHE-", "AECDH-")):
        return "ECDHE"
    return "DHE" if bare.startswith(("DHE-", "ADH-")) else ""


def signed_by(name: str) -> str:
    """The kind of certificate a suite needs: "RSA", "EC", or "" for none or any."""
    if name.startswith(("TLS_", "ADH-", "AECDH-")):
        return ""
    return "EC" if "-ECDSA-" in name else "RSA"


def forbidden(name: str) -> str:
    """Why RFC 7525 4.1 and RFC 9325 4.1 forbid a suite, in words; empty: they do not.

    Anonymous suites are not among the forbidden there, but nobody is authenticated by them.
    """
    if name.startswith(("ADH-", "AECDH-")):
        return "without authentication"
    if "NULL" in name:
        return "without encryption"
    return "which can be broken" if _BROKEN.search(name) else ""


def frowned_on(name: str) -> str:
    """Why RFC 7525 4.1 and RFC 9325 4.1 say that a suite should not be used; empty: they do not."""
    if "DES-CBC3" in name:
        return "of less than 128 bits of strength"
    return "" if forward_secret(name) else "without forward secrecy"


def as_strong(name: str) -> bool:
    """Whether it is as strong as the four of PS3.15 B.10: forward secret and authenticated."""
    return bool(forward_secret(name) and _SEALED.search(name) and not forbidden(name))
