"""Writes a report of TID 1500 by highdicom, and says what highdicom reads of it, as JSON.

A program of its own: where `scp` is imported highdicom cannot be.  `python -m tests.tid1500 FILE`.
"""

import json
import sys

import numpy as np
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import Comprehensive3DSRStorage, CTImageStorage, ExplicitVRLittleEndian

IMAGE = (CTImageStorage, "1.2.3.4")
MARGIN, SPICULATED = Code("RID5741", "RADLEX", "Margin"), Code("RID5713", "RADLEX", "Spiculated")
FAILURE = Code("114006", "DCM", "Measurement failure")


def groups():
    """A planar, a volumetric and a general group: TID 1410, 1411 and 1501."""
    region = sr.ImageRegion(
        sr.GraphicTypeValues.POLYLINE,
        np.array([[1.0, 1.0], [1.0, 5.0], [5.0, 5.0], [1.0, 1.0]]),
        sr.SourceImageForRegion(*IMAGE),
    )
    area = sr.Measurement(
        codes.SCT.AreaOfDefinedRegion,
        12.5,
        codes.UCUM.SquareMillimeter,
        derivation=codes.SCT.Mean,
        qualifier=FAILURE,
    )
    return [
        sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            sr.TrackingIdentifier("1.2.5.1", "Planar"),
            region,
            finding_type=codes.SCT.Neoplasm,
            finding_sites=[sr.FindingSite(codes.SCT.Liver, codes.SCT.Left, codes.SCT.Apical)],
            measurements=[area],
            qualitative_evaluations=[sr.QualitativeEvaluation(MARGIN, SPICULATED)],
            finding_category=codes.SCT.MorphologicallyAbnormalStructure,
        ),
        sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            sr.TrackingIdentifier("1.2.5.2", "Volumetric"),
            referenced_regions=[region],
            measurements=[sr.Measurement(codes.SCT.Volume, 7.0, codes.UCUM.CubicMillimeter)],
        ),
        sr.MeasurementsAndQualitativeEvaluations(
            sr.TrackingIdentifier("1.2.5.3", "General"),
            source_images=[sr.SourceImageForMeasurementGroup(*IMAGE)],
            qualitative_evaluations=[sr.QualitativeEvaluation(MARGIN, SPICULATED)],
        ),
    ]


def coded(one):
    if one is None:
        return None
    return {"value": one.value, "scheme": one.scheme_designator, "meaning": one.meaning}


def read(group):
    """What highdicom reads of a group, called as Anode calls it."""
    measured = [
        {
            "kind": "measurement",
            "name": coded(each.name),
            "value": each.value,
            "unit": coded(each.unit),
            "qualifier": coded(each.qualifier),
            "derivation": coded(each.derivation),
        }
        for each in group.get_measurements()
    ]
    evaluated = [
        {"kind": "evaluation", "name": coded(each.name), "value": coded(each.value)}
        for each in group.get_qualitative_evaluations()
        if each.name.meaning == MARGIN.meaning
    ]
    site = group.finding_sites[0] if group.finding_sites else None
    context = {
        "tracking_identifier": group.tracking_identifier,
        "tracking_uid": group.tracking_uid,
        "finding": coded(group.finding_type),
        "finding_category": coded(group.finding_category),
        "finding_site": coded(site.value) if site else None,
        "laterality": coded(site.laterality) if site else None,
        "topographical_modifier": coded(site.topographical_modifier) if site else None,
    }
    return [{**each, **context} for each in (*measured, *evaluated)]


def main():
    observer = sr.ObserverContext(codes.DCM.Person, sr.PersonObserverIdentifyingAttributes("A^B"))
    found = groups()
    made = sr.MeasurementReport(
        sr.ObservationContext(observer), Code("77477000", "SCT", "CT"), imaging_measurements=found
    )
    report = Dataset()
    report.update(made[0])
    report.SOPClassUID, report.SOPInstanceUID = Comprehensive3DSRStorage, "1.2.3.5"
    report.ensure_file_meta()
    report.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    report.save_as(sys.argv[1], enforce_file_format=True)
    print(json.dumps([row for each in found for row in read(each)]))


if __name__ == "__main__":
    main()
