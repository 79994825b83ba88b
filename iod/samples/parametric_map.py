"""A map of apparent diffusion coefficients, and how it is laid over the anatomy.

PS3.3 A.75 (Parametric Map) and A.33.7 (Advanced Blending Presentation State), built by highdicom:
a map of floats with its real world value mapping, coloured by a palette, half opaque over an image.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from highdicom import PaletteColorLUT, PaletteColorLUTTransformation, VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from highdicom.pr import (
    AdvancedBlending,
    AdvancedBlendingPresentationState,
    BlendingDisplay,
    BlendingDisplayInput,
    SoftcopyVOILUTTransformation,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from iod.samples.colours import icc_profile
from iod.samples.identity import uid
from iod.samples.items import code, item, put
from iod.samples.magnetic import mr_image
from iod.samples.pictures import ball
from iod.samples.referring import common_references
from iod.samples.settling import made_by, settled
from iod.samples.subjects import BERT, Equipment, Series, Study

_STUDY: Final = Study("parametric-map", BERT, "Brain, diffusion map over anatomy")
_EQUIPMENT: Final = Equipment("Anode", "Sample Workstation")
_FRAME: Final = uid("frame", "parametric-map")
_HIGH: Final = 3000.0  # um2/s


def _series(number: int, modality: str, description: str) -> Series:
    return Series(_STUDY, modality, number, description, _EQUIPMENT)


def _coefficients() -> npt.NDArray[np.float32]:
    """Tissue, ventricles where water moves freely, and a lesion where it hardly moves."""
    shape = (64, 64)
    made = np.zeros(shape, np.float32)
    made[ball(shape, (32, 32), (25, 19))] = 800
    for across in (26, 38):
        made[ball(shape, (31, across), (8, 3))] = 2900
    made[ball(shape, (40, 44), (4, 4))] = 450
    return made


def _map(series: Series, anatomy: Dataset) -> Dataset:
    mapping = RealWorldValueMapping(
        lut_label="ADC",
        lut_explanation="Apparent diffusion coefficient",
        unit=Code("um2/s", "UCUM", "um2/s"),
        value_range=(0.0, _HIGH),
        slope=1,
        intercept=0,
        quantity_definition=codes.DCM.ApparentDiffusionCoefficient,
    )
    made = ParametricMap(
        source_images=[anatomy],
        pixel_array=_coefficients(),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[VOILUTTransformation(_HIGH / 2, _HIGH)],
        content_label="ADC",
        content_description=series.description,
        content_creator_name="Mapper^Mia",
        **made_by(series, "map"),
    )
    plain = settled(made, series)
    anatomic = item(FrameLaterality="U", AnatomicRegionSequence=[code("12738006", "SCT", "Brain")])
    put(plain.SharedFunctionalGroupsSequence[0], FrameAnatomySequence=[anatomic])
    return plain


def _palette(
    colours: tuple[tuple[int, int, int], tuple[int, int, int]],
) -> PaletteColorLUTTransformation:
    """From one colour evenly to another."""
    steps = np.arange(256)
    tables = {
        colour: PaletteColorLUT(0, (low + (high - low) * steps // 255).astype(np.uint8), colour)
        for colour, low, high in zip(("red", "green", "blue"), *colours, strict=True)
    }
    return PaletteColorLUTTransformation(tables["red"], tables["green"], tables["blue"])


def _blending(series: Series, anatomy: Dataset, coefficients: Dataset) -> Dataset:
    layers = [
        AdvancedBlending(
            referenced_images=[image],
            blending_input_number=number,
            voi_lut_transformations=[
                SoftcopyVOILUTTransformation(window_center=window / 2, window_width=window)
            ],
            palette_color_lut_transformation=_palette(colours),
        )
        for number, image, window, colours in (
            (1, anatomy, 800.0, ((0, 0, 0), (255, 255, 255))),
            (2, coefficients, _HIGH, ((20, 0, 90), (255, 220, 60))),
        )
    ]
    put(layers[0], GeometryForDisplay="TRUE")
    put(layers[1], GeometryForDisplay="FALSE")
    display = BlendingDisplay(
        blending_mode="FOREGROUND",
        blending_display_inputs=[BlendingDisplayInput(1), BlendingDisplayInput(2)],
        relative_opacity=0.5,
    )
    made = AdvancedBlendingPresentationState(
        referenced_images=[anatomy, coefficients],
        blending=layers,
        blending_display=[display],
        content_label="ADC_OVER_MR",
        content_description=series.description,
        content_creator_name="Mapper^Mia",
        icc_profile=icc_profile(),
        **made_by(series, "blending"),
    )
    plain = settled(made, series)
    put(plain, FrameOfReferenceUID=_FRAME, PositionReferenceIndicator="", BodyPartExamined="BRAIN")
    return common_references(plain, anatomy, coefficients)


def instances() -> dict[str, Dataset]:
    """The anatomy, the map, the state that blends both."""
    anatomy = mr_image(_series(1, "MR", "Anatomy"), _FRAME, "anatomy")
    coefficients = _map(_series(2, "MR", "Apparent diffusion coefficient"), anatomy)
    return {
        "anatomy": anatomy,
        "map": coefficients,
        "blending": _blending(_series(3, "PR", "Map over anatomy"), anatomy, coefficients),
    }
