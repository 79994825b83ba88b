"""Names for exported files: PatientID/study/series/instance, readable and safe.

Law: no text of an object reaches the file system but letters, digits and `-_.` of ASCII; whatever
was changed or cut short gets a hash of the whole, so that different things never share a folder.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath

LONGEST = 48
_ODD = re.compile(r"[^A-Za-z0-9_.-]+")
# Windows gives these a meaning, whatever follows the first dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def of_study(values: Mapping[str, str]) -> PurePosixPath:
    """The folder of a study, within its patient's."""
    patient = safe(values.get("PatientID", ""), "no-patient-id")
    date = safe(values.get("StudyDate", ""), "undated")
    described = short(values.get("StudyDescription", ""))
    uid = values.get("StudyInstanceUID", "")
    return PurePosixPath(patient, "_".join(filter(None, (date, described, digest(uid)))))


def of_series(values: Mapping[str, str]) -> str:
    """The folder of a series, within its study's."""
    modality = safe(values.get("Modality", ""), "OT")
    number = safe(values.get("SeriesNumber", ""), "")
    described = short(values.get("SeriesDescription", ""))
    uid = values.get("SeriesInstanceUID", "")
    return "_".join(filter(None, (modality, number, described, digest(uid))))


def safe(text: str, empty: str) -> str:
    """A name that is the text where possible, and tells different texts apart where not."""
    made = short(text)
    if not text:
        return empty
    if made == text and not _DEVICES.fullmatch(made) and made == made.upper():
        return made
    # Also for lower case: there are file systems that do not tell `a` from `A`.
    return f"{made}_{digest(text)}" if made else digest(text)


def short(text: str) -> str:
    """What is readable of a text, in ASCII."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return _ODD.sub("-", plain)[:LONGEST].strip("-_.")


def digest(text: str) -> str:
    """Eight characters that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
