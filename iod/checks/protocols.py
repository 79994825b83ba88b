"""Procedure protocols and their approval, PS3.3 C.34 and PS3.4 annex GG.

Law: what an approval refers to is judged by `relations.py`; here is what it says itself.
"""

from __future__ import annotations

import re
from typing import Final

from iod.checks.objects import CLASS, Checked, Told, along

APPROVAL: Final = frozenset((CLASS + "200.3",))
MODALITIES: Final = {CLASS + "200.1": "CT", CLASS + "200.2": "CT", CLASS + "200.7": "XA",
                     CLASS + "200.8": "XA"}  # fmt: skip
PROTOCOLS: Final = frozenset(MODALITIES)
_MOMENT: Final = re.compile(r"(?P<digits>\d{4,14})(\.\d*)?(?P<zone>[+-]\d{4})?")  # DT, PS3.5 6.2


def expiry(checked: Checked) -> Told:
    """An assertion that ends before it was made; said in two time zones, none is judged."""
    for path, item in along(checked.root, "ApprovalSequence"):
        keywords = ("AssertionDateTime", "AssertionExpirationDateTime")
        made, ends = (_MOMENT.fullmatch(item.text(keyword)) for keyword in keywords)
        if made is None or ends is None or made["zone"] != ends["zone"]:
            continue
        size = min(len(made["digits"]), len(ends["digits"]))
        if ends["digits"][:size] < made["digits"][:size]:
            yield f"{path}AssertionExpirationDateTime", "is before the assertion was made"


def modality(checked: Checked) -> Told:
    """The equipment of a protocol is of the modality of its class."""
    said = checked.root.text("EquipmentModality")
    wanted = MODALITIES[checked.sop_class_uid]
    if said and said != wanted:
        yield "EquipmentModality", f"is {said[:16]!a}; protocols of this class are for {wanted}"
