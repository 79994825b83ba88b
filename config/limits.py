"""The one table of limits: what a peer may cost us before we stop it.

Defaults follow `reliability/hostile-input.md` (N1-N6, D3, D4, D6): every bound is checked
before the work it bounds is done.  Everything is a setting of `[limits]`; units are in the names
and in each field's `unit`.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


def _count(default: int, unit: str, description: str, *, least: int = 1, most: int) -> Any:
    extra: dict[str, JsonValue] = {"unit": unit}
    return Field(
        default, strict=True, ge=least, le=most, description=description, json_schema_extra=extra
    )


def _seconds(default: float, description: str) -> Any:
    extra: dict[str, JsonValue] = {"unit": "seconds"}
    return Field(
        float(default),
        strict=True,
        gt=0,
        le=86400,
        description=description,
        json_schema_extra=extra,
    )


class Limits(BaseModel):
    """Bounds of one node; frozen, every field documented."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    associations: int = _count(100, "associations", "Open at one time in all.", most=100_000)
    per_peer: int = _count(32, "associations", "Open at one time per address.", most=100_000)

    refusals: int = _count(
        20,
        "refusals",
        "Of one address within refusal_seconds; then it is not heard any more, or, when a peer "
        "lives there, its refusals are not told and its passcodes not tried any more.",
        most=1_000_000,
    )
    refusal_seconds: float = _seconds(60, "Until refusals are forgotten.")

    moves: int = _count(
        4, "moves", "C-MOVEs that send to one destination at a time; others wait.", most=1000
    )

    commitment_instances: int = _count(
        50_000, "instances", "In one storage commitment request.", most=1_000_000
    )
    commitment_seconds: float = _seconds(
        3, "For reading them again before the request is answered; what takes longer is read after."
    )
    commitments: int = _count(
        1000,
        "transactions",
        "Storage commitments of one AE title whose report it has not answered; all titles that are "
        "no peer's count as one.",
        most=1_000_000,
    )
    report_seconds: float = _seconds(
        10, "Before a report is tried a second time; each further wait is twice as long."
    )
    report_most_seconds: float = _seconds(3600, "The longest wait between two tries of a report.")
    report_days: int = _count(7, "days", "Until a report nobody answers is given up.", most=3650)
    remember_days: int = _count(
        400, "days", "A storage commitment is remembered after its end.", most=36500
    )

    # PS3.8 D.1: zero would mean "no limit"; we never offer that.
    pdu: int = _count(
        256 * KIB,
        "bytes",
        "Largest P-DATA-TF PDU we offer to receive.",
        least=4 * KIB,
        most=64 * MIB,
    )
    request_bytes: int = _count(
        128 * KIB, "bytes", "Largest A-ASSOCIATE PDU we read.", least=4 * KIB, most=16 * MIB
    )
    # PS3.8 9.3.2.2: identifiers are the odd numbers of one byte, so 128 is also the standard's.
    contexts: int = _count(
        128, "presentation contexts", "Proposed in one association request.", most=128
    )
    transfer_syntaxes: int = _count(
        64, "transfer syntaxes", "Proposed in one presentation context.", most=1024
    )
    command_bytes: int = _count(64 * KIB, "bytes", "Largest command set.", least=KIB, most=16 * MIB)
    identifier_bytes: int = _count(
        MIB, "bytes", "Largest data set that is not an object.", least=KIB, most=256 * MIB
    )
    object_bytes: int = _count(
        64 * GIB, "bytes", "Largest object we receive.", least=KIB, most=16 * 1024 * GIB
    )

    free_bytes: int = _count(
        512 * MIB,
        "bytes",
        "Left on the disk; with less nothing more is received.",
        least=0,
        most=1024 * 1024 * GIB,
    )

    fixity_bytes_per_second: int = _count(
        10_000_000,
        "bytes per second",
        "Read again of the objects held, to see whether they are as they came; 0: none.",
        least=0,
        most=100 * GIB,
    )

    handshake_seconds: float = _seconds(10, "For the whole TLS handshake.")
    request_seconds: float = _seconds(
        10, "For the whole association request, and the wait for a close (ARTIM, PS3.8 9.1.5)."
    )
    pdu_seconds: float = _seconds(30, "For one whole PDU, from its first byte.")
    idle_seconds: float = _seconds(600, "Between two messages of an association.")
    connect_seconds: float = _seconds(10, "To connect to a peer.")
    response_seconds: float = _seconds(120, "For a peer's response to our request.")

    elements: int = _count(1_000_000, "elements", "In one data set we read.", most=100_000_000)
    nesting: int = _count(64, "levels", "Of sequences in one data set we read.", most=1000)
    inflated_bytes: int = _count(
        512 * MIB, "bytes", "Largest deflated data set after inflation.", least=KIB, most=64 * GIB
    )
    query_seconds: float = _seconds(30, "For one statement of a query; then it is refused.")
