"""Videos in every H.264 and HEVC transfer syntax, PS3.5 8.2.7 to 8.2.11; carriers PS3.3 A.32, A.7.

Each description is made from what was coded. Without the encoders there are none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from iod.errors import LeftOut
from iod.samples import stereo
from iod.samples.items import code, item, put
from iod.samples.subjects import BERT, SAMPLE_DATE, SAMPLE_TIME, Equipment, Series, Study, begun
from iod.samples.videostreams import (
    MP4,
    TRANSPORT,
    Coding,
    access_units,
    contained,
    lacking,
    picture,
    side_by_side,
    transported,
    x264,
    x265,
)

_STUDY: Final = Study("video", BERT, "Endoscopy, videos")
_CAMERA: Final = Equipment("Anode", "Sample Camera")
_SYNTAX: Final = "1.2.840.10008.1.2.4."
_ENDOSCOPIC: Final = ("1.2.840.10008.5.1.4.1.1.77.1.1.1", "ES")
_MICROSCOPIC: Final = ("1.2.840.10008.5.1.4.1.1.77.1.2.1", "GM")
_PHOTOGRAPHIC: Final = ("1.2.840.10008.5.1.4.1.1.77.1.4.1", "XC")
_ULTRASOUND: Final = ("1.2.840.10008.5.1.4.1.1.3.1", "US")
# What Blu-ray players demand of a stream besides its size and rate (PS3.5 8.2.7)
_BLU_RAY: Final = "bluray-compat=1:slices=4:vbv-maxrate=40000:vbv-bufsize=30000:nal-hrd=vbr"
_SIDE_BY_SIDE: Final = "frame-packing=3"  # Frame packing arrangement SEI message, H.264 D.1.26


def _plain(coding: Coding, container: str) -> bytes:
    return contained(coding, (picture(coding, each) for each in range(coding.frames)), container)


def _packed(coding: Coding, container: str) -> bytes:
    pictures = (side_by_side(coding, each) for each in range(coding.frames))
    return contained(coding, pictures, container)


def _grey(coding: Coding, container: str) -> bytes:
    pictures = (picture(coding, each) for each in range(coding.frames))
    neutral = ((luma, blue * 0 + 128, red * 0 + 128) for luma, blue, red in pictures)
    return contained(coding, neutral, container)


def _both_views(coding: Coding, _container: str) -> bytes:
    left, right = (
        access_units(coding, (picture(coding, each, shift) for each in range(coding.frames)))
        for shift in (-8, 8)
    )
    return transported(coding, stereo.together(left, right))


@dataclass(frozen=True, slots=True)
class Kind:
    """A transfer syntax, what carries it, and how it is coded; `fragments` of the pixel data."""

    name: str
    syntax: str
    carrier: tuple[str, str]
    coding: Coding
    container: str = MP4
    coded: Callable[[Coding, str], bytes] = _plain
    stereo: str = ""
    fragments: int = 1


KINDS: Final = (
    Kind("h264-4.1", "102", _ENDOSCOPIC, Coding("libx264", 640, 480, 25, x264("4.1"))),
    Kind(
        "h264-4.1-blu-ray",
        "103",
        _PHOTOGRAPHIC,
        Coding("libx264", 1280, 720, 50, x264("4.1", _BLU_RAY)),
        TRANSPORT,
    ),
    Kind(
        "h264-4.2",
        "104",
        _ENDOSCOPIC,
        Coding("libx264", 1920, 1080, 60, x264("4.2")),
        stereo="NO",
    ),
    Kind(
        "h264-4.2-3d",
        "105",
        _ENDOSCOPIC,
        Coding("libx264", 1920, 1080, 30, x264("4.2", _SIDE_BY_SIDE)),
        TRANSPORT,
        _packed,
        "YES",
    ),
    Kind(
        "h264-4.2-stereo",
        "106",
        _MICROSCOPIC,
        Coding("libx264", 1280, 720, 50, x264("4.2")),
        TRANSPORT,
        _both_views,
        "YES",
    ),
    Kind("hevc-main", "107", _PHOTOGRAPHIC, Coding("libx265", 1280, 720, 25, x265("main"))),
    Kind(
        "hevc-main-10",
        "108",
        _MICROSCOPIC,
        Coding("libx265", 1280, 720, 25, x265("main10"), bits=10),
        fragments=2,
    ),
    Kind(
        "h264-4.1-ultrasound",
        "102",
        _ULTRASOUND,
        Coding("libx264", 1024, 768, 30, x264("4.1")),
        coded=_grey,
    ),
)
_METHODS: Final = {"libx264": "ISO_14496_10", "libx265": "ISO_23008_2"}


def _pixels(made: Dataset, kind: Kind, stream: bytes) -> Dataset:
    """Image Pixel Module as PS3.5 8.2.7 to 8.2.11 want it, and how lossy it is."""
    coding = kind.coding
    samples = coding.rows * coding.columns * 3 * coding.frames * coding.bits // 8
    put(
        made,
        SamplesPerPixel=3,
        PhotometricInterpretation="YBR_PARTIAL_420",
        PlanarConfiguration=0,
        Rows=coding.rows,
        Columns=coding.columns,
        BitsAllocated=8 if coding.bits == 8 else 16,
        BitsStored=coding.bits,
        HighBit=coding.bits - 1,
        PixelRepresentation=0,
        LossyImageCompression="01",
        LossyImageCompressionRatio=f"{samples / len(stream):.2f}",
        LossyImageCompressionMethod=_METHODS[coding.encoder],
    )
    fragments = encapsulate([stream], fragments_per_frame=kind.fragments, has_bot=False)
    made.add_new("PixelData", "OB", fragments)
    made["PixelData"].is_undefined_length = True
    return made


def _timed(made: Dataset, coding: Coding) -> Dataset:
    """Cine and Multi-frame Modules, C.7.6.5 and C.7.6.6."""
    return put(
        made,
        NumberOfFrames=str(coding.frames),
        FrameIncrementPointer=[tag_for_keyword("FrameTime")],
        FrameTime=f"{1000 / coding.rate:.6f}",
        CineRate=str(coding.rate),
        RecommendedDisplayFrameRate=str(coding.rate),
        StartTrim="1",
        StopTrim=str(coding.frames),
        EffectiveDuration=f"{coding.frames / coding.rate:.6f}",
    )


def _video(number: int, kind: Kind) -> Dataset:
    sop_class_uid, modality = kind.carrier
    made = begun(Series(_STUDY, modality, number, kind.name, _CAMERA), sop_class_uid, kind.name)
    put(
        made,
        ImageType=["ORIGINAL", "PRIMARY"],
        ContentDate=SAMPLE_DATE,
        ContentTime=SAMPLE_TIME,
        AcquisitionDateTime=SAMPLE_DATE + SAMPLE_TIME,
        PatientOrientation="",
        BodyPartExamined="COLON",
        BurnedInAnnotation="NO",
        AnatomicRegionSequence=[code("71854001", "SCT", "Colon")],
        ImageLaterality="U",
    )
    if kind.carrier == _ULTRASOUND:
        put(made, UltrasoundColorDataPresent=0, SequenceOfUltrasoundRegions=[_scanned(kind)])
    else:
        put(made, AcquisitionContextSequence=[])
    if kind.stereo:
        put(made, StereoPairsPresent=kind.stereo)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = UID(_SYNTAX + kind.syntax)
    return _pixels(_timed(made, kind.coding), kind, kind.coded(kind.coding, kind.container))


def _scanned(kind: Kind) -> Dataset:
    """US Region Calibration Module, C.8.5.5: tissue in two dimensions, all over the picture."""
    return item(
        RegionSpatialFormat=1,
        RegionDataType=1,
        RegionFlags=0,
        RegionLocationMinX0=0,
        RegionLocationMinY0=0,
        RegionLocationMaxX1=kind.coding.columns - 1,
        RegionLocationMaxY1=kind.coding.rows - 1,
        PhysicalUnitsXDirection=3,  # cm
        PhysicalUnitsYDirection=3,
        PhysicalDeltaX=0.01,
        PhysicalDeltaY=0.01,
    )


def instances() -> dict[str, Dataset]:
    """A video in each transfer syntax. Raises LeftOut when the encoders are not here."""
    if missing := lacking():
        raise LeftOut(f"this PyAV was built without {' and '.join(missing)}")
    return {kind.name: _video(number, kind) for number, kind in enumerate(KINDS, 1)}
