"""Implant templates of a hip: components, how they go together, and in which sizes they come.

Generic Implant Template, Implant Assembly Template and Implant Template Group, PS3.3 A.61 to A.63;
of no patient. Outlines are HP-GL drawings, PS3.3 C.29.1.2.
"""

from __future__ import annotations

from typing import Final

from pydicom import Dataset
from pydicom.uid import (
    GenericImplantTemplateStorage,
    ImplantAssemblyTemplateStorage,
    ImplantTemplateGroupStorage,
)

from iod.samples.identity import uid
from iod.samples.items import code, item, put, reference
from iod.samples.subjects import sop_common

_MAKER: Final = "Anode Sample Implants"
_SINCE: Final = "20240101000000"
_TITANIUM: Final = (
    "130736",
    "DCM",
    "Titanium alloy (Titanium Molybdenum-15 Zirconium-5 Aluminium-3)",
)
_STEM: Final = ("112310", "DCM", "Femoral Stem")
_HEAD: Final = ("112309", "DCM", "Femoral Head Cone Taper Component")
_HIP: Final = ("24136001", "SCT", "Hip joint")


def instances() -> dict[str, Dataset]:
    """Stems in two sizes, a head, their assembly, and the group of the stems."""
    small, large = _template("Stem", "10", _STEM, 140), _template("Stem", "12", _STEM, 150)
    head = _template("Head", "32", _HEAD, 32)
    return {
        "stem-10": small,
        "stem-12": large,
        "head-32": head,
        "assembly": _assembly([small, large], head),
        "group": _group([small, large]),
    }


def _template(name: str, size: str, kind: tuple[str, str, str], length: int) -> Dataset:
    """One component in one size, with its outline from the front."""
    made = sop_common(GenericImplantTemplateStorage, "implants", name, size)
    return put(
        made,
        Manufacturer=_MAKER,
        FrameOfReferenceUID=uid("frame", "implants", name, size),
        ImplantName=f"Sample {name}",
        ImplantSize=size,
        ImplantPartNumber=f"{name.upper()}-{size}",
        ImplantTemplateVersion="1",
        ImplantType="ORIGINAL",
        EffectiveDateTime=_SINCE,
        OverallTemplateSpatialTolerance=0.5,
        MaterialsCodeSequence=[code(*_TITANIUM)],
        ImplantTypeCodeSequence=[code(*kind)],
        FixationMethodCodeSequence=[code("112321", "DCM", "Wedging")],
        HPGLDocumentSequence=[_drawing(int(size), length)],
    )


def _drawing(width: int, length: int) -> Dataset:
    """A rectangle in plotter units of 0.025 mm: pen 1 draws the outline."""
    across, along = width * 40, length * 40
    drawn = f"IN;SP1;PU0,0;PD{across},0,{across},{along},0,{along},0,0;PU;SP0;"
    return item(
        HPGLDocumentID=1,
        ViewOrientationCodeSequence=[code("399348003", "SCT", "antero-posterior")],
        HPGLDocumentScaling=1.0,
        HPGLDocument=drawn.encode("ascii"),
        HPGLContourPenNumber=1,
        HPGLPenSequence=[item(HPGLPenNumber=1, HPGLPenLabel="Outline")],
        RecommendedRotationPoint=[across / 2, along / 2],
        BoundingRectangle=[0.0, float(along), float(across), 0.0],
    )


def _assembly(stems: list[Dataset], head: Dataset) -> Dataset:
    made = sop_common(ImplantAssemblyTemplateStorage, "implants", "assembly")
    return put(
        made,
        EffectiveDateTime=_SINCE,
        ImplantAssemblyTemplateName="Sample hip",
        ImplantAssemblyTemplateIssuer=_MAKER,
        ImplantAssemblyTemplateVersion="1",
        ImplantAssemblyTemplateType="ORIGINAL",
        ImplantAssemblyTemplateTargetAnatomySequence=[item(AnatomicRegionSequence=[code(*_HIP)])],
        ProcedureTypeCodeSequence=[code("398010007", "SCT", "Insertion of hip prosthesis")],
        MIMETypeOfEncapsulatedDocument=None,
        EncapsulatedDocument=None,
        ComponentTypesSequence=[
            _component_type(_STEM, [(1, stems[0]), (2, stems[1])]),
            _component_type(_HEAD, [(3, head)]),
        ],
    )


def _component_type(kind: tuple[str, str, str], components: list[tuple[int, Dataset]]) -> Dataset:
    return item(
        ComponentTypeCodeSequence=[code(*kind)],
        ExclusiveComponentType="YES",
        MandatoryComponentType="YES",
        ComponentSequence=[
            reference(template, ComponentID=number) for number, template in components
        ],
    )


def _group(stems: list[Dataset]) -> Dataset:
    made = sop_common(ImplantTemplateGroupStorage, "implants", "group")
    numbers = range(1, len(stems) + 1)
    return put(
        made,
        EffectiveDateTime=_SINCE,
        ImplantTemplateGroupName="Sample stems",
        ImplantTemplateGroupDescription="All sizes of the sample stem",
        ImplantTemplateGroupIssuer=_MAKER,
        ImplantTemplateGroupVersion="1",
        ImplantTemplateGroupMembersSequence=[
            reference(template, ImplantTemplateGroupMemberID=number)
            for number, template in zip(numbers, stems, strict=True)
        ],
        ImplantTemplateGroupVariationDimensionSequence=[
            item(
                ImplantTemplateGroupVariationDimensionName="Size",
                ImplantTemplateGroupVariationDimensionRankSequence=[
                    item(
                        ReferencedImplantTemplateGroupMemberID=number,
                        ImplantTemplateGroupVariationDimensionRank=number,
                    )
                    for number in numbers
                ],
            )
        ],
    )
