"""TLS profiles of PS3.15 annex B, as data: what each demands, allows and forbids.

B.9 to B.11 stand on RFC 7525, B.12 and B.13 on RFC 9325 (the cipher suites of B.12 are those of
RFC 9325 4.2).  Suites are in our order of preference; a name of OpenSSL's, the code of IANA.  What
a profile names and this OpenSSL does not have is `offering.missing`: told, never claimed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Version = Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
Need = Literal["must", "should", "may"]
VERSIONS: Final[tuple[Version, ...]] = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


@dataclass(frozen=True, slots=True)
class Suite:
    """A cipher suite: OpenSSL's name, IANA's code, and how much the profile wants it."""

    name: str
    code: int
    need: Need

    @property
    def modern(self) -> bool:
        """Whether it is one of TLS 1.3, which have code points of their own."""
        return self.code >> 8 == 0x13


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile; sizes in bits. `group` pins the curve of ECDHE, "" leaves it to OpenSSL.

    alpn: the application protocol that is told (RFC 7301), by the registered name.
    """

    name: str
    clause: str
    title: str
    status: str
    minimum: Version
    maximum: Version
    suites: tuple[Suite, ...]
    dh: str = ""
    group: str = ""
    security_level: int = 2
    rsa_bits: int = 2048
    ec_bits: int = 256
    alpn: str = ""
    note: str = ""

    @property
    def versions(self) -> tuple[Version, ...]:
        """The versions of TLS it speaks, oldest first."""
        first, last = VERSIONS.index(self.minimum), VERSIONS.index(self.maximum)
        return VERSIONS[first : last + 1]


# OpenSSL's name -> IANA's code
_CODES: Final[Mapping[str, int]] = {
    "ECDHE-ECDSA-AES256-GCM-SHA384": 0xC02C,
    "ECDHE-RSA-AES256-GCM-SHA384": 0xC030,
    "ECDHE-ECDSA-AES128-GCM-SHA256": 0xC02B,
    "ECDHE-RSA-AES128-GCM-SHA256": 0xC02F,
    "DHE-RSA-AES256-GCM-SHA384": 0x009F,
    "DHE-RSA-AES128-GCM-SHA256": 0x009E,
    "ECDHE-ECDSA-CHACHA20-POLY1305": 0xCCA9,
    "ECDHE-RSA-CHACHA20-POLY1305": 0xCCA8,
    "ECDHE-ECDSA-AES256-CCM": 0xC0AD,
    "ECDHE-ECDSA-AES128-CCM": 0xC0AC,
    "ECDHE-ECDSA-AES256-CCM8": 0xC0AF,
    "ECDHE-ECDSA-AES128-CCM8": 0xC0AE,
    "ECDHE-ECDSA-CAMELLIA256-GCM-SHA384": 0xC087,
    "ECDHE-ECDSA-CAMELLIA128-GCM-SHA256": 0xC086,
    "ECDHE-RSA-CAMELLIA256-GCM-SHA384": 0xC08B,
    "ECDHE-RSA-CAMELLIA128-GCM-SHA256": 0xC08A,
    "DHE-RSA-CAMELLIA256-GCM-SHA384": 0xC07D,
    "DHE-RSA-CAMELLIA128-GCM-SHA256": 0xC07C,
    "AES128-SHA": 0x002F,
    "TLS_AES_256_GCM_SHA384": 0x1302,
    "TLS_CHACHA20_POLY1305_SHA256": 0x1303,
    "TLS_AES_128_GCM_SHA256": 0x1301,
    "TLS_AES_128_CCM_SHA256": 0x1304,
    "TLS_AES_128_CCM_8_SHA256": 0x1305,
}


def _suites(need: Need, names: str) -> tuple[Suite, ...]:
    return tuple(Suite(name, _CODES[name], need) for name in names.split())


_ECDSA_GCM: Final = "ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-GCM-SHA256"
_RSA_GCM: Final = "ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-AES128-GCM-SHA256"
_DHE_GCM: Final = "DHE-RSA-AES256-GCM-SHA384 DHE-RSA-AES128-GCM-SHA256"
_MODERN: Final = "TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_GCM_SHA256"
_CAMELLIA: Final = """
    ECDHE-ECDSA-CAMELLIA256-GCM-SHA384 ECDHE-ECDSA-CAMELLIA128-GCM-SHA256
    ECDHE-RSA-CAMELLIA256-GCM-SHA384 ECDHE-RSA-CAMELLIA128-GCM-SHA256
"""
# B.13: the ten of TLS 1.2 but those above.
_FURTHER: Final = """
    ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305
    ECDHE-ECDSA-AES256-CCM ECDHE-ECDSA-AES128-CCM
    ECDHE-ECDSA-AES256-CCM8 ECDHE-ECDSA-AES128-CCM8
"""
DICOM: Final = "dicom"
"""IANA's name for ALPN, which RFC 9325 3.7 asks of both sides."""
RETIRED: Final = "retired by Supplement 230 (PS3.15 2023a)"

_ALL: Final = (
    Profile(
        name="rfc9325",
        clause="PS3.15 B.12",
        title="BCP 195 RFC 8996, 9325",
        status="current",
        minimum="TLSv1.2",
        maximum="TLSv1.3",
        suites=(
            *_suites("may", _MODERN),
            *_suites("should", _ECDSA_GCM),
            *_suites("should", _RSA_GCM),
        ),
        alpn=DICOM,
    ),
    Profile(
        name="rfc9325-modified",
        clause="PS3.15 B.13",
        title="Modified BCP 195 RFC 8996, 9325",
        status="current",
        minimum="TLSv1.2",
        maximum="TLSv1.3",
        suites=(
            *_suites("must", f"{_MODERN} TLS_AES_128_CCM_SHA256 TLS_AES_128_CCM_8_SHA256"),
            *_suites("must", f"{_ECDSA_GCM} {_RSA_GCM} {_FURTHER}"),
            *_suites("may", _CAMELLIA),
        ),
        group="prime256v1",
        alpn=DICOM,
        note="its lists of what is forbidden were not at hand, so conformance is not claimed",
    ),
    Profile(
        name="non-downgrading",
        clause="PS3.15 B.10",
        title="Non-Downgrading BCP 195",
        status=RETIRED,
        minimum="TLSv1.2",
        maximum="TLSv1.3",
        suites=(
            *_suites("may", f"{_MODERN} {_ECDSA_GCM}"),
            *_suites("must", f"{_RSA_GCM} {_DHE_GCM}"),
        ),
        dh="ffdhe3072",
    ),
    Profile(
        name="bcp195",
        clause="PS3.15 B.9",
        title="BCP 195",
        status=RETIRED,
        minimum="TLSv1",
        maximum="TLSv1.3",
        suites=(
            *_suites("may", f"{_MODERN} {_ECDSA_GCM}"),
            *_suites("should", f"{_RSA_GCM} {_DHE_GCM}"),
            *_suites("may", "AES128-SHA"),
        ),
        # What needs the fallback to old versions knows no larger group either.
        dh="ffdhe2048",
        # OpenSSL 3.0 speaks TLS 1.0 and 1.1 at no other; sizes of keys are ours to check then.
        security_level=0,
        note="falls back to TLS 1.0 and 1.1, which need an RSA certificate; calls go without DHE",
    ),
    Profile(
        name="extended",
        clause="PS3.15 B.11",
        title="Extended BCP 195",
        status=RETIRED,
        minimum="TLSv1.2",
        maximum="TLSv1.2",
        suites=(
            *_suites("should", _ECDSA_GCM),
            *_suites("must", f"{_RSA_GCM} {_DHE_GCM}"),
            *_suites("should", _CAMELLIA),
            *_suites("should", "DHE-RSA-CAMELLIA256-GCM-SHA384 DHE-RSA-CAMELLIA128-GCM-SHA256"),
        ),
        dh="ffdhe3072",
        # ECDHE of 256 bits or more: X25519 has 253.
        group="prime256v1",
        note="no other suites are allowed, so there is no TLS 1.3",
    ),
)

PROFILES: Final[Mapping[str, Profile]] = {profile.name: profile for profile in _ALL}
WEAK_HASHES: Final = frozenset({"md5", "sha1"})
"""Of certificate signatures: RFC 7525 4.3 and RFC 9325 4.5 ask for SHA-256 or better."""
