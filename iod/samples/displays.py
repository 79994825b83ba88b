"""How images are shown: a colour palette and a hanging protocol that uses it; of no patient.

PS3.3 A.58 and A.44. The hanging protocol puts a PET study beside the CT of the same day and the
newest prior, the PET in the colours of the palette.
"""

from __future__ import annotations

from typing import Final

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import ColorPaletteStorage, HangingProtocolStorage

from iod.samples.colours import icc_profile
from iod.samples.items import item, put, reference
from iod.samples.subjects import sop_common

_ENTRIES: Final = 256
_PET, _CT, _PRIOR = 1, 2, 3


def instances() -> dict[str, Dataset]:
    """The palette and who uses it."""
    palette = _palette()
    return {"palette": palette, "hanging-protocol": _hanging_protocol(palette)}


def _palette() -> Dataset:
    """Black over red and yellow to white."""
    made = sop_common(ColorPaletteStorage, "displays", "palette")
    put(
        made,
        InstanceNumber="1",
        ContentLabel="EMBERS",
        ContentDescription="Black over red and yellow to white",
        ContentCreatorName="Physicist^Petra",
        PaletteColorLookupTableUID=made.SOPInstanceUID,
        ICCProfile=icc_profile(),
    )
    for third, colour in enumerate(("Red", "Green", "Blue")):
        values = bytes(_channel(entry, third) for entry in range(_ENTRIES))
        descriptor = tag_for_keyword(f"{colour}PaletteColorLookupTableDescriptor")
        data = tag_for_keyword(f"{colour}PaletteColorLookupTableData")
        assert descriptor is not None
        assert data is not None
        made.add_new(descriptor, "US", [_ENTRIES, 0, 8])
        made.add_new(data, "OW", values)
    return made


def _channel(entry: int, third: int) -> int:
    """Each colour rises in a third of its own."""
    third_of_all = (_ENTRIES - 1) / 3
    return round(min(max(entry - third * third_of_all, 0) / third_of_all, 1) * (_ENTRIES - 1))


def _hanging_protocol(palette: Dataset) -> Dataset:
    made = sop_common(HangingProtocolStorage, "displays", "hanging-protocol")
    return put(
        made,
        HangingProtocolName="PET/CT",
        HangingProtocolDescription="PET in colours beside CT and the newest prior",
        HangingProtocolLevel="SITE",
        HangingProtocolCreator="Anode Sample Hospital",
        HangingProtocolCreationDateTime="20240110120000",
        HangingProtocolDefinitionSequence=[
            item(
                Modality="PT",
                ProcedureCodeSequence=[],
                ReasonForRequestedProcedureCodeSequence=[],
            )
        ],
        NumberOfPriorsReferenced=1,
        ImageSetsSequence=[_image_set("PT", (_PET,)), _image_set("CT", (_CT, _PRIOR))],
        HangingProtocolUserIdentificationCodeSequence=[],
        NumberOfScreens=1,
        NominalScreenDefinitionSequence=[
            item(
                NumberOfVerticalPixels=1200,
                NumberOfHorizontalPixels=1920,
                DisplayEnvironmentSpatialPosition=[0.0, 1.0, 1.0, 0.0],
                ScreenMinimumColorBitDepth=8,
            )
        ],
        DisplaySetsSequence=[
            _display_set(1, _PET, [0.0, 1.0, 0.5, 0.0], palette),
            _display_set(2, _CT, [0.5, 1.0, 1.0, 0.5], None),
            _display_set(3, _PRIOR, [0.5, 0.5, 1.0, 0.0], None),
        ],
        PartialDataDisplayHandling="MAINTAIN_LAYOUT",
    )


def _image_set(modality: str, numbers: tuple[int, ...]) -> Dataset:
    """Images of a modality: of the current study, and of the newest prior."""
    current, *prior = numbers
    times = [
        item(
            ImageSetNumber=current,
            ImageSetSelectorCategory="RELATIVE_TIME",
            RelativeTime=[0, 0],
            RelativeTimeUnits="DAYS",
        ),
        *(
            item(
                ImageSetNumber=number,
                ImageSetSelectorCategory="ABSTRACT_PRIOR",
                AbstractPriorValue=[1, 1],
            )
            for number in prior
        ),
    ]
    selected = item(
        SelectorAttribute=tag_for_keyword("Modality"),
        SelectorAttributeVR=dictionary_VR("Modality"),
        SelectorCSValue=modality,
        SelectorValueNumber=1,
        ImageSetSelectorUsageFlag="NO_MATCH",
    )
    return item(ImageSetSelectorSequence=[selected], TimeBasedImageSetsSequence=times)


def _display_set(number: int, shows: int, where: list[float], palette: Dataset | None) -> Dataset:
    made = item(
        DisplaySetNumber=number,
        DisplaySetPresentationGroup=1,
        ImageSetNumber=shows,
        ImageBoxesSequence=[
            item(
                ImageBoxNumber=1,
                DisplayEnvironmentSpatialPosition=where,
                ImageBoxLayoutType="STACK",
            )
        ],
        FilterOperationsSequence=[],
        SortingOperationsSequence=[
            item(SortByCategory="ALONG_AXIS", SortingDirection="INCREASING")
        ],
    )
    if palette is not None:
        put(
            made,
            PseudoColorType=palette.ContentLabel,
            PseudoColorPaletteInstanceReferenceSequence=[reference(palette)],
        )
    return made
