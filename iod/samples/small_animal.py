"""How a mouse was kept and anaesthetised for its scan, by TID 8101 (Supplement 187).

An Acquisition Context SR, PS3.3 A.35.16: what no image says and every comparison of images needs.
"""

from __future__ import annotations

from typing import Final

from highdicom.sr import ContentItem
from pydicom import Dataset
from pydicom.uid import AcquisitionContextSRStorage

from iod.samples import sr
from iod.samples.items import code, put
from iod.samples.subjects import Equipment, Patient, Series, Study

_MOUSE: Final = Patient("MOUSE-42", "Sample^Mouse", "20231201", "F", "0.09", "0.022")
_STUDY: Final = Study("small-animal", _MOUSE, "PET/CT of a mouse")
_SCANNER: Final = Equipment("Anode", "Sample Micro PET", "UPET-1", "1.3")
_CONTEXTS: Final = Series(_STUDY, "SR", 1, "Acquisition context", _SCANNER)
_KEPT: Final = ("127005", "DCM", "Animal handling during specified phase")
_PHASE: Final = ("127006", "DCM", "Phase of animal handling")


def instances() -> dict[str, Dataset]:
    """The context of one acquisition."""
    root = sr.container(
        ("127001", "DCM", "Preclinical Small Animal Imaging Acquisition Context"),
        sr.language(),
        *sr.observer("Keeper^Kim"),
        sr.container(
            ("127010", "DCM", "Biosafety conditions"),
            sr.coded(
                ("BSL", "99ANODE", "Biosafety level"),
                ("409600007", "SCT", "Biosafety level 1"),
            ),
        ),
        _housing(),
        _heating(),
        _anesthesia(),
        template="8101",
    )
    made = sr.document(_CONTEXTS, AcquisitionContextSRStorage, "context", root)
    # Patient Module, C.7.1.1: the species of an animal, and who answers for it.
    put(
        made,
        PatientSpeciesDescription="Mus musculus",
        PatientSpeciesCodeSequence=[code("447612001", "SCT", "Mus musculus")],
        PatientSexNeutered="UNALTERED",
        PatientBreedDescription="C57BL/6J",
        PatientBreedCodeSequence=[],
        BreedRegistrationSequence=[],
        ResponsiblePerson="Keeper^Kim",
        ResponsiblePersonRole="OWNER",
        ResponsibleOrganization="Anode Sample Institute",
    )
    return {"context": made}


def _housing() -> ContentItem:
    return sr.container(
        _KEPT,
        sr.coded(_PHASE, ("127101", "DCM", "In home cage"), by=sr.MODIFIED),
        sr.container(
            ("127120", "DCM", "Animal housing"),
            sr.coded(
                ("127121", "DCM", "Animal room type"), ("127370", "DCM", "Animal housing room")
            ),
            sr.number(
                ("127143", "DCM", "Number of animals within same housing unit"),
                4,
                ("{animals}", "animals"),
            ),
            sr.coded(("127170", "DCM", "Housing individually ventilated"), sr.YES),
        ),
    )


def _heating() -> ContentItem:
    return sr.container(
        _KEPT,
        sr.coded(_PHASE, ("363679005", "SCT", "Imaging procedure"), by=sr.MODIFIED),
        sr.container(
            ("127040", "DCM", "Heating conditions"),
            sr.coded(
                ("HEATING", "99ANODE", "Heating method"),
                ("127252", "DCM", "Heated patient support"),
            ),
            sr.coded(("127210", "DCM", "Feedback temperature regulation"), sr.YES),
        ),
    )


def _anesthesia() -> ContentItem:
    return sr.container(
        ("127300", "DCM", "Anesthesia Method Set"),
        sr.container(
            ("127301", "DCM", "Anesthesia Method"),
            sr.coded(
                ("127302", "DCM", "Anesthesia Category"),
                ("50697003", "SCT", "General anesthesia"),
            ),
            sr.container(
                ("127310", "DCM", "Airway Management Set"),
                sr.coded(
                    ("127312", "DCM", "Airway Management Method"),
                    ("127060", "DCM", "Nose cone"),
                ),
            ),
        ),
    )
