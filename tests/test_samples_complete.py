"""No class of the supplements is without a sample, and no code in them is made up."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.sr._concepts_dict import concepts

from config import catalogue
from iod.samples import FAMILIES

_STORAGE = "1.2.840.10008.5.1.4.1.1."
# Supplement -> the storage classes that came with it, or that it is about.
CLASSES = {
    "121 and 212 protocols": ("200.1", "200.2", "200.7", "200.8"),
    "147 RT prescription and segment annotation": ("481.10", "481.11"),
    "155 CDA templates": ("104.2",),
    "156 planar MPR": ("11.6", "11.7"),
    "164 contrast agents": ("88.74", "88.75"),
    "167 X-Ray 3D": ("13.1.1",),
    "169 simplified echo": ("88.72",),
    "173 wide field": ("77.1.5.5", "77.1.5.6"),
    "175 C-arm RT": ("481.12", "481.13"),
    "180 and 195 video": ("3.1", "7.4", "77.1.1.1", "77.1.2.1", "77.1.4.1"),
    "181 tractography": ("66.6",),
    "184 brachytherapy": ("1.2.840.10008.5.1.4.34.10",),
    "185 content assessment": ("90.1",),
    "186 Extensible SR": ("88.35",),
    "187 small animal": ("88.71",),
    "188 multi-energy CT": ("2", "2.1", "2.2"),
    "189 advanced blending": ("11.8", "30"),
    "190 volume rendering": ("11.9", "11.10", "11.11"),
    "191 patient dose": ("88.67", "88.73"),
    "192 approval": ("200.3",),
    "194 objects of no patient": (
        *("1.2.840.10008.5.1.4.38.1", "1.2.840.10008.5.1.4.39.1", "1.2.840.10008.5.1.4.43.1"),
        *("1.2.840.10008.5.1.4.44.1", "1.2.840.10008.5.1.4.45.1", "201.1"),
    ),
    "197 OCT angiography": ("77.1.5.7", "77.1.5.8"),
    "200 TID 1500": ("88.22", "88.33", "88.34"),
    "205 and 208 models": ("104.3", "104.4", "104.5"),
}
# Codes that PS3.16 takes from elsewhere and pydicom's dictionary does not list.
ELSEWHERE = {
    ("RFC5646", "en-US"),  # CID 5000
    *(
        ("UCUM", unit)
        for unit in ("kg", "ml", "mGy", "mGy.cm", "mA", "{events}", "{X-Ray sources}")
    ),
    ("UCUM", "{animals}"),
}
KNOWN = {
    (scheme, value)
    for scheme, keywords in concepts.items()
    for values in keywords.values()
    for value in values
}


def whole(uid: str) -> str:
    return uid if uid.startswith("1.2.") else _STORAGE + uid


@pytest.mark.parametrize("supplement", CLASSES)
def test_every_class_of_a_supplement_has_a_sample(supplement):
    made = {uid for family in FAMILIES for uid in family.classes}
    assert {whole(uid) for uid in CLASSES[supplement]} - made == set()


def test_every_class_with_a_sample_is_one_the_node_stores():
    made = {uid for family in FAMILIES for uid in family.classes}
    assert made <= set(catalogue.STORAGE)


def coded(sample: Dataset):
    """Scheme and value of every code, to any depth."""
    for element in sample.iterall():
        if element.VR == "SQ":
            for item in element.value:
                if "CodeValue" in item:
                    yield item.CodingSchemeDesignator, item.CodeValue


def made_up(path: Path) -> set[tuple[str, str]]:
    found = set(coded(dcmread(path)))
    return {code for code in found if not code[0].startswith("99")} - KNOWN - ELSEWHERE


def test_every_code_is_in_the_dictionary_or_says_that_it_is_local(samples):
    assert {str(path): made_up(path) for path in samples.rglob("*.dcm") if made_up(path)} == {}
