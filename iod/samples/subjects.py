"""Who, where and with what: the modules of patient, study, series and equipment, PS3.3 C.7.

Every family starts its instances here, so that they hang together and no mandatory attribute of
these modules is forgotten. People, hospital and devices are invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydicom import Dataset

from iod.samples.identity import uid
from iod.samples.items import put

SAMPLE_DATE: Final = "20240315"
SAMPLE_TIME: Final = "101500"
INSTITUTION: Final = "Anode Sample Hospital"


@dataclass(frozen=True, slots=True)
class Patient:
    """Patient Module, C.7.1.1, and from the Patient Study Module, C.7.2.2, size and weight."""

    patient_id: str
    name: str
    birth_date: str
    sex: str
    size: str
    weight: str


@dataclass(frozen=True, slots=True)
class Study:
    """General Study Module, C.7.2.1; `key` names it in UIDs."""

    key: str
    patient: Patient
    description: str
    date: str = SAMPLE_DATE
    time: str = SAMPLE_TIME


@dataclass(frozen=True, slots=True)
class Equipment:
    """General and Enhanced General Equipment Modules, C.7.5.1 and C.7.5.2."""

    manufacturer: str
    model: str
    serial: str = "SN-0001"
    software: str = "1.0"


@dataclass(frozen=True, slots=True)
class Series:
    """General Series Module, C.7.3.1."""

    study: Study
    modality: str
    number: int
    description: str
    equipment: Equipment


ANNA: Final = Patient("SAMPLE-1", "Sample^Anna", "19620704", "F", "1.68", "64")
BERT: Final = Patient("SAMPLE-2", "Sample^Bert", "19550219", "M", "1.79", "83")
EQUIPMENT: Final = Equipment("Anode", "Sample Maker")


def begun(series: Series, sop_class_uid: str, name: str, number: int = 1) -> Dataset:
    """An instance with SOP common, patient, study, series, equipment and instance number.

    Its UID comes from study, series number and `name`.
    """
    made = sop_common(sop_class_uid, series.study.key, series.number, name)
    _patient(made, series.study.patient)
    _study(made, series.study)
    _series(made, series)
    equip(made, series.equipment)
    return put(made, InstanceNumber=str(number))


def sop_common(sop_class_uid: str, *names: object) -> Dataset:
    """SOP Common Module, C.12.1: all there is to begin with for an object of no patient."""
    return put(
        Dataset(),
        SpecificCharacterSet="ISO_IR 192",
        InstanceCreationDate=SAMPLE_DATE,
        InstanceCreationTime=SAMPLE_TIME,
        SOPClassUID=sop_class_uid,
        SOPInstanceUID=uid("instance", *names),
    )


def equip(made: Dataset, equipment: Equipment) -> Dataset:
    """The equipment modules."""
    return put(
        made,
        Manufacturer=equipment.manufacturer,
        InstitutionName=INSTITUTION,
        ManufacturerModelName=equipment.model,
        DeviceSerialNumber=equipment.serial,
        SoftwareVersions=equipment.software,
    )


def _patient(made: Dataset, patient: Patient) -> None:
    put(
        made,
        PatientName=patient.name,
        PatientID=patient.patient_id,
        IssuerOfPatientID=INSTITUTION,
        PatientBirthDate=patient.birth_date,
        PatientSex=patient.sex,
        PatientSize=patient.size,
        PatientWeight=patient.weight,
    )


def _study(made: Dataset, study: Study) -> None:
    put(
        made,
        StudyInstanceUID=uid("study", study.key),
        StudyDate=study.date,
        StudyTime=study.time,
        StudyDescription=study.description,
        ReferringPhysicianName="Referrer^Rita",
        StudyID=study.key[:16],
        AccessionNumber=f"A{uid('study', study.key)[-8:]}",
    )


def _series(made: Dataset, series: Series) -> None:
    put(
        made,
        SeriesInstanceUID=uid("series", series.study.key, series.number),
        SeriesNumber=str(series.number),
        SeriesDate=series.study.date,
        SeriesTime=series.study.time,
        SeriesDescription=series.description,
        Modality=series.modality,
    )
