"""A measurement report by TID 1500 over CT images, in highdicom's own templates (PS3.21 A.3).

A Comprehensive 3D SR with a lesion outlined and measured on one of three slices, and the same
finding by value and by reference in an Extensible SR (PS3.3 A.35.14, Supplement 186).
"""

from __future__ import annotations

from typing import Final

import highdicom as hd
import numpy as np
from highdicom.sr import Comprehensive3DSR, ComprehensiveSR, ContentItem, EnhancedSR
from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import ExtensibleSRStorage

from iod.samples import sr
from iod.samples.ct_images import SCANNER, phantom, slice_of
from iod.samples.identity import uid
from iod.samples.items import item
from iod.samples.settling import made_by, settled
from iod.samples.subjects import BERT, EQUIPMENT, Series, Study

_STUDY: Final = Study("measurements", BERT, "CT of the liver, measured")
_IMAGES: Final = Series(_STUDY, "CT", 1, "Liver", SCANNER)
_REPORTS: Final = Series(_STUDY, "SR", 2, "Measurements", EQUIPMENT)
_EXTENSIBLE: Final = Series(_STUDY, "SR", 3, "Findings", EQUIPMENT)
_ENHANCED: Final = Series(_STUDY, "SR", 4, "Findings, enhanced", EQUIPMENT)
_COMPREHENSIVE: Final = Series(_STUDY, "SR", 5, "Findings, comprehensive", EQUIPMENT)
_SLICES: Final = 3
_LESION: Final = ("52988006", "SCT", "Lesion")
_LIVER: Final = ("10200004", "SCT", "Liver")
_OUTLINE: Final = np.array([[15.0, 31.0], [20.0, 26.0], [25.0, 31.0], [20.0, 36.0], [15.0, 31.0]])


def instances() -> dict[str, Dataset]:
    """Images, and what was measured on them."""
    images = [slice_of(_IMAGES, number, phantom()) for number in range(1, _SLICES + 1)]
    return {
        **{f"image-{number}": each for number, each in enumerate(images, start=1)},
        "report": _report(images[1]),
        "enhanced": _plain(EnhancedSR, _ENHANCED, images[1]),
        "comprehensive": _plain(ComprehensiveSR, _COMPREHENSIVE, images[1]),
        "extensible": _extensible(images[1]),
    }


def _report(measured: Dataset) -> Dataset:
    by = hd.sr.ObserverContext(
        hd.sr.CodedConcept("121006", "DCM", "Person"),
        hd.sr.PersonObserverIdentifyingAttributes("Reader^Rosa"),
    )
    region = hd.sr.ImageRegion(
        hd.sr.GraphicTypeValues.POLYLINE,
        _OUTLINE,
        hd.sr.SourceImageForRegion(measured.SOPClassUID, measured.SOPInstanceUID),
    )
    group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid("tracked", "lesion"), "Lesion 1"),
        referenced_region=region,
        finding_type=Code(*_LESION),
        finding_sites=[hd.sr.FindingSite(Code(*_LIVER))],
        measurements=[
            hd.sr.Measurement(
                Code("131184002", "SCT", "Area of defined region"),
                800.0,
                Code("mm2", "UCUM", "square millimeter"),
            ),
            hd.sr.Measurement(
                Code("410668003", "SCT", "Length"), 40.0, Code("mm", "UCUM", "millimeter")
            ),
        ],
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(by),
        procedure_reported=Code("77477000", "SCT", "CT"),
        imaging_measurements=[group],
    )
    made = Comprehensive3DSR(
        evidence=[measured],
        content=content,
        series_description=_REPORTS.description,
        is_complete=True,
        is_final=True,
        **made_by(_REPORTS, "report"),
    )
    return settled(made, _REPORTS)


def _plain(
    builder: type[EnhancedSR] | type[ComprehensiveSR], series: Series, of: Dataset
) -> Dataset:
    """The finding with its image and its length, and what follows from it."""
    made = builder(
        evidence=[of],
        content=_root(_finding(of)),
        series_description=series.description,
        is_complete=True,
        is_final=True,
        **made_by(series, "findings"),
    )
    return settled(made, series)


def _extensible(measured: Dataset) -> Dataset:
    """The same, with a table, and a conclusion that refers to the finding by its place."""
    columns = (
        (("410668003", "SCT", "Length"), ("mm", "mm")),
        (("131184002", "SCT", "Area of defined region"), ("mm2", "mm2")),
    )
    measurements = sr.table(("126010", "DCM", "Imaging Measurements"), columns, [(40, 800)])
    root = _root(_finding(measured), measurements)
    made = sr.document(_EXTENSIBLE, ExtensibleSRStorage, "extensible", root, evidence=[measured])
    conclusion = made.ContentSequence[-1].ContentSequence[0]
    # By reference, C.17.3.2.5: the root is 1, the findings its 4th item, the finding its 1st.
    by_reference = item(RelationshipType="INFERRED FROM", ReferencedContentItemIdentifier=[1, 4, 1])
    conclusion.add_new("ContentSequence", "SQ", [by_reference])  # highdicom knows it by value only
    return made


def _root(*findings: ContentItem) -> ContentItem:
    return sr.container(
        ("18748-4", "LN", "Diagnostic Imaging Report"),
        sr.language(),
        *sr.observer("Reader^Rosa"),
        sr.container(("121070", "DCM", "Findings"), *findings),
        sr.container(("121076", "DCM", "Conclusions"), _conclusion()),
        by=None,
    )


def _finding(measured: Dataset) -> ContentItem:
    return sr.coded(
        ("121071", "DCM", "Finding"),
        _LESION,
        sr.coded(("363698007", "SCT", "Finding Site"), _LIVER, by=sr.PROPERTIES),
        sr.image(("121080", "DCM", "Best illustration of finding"), measured, by=sr.INFERRED),
        sr.number(("410668003", "SCT", "Length"), 40, ("mm", "mm"), by=sr.PROPERTIES),
    )


def _conclusion() -> ContentItem:
    return sr.text(("121077", "DCM", "Conclusion"), "Follow up in three months.")
