"""`anode tls profiles`: what each TLS profile means here, and what this OpenSSL cannot offer."""

from __future__ import annotations

from cli import options, show
from config.contexts import OPENSSL, offering
from config.profiles import PROFILES, Profile

EXAMPLES = options.examples("anode tls profiles", "anode tls profiles --json")


def profiles(*, as_json: options.JsonOption = False) -> None:
    """Tell what each TLS profile means here."""
    if as_json:
        told = [_document(profile) for profile in PROFILES.values()]
        show.document({"openssl": OPENSSL, "profiles": told})
        return
    for profile in PROFILES.values():
        _tell(profile)
    show.say(f"As {OPENSSL} has it.")


def _tell(profile: Profile) -> None:
    have = offering(profile)
    show.say(f"{profile.name}: {profile.title}, {profile.clause}, {profile.status}")
    lines = [
        ("versions", ", ".join(profile.versions)),
        ("suites", "\n".join(have.suites)),
        ("lacking here", "\n".join(have.missing)),
        ("keys", f"RSA {profile.rsa_bits} bits, EC {profile.ec_bits} bits, or more; SHA-256"),
        ("groups", ", ".join(filter(None, (profile.group, profile.dh)))),
        ("note", profile.note),
    ]
    for name, text in lines:
        for number, line in enumerate(filter(None, text.split("\n"))):
            show.say(f"  {name if not number else '':<13}{line}")
    show.say("")


def _document(profile: Profile) -> dict[str, object]:
    have = offering(profile)
    return {
        "name": profile.name,
        "clause": profile.clause,
        "title": profile.title,
        "status": profile.status,
        "versions": list(profile.versions),
        "suites": list(have.suites),
        "missing": list(have.missing),
        "group": profile.group or None,
        "dh": profile.dh or None,
        "rsa_bits": profile.rsa_bits,
        "ec_bits": profile.ec_bits,
        "note": profile.note,
    }
