"""Procedure protocols and their approval, PS3.3 C.34 and PS3.4 annex GG.

Law: what an approval refers to is judged by `relations.py`; here is what it says itself.
"""

from __future__ import annotations

from typing import Final

from iod.checks.objects import CLASS, Checked, Told, along

APPROVAL: Final = frozenset((CLASS + "200.3",))
MODALITIES: Final = {CLASS + "200.1": "CT", CLASS + "200.2": "CT", CLASS + "200.7": "XA",
                     CLASS + "200.8": "XA"}  # fmt: skip
PROTOCOLS: Final = frozenset(MODALITIES)


def expiry(checked: Checked) -> Told:
    """An assertion that ends before it was made."""
    for path, item in along(checked.root, "ApprovalSequence"):
        made, ends = item.text("AssertionDateTime"), item.text("AssertionExpirationDateTime")
        size = min(len(made), len(ends), 14)
        if size >= 4 and ends[:size] < made[:size]:
            yield f"{path}AssertionExpirationDateTime", "is before the assertion was made"


def modality(checked: Checked) -> Told:
    """The equipment of a protocol is of the modality of its class."""
    said = checked.root.text("EquipmentModality")
    wanted = MODALITIES[checked.sop_class_uid]
    if said and said != wanted:
        yield "EquipmentModality", f"is {said[:16]!a}; protocols of this class are for {wanted}"
