"""Extended negotiation of query and retrieve, PS3.4 C.5.1.1, C.5.2.1 and K.5, answered truthfully.

One table says what each byte asks for; a byte is answered 1 only where the archive does what it
means.
"""

from __future__ import annotations

from collections.abc import Sequence

from archive.options import Options
from config.catalogue import InformationModel

# The meaning of each byte; an empty name is one we answer 0.
_FIND = (
    "relational",
    "combined_datetime",
    "fuzzy_names",
    "timezone",
    "",  # enhanced multi-frame image conversion
    "empty_value",
    "multiple_value",
)
_RETRIEVE = ("relational", "")
# K.5: the first two are reserved and always 1; non-patient queries always combine date and time.
_NON_PATIENT = ("reserved", "reserved", "fuzzy_names", "timezone")

# The Repository Query has the bytes of C.5.1, C.6.4; the rest of the patients' have none.
_PATIENT_ROOTS = ("patient", "study", "patient-study", "repository")


def _meanings(model: InformationModel) -> Sequence[str]:
    if model.root in _PATIENT_ROOTS:
        return _FIND if model.service == "find" else _RETRIEVE
    return _NON_PATIENT if model.service == "find" else ()


def agreed(model: InformationModel) -> tuple[str, ...]:
    """The meaning of each byte that is answered 1 when it is asked; "" of those that never are."""
    return tuple(_meanings(model))


def answer(model: InformationModel, offered: bytes) -> bytes:
    """The acceptor's application information for what a requestor offered.

    As many bytes as were offered, each 1 only when it was and we do what it asks.
    """
    meanings = _meanings(model)
    return bytes(
        1 if name == "reserved" or (name and asked == 1) else 0
        for asked, name in zip(offered, meanings, strict=False)
    )


def options(model: InformationModel, offered: bytes) -> Options:
    """What was agreed on, for the archive's query."""
    agreed = zip(answer(model, offered), _meanings(model), strict=False)
    chosen = {name: True for bit, name in agreed if bit and name and name != "reserved"}
    return Options(**chosen)
