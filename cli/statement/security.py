"""Chapter 8: what protects the node and what is recorded. Annex N.8, PS3.15."""

from __future__ import annotations

from collections.abc import Iterator

from cli.statement.blocks import Block, Heading, Paragraph, bullets, grid
from config.contexts import OPENSSL, offering
from config.profiles import PROFILES, Profile
from config.settings import Settings


def security(settings: Settings) -> Iterator[Block]:
    """Chapter 8."""
    yield Heading("8", "Security")
    yield Heading("8.1", "Introduction")
    yield Paragraph(
        "Anode is to run in a network that is kept apart, or with TLS. Without a configured "
        "peer it "
        "listens on this machine alone."
    )
    yield Heading("8.2", "External Network Requirements")
    yield Paragraph(
        "A resolver of names where peers are configured by name; synchronised clocks, which "
        "TLS and "
        "the audit trail need. LDAP, DHCP and NTP are not spoken."
    )
    yield Heading("8.3", "TCP Port Configuration")
    rows = [
        (
            each.host,
            each.port,
            each.tls or "plain DICOM",
            each.client_certificate if each.tls else "",
            each.user_identity,
        )
        for each in settings.listener
    ]
    head = "Host | Port | TLS profile | Client certificate | User identity"
    yield grid("Table 8.3-1. Listeners", head, rows)
    yield Heading("8.4", "DICOM Security Profiles")
    yield Heading("8.4.1", "Secure Use and User Identity Profiles")
    yield Paragraph("User identity: 8.5. Audit trail: 8.4.6. No other secure use profile.")
    yield from _transport(settings)
    for number, name in (
        ("8.4.3", "Media Storage Security Profiles"),
        ("8.4.4", "Attribute Confidentiality Profiles"),
        ("8.4.5", "Digital Signature Profiles"),
    ):
        yield Heading(number, name)
        yield Paragraph("Not supported.")
    yield from _further(settings)
    yield from _identity(settings)
    yield Heading("8.6", "Web Services Security Features")
    yield Paragraph("Not supported: there are no web services.")
    yield from _others()


def _identity(settings: Settings) -> Iterator[Block]:
    yield Heading("8.5", "User Identity Negotiation Support")
    yield Heading("8.5.1", "Association Initiation")
    yield Paragraph("None is sent.")
    yield Heading("8.5.2", "Association Acceptance")
    asked = {each.user_identity for each in settings.listener} - {"none"}
    state = "Listeners of this node ask for it" if asked else "No listener of this node asks for it"
    yield Paragraph(f"{state} (table 8.3-1). PS3.15 B.4, B.5; PS3.7 D.3.3.7.")
    yield bullets(
        "required: username with passcode (type 2), or the association is rejected (2, 2, 1).",
        "optional: a passcode that is sent must be right; a username alone (type 1) is believed, "
        "and so is who sends none.",
        "none: what is sent is passed over, and no response is given.",
        "Kerberos, SAML and JSON Web Tokens (types 3 to 5) are not supported: where a listener "
        "asks, they are rejected (2, 2, 1).",
        "Passcodes are kept as scrypt hashes. A positive response is given when it is asked for.",
    )


def _others() -> Iterator[Block]:
    yield Heading("8.7", "Other Security Features")
    yield bullets(
        "Media: what is stored is not encrypted by Anode; the data folder can be entered by its "
        "owner and group alone.",
        "Network: every length, count and duration a peer controls has a limit (table 6.1-2); "
        "pixel data are decoded in processes that have given up files and network.",
        "Each object has its SHA-256, which is compared in a scan of all that is held, before it "
        "is committed, and before it is sent as 5.6.1 says.",
    )


def _transport(settings: Settings) -> Iterator[Block]:
    yield Heading("8.4.2", "Secure Transport Connection Profiles")
    used = {each.tls for each in settings.listener} | {each.tls for each in settings.peer}
    rows = [_profile(each, each.name in used) for each in PROFILES.values()]
    head = "Profile | Clause | Status | Versions | Cipher suites | Lacking here | In use | Note"
    yield grid("Table 8.4.2-1. TLS profiles", head, rows)
    yield Paragraph(
        f"As {OPENSSL} has it; what it lacks of a profile is not claimed. Keys: RSA of 2048 "
        "bits, EC "
        "of 256, or more; signatures with SHA-256 or better. Both ends show certificates unless a "
        "listener says otherwise. Conformance to B.12 and B.13 is not claimed, see 3.3."
    )


def _profile(profile: Profile, used: bool) -> tuple[str, ...]:
    have = offering(profile)
    return (
        f"{profile.name}: {profile.title}",
        profile.clause,
        profile.status,
        ", ".join(profile.versions),
        ", ".join(have.suites),
        ", ".join(have.missing) or "nothing",
        "yes" if used else "no",
        profile.note,
    )


def _further(settings: Settings) -> Iterator[Block]:
    yield Heading("8.4.6", "Additional Profiles")
    sinks = ", ".join(sorted({each.transport for each in settings.audit.sink})) or "none configured"
    yield bullets(
        "Audit Trail Message Format Profile (PS3.15 A.5); transmission by syslog over TLS (A.6) or "
        f"UDP (A.7), also over TCP. Receivers: {sinks}.",
        "AE titles can be bound to certificates (`certificate` of a peer); rights are given by "
        "service and group of SOP classes.",
        "Who is refused again and again is not heard any more.",
    )
