"""A simplified adult echocardiography report by TID 5300, PS3.3 A.35.17 (Supplement 169).

Measurements whose concept says all (pre-coordinated, CID 12300), one whose parts are told apart
(post-coordinated), and one that the device made up itself (ad hoc). Times of such a report are
worthless without their zone, so the Timezone Module is mandatory.
"""

from __future__ import annotations

from typing import Final

from highdicom.sr import ContentItem
from pydicom import Dataset
from pydicom.uid import SimplifiedAdultEchoSRStorage

from iod.samples import sr
from iod.samples.items import put
from iod.samples.subjects import BERT, Equipment, Series, Study

_STUDY: Final = Study("echo", BERT, "Echocardiography")
_SCANNER: Final = Equipment("Anode", "Sample Ultrasound", "US-1", "8.0")
_REPORTS: Final = Series(_STUDY, "SR", 1, "Measurements", _SCANNER)
_CM, _ML, _CM_S = ("cm", "cm"), ("ml", "ml"), ("cm/s", "cm/s")
_MEASURED: Final = (
    (("80008-6", "LN", "Left ventricular internal diastolic dimension - MM"), 4.9, _CM),
    (("80012-8", "LN", "Left ventricular internal systolic dimension - MM"), 3.2, _CM),
    (("79968-4", "LN", "Interventricular septum diastolic dimension MM"), 1.0, _CM),
    (("80001-1", "LN", "Left ventricular end systolic volume biplane (MOD)"), 42, _ML),
    (("79921-3", "LN", "Tricuspid regurgitation Vmax"), 240, _CM_S),
)


def instances() -> dict[str, Dataset]:
    """The report."""
    root = sr.container(
        ("125200", "DCM", "Adult Echocardiography Procedure Report"),
        sr.language(),
        *sr.observer("Sonographer^Sven"),
        sr.container(
            ("121118", "DCM", "Patient Characteristics"),
            sr.number(("121033", "DCM", "Subject Age"), 69, ("a", "year")),
            sr.coded(("121032", "DCM", "Subject Sex"), ("M", "DCM", "Male")),
        ),
        sr.container(
            ("125301", "DCM", "Pre-coordinated Measurements"),
            *(sr.number(concept, value, unit) for concept, value, unit in _MEASURED),
        ),
        sr.container(("125302", "DCM", "Post-coordinated Measurements"), _post_coordinated()),
        sr.container(
            ("125303", "DCM", "Adhoc Measurements"),
            sr.number(
                ("125304", "DCM", "Untrackable Measurement"),
                1.4,
                _CM,
                sr.text(("125309", "DCM", "Short Label"), "Distance 1", by=sr.PROPERTIES),
            ),
        ),
        template="5300",
    )
    made = sr.document(_REPORTS, SimplifiedAdultEchoSRStorage, "report", root)
    return {"report": put(made, TimezoneOffsetFromUTC="+0100")}


def _post_coordinated() -> ContentItem:
    """TID 5302: finding site, kind, property and phase each on its own."""
    return sr.number(
        ("125330", "DCM", "Peak Tissue Velocity"),
        9.5,
        _CM_S,
        sr.coded(
            ("125305", "DCM", "Finding Observation Type"),
            ("125312", "DCM", "Behavior of the Finding Site"),
            by=sr.MODIFIED,
        ),
        sr.coded(
            ("363698007", "SCT", "Finding Site"),
            ("125319", "DCM", "Right Ventricle Anterior Wall"),
            by=sr.MODIFIED,
        ),
        sr.coded(
            ("125306", "DCM", "Measurement Type"),
            ("125316", "DCM", "Directly measured"),
            by=sr.MODIFIED,
        ),
        sr.text(("125309", "DCM", "Short Label"), "RV S'", by=sr.PROPERTIES),
    )
