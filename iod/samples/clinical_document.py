"""An imaging report as an HL7 Clinical Document (CDA), encapsulated: PS3.3 A.45.2, PS3.20.

The document is a whole one of CDA release 2 with the template of an Imaging Report (PS3.20 7.1) and
of its sections; what it says of the patient is what the instance says.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from pydicom import Dataset
from pydicom.uid import EncapsulatedCDAStorage

from iod.samples.identity import uid
from iod.samples.items import code, put
from iod.samples.subjects import ANNA, EQUIPMENT, INSTITUTION, Series, Study, begun

_STUDY: Final = Study("clinical-document", ANNA, "CT of the chest, reported")
_REPORTS: Final = Series(_STUDY, "DOC", 1, "Report", EQUIPMENT)
_TITLE: Final = "CT of the chest"
# Template (PS3.6 Table A-4), LOINC code, title, text.
_SECTIONS: Final = (
    ("1.2.840.10008.9.2", "55752-0", "Clinical Information", "Cough for three weeks."),
    (
        "1.2.840.10008.9.3",
        "55111-9",
        "Imaging Procedure Description",
        "Spiral CT of the chest without contrast, slices of 5 mm.",
    ),
    ("1.2.840.10008.9.5", "19005-8", "Impression", "No nodule > 3 mm. No effusion."),
)
_SECTION: Final = """\
      <component><section>
        <templateId root="{template}"/>
        <code code="{loinc}" codeSystem="2.16.840.1.113883.6.1" displayName="{title}"/>
        <title>{title}</title>
        <text>{text}</text>
      </section></component>
"""
_DOCUMENT: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <realmCode code="UV"/>
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="1.2.840.10008.9.1"/>
  <id root="{document}"/>
  <code code="18748-4" codeSystem="2.16.840.1.113883.6.1" displayName="Diagnostic imaging study"/>
  <title>{title}</title>
  <effectiveTime value="{date}{time}+0000"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
  <languageCode code="en-US"/>
  <recordTarget><patientRole>
    <id root="{issuer}" extension="{patient}"/>
    <patient>
      <name><given>{given}</given><family>{family}</family></name>
      <administrativeGenderCode code="{sex}" codeSystem="2.16.840.1.113883.5.1"/>
      <birthTime value="{birth}"/>
    </patient>
  </patientRole></recordTarget>
  <author>
    <time value="{date}{time}+0000"/>
    <assignedAuthor>
      <id root="{author}"/>
      <assignedPerson><name><given>Rosa</given><family>Reader</family></name></assignedPerson>
    </assignedAuthor>
  </author>
  <custodian><assignedCustodian><representedCustodianOrganization>
    <id root="{issuer}"/>
    <name>{institution}</name>
  </representedCustodianOrganization></assignedCustodian></custodian>
  <documentationOf><serviceEvent classCode="ACT">
    <id root="{study}"/>
    <code code="24627-2" codeSystem="2.16.840.1.113883.6.1" displayName="CT Chest"/>
  </serviceEvent></documentationOf>
  <component><structuredBody>
{sections}  </structuredBody></component>
</ClinicalDocument>
"""


def instances() -> dict[str, Dataset]:
    """The document in its instance."""
    made = begun(_REPORTS, EncapsulatedCDAStorage, "report")
    identity = uid("cda", "report")
    stream = _document(made, identity).encode("utf-8")
    return {
        "report": put(
            made,
            ConversionType="WSD",
            ContentDate=_STUDY.date,
            ContentTime=_STUDY.time,
            AcquisitionDateTime=None,
            BurnedInAnnotation="YES",
            DocumentTitle=_TITLE,
            ConceptNameCodeSequence=[code("18748-4", "LN", "Diagnostic Imaging Report")],
            HL7InstanceIdentifier=identity,
            MIMETypeOfEncapsulatedDocument="text/XML",
            EncapsulatedDocumentLength=len(stream),
            EncapsulatedDocument=stream + b"\0" * (len(stream) % 2),
        )
    }


def _document(made: Dataset, identity: str) -> str:
    sections = "".join(
        _SECTION.format(template=template, loinc=loinc, title=title, text=escape(text))
        for template, loinc, title, text in _SECTIONS
    )
    family, _, given = ANNA.name.partition("^")
    return _DOCUMENT.format(
        document=identity,
        title=_TITLE,
        date=_STUDY.date,
        time=_STUDY.time,
        issuer=uid("institution"),
        patient=ANNA.patient_id,
        given=given,
        family=family,
        sex=ANNA.sex,
        birth=ANNA.birth_date,
        author=uid("author", "reader"),
        institution=INSTITUTION,
        study=made.StudyInstanceUID,
        sections=sections,
    )
