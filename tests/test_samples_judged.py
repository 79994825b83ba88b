"""The samples before two judges: dciodvfy where it has rules, and our own checker everywhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread

from iod.samples import FAMILIES
from tests.commands import anode
from tests.peers import tool

# Faults of dciodvfy 1.00~20220618, not of the samples: file, error, reason.  The first column is
# matched from its beginning; a row that matches nothing fails too.
FAULTS = (
    ("", "Information Object Not found", "it has no rule for the class"),
    (
        "oct/en-face",
        "Missing attribute Type 1 Required Element=<ReferencedSurfaceMeshIdentificationSequence>",
        "the module has no such attribute in the current PS3.3 C.8.17.14",
    ),
    (
        "oct/",
        (
            "(present when condition unsatisfied .* Element=<.*Concatenation.*>"
            "|Cannot be less than or equal to one .*InConcatenationTotalNumber)"
        ),
        "PS3.3 C.8.17.7 and C.8.17.16 want them with 1, 1 and 0; so does dciodvfy in that module",
    ),
    (
        "(parametric-map/blending|printing/stl-revision-2)",
        "ReferencedSeriesSequence present but Instance does not reference Instances",
        "it does not see references in Advanced Blending and Predecessor Documents Sequence",
    ),
    (
        "video/hevc",
        (
            "(Undefined value length .* illegal in non-encapsulated|Dicom dataset read failed"
            "|Missing attribute Type 1C Conditional Element=<PixelData>)"
        ),
        "it does not know the HEVC transfer syntaxes, so it cannot read the pixel data",
    ),
    (
        "video/hevc-main-10",
        "Unrecognized enumerated value .*<(Bits Allocated|Bits Stored|High Bit)>",
        "PS3.5 8.2.11: 16, 10 and 9 for Main 10",
    ),
    (
        "multi-energy/iodine",
        "Element=<DecompositionMaterialSequence>",
        "PS3.3 C.8.15.3.12: two or more items are permitted",
    ),
    (
        "multi-energy/iodine-enhanced",
        "Unrecognized enumerated value <MGML> .*<Rescale Type>",
        "PS3.3 C.11.1.1.2: mg/ml",
    ),
    (
        "multi-energy/80-kv-converted",
        "ReferencedSeriesSequence present but Instance does not reference Instances",
        "it does not see references in Conversion Source Attributes Sequence",
    ),
    (
        "volume/label-map",
        "SegmentNumber not monotonically increasing",
        "a label map begins with its background, segment 0",
    ),
)
# Classes whose rules dciodvfy has (validation.md): for these "not found" would be no excuse.
RULES = re.compile(
    r"1\.2\.840\.10008\.5\.1\.4\.(1\.1\.(2|2\.1|4|7\.4|11\.8|13\.1\.1|30|66\.4|66\.6|77\.1\..*"
    r"|88\.22|88\.33|88\.34|88\.67|88\.71|104\.[123]|481\.5)|38\.1|39\.1)"
)
WIDE_FIELD = ("1.2.840.10008.5.1.4.1.1.77.1.5.5", "1.2.840.10008.5.1.4.1.1.77.1.5.6")


def paths(folder: Path, family: str = "") -> list[Path]:
    return sorted((folder / family).rglob("*.dcm"))


def complaints(path: Path) -> list[str]:
    told = tool("dciodvfy", path)
    return [line[8:] for line in told.stderr.splitlines() if line.startswith("Error - ")]


@pytest.fixture(scope="module")
def complained(samples):
    """What dciodvfy says against each sample."""
    return {str(each.relative_to(samples))[:-4]: complaints(each) for each in paths(samples)}


def excuses(name: str, complaint: str) -> list[int]:
    return [
        number
        for number, (where, what, _) in enumerate(FAULTS)
        if re.match(where, name) and re.search(what, complaint)
    ]


@pytest.mark.interop
@pytest.mark.parametrize("family", [each.name for each in FAMILIES])
def test_dciodvfy_finds_no_error_but_its_own(complained, family):
    found = [
        (name, complaint)
        for name, all_complaints in complained.items()
        if name.startswith(f"{family}/")
        for complaint in all_complaints
        if not excuses(name, complaint)
    ]
    assert found == []


@pytest.mark.interop
def test_every_excuse_is_needed(complained):
    used = {
        number
        for name, all_complaints in complained.items()
        for complaint in all_complaints
        for number in excuses(name, complaint)
    }
    assert used == set(range(len(FAULTS)))


@pytest.mark.interop
def test_dciodvfy_has_judged_every_class_that_it_has_rules_for(samples, complained):
    unjudged = {
        dcmread(samples / f"{name}.dcm", specific_tags=["SOPClassUID"]).SOPClassUID
        for name, all_complaints in complained.items()
        if "Information Object Not found" in all_complaints
    }
    assert {uid for uid in unjudged if RULES.fullmatch(uid)} <= set(WIDE_FIELD)


# In a process of its own: where `scp` is imported highdicom cannot be.
READING = """
import sys
from highdicom.sr import ContentSequence
from pydicom import dcmread
for path in sys.argv[1:]:
    (tree,) = ContentSequence.from_sequence([dcmread(path)], is_root=True)
    print(path, len(tree.ContentSequence))
"""


@pytest.mark.interop
def test_dcmtk_and_highdicom_read_every_report(samples):
    # DCMTK has no Extensible SR yet, highdicom no tables.
    unread = samples / "measurements" / "extensible.dcm"
    heads = {path: dcmread(path) for path in paths(samples)}
    reports = {path: head for path, head in heads.items() if head.get("Modality") == "SR"}
    assert [path for path in reports if tool("dsrdump", "-q", path).returncode] == [unread]
    del reports[unread]
    command = [sys.executable, "-I", "-c", READING, *map(str, reports)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    counts = [f"{path} {len(head.ContentSequence)}" for path, head in reports.items()]
    assert (ran.returncode, ran.stdout.splitlines()) == (0, counts), ran.stderr


def test_our_checker_finds_nothing(samples):
    ran = anode("validate", samples)
    assert (ran.code, ran.out.splitlines()[-1]) == (
        0,
        f"{len(paths(samples))} objects checked: 0 errors in 0 of them, 0 warnings",
    )
