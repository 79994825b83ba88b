"""Radiation dose: what a CT scanner gave, and what the patient's organs took of it.

An X-Ray Radiation Dose SR by TID 10011 (PS3.3 A.35.8), and a Patient Radiation Dose SR by TID 10030
(A.35.18, Supplement 191) that was computed from it.
"""

from __future__ import annotations

from typing import Final

from highdicom.sr import ContentItem
from pydicom import Dataset
from pydicom.uid import PatientRadiationDoseSRStorage, XRayRadiationDoseSRStorage

from iod.samples import sr
from iod.samples.ct_images import SCANNER
from iod.samples.subjects import ANNA, Equipment, Series, Study

_STUDY: Final = Study("dose", ANNA, "CT of the chest")
_ESTIMATOR: Final = Equipment("Anode", "Sample Dose Estimator", "DOSE-1", "2.2")
_EVENTS: Final = Series(_STUDY, "SR", 1, "Dose report", SCANNER)
_ESTIMATES: Final = Series(_STUDY, "SR", 2, "Organ doses", _ESTIMATOR)
_MGY, _MGY_CM, _MM = ("mGy", "mGy"), ("mGy.cm", "mGy.cm"), ("mm", "mm")
_S, _KV, _MA, _COUNT = ("s", "s"), ("kV", "kV"), ("mA", "mA"), ("{events}", "events")
_NONE: Final = ("1", "no units")
_CTDI, _LENGTH = 6.4, 350.0  # mGy, mm
_DLP = _CTDI * _LENGTH / 10
_PITCH, _COLLIMATION, _ROTATION = 1.2, 38.4, 0.5  # ratio, mm, s
_EXPOSURE = round(_LENGTH / (_PITCH * _COLLIMATION) * _ROTATION, 1)  # s
_BOTH: Final = ("51440002", "SCT", "Bilateral")
# What each organ took, in mGy; of a pair, both (TID 10023).
_ORGANS: Final = (
    (("39607008", "SCT", "Lung"), _BOTH, 9.1),
    (("76752008", "SCT", "Breast"), _BOTH, 8.3),
    (("80891009", "SCT", "Heart"), None, 8.8),
)


def instances() -> dict[str, Dataset]:
    """The scanner's report, and the estimate from it."""
    report = _report()
    return {"x-ray-dose": report, "patient-dose": _estimate(report)}


def _report() -> Dataset:
    root = sr.container(
        ("113701", "DCM", "X-Ray Radiation Dose Report"),
        sr.coded(
            ("121058", "DCM", "Procedure reported"),
            ("77477000", "SCT", "Computed Tomography X-Ray"),
            sr.coded(
                ("363703001", "SCT", "Has Intent"),
                ("261004008", "SCT", "Diagnostic Intent"),
                by=sr.MODIFIED,
            ),
            by=sr.MODIFIED,
        ),
        *sr.device("CT1"),
        sr.at(
            ("113809", "DCM", "Start of X-Ray Irradiation"),
            f"{_STUDY.date}{_STUDY.time}",
            by=sr.OBSERVED,
        ),
        sr.at(
            ("113810", "DCM", "End of X-Ray Irradiation"),
            f"{_STUDY.date}{int(_STUDY.time) + _EXPOSURE:08.1f}",
            by=sr.OBSERVED,
        ),
        sr.coded(
            ("113705", "DCM", "Scope of Accumulation"),
            ("113014", "DCM", "Study"),
            sr.identified(
                ("110180", "DCM", "Study Instance UID"),
                "study/dose",
                by=sr.PROPERTIES,
            ),
            by=sr.OBSERVED,
        ),
        sr.container(
            ("113811", "DCM", "CT Accumulated Dose Data"),
            sr.number(("113812", "DCM", "Total Number of Irradiation Events"), 1, _COUNT),
            sr.number(("113813", "DCM", "CT Dose Length Product Total"), _DLP, _MGY_CM),
        ),
        _acquisition(),
        sr.coded(
            ("113854", "DCM", "Source of Dose Information"),
            ("113856", "DCM", "Automated Data Collection"),
        ),
        template="10011",
    )
    return sr.document(_EVENTS, XRayRadiationDoseSRStorage, "x-ray-dose", root)


def _acquisition() -> ContentItem:
    """TID 10013: one irradiation event."""
    return sr.container(
        ("113819", "DCM", "CT Acquisition"),
        sr.text(("125203", "DCM", "Acquisition Protocol"), "Chest routine"),
        sr.coded(("123014", "DCM", "Target Region"), ("51185008", "SCT", "Chest")),
        sr.coded(
            ("113820", "DCM", "CT Acquisition Type"),
            ("116152004", "SCT", "Spiral Acquisition"),
        ),
        sr.identified(("113769", "DCM", "Irradiation Event UID"), "event/dose/1"),
        _parameters(),
        sr.container(
            ("113829", "DCM", "CT Dose"),
            sr.number(("113830", "DCM", "Mean CTDIvol"), _CTDI, _MGY),
            sr.coded(
                ("113835", "DCM", "CTDIw Phantom Type"),
                ("113691", "DCM", "IEC Body Dosimetry Phantom"),
            ),
            sr.number(("113838", "DCM", "DLP"), _DLP, _MGY_CM),
        ),
    )


def _parameters() -> ContentItem:
    return sr.container(
        ("113822", "DCM", "CT Acquisition Parameters"),
        sr.number(("113824", "DCM", "Exposure Time"), _EXPOSURE, _S),
        sr.number(("113825", "DCM", "Scanning Length"), _LENGTH, _MM),
        sr.number(("113826", "DCM", "Nominal Single Collimation Width"), 0.6, _MM),
        sr.number(("113827", "DCM", "Nominal Total Collimation Width"), _COLLIMATION, _MM),
        sr.number(("113828", "DCM", "Pitch Factor"), _PITCH, ("{ratio}", "ratio")),
        sr.number(("113823", "DCM", "Number of X-Ray Sources"), 1, ("{X-Ray sources}", "sources")),
        sr.container(
            ("113831", "DCM", "CT X-Ray Source Parameters"),
            sr.text(("113832", "DCM", "Identification of the X-Ray Source"), "A"),
            sr.number(("113733", "DCM", "KVP"), 120, _KV),
            sr.number(("113833", "DCM", "Maximum X-Ray Tube Current"), 210, _MA),
            sr.number(("113734", "DCM", "X-Ray Tube Current"), 180, _MA),
            sr.number(("113834", "DCM", "Exposure Time per Rotation"), _ROTATION, _S),
        ),
    )


def _estimate(report: Dataset) -> Dataset:
    root = sr.container(
        ("128401", "DCM", "Patient Radiation Dose Report"),
        sr.language(),
        *sr.device("DOSE1"),
        sr.container(
            ("128402", "DCM", "Radiation Dose Estimate"),
            sr.text(("128403", "DCM", "Radiation Dose Estimate Name"), "Organ doses of the chest"),
            *(_organ(*each) for each in _ORGANS),
            _methodology(report),
        ),
        template="10030",
    )
    return sr.document(
        _ESTIMATES, PatientRadiationDoseSRStorage, "patient-dose", root, evidence=[report]
    )


def _organ(organ: sr.Concept, side: sr.Concept | None, dose: float) -> ContentItem:
    sides = [sr.coded(("272741003", "SCT", "Laterality"), side, by=sr.MODIFIED)] if side else []
    return sr.container(
        ("113517", "DCM", "Organ Dose Information"),
        sr.coded(("363698007", "SCT", "Finding Site"), organ, by=sr.MODIFIED),
        *sides,
        sr.number(("128533", "DCM", "Mean Absorbed Radiation Dose"), dose, _MGY),
    )


def _methodology(report: Dataset) -> ContentItem:
    """TID 10033; all events of the report were used, so none is named."""
    return sr.container(
        ("128415", "DCM", "Radiation Dose Estimate Methodology"),
        sr.composite(("128416", "DCM", "SR Instance Used"), report),
        sr.container(
            ("128500", "DCM", "Patient Radiation Dose Model"),
            sr.coded(
                ("128417", "DCM", "Patient Model Type"),
                ("128404", "DCM", "Anthropomorphic Model"),
            ),
            sr.coded(
                ("128420", "DCM", "Radiation Transport Model Type"),
                ("128422", "DCM", "Voxelized Radiation Transport Model"),
            ),
            _demographics(),
        ),
        sr.container(
            ("128476", "DCM", "Radiation Dose Estimate Method"),
            sr.coded(
                ("128477", "DCM", "Radiation Dose Estimate Method Type"),
                ("D009010", "MSH", "Monte Carlo Method"),
            ),
        ),
    )


def _demographics() -> ContentItem:
    """Whom the model stands for."""
    return sr.container(
        ("128427", "DCM", "Patient Model Demographics"),
        sr.number(("128428", "DCM", "Model Minimum Age"), 18, ("a", "year")),
        sr.coded(("128437", "DCM", "Model Patient Sex"), ("F", "DCM", "Female")),
        sr.number(("128438", "DCM", "Model Minimum Weight"), 50, ("kg", "kg")),
        sr.number(("128441", "DCM", "Model Maximum Weight"), 75, ("kg", "kg")),
    )
