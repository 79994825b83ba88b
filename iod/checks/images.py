"""Pixel data against its description, PS3.3 C.7.6.3 and PS3.5 8; multi-energy CT; tracks.

Law: pixels are counted, never decoded.
"""

from __future__ import annotations

from typing import Final

from iod.checks.objects import CLASS, Checked, Told, every

CT: Final = frozenset(CLASS + n for n in ("2", "2.1"))
TRACTS: Final = frozenset((CLASS + "66.6",))
_NATIVE: Final = frozenset(
    f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".2", ".1.99")
)  # PS3.5 A.1 to A.3, A.5
_EXPLICIT: Final = _NATIVE - {"1.2.840.10008.1.2"}
# JPEG baseline and extended, MPEG-2, H.264, HEVC; with their fragmentable sisters.
_LOSSY: Final = frozenset(
    f"1.2.840.10008.1.2.4.{end}{more}"
    for end in ("50", "51", *map(str, range(100, 109)))
    for more in ("", ".1")
)
_PHOTOMETRIC: Final = "PhotometricInterpretation"
_SAMPLES: Final = {
    "MONOCHROME1": 1, "MONOCHROME2": 1, "PALETTE COLOR": 1, "RGB": 3, "YBR_FULL": 3,
    "YBR_FULL_422": 3, "YBR_PARTIAL_420": 3, "YBR_ICT": 3, "YBR_RCT": 3, "XYB": 3,
}  # fmt: skip
_ENCAPSULATED: Final = ("1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.1.98")
# JPIP references pixel data; PS3.5 A.6.
_ELSEWHERE: Final = frozenset(f"1.2.840.10008.1.2.4.{end}" for end in ("94", "95", "204", "205"))


def size(checked: Checked) -> Told:
    """Native pixel data that is not as long as rows, columns, samples and frames make it."""
    root, element = checked.root, checked.root.element("PixelData")
    if element is None or element.fragments is not None:
        return
    factors = [root.number(x) for x in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")]
    if checked.transfer_syntax_uid not in _NATIVE or None in factors:
        return
    rows, columns, samples, bits = (int(x or 0) for x in factors)
    if root.text(_PHOTOMETRIC) == "YBR_FULL_422":
        samples = 2  # PS3.3 C.7.6.3.1.2: two pixels share their chrominance
    frames = int(root.number("NumberOfFrames") or 1)
    wanted = (rows * columns * samples * frames * bits + 7) // 8
    if element.length not in (wanted, wanted + wanted % 2):
        yield "PixelData", f"has {element.length} bytes; its description makes {wanted}"


def encapsulation(checked: Checked) -> Told:
    """Pixel data that is not in fragments although its transfer syntax wants it, or is."""
    element, syntax = checked.root.element("PixelData"), checked.transfer_syntax_uid
    if element is None or syntax in _ELSEWHERE:
        return
    if element.fragments is None and syntax.startswith(_ENCAPSULATED):
        yield "PixelData", "is not in fragments, as this transfer syntax has it"
    elif element.fragments is not None and syntax in _NATIVE:
        yield "PixelData", "is in fragments, which this transfer syntax does not have"


def bits(checked: Checked) -> Told:
    """PS3.5 8.1.1: stored bits fit the allocated ones, and the high bit is the last of them."""
    root = checked.root
    allocated, stored, high = (root.number(x) for x in ("BitsAllocated", "BitsStored", "HighBit"))
    if allocated is not None and stored is not None and stored > allocated:
        yield "BitsStored", f"is {stored:g}, more than the {allocated:g} allocated"
    if stored is not None and high is not None and high != stored - 1:
        yield "HighBit", f"is {high:g}; with {stored:g} bits stored it is {stored - 1:g}"

    element, syntax = root.element("PixelData"), checked.transfer_syntax_uid
    if element is None or element.fragments is not None or syntax not in _EXPLICIT:
        return
    if element.vr == "OB" and allocated is not None and allocated > 8:
        yield "PixelData", f"is encoded as OB; with {allocated:g} bits allocated it is OW"


def lossy(checked: Checked) -> Told:
    """An image that says it never was lossily compressed, in a syntax that is nothing else."""
    said = checked.root.text("LossyImageCompression")
    if said == "00" and checked.transfer_syntax_uid in _LOSSY:
        yield "LossyImageCompression", "is 00; this transfer syntax is a lossy one, so it is 01"


def samples(checked: Checked) -> Told:
    """How many samples a pixel of a photometric interpretation has."""
    said, kind = checked.root.number("SamplesPerPixel"), checked.root.text(_PHOTOMETRIC)
    wanted = _SAMPLES.get(kind)
    if said is not None and wanted is not None and said != wanted:
        yield "SamplesPerPixel", f"is {said:g}; a pixel of {kind} has {wanted}"


def multi_energy(checked: Checked) -> Told:
    """The flag and what it announces, PS3.3 C.8.2.1: neither stands without the other."""
    root = checked.root
    flag = root.text("MultienergyCTAcquisition")
    names = ("MultienergyCTAcquisitionSequence", "MultienergyCTPathSequence")
    there = [name for name in names if root.has(name)]
    if flag == "YES" and not there:
        name = names[checked.iod != "ct-image"]
        yield name, "is missing, although Multi-energy CT Acquisition is YES"
    elif there and flag != "YES":
        yield "MultienergyCTAcquisition", f"is not YES, although there is {there[0]}"


def multi_energy_units(checked: Checked) -> Told:
    """PS3.3 A.38.1.4: a multi-energy enhanced image says what its values are."""
    root = checked.root
    if root.text("MultienergyCTAcquisition") != "YES" or checked.iod != "enhanced-ct-image":
        return
    if next(every(root, "RealWorldValueMappingSequence"), None) is None:
        yield "RealWorldValueMappingSequence", "is missing, so that nobody knows the unit of values"


def tracks(checked: Checked) -> Told:
    """PS3.3 C.8.33.2: a track has two points or more, each of three coordinates."""
    for path, item in every(checked.root, "TrackSequence"):
        element = item.element("PointCoordinatesData")
        if element is not None and (element.length % 12 or element.length < 24):
            message = f"has {element.length} bytes, which are no two or more points of 3 floats"
            yield f"{path}PointCoordinatesData", message
