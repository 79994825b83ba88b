"""What highdicom makes by the clock or by chance, set anew, so that bytes are the same every time.

Law: dates and times of creation are the sample's; UIDs of dimension organizations are hashes of
names. The module values that highdicom leaves to others (series, equipment) come from the series.
"""

from __future__ import annotations

from typing import TypedDict

from pydicom import Dataset

from iod.samples.identity import uid
from iod.samples.items import put
from iod.samples.subjects import INSTITUTION, SAMPLE_DATE, SAMPLE_TIME, Series

_DATES = ("InstanceCreationDate", "ContentDate", "PresentationCreationDate")
_TIMES = ("InstanceCreationTime", "ContentTime", "PresentationCreationTime")


class MadeBy(TypedDict):
    """What highdicom wants to know of every instance."""

    series_instance_uid: str
    series_number: int
    sop_instance_uid: str
    instance_number: int
    manufacturer: str
    manufacturer_model_name: str
    software_versions: str
    device_serial_number: str


def made_by(series: Series, name: str) -> MadeBy:
    """The same for an instance of this series."""
    return {
        "series_instance_uid": uid("series", series.study.key, series.number),
        "series_number": series.number,
        "sop_instance_uid": uid("instance", series.study.key, series.number, name),
        "instance_number": 1,
        "manufacturer": series.equipment.manufacturer,
        "manufacturer_model_name": series.equipment.model,
        "software_versions": series.equipment.software,
        "device_serial_number": series.equipment.serial,
    }


def settled(made: Dataset, series: Series) -> Dataset:
    """A plain data set with the same values on every day."""
    plain = Dataset(made)
    plain.file_meta = made.file_meta
    for keywords, value in ((_DATES, SAMPLE_DATE), (_TIMES, SAMPLE_TIME)):
        put(plain, **{keyword: value for keyword in keywords if keyword in plain})
    put(
        plain,
        SeriesDate=series.study.date,
        SeriesTime=series.study.time,
        SeriesDescription=series.description,
        InstitutionName=INSTITUTION,
    )
    for equipment in plain.get("ContributingEquipmentSequence", []):
        put(equipment, ContributionDateTime=SAMPLE_DATE + SAMPLE_TIME)
    _organize(plain, uid("dimensions", series.study.key, series.number))
    return plain


def _organize(made: Dataset, organization: str) -> None:
    """Multi-frame Dimension Module, PS3.3 C.7.6.17."""
    for keyword in ("DimensionOrganizationSequence", "DimensionIndexSequence"):
        for entry in made.get(keyword, []):
            entry.DimensionOrganizationUID = organization
