"""Multi-energy CT: two scans at 80 and 140 kV and what was computed of them (Supplement 188).

A virtual monoenergetic image and an iodine map, each as a CT Image for the one slice (PS3.3 C.8.2.1
and C.8.2.2) and as an Enhanced CT Image of all (C.8.15). The pixels agree: what is brighter at low
energy is iodine.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from highdicom.legacy import LegacyConvertedEnhancedCTImage
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from iod.samples.ct_images import IODINE, SCANNER, phantom, pixels, slice_of
from iod.samples.energy_paths import acquisition
from iod.samples.enhanced_ct import SOURCE, Computed, enhanced
from iod.samples.identity import uid
from iod.samples.items import code, item, put, reference
from iod.samples.referring import common_references
from iod.samples.settling import settled
from iod.samples.subjects import ANNA, Series, Study

_STUDY: Final = Study("multi-energy", ANNA, "CT of the liver, two energies")
_LOW: Final = Series(_STUDY, "CT", 1, "80 kV", SCANNER)
_HIGH: Final = Series(_STUDY, "CT", 2, "140 kV", SCANNER)
_MONO: Final = Series(_STUDY, "CT", 3, "Monoenergetic 50 keV", SCANNER)
_MAP: Final = Series(_STUDY, "CT", 4, "Iodine", SCANNER)
_ENHANCED: Final = Series(_STUDY, "CT", 5, "Monoenergetic 50 keV, enhanced", SCANNER)
_ENHANCED_MAP: Final = Series(_STUDY, "CT", 6, "Iodine, enhanced", SCANNER)
_CONVERTED: Final = Series(_STUDY, "CT", 7, "80 kV, converted", SCANNER)
_SLICES: Final = 3
_ENERGY: Final = 50.0  # keV
_HOUNSFIELD: Final = ("[hnsf'U]", "UCUM", "Hounsfield unit")
_CONCENTRATION: Final = ("mg/ml", "UCUM", "mg/ml")
_PER_UNIT: Final = 0.1  # mg/ml of iodine that a stored value stands for


def instances() -> dict[str, Dataset]:
    """Low and high energy, and the images from both."""
    low = [_original(_LOW, number, 80, phantom(iodine=1.6 * IODINE)) for number in _numbers()]
    high = [_original(_HIGH, number, 140, phantom(iodine=0.7 * IODINE)) for number in _numbers()]
    sources = list(zip(low, high, strict=True))
    mono = phantom(iodine=2 * IODINE)
    iodine = _iodine()
    return {
        **{f"80-kv-{number}": each for number, each in enumerate(low, start=1)},
        **{f"140-kv-{number}": each for number, each in enumerate(high, start=1)},
        "80-kv-converted": _converted(low),
        "monoenergetic": _monoenergetic(sources[1], mono),
        "iodine": _material(sources[1], iodine),
        "monoenergetic-enhanced": enhanced(_ENHANCED, sources, _computed_mono(mono)),
        "iodine-enhanced": enhanced(_ENHANCED_MAP, sources, _computed_iodine(iodine)),
    }


def _numbers() -> range:
    return range(1, _SLICES + 1)


def _original(series: Series, number: int, kvp: int, units: NDArray[np.int16]) -> Dataset:
    return put(slice_of(series, number, units), KVP=kvp)


def _converted(slices: list[Dataset]) -> Dataset:
    """The slices of one energy as a Legacy Converted Enhanced CT Image, A.70, by highdicom."""
    made = LegacyConvertedEnhancedCTImage(
        legacy_datasets=[_with_syntax(each) for each in slices],
        series_instance_uid=uid("series", _STUDY.key, _CONVERTED.number),
        series_number=_CONVERTED.number,
        sop_instance_uid=uid("instance", _STUDY.key, _CONVERTED.number, "converted"),
        instance_number=1,
    )
    # highdicom refers to them in an order that differs from run to run.
    return common_references(settled(made, _CONVERTED), *slices)


def _with_syntax(one: Dataset) -> Dataset:
    """A copy that says its transfer syntax, as one from a file does."""
    copied = Dataset(one)
    copied.file_meta = FileMetaDataset()
    copied.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return copied


def _iodine() -> NDArray[np.int16]:
    """Tenths of mg/ml: there is iodine in its insert only."""
    there = phantom(bone=0, iodine=IODINE) == round(IODINE)
    return np.where(there, 120, 0).astype(np.int16)


def _derived(series: Series, of: tuple[Dataset, Dataset], kind: str) -> Dataset:
    """A CT Image computed from those of both energies."""
    made = slice_of(series, 2, phantom())
    del made.KVP
    put(
        made,
        ImageType=["DERIVED", "PRIMARY", "AXIAL", kind],
        KVP=None,
        DerivationDescription=f"From 80 and 140 kV: {kind}",
        SourceImageSequence=[
            reference(each, PurposeOfReferenceCodeSequence=[code(*SOURCE)]) for each in of
        ],
        MultienergyCTAcquisition="YES",
        MultienergyCTAcquisitionSequence=[acquisition(SCANNER)],
    )
    return common_references(made, *of)


def _monoenergetic(of: tuple[Dataset, Dataset], units: NDArray[np.int16]) -> Dataset:
    made = pixels(_derived(_MONO, of, "VMI"), units)
    return put(
        made,
        MultienergyCTCharacteristicsSequence=[item(MonoenergeticEnergyEquivalent=_ENERGY)],
        RealWorldValueMappingSequence=[_mapping(_HOUNSFIELD, 1.0, -1024.0)],
    )


def _material(of: tuple[Dataset, Dataset], tenths: NDArray[np.int16]) -> Dataset:
    made = pixels(_derived(_MAP, of, "MAT_SPECIFIC"), tenths, intercept=0)
    return put(
        made,
        RescaleSlope=_PER_UNIT,
        RescaleType="MGML",
        WindowCenter="6",
        WindowWidth="12",
        RealWorldValueMappingSequence=[_mapping(_CONCENTRATION, _PER_UNIT, 0.0)],
        MultienergyCTProcessingSequence=[_processing()],
    )


def _computed_mono(units: NDArray[np.int16]) -> Computed:
    characteristics = item(MonoenergeticEnergyEquivalent=_ENERGY)
    return Computed(
        "VMI",
        units,
        _mapping(_HOUNSFIELD, 1.0, -1024.0),
        groups=(("MultienergyCTCharacteristicsSequence", characteristics),),
    )


def _computed_iodine(tenths: NDArray[np.int16]) -> Computed:
    return Computed(
        "MAT_SPECIFIC",
        tenths,
        _mapping(_CONCENTRATION, _PER_UNIT, 0.0),
        intercept=0,
        slope=_PER_UNIT,
        rescale_type="MGML",
        groups=(("MultienergyCTProcessingSequence", _processing()),),
    )


def _processing() -> Dataset:
    """Which materials the pixels were told apart into."""
    return item(
        DecompositionMethod="IMAGE_BASED",
        DecompositionMaterialSequence=[
            item(MaterialCodeSequence=[code(*material)])
            for material in (("44588005", "SCT", "Iodine"), ("11713004", "SCT", "Water"))
        ],
    )


def _mapping(unit: tuple[str, str, str], slope: float, intercept: float) -> Dataset:
    """Real World Value Mapping, C.7.6.16.2.11: what the pixels measure."""
    return item(
        RealWorldValueFirstValueMapped=0,
        RealWorldValueLastValueMapped=4095,
        RealWorldValueIntercept=intercept,
        RealWorldValueSlope=slope,
        LUTExplanation=unit[2],
        LUTLabel=unit[0][:16],
        MeasurementUnitsCodeSequence=[code(*unit)],
    )
