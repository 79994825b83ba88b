"""An inventory of an archive: one study, its series, its images; PS3.3 A.88 (Supplement 223)."""

from __future__ import annotations

from typing import Final

from pydicom import Dataset

from iod.samples.ct_images import SCANNER, phantom, slice_of
from iod.samples.items import item, put
from iod.samples.subjects import ANNA, SAMPLE_DATE, Equipment, Series, Study, equip, sop_common

_INVENTORY_STORAGE: Final = "1.2.840.10008.5.1.4.1.1.201.1"
_STUDY: Final = Study("inventory", ANNA, "CT of the abdomen")
_IMAGES: Final = Series(_STUDY, "CT", 1, "Abdomen", SCANNER)
_ARCHIVE: Final = Equipment("Anode", "Anode", "ARCHIVE-1", "0.1")
_SLICES: Final = 2
_AT: Final = f"{SAMPLE_DATE}120000"


def instances() -> dict[str, Dataset]:
    """The images and the inventory that lists them."""
    images = [slice_of(_IMAGES, number, phantom()) for number in range(1, _SLICES + 1)]
    return {
        **{f"image-{number}": each for number, each in enumerate(images, start=1)},
        "inventory": _inventory(images),
    }


def _inventory(images: list[Dataset]) -> Dataset:
    made = sop_common(_INVENTORY_STORAGE, "inventory", "inventory")
    equip(made, _ARCHIVE)
    return put(
        made,
        InstanceCreationTime=_AT[8:],
        ContentDate=SAMPLE_DATE,
        ContentTime=_AT[8:],
        ScopeOfInventorySequence=[],
        InventoryPurpose="Check before a migration",
        InventoryLevel="INSTANCE",
        InventoryCompletionStatus="COMPLETE",
        NumberOfStudyRecordsInInstance=1,
        TotalNumberOfStudyRecords=1,
        IncorporatedInventoryInstanceSequence=[],
        InventoriedStudiesSequence=[_study(images)],
    )


def _study(images: list[Dataset]) -> Dataset:
    first = images[0]
    copied = (
        *("StudyDate", "StudyTime", "AccessionNumber", "StudyDescription", "PatientName"),
        *("PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID"),
    )
    return item(
        **{keyword: first[keyword].value for keyword in copied},
        ItemInventoryDateTime=_AT,
        RetrieveAETitle="ANODE",
        ModalitiesInStudy=first.Modality,
        StudyUpdateDateTime=None,
        NumberOfStudyRelatedSeries=1,
        NumberOfStudyRelatedInstances=len(images),
        InventoriedSeriesSequence=[
            item(
                ItemInventoryDateTime=_AT,
                Modality=first.Modality,
                SeriesInstanceUID=first.SeriesInstanceUID,
                SeriesNumber=first.SeriesNumber,
                InventoriedInstancesSequence=[
                    item(
                        ItemInventoryDateTime=_AT,
                        SOPClassUID=each.SOPClassUID,
                        SOPInstanceUID=each.SOPInstanceUID,
                        InstanceNumber=each.InstanceNumber,
                    )
                    for each in images
                ],
            )
        ],
    )
