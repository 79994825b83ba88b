"""What a C-GET proposes, PS3.4 C.4.3 and PS3.7 D.3.3.4: contexts on which the peer stores to us.

Law: one transfer syntax to a context as long as there is room, because the acceptor of a context
picks one, and an object travels byte for byte only on a context in its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Final

from config.catalogue import STORAGE_TRANSFER_SYNTAXES, uid_of
from scu.associate import MOST_CONTEXTS, Proposal

ROOM: Final = MOST_CONTEXTS - 1  # one is the C-GET's own

# What archives hold most, first; then the catalogue's order.
_PREFERRED: Final = tuple(
    uid
    for keyword in (
        "ExplicitVRLittleEndian", "ImplicitVRLittleEndian", "JPEGLosslessSV1", "JPEG2000Lossless",
        "JPEGBaseline8Bit", "JPEGLSLossless", "RLELossless", "JPEG2000", "JPEGExtended12Bit",
        "JPEGLossless", "HTJ2KLossless", "JPEGLSNearLossless", "DeflatedExplicitVRLittleEndian",
        "ExplicitVRBigEndian", "MPEG4HP41", "MPEG2MPML", "MPEG2MPHL", "HEVCMP51",
    )
    if (uid := uid_of(keyword))
)  # fmt: skip
SYNTAXES: Final = tuple(dict.fromkeys((*_PREFERRED, *STORAGE_TRANSFER_SYNTAXES)))
_NATIVE: Final = SYNTAXES[:2]
_PACKED: Final = SYNTAXES[2:13]

# For peers that cannot tell what they hold.
_USUAL: Final = """
    CTImageStorage EnhancedCTImageStorage MRImageStorage EnhancedMRImageStorage
    ComputedRadiographyImageStorage DigitalXRayImageStorageForPresentation
    DigitalXRayImageStorageForProcessing DigitalMammographyXRayImageStorageForPresentation
    DigitalMammographyXRayImageStorageForProcessing BreastTomosynthesisImageStorage
    DigitalIntraOralXRayImageStorageForPresentation UltrasoundImageStorage
    UltrasoundMultiFrameImageStorage UltrasoundImageStorageRetired
    UltrasoundMultiFrameImageStorageRetired SecondaryCaptureImageStorage
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage
    MultiFrameTrueColorSecondaryCaptureImageStorage
    MultiFrameSingleBitSecondaryCaptureImageStorage XRayAngiographicImageStorage
    XRayRadiofluoroscopicImageStorage EnhancedXAImageStorage EnhancedXRFImageStorage
    XRay3DAngiographicImageStorage NuclearMedicineImageStorage
    PositronEmissionTomographyImageStorage EnhancedPETImageStorage
    LegacyConvertedEnhancedCTImageStorage LegacyConvertedEnhancedMRImageStorage
    MRSpectroscopyStorage VLEndoscopicImageStorage VideoEndoscopicImageStorage
    VLMicroscopicImageStorage VLPhotographicImageStorage VideoPhotographicImageStorage
    VLWholeSlideMicroscopyImageStorage OphthalmicPhotography8BitImageStorage
    OphthalmicPhotography16BitImageStorage OphthalmicTomographyImageStorage
    GrayscaleSoftcopyPresentationStateStorage ColorSoftcopyPresentationStateStorage
    KeyObjectSelectionDocumentStorage BasicTextSRStorage EnhancedSRStorage
    ComprehensiveSRStorage Comprehensive3DSRStorage MammographyCADSRStorage ChestCADSRStorage
    XRayRadiationDoseSRStorage EncapsulatedPDFStorage EncapsulatedCDAStorage RTImageStorage
    RTDoseStorage RTStructureSetStorage RTPlanStorage RTIonPlanStorage SegmentationStorage
    TwelveLeadECGWaveformStorage RawDataStorage
"""
USUAL: Final = tuple(uid for keyword in _USUAL.split() if (uid := uid_of(keyword)))


def proposals(classes: Mapping[str, Set[str]], companions: Sequence[str] = ()) -> list[Proposal]:
    """Contexts for these classes, at most 127; known transfer syntaxes come first.

    Of `companions`, which may come along, as many have one context as there is room for; the
    rarest transfer syntaxes of classes whose own are all known give way to them.
    """
    own = _own(classes)
    more = [(uid, _NATIVE + _PACKED) for uid in companions if uid not in classes]
    kept = own[: max(ROOM - len(more), _least(classes, own))]
    return [*kept, *more[: ROOM - len(kept)]]


def _least(classes: Mapping[str, Set[str]], own: Sequence[Proposal]) -> int:
    """How many contexts, the first ones, are for what may be met; all where no syntax is known."""
    if not all(classes.values()):
        return len(own)
    usual = {(uid, (syntax,)) for uid in classes for syntax in _NATIVE + _PACKED}
    known = {(uid, (syntax,)) for uid, held in classes.items() for syntax in held}
    return len(usual | known)


def _own(classes: Mapping[str, Set[str]]) -> list[Proposal]:
    if len(classes) <= ROOM // 3:
        return list(_single(classes))
    shared = (_NATIVE, _PACKED) if len(classes) <= ROOM // 2 else (_NATIVE + _PACKED,)
    made: list[Proposal] = [(uid, syntaxes) for uid in classes for syntaxes in shared]
    return made[:ROOM]


def _single(classes: Mapping[str, Set[str]]) -> Iterator[Proposal]:
    known = [(uid, syntax) for uid, held in classes.items() for syntax in sorted(held)]
    spread = [(uid, syntax) for syntax in SYNTAXES for uid in classes]
    for uid, syntax in list(dict.fromkeys(known + spread))[:ROOM]:
        yield uid, (syntax,)
