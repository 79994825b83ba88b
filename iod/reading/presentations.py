"""What is told of presentation states: what they show, how, and what is drawn on it.

PS3.3 C.11.9 to C.11.34.  Law: tables only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydicom import uid

from iod.reading.sections import Listing, Outline

_STATE: Final = (
    "ContentLabel ContentDescription ContentCreatorName PresentationCreationDate"
    " PresentationCreationTime PixelPresentation PresentationLUTShape ImageRotation"
    " ImageHorizontalFlip ShutterShape"
)
_SHOWN: Final = Listing(
    "Shows",
    "ReferencedSeriesSequence",
    "SeriesInstanceUID Objects=#ReferencedImageSequence"
    " Classes=ReferencedImageSequence.ReferencedSOPClassUID",
)
_WINDOWS: Final = Listing(
    "Windows", "SoftcopyVOILUTSequence", "WindowCenter WindowWidth WindowCenterWidthExplanation"
)
_AREAS: Final = Listing(
    "Displayed areas",
    "DisplayedAreaSelectionSequence",
    "DisplayedAreaTopLeftHandCorner DisplayedAreaBottomRightHandCorner PresentationSizeMode"
    " PresentationPixelSpacing PresentationPixelMagnificationRatio",
)
_DRAWN: Final = Listing(
    "Annotations",
    "GraphicAnnotationSequence",
    "GraphicLayer Text=TextObjectSequence.UnformattedTextValue Graphics=#GraphicObjectSequence"
    " Kinds=GraphicObjectSequence.GraphicType",
)
_LAYERS: Final = Listing(
    "Layers", "GraphicLayerSequence", "GraphicLayer GraphicLayerOrder GraphicLayerDescription"
)
_COMMON: Final = (_AREAS, _DRAWN, _LAYERS)

_INPUTS: Final = Listing(
    "Inputs",
    "VolumetricPresentationStateInputSequence",
    "VolumetricPresentationInputNumber InputSequencePositionIndex RenderingMethod WindowCenter"
    " WindowWidth Crop CroppingSpecificationIndex VolumetricPresentationInputSetUID",
)
_INPUT_SETS: Final = Listing(
    "Input sets",
    "VolumetricPresentationInputSetSequence",
    "VolumetricPresentationInputSetUID PresentationInputType Objects=#ReferencedImageSequence"
    " Classes=ReferencedImageSequence.ReferencedSOPClassUID"
    " Segments=ReferencedImageSequence.ReferencedSegmentNumber",
)
_CROPS: Final = Listing(
    "Cropping",
    "VolumeCroppingSequence",
    "CroppingSpecificationNumber VolumeCroppingMethod BoundingBoxCrop"
    " Segment=ReferencedImageSequence",
)
_VOLUMETRIC: Final = (
    f"{_STATE} PresentationSequenceCollectionUID PresentationSequencePositionIndex GlobalCrop"
    " PresentationAnimationStyle RecommendedAnimationRate"
)
_MPR: Final = Outline(
    f"{_VOLUMETRIC} MultiPlanarReconstructionStyle MPRThicknessType MPRSlabThickness"
    " MPRTopLeftHandCorner MPRViewWidthDirection MPRViewWidth MPRViewHeightDirection"
    " MPRViewHeight RenderingMethod",
    (_INPUTS, _INPUT_SETS, _CROPS, *_COMMON),
)
_RENDERING: Final = Outline(
    f"{_VOLUMETRIC} RenderingMethod RenderProjection ViewpointPosition ViewpointLookAtPoint"
    " ViewpointUpDirection RenderFieldOfView ShadingStyle AmbientReflectionIntensity"
    " LightDirection SpecularReflectionIntensity",
    (
        _INPUTS,
        _INPUT_SETS,
        _CROPS,
        Listing(
            "Streams",
            "VolumeStreamSequence",
            "VolumetricPresentationInputSetUID"
            " Components=#PresentationStateClassificationComponentSequence",
        ),
        Listing(
            "Colours",
            "VolumeStreamSequence.PresentationStateClassificationComponentSequence",
            "ComponentType Inputs=ComponentInputSequence.VolumetricPresentationInputIndex"
            " AlphaLUTTransferFunction RGBLUTTransferFunction RGBATransferFunctionDescription",
        ),
        *_COMMON,
    ),
)
_BLENDING: Final = Outline(
    _STATE,
    (
        Listing(
            "Inputs",
            "AdvancedBlendingSequence",
            "BlendingInputNumber StudyInstanceUID SeriesInstanceUID"
            " Objects=#ReferencedImageSequence"
            " Classes=ReferencedImageSequence.ReferencedSOPClassUID TimeSeriesBlending"
            " GeometryForDisplay Threshold=ThresholdSequence.ThresholdType"
            " Window_Center=SoftcopyVOILUTSequence.WindowCenter"
            " Window_Width=SoftcopyVOILUTSequence.WindowWidth"
            " Palette=PaletteColorLookupTableSequence.PaletteColorLookupTableUID",
        ),
        Listing(
            "Blended as",
            "BlendingDisplaySequence",
            "BlendingMode Inputs=BlendingDisplayInputSequence.BlendingInputNumber RelativeOpacity",
        ),
        *_COMMON,
    ),
)

OUTLINES: Final[Mapping[str, Outline]] = {
    **dict.fromkeys(
        (
            uid.GrayscaleSoftcopyPresentationStateStorage,
            uid.ColorSoftcopyPresentationStateStorage,
            uid.PseudoColorSoftcopyPresentationStateStorage,
            uid.XAXRFGrayscaleSoftcopyPresentationStateStorage,
            uid.VariableModalityLUTSoftcopyPresentationStateStorage,
        ),
        Outline(_STATE, (_SHOWN, _WINDOWS, *_COMMON)),
    ),
    uid.BlendingSoftcopyPresentationStateStorage: Outline(
        _STATE,
        (
            Listing(
                "Blends",
                "BlendingSequence",
                "BlendingPosition StudyInstanceUID"
                " Series=ReferencedSeriesSequence.SeriesInstanceUID",
            ),
            *_COMMON,
        ),
    ),
    uid.AdvancedBlendingPresentationStateStorage: _BLENDING,
    **dict.fromkeys(
        (
            uid.GrayscalePlanarMPRVolumetricPresentationStateStorage,
            uid.CompositingPlanarMPRVolumetricPresentationStateStorage,
        ),
        _MPR,
    ),
    **dict.fromkeys(
        (
            uid.VolumeRenderingVolumetricPresentationStateStorage,
            uid.SegmentedVolumeRenderingVolumetricPresentationStateStorage,
            uid.MultipleVolumeRenderingVolumetricPresentationStateStorage,
        ),
        _RENDERING,
    ),
}
