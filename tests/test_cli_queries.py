"""Keys in DCMTK's spellings and DCMTK's query files: what findscu sends, `anode` sends."""

import pytest
from pydicom import Dataset
from pydicom.tag import Tag

from cli import questions
from config.errors import ConfigError
from scu.datasets import decode, encode
from tests.commands import anode, at
from tests.nodes import node
from tests.objects import instance, written
from tests.peers import needs_dcmtk, storescp, tool
from tests.test_cli_find import NAMES

EXPLICIT = "1.2.840.10008.1.2.1"


def sent(*keys: str) -> Dataset:
    """The identifier as the peer reads it."""
    return decode(encode(questions.question(keys).identifier, EXPLICIT), EXPLICIT)


@pytest.mark.parametrize(
    "key",
    [
        "RequestAttributesSequence[0].RequestedProcedureID=R1",
        "(0040,0275)[0].(0040,1001)=R1",
        "0040,0275[0].0040,1001=R1",
        "00400275[0].RequestedProcedureID=R1",
        "RequestAttributesSequence.RequestedProcedureID=R1",
    ],
)
def test_a_path_into_a_sequence_has_many_spellings(key):
    (item,) = sent(key).RequestAttributesSequence
    assert item.RequestedProcedureID == "R1"


def test_paths_go_as_deep_as_they_are_typed():
    identifier = sent(
        "(0040,0275)[0].(0032,1064)[0].(0008,0100)=C1",
        "RequestAttributesSequence[0].RequestedProcedureCodeSequence[1].CodeValue=C2",
        "RequestAttributesSequence[0].RequestedProcedureCodeSequence[1].CodingSchemeDesignator=",
    )
    (item,) = identifier.RequestAttributesSequence
    first, second = item.RequestedProcedureCodeSequence
    assert (first.CodeValue, second.CodeValue) == ("C1", "C2")
    assert second["CodingSchemeDesignator"].is_empty


@pytest.mark.parametrize(
    ("key", "items"),
    [("ReferencedSeriesSequence", 0), ("ReferencedSeriesSequence[0]", 1), ("(0008,1115)[1]=", 2)],
)
def test_a_sequence_can_be_asked_for_whole(key, items):
    assert len(sent(key).ReferencedSeriesSequence) == items


def test_asking_for_a_sequence_keeps_the_keys_in_it():
    identifier = sent("(0040,0275)[0].(0040,1001)=R1", "(0040,0275)")
    assert identifier.RequestAttributesSequence[0].RequestedProcedureID == "R1"


@pytest.mark.parametrize(
    ("key", "tag", "value"),
    [
        ("SOPClassesInStudy=1.2\\1.3", 0x00080062, ["1.2", "1.3"]),
        ("ModalitiesInStudy=CT\\MR", 0x00080061, ["CT", "MR"]),
        ("PatientComments=a\\b", 0x00104000, "a\\b"),  # LT has one value, PS3.5 6.2
        ("SimpleFrameList=1\\3", 0x00081161, [1, 3]),
        ("TimeRange=0.5\\2", 0x00081163, [0.5, 2.0]),
        ("FrameIncrementPointer=(0018,1063)", 0x00280009, Tag(0x00181063)),
        ("FrameIncrementPointer=FrameTime", 0x00280009, Tag(0x00181063)),
        ("RETIRED_OtherPatientIDs=A", 0x00101000, "A"),
        ("PatientName=Straße^*", 0x00100010, "Straße^*"),
    ],
)
def test_values_go_out_as_they_are_meant(key, tag, value):
    assert sent(key)[tag].value == value


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(ConfigError, match="no text"):
        sent("PatientName=\udcff")


# Character sets


@pytest.mark.parametrize(
    ("charset", "name", "expected"),
    [
        ("ISO_IR 100", "Müller*", "ISO_IR 100"),
        ("ISO_IR 100", "山田*", "ISO_IR 192"),
        ("\\ISO 2022 IR 87", "Yamada=山田*", ["", "ISO 2022 IR 87"]),
        ("ISO_IR 999", "Müller*", "ISO_IR 192"),
        ("ISO_IR 100", "MULLER*", "ISO_IR 100"),
    ],
)
def test_a_set_that_is_asked_for_is_used_where_it_can_carry_the_text(charset, name, expected):
    identifier = sent(f"SpecificCharacterSet={charset}", f"PatientName={name}")
    assert identifier.SpecificCharacterSet == expected
    assert str(identifier.PatientName) == name


def test_text_in_sequences_counts_too():
    identifier = sent("RequestAttributesSequence[0].RequestedProcedureDescription=Schädel")
    assert identifier.SpecificCharacterSet == "ISO_IR 192"
    assert identifier.RequestAttributesSequence[0].RequestedProcedureDescription == "Schädel"


# Query files

DUMP = """\
(0008,0005) CS [{charset}]
(0008,0052) CS [STUDY]
(0010,0010) PN [{name}]
(0020,000d) UI
(0008,0061) CS [CT\\MR]
(0040,0275) SQ
(fffe,e000) na
(0040,1001) SH [R1]
(fffe,e00d) na
(fffe,e0dd) na
"""
FORMS = {
    "meta": (),
    "meta-implicit": ("+ti",),
    "meta-deflated": ("+td",),
    "bare": ("-F",),
    "bare-implicit": ("-F", "+ti"),
    "bare-big-endian": ("-F", "+tb"),
    "undefined-length": ("-e",),
    "group-lengths": ("+g",),
}


def query_file(folder, *options, charset="ISO_IR 100", name="Müller*", codec="latin-1"):
    dump = folder / "query.dump"
    dump.write_bytes(DUMP.format(charset=charset, name=name).encode(codec))
    made = tool("dump2dcm", *options, dump, folder / "query.dcm")
    assert made.returncode == 0, made.stderr
    return folder / "query.dcm"


@needs_dcmtk
@pytest.mark.interop
@pytest.mark.parametrize("form", FORMS)
def test_a_query_file_of_dump2dcm_is_sent_as_it_is(tmp_path, form):
    identifier = sent(f"@{query_file(tmp_path, *FORMS[form])}")
    assert {element.keyword for element in identifier} == {
        "SpecificCharacterSet", "QueryRetrieveLevel", "PatientName", "StudyInstanceUID",
        "ModalitiesInStudy", "RequestAttributesSequence",
    }  # fmt: skip
    assert identifier.SpecificCharacterSet == "ISO_IR 100"
    assert str(identifier.PatientName) == "Müller*"
    assert identifier.ModalitiesInStudy == ["CT", "MR"]
    assert identifier.RequestAttributesSequence[0].RequestedProcedureID == "R1"


@needs_dcmtk
@pytest.mark.interop
def test_keys_that_are_typed_come_before_and_after_those_of_a_file(tmp_path):
    identifier = sent(f"@{query_file(tmp_path)}", "PatientName=山田*", "PatientID=A")
    assert (str(identifier.PatientName), identifier.PatientID) == ("山田*", "A")
    assert identifier.SpecificCharacterSet == "ISO_IR 192"


@needs_dcmtk
@pytest.mark.interop
@pytest.mark.parametrize("text", ["", "no DICOM\n", "\0" * 300, "# Dicom-Data-Set\n" * 20])
def test_a_file_that_is_none_is_refused_in_words(tmp_path, text):
    (tmp_path / "x").write_text(text)
    with pytest.raises(ConfigError, match=r"cannot be read|holds no keys"):
        sent(f"@{tmp_path / 'x'}")


def test_an_object_is_a_query_file_without_its_pixels(tmp_path):
    made = instance(PixelData=b"\1\2" * 8, Rows=4, Columns=2, BitsAllocated=16)
    (path,) = written(tmp_path, made)
    identifier = sent(f"@{path}")
    assert "PixelData" not in identifier
    assert identifier.PatientID == "P1"


@needs_dcmtk
@pytest.mark.interop
def test_a_node_finds_the_same_for_findscu_and_for_anode(tmp_path):
    objects = []
    for number, (charset, name) in enumerate(NAMES.items()):
        made = instance(number, StudyInstanceUID=f"1.2.{number}", PatientID=f"N{number}")
        made.SpecificCharacterSet, made.PatientName = charset, name
        objects.append(made)
    written(tmp_path / "in", *objects)
    path = query_file(tmp_path, name="M\xfcller*")
    with node(tmp_path / "data") as ours:
        assert anode("send", at(ours), tmp_path / "in").code == 0
        port = at(ours).rpartition(":")[2]
        keys = ("-k", f"@{path}", "-k", "ModalitiesInStudy=", "-k", "PatientID=")
        (found,) = anode("find", at(ours), *keys, "--json").document
        asked = ("-k", "0008,0061=", "-k", "PatientID=", path)
        other = tool("findscu", "-S", "-aec", "ANODE", "127.0.0.1", port, *asked)
    assert found["00100020"]["Value"] == ["N0"]
    assert other.returncode == 0
    assert "[N0" in other.stdout + other.stderr
    assert "[N1" not in other.stdout + other.stderr


@needs_dcmtk
@pytest.mark.interop
def test_a_peer_without_queries_is_rejected_in_words(tmp_path):
    with storescp(tmp_path / "out") as there:
        ran = anode("find", f"STORESCP@127.0.0.1:{there.port}", "--relational")
    assert ran.code == 4
    assert "presentation context" in ran.err
