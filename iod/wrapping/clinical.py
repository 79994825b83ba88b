"""CDA, HL7 Clinical Document Architecture (PS3.20): read by defusedxml, without any DTD.

The object says of it what PS3.3 C.24.2 wants: HL7 Instance Identifier, title, code, media types.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from iod.errors import Unwrappable
from iod.wrapping.contents import Code, Contents

_NS: Final = "{urn:hl7-org:v3}"
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_TIME: Final = re.compile(r"[0-9]{4,14}")
# PS3.16 8.1: coding scheme designators by the OID that HL7 has for them
_SCHEMES: Final = {
    "2.16.840.1.113883.6.1": "LN",
    "2.16.840.1.113883.6.96": "SCT",
    "1.2.840.10008.2.16.4": "DCM",
}
_CODE_VALUE: Final = 16  # characters, VR SH; longer ones would be a Long Code Value
_MEANING: Final = 64
_IDENTIFIER: Final = 1024  # VR ST


def cda(data: bytes) -> Contents:
    """A CDA document. Raises Unwrappable."""
    root = _parsed(data)
    if root.tag != f"{_NS}ClinicalDocument":
        raise Unwrappable(f"its root is {root.tag}, not ClinicalDocument of urn:hl7-org:v3")
    title = " ".join("".join(_found(root, "title").itertext()).split())
    code = _found(root, "code")
    identifier = _identifier(root)
    facts = {
        "instance_identifier": identifier,
        "set_identifier": _joined(_found(root, "setId")),
        "version": _found(root, "versionNumber").get("value", ""),
        "code": code.get("code", ""),
        "templates": [each.get("root", "") for each in root.findall(f"{_NS}templateId")],
    }
    effective = _TIME.match(_found(root, "effectiveTime").get("value", ""))
    patients = root.findall(f"{_NS}recordTarget/{_NS}patientRole/{_NS}id")
    return Contents(
        facts,
        title=title,
        instance_identifier=identifier,
        concept=_concept(code),
        created=effective[0] if effective else "",
        patients=tuple(each.get("extension", "") for each in patients if each.get("extension")),
        media_types=tuple(sorted(_media_types(root))),
    )


def _parsed(data: bytes) -> Element:
    try:
        return fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise Unwrappable("it has a document type declaration; CDA needs none") from None
    except (ParseError, ValueError, LookupError) as error:
        raise Unwrappable(f"it is no well-formed XML ({error})") from None


def _found(root: Element, name: str) -> Element:
    found = root.find(f"{_NS}{name}")
    return Element(name) if found is None else found


def _identifier(root: Element) -> str:
    """Its id as C.24.2 has it: OID or UUID, and a caret before the extension if there is one."""
    found = _found(root, "id")
    base = found.get("root", "")
    if not (_OID.fullmatch(base) or _UUID.fullmatch(base)):
        raise Unwrappable("it has no id with an OID or UUID as its root")
    whole = _joined(found)
    if len(whole) > _IDENTIFIER:
        raise Unwrappable(f"its id has more than {_IDENTIFIER} characters")
    return whole


def _joined(identifier: Element) -> str:
    extension = identifier.get("extension")
    return identifier.get("root", "") + (f"^{extension}" if extension else "")


def _concept(code: Element) -> Code | None:
    """Its code, where DICOM has a designator for the coding scheme."""
    scheme = _SCHEMES.get(code.get("codeSystem", ""))
    value, meaning = code.get("code", ""), code.get("displayName", "")
    if not (scheme and meaning and 0 < len(value) <= _CODE_VALUE):
        return None
    return value, scheme, " ".join(meaning.split())[:_MEANING]


def _media_types(root: Element) -> set[str]:
    """Of what is within it besides its own text."""
    said = {each.get("mediaType", "") for each in root.iter()}
    return said - {"", "text/x-hl7-text+xml", "text/x-hl7-title+xml", "text/xml"}
