"""Numbers within an object: those that name items are unique, those that point at them lead there.

Law: a row for each; the tables of PS3.3 say which index counts 1 to n.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from iod.checks import tables
from iod.checks.items import Item, name_of
from iod.checks.objects import Checked, Told, along, every, walk

# Sequence, and the attribute whose value names one item of it within the object.
UNIQUE: Final = (
    ("BeamSequence", "BeamNumber"),
    ("IonBeamSequence", "BeamNumber"),
    ("FractionGroupSequence", "FractionGroupNumber"),
    ("DoseReferenceSequence", "DoseReferenceNumber"),
    ("ToleranceTableSequence", "ToleranceTableNumber"),
    ("IonToleranceTableSequence", "ToleranceTableNumber"),
    ("PatientSetupSequence", "PatientSetupNumber"),
    ("ApplicationSetupSequence", "ApplicationSetupNumber"),
    ("SourceSequence", "SourceNumber"),
    ("StructureSetROISequence", "ROINumber"),
    ("RTROIObservationsSequence", "ObservationNumber"),
    ("SegmentSequence", "SegmentNumber"),
    ("RTRadiationSequence", "ReferencedSOPInstanceUID"),
    ("ApprovalSubjectSequence", "ReferencedSOPInstanceUID"),
    ("ApprovalSequence", "AssertionUID"),
    ("MultienergyCTXRaySourceSequence", "XRaySourceIndex"),
    ("MultienergyCTXRayDetectorSequence", "XRayDetectorIndex"),
    ("MultienergyCTPathSequence", "MultienergyCTPathIndex"),
)
# A path and the number there; the sequence and the attribute that has such a number.
POINTING: Final = (
    ("FractionGroupSequence.ReferencedBeamSequence", "ReferencedBeamNumber",
     ("BeamSequence", "IonBeamSequence"), "BeamNumber"),
    ("FractionGroupSequence.ReferencedBrachyApplicationSetupSequence",
     "ReferencedBrachyApplicationSetupNumber",
     ("ApplicationSetupSequence",), "ApplicationSetupNumber"),
    ("FractionGroupSequence.ReferencedDoseReferenceSequence", "ReferencedDoseReferenceNumber",
     ("DoseReferenceSequence",), "DoseReferenceNumber"),
    ("ApplicationSetupSequence.ChannelSequence", "ReferencedSourceNumber",
     ("SourceSequence",), "SourceNumber"),
    ("BeamSequence", "ReferencedPatientSetupNumber",
     ("PatientSetupSequence",), "PatientSetupNumber"),
    ("IonBeamSequence", "ReferencedPatientSetupNumber",
     ("PatientSetupSequence",), "PatientSetupNumber"),
    ("ReconstructionProtocolElementSequence", "SourceAcquisitionProtocolElementNumber",
     ("AcquisitionProtocolElementSequence",), "ProtocolElementNumber"),
    ("StorageProtocolElementSequence", "SourceReconstructionProtocolElementNumber",
     ("ReconstructionProtocolElementSequence",), "ProtocolElementNumber"),
    ("RTROIObservationsSequence", "ReferencedROINumber",
     ("StructureSetROISequence",), "ROINumber"),
    ("ROIContourSequence", "ReferencedROINumber", ("StructureSetROISequence",), "ROINumber"),
    ("RadiationDoseSequence.RadiationDoseValuesParametersSequence",
     "ReferencedRadiationDoseIdentificationIndex",
     ("RadiationDoseIdentificationSequence",), "RadiationDoseIdentificationIndex"),
    ("MultienergyCTAcquisitionSequence.MultienergyCTPathSequence", "ReferencedXRaySourceIndex",
     ("MultienergyCTXRaySourceSequence",), "XRaySourceIndex"),
    ("MultienergyCTAcquisitionSequence.MultienergyCTPathSequence", "ReferencedXRayDetectorIndex",
     ("MultienergyCTXRayDetectorSequence",), "XRayDetectorIndex"),
    ("MultienergyCTPathSequence", "ReferencedXRaySourceIndex",
     ("MultienergyCTXRaySourceSequence",), "XRaySourceIndex"),
    ("MultienergyCTPathSequence", "ReferencedXRayDetectorIndex",
     ("MultienergyCTXRayDetectorSequence",), "XRayDetectorIndex"),
    *((f"{groups}.SegmentIdentificationSequence", "ReferencedSegmentNumber",
       ("SegmentSequence",), "SegmentNumber")
      for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")),
    ("DisplaySetsSequence", "ImageSetNumber", ("TimeBasedImageSetsSequence",), "ImageSetNumber"),
)  # fmt: skip
# A number that says how many items a sequence of the same item has.
COUNTS: Final = (
    ("NumberOfControlPoints", ("ControlPointSequence", "IonControlPointSequence",
                               "BrachyControlPointSequence")),
    ("NumberOfRTControlPoints", ("CArmPhotonElectronControlPointSequence",
                                 "TomotherapeuticControlPointSequence",
                                 "RoboticPathControlPointSequence")),
    ("NumberOfBlocks", ("BlockSequence", "IonBlockSequence")),
    ("NumberOfWedges", ("WedgeSequence", "IonWedgeSequence")),
    ("NumberOfBeams", ("ReferencedBeamSequence",)),
    ("NumberOfBrachyApplicationSetups", ("ReferencedBrachyApplicationSetupSequence",)),
    ("NumberOfWaveformChannels", ("ChannelDefinitionSequence",)),
    ("NumberOfAssessmentObservations", ("AssessmentObservationsSequence",)),
)  # fmt: skip


def unique(checked: Checked) -> Told:
    """Numbers and names of items that two of them have."""
    rows = dict.fromkeys(name for name, _ in UNIQUE)
    for path, name, items in walk(checked.root):
        if name not in rows:
            continue
        for _, keyword in (row for row in UNIQUE if row[0] == name):
            seen: Counter[str] = Counter()
            for number, item in enumerate(items, 1):
                for value in item.values(keyword)[:1]:
                    seen[value] += 1
                    if seen[value] == 2:
                        yield f"{path}{name}[{number}].{keyword}", "is that of another item too"


def ordinal(checked: Checked) -> Told:
    """Indices that do not count the items of their sequence from 1."""
    table = tables.ordinals()
    for path, name, items in walk(checked.root):
        for keyword in table.get(name, ()):
            found = [item.number(keyword) for item in items]
            if None in found:
                continue
            for number, value in enumerate(found, 1):
                if value != number:
                    where = f"{path}{name}[{number}].{keyword}"
                    yield where, f"is {value:g}; the items count from 1, so it is {number}"
                    break


def pointing(checked: Checked) -> Told:
    """Numbers that no item has."""
    root = checked.root
    for names, keyword, sequences, number in POINTING:
        users = [each for each in along(root, names) if each[1].has(keyword)]
        if not users:
            continue
        known = {value for name in sequences for _, item in every(root, name)
                 for value in item.numbers(number)}  # fmt: skip
        for path, item in users:
            for value in item.numbers(keyword):
                if value not in known:
                    message = f"is {value:g}; no item of {sequences[0]} has that number"
                    yield path + keyword, message
                    break


def counts(checked: Checked) -> Told:
    """Numbers of items that are not as many."""
    yield from _counts(checked.root, "")


def _counts(item: Item, path: str) -> Told:
    for keyword, names in COUNTS:
        wanted = item.number(keyword)
        there = [name for name in names if item.element(name) is not None]
        if wanted is None or (not there and not wanted):
            continue
        found = sum(len(item.items(name)) for name in there)
        if there and found != wanted:
            yield path + keyword, f"is {wanted:g}; {there[0]} has {found} items"
    for tag, element in item.elements.items():
        for number, inside in enumerate(element.items or (), 1):
            from_ = f"{path}{name_of(tag)}[{number}]."
            yield from _counts(inside, from_)
