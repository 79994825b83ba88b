"""Distils the codes of the DICOM Controlled Terminology (PS3.16 annex D) from pydicom's tables.

    python tools/dcm_codes.py          # writes iod/checks/tables/dcm_codes.csv

Law: values only, one a line; whether a code exists is all that is asked.
"""

from __future__ import annotations

from pathlib import Path

from pydicom.sr._concepts_dict import concepts

TARGET = Path(__file__).parent.parent / "iod/checks/tables/dcm_codes.csv"


def distilled() -> str:
    """What the file holds."""
    values = {value for each in concepts["DCM"].values() for value in each}
    return "\n".join(["code", *sorted(values)]) + "\n"


if __name__ == "__main__":
    TARGET.write_text(distilled(), encoding="ascii")
