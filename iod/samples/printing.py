"""Models for a 3D printer and the report on them: STL, OBJ with MTL and texture, PDF.

PS3.3 A.85 (STL, OBJ, MTL), A.45.1 (PDF), C.24.2 (Encapsulated Document), C.35.1 (Manufacturing 3D
Model). The second STL revision names the first as its predecessor; the OBJ names its material
library by the URI its text has, and that names the texture, a Multi-frame True Color Secondary
Capture Image (A.8.5). The bodies are made from laser scanning and photogrammetry, so no instance
is a source.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from pydicom import Dataset
from pydicom.datadict import tag_for_keyword

from iod.samples.documents import pdf
from iod.samples.identity import uid
from iod.samples.items import code, put, reference
from iod.samples.meshes import ellipsoid, mtl, obj, stl
from iod.samples.pictures import colour_pixels, texture
from iod.samples.referring import common_references, in_study
from iod.samples.subjects import ANNA, SAMPLE_DATE, SAMPLE_TIME, Equipment, Series, Study, begun

_STUDY: Final = Study("printing", ANNA, "Ear prosthesis, model and report")
_SCANNER: Final = Equipment("Anode", "Sample Surface Scanner")
_STL: Final = "1.2.840.10008.5.1.4.1.1.104.3"
_OBJ: Final = "1.2.840.10008.5.1.4.1.1.104.4"
_MTL: Final = "1.2.840.10008.5.1.4.1.1.104.5"
_PDF: Final = "1.2.840.10008.5.1.4.1.1.104.1"
_TEXTURE: Final = "1.2.840.10008.5.1.4.1.1.7.4"
_FRAME: Final = uid("frame", "printing")
_GROUP: Final = uid("model-group", "printing")
_LIBRARY: Final = "ear.mtl"
_PICTURE: Final = "skin.dcm"


def _series(number: int, description: str, modality: str = "M3D") -> Series:
    return Series(_STUDY, modality, number, description, _SCANNER)


def _document(made: Dataset, content: bytes, media_type: str, title: str) -> Dataset:
    """Encapsulated Document Module, C.24.2; the value is padded to even length when written."""
    return put(
        made,
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        AcquisitionDateTime=SAMPLE_DATE + SAMPLE_TIME,
        BurnedInAnnotation="NO",
        DocumentTitle=title,
        ConceptNameCodeSequence=[],
        EncapsulatedDocument=content,
        EncapsulatedDocumentLength=len(content),
        MIMETypeOfEncapsulatedDocument=media_type,
    )


def _model(made: Dataset, title: str) -> Dataset:
    """Manufacturing 3D Model Module, C.35.1, and what names the kind of model (CID 7061)."""
    return put(
        made,
        ImageLaterality="L",
        ConceptNameCodeSequence=[code("129021", "DCM", "Laser Scanning 3D CAM model")],
        MeasurementUnitsCodeSequence=[code("mm", "UCUM", "mm")],
        ModelModification="NO",
        ModelMirroring="YES",
        ModelUsageCodeSequence=[code("129015", "DCM", "Prosthetic Fabrication")],
        ModelGroupUID=_GROUP,
        ContentDescription=title,
    )


def _placed(made: Dataset) -> Dataset:
    return put(made, FrameOfReferenceUID=_FRAME, PositionReferenceIndicator="")


def _stl(number: int, rounds: int, predecessor: Dataset | None) -> Dataset:
    title = f"Ear prosthesis, revision {number}"
    made = begun(_series(1, "Ear prosthesis, STL"), _STL, f"stl-{number}", number)
    mesh = ellipsoid((62.0, 8.0, 14.0), (11.0, 17.5, 31.0), rounds)
    _document(_placed(made), stl(mesh, f"Anode sample, {title}, millimetres"), "model/stl", title)
    _model(made, title)
    if predecessor is not None:
        # CID 7062: why the predecessor is named
        why = {"PurposeOfReferenceCodeSequence": [code("129010", "DCM", "Edited Model")]}
        put(made, PredecessorDocumentsSequence=[in_study(predecessor, **why)])
        common_references(made, predecessor)
    return made


def _texture() -> Dataset:
    """The pictures over the body, by day and by lamp: Multi-frame True Color SC, A.8.5."""
    made = begun(_series(2, "Ear prosthesis, texture", "TEXTUREMAP"), _TEXTURE, "texture")
    put(
        made,
        ImageType=["DERIVED", "SECONDARY", "TEXTURE"],
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        ConversionType="SYN",
        PatientOrientation="",
        Laterality="L",
        BurnedInAnnotation="NO",
        LossyImageCompression="00",
        PlanarConfiguration=0,
        NumberOfFrames="2",
        FrameIncrementPointer=[tag_for_keyword("PageNumberVector")],
        PageNumberVector=["1", "2"],
    )
    return colour_pixels(made, np.stack([texture(64, 64, 0), texture(64, 64, 12)]))


def _mtl(picture: Dataset) -> Dataset:
    title = "Skin, material library"
    made = begun(_series(3, "Ear prosthesis, materials"), _MTL, "mtl")
    _document(made, mtl("Anode sample", "skin", _PICTURE), "model/mtl", title)
    _model(made, title)
    uri = {"RelativeURIReferenceWithinEncapsulatedDocument": _PICTURE}
    put(made, ReferencedImageSequence=[reference(picture, **uri)])
    return common_references(made, picture)


def _obj(library: Dataset) -> Dataset:
    title = "Ear prosthesis, coloured"
    made = begun(_series(4, "Ear prosthesis, OBJ"), _OBJ, "obj")
    mesh = ellipsoid((62.0, 8.0, 14.0), (11.0, 17.5, 31.0), 2)
    text = obj(mesh, f"Anode sample, {title}, millimetres", _LIBRARY, "skin")
    _document(_placed(made), text, "model/obj", title)
    _model(made, title)
    uri = {"RelativeURIReferenceWithinEncapsulatedDocument": _LIBRARY}
    put(made, ReferencedInstanceSequence=[reference(library, **uri)])
    return common_references(made, library)


def _pdf(model: Dataset) -> Dataset:
    """Encapsulated PDF, A.45.1; SC Equipment Module, C.8.6.1."""
    made = begun(_series(5, "Report on the model", "DOC"), _PDF, "pdf")
    lines = ["Ear prosthesis, left", "Revision 2 approved for fabrication.", "Anode sample report"]
    _document(made, pdf(lines), "application/pdf", "Report on a model for fabrication")
    # CID 7060 has no purpose that says "model", and it may be left out
    put(made, ConversionType="WSD", SourceInstanceSequence=[reference(model)])
    return made


def instances() -> dict[str, Dataset]:
    """Two STL revisions, texture, materials, OBJ, PDF."""
    first = _stl(1, 2, None)
    second = _stl(2, 3, first)
    picture = _texture()
    library = _mtl(picture)
    return {
        "stl-revision-1": first,
        "stl-revision-2": second,
        "texture": picture,
        "material-library": library,
        "obj": _obj(library),
        "pdf": _pdf(second),
    }
