"""Character sets over the wire: stored, asked for in any set, answered so that others read it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset, FileDataset, dcmread
from pynetdicom import AE
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from archive import charsets
from scp.node import Node
from scu.associate import associate
from tests import clients
from tests.clients import CALLER
from tests.nodes import node, port, target
from tests.objects import CT_IMAGE, instance, uid, written
from tests.peers import needs_dcmtk, tool
from tests.scripts import (
    EXPLICIT,
    NAMES,
    identifier,
    known_to_pydicom,
    read,
    unread_by_pydicom,
    write,
)
from wire.command import Command, Field

# pydicom, which writes and reads for these tests, warns of sets that it does not know.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{each}:UserWarning")
    for each in ("Unknown encoding", "Incorrect value", "Value '", "Failed to decode", "Found unk")
]
STUDY_FIND = StudyRootQueryRetrieveInformationModelFind
FOLDER = Path(pydicom.__file__).parent / "data" / "charset_files"
FILES = sorted(path.name for path in FOLDER.glob("*.dcm"))
NAMED = [name for name in FILES if "SQEncoding" not in name]
# Two files hold a sequence in a set of its own, and no name outside of it.
NAMELESS = [name for name in FILES if name not in NAMED]


def own(name: str) -> tuple[str, str, bytes, str]:
    """Character set, name, its bytes and Study Instance UID of a file."""
    found = dcmread(FOLDER / name)
    value = found.get_item("PatientName").value
    return declared(found), str(found.PatientName), value, uid("wheel", name)


def declared(dataset: Dataset) -> str:
    terms = dataset.get("SpecificCharacterSet", "")
    return terms if isinstance(terms, str) else "\\".join(terms)


def of_the_wheel(name: str) -> FileDataset:
    """A file with UIDs of its own: some have the same ones, some none."""
    found = dcmread(FOLDER / name)
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = CT_IMAGE
    found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = uid("instance", name)
    found.StudyInstanceUID, found.SeriesInstanceUID = uid("wheel", name), uid("series", name)
    found.PatientID = name
    if name in NAMELESS:  # else it matches every name, PS3.4 C.2.2.1.2
        found.PatientName = "Nameless"
    return found


def of_the_table(folder: Path, number: int) -> Path:
    charset, name = NAMES[number]
    value = charsets.encode(name, "PN", charsets.character_set(charset))
    made = instance(number, StudyInstanceUID=uid("table", number), PatientID=f"T{number}")
    return write(folder / f"table{number}.dcm", made, charset.encode(), value or b"")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that has all files of the wheel, and a name in each set of the table."""
    folder = tmp_path_factory.mktemp("charsets")
    paths = written(folder / "o", *map(of_the_wheel, FILES))
    paths += [of_the_table(folder / "o", number) for number in range(len(NAMES))]
    with node(folder / "node") as running:
        outcomes = clients.send(target(running), paths)
        assert {outcome.status for outcome in outcomes} == {0}
        yield running


def ask(serving: Node, charset: str, name: bytes, study: str = "") -> list[Dataset]:
    """The answers to a query whose name has exactly these bytes."""
    request = Command(
        command_field=Field.C_FIND,
        affected_sop_class_uid=STUDY_FIND,
        message_id=1,
        command_data_set_type=1,
    )
    found = []
    with associate(target(serving), CALLER, [(STUDY_FIND, (EXPLICIT,))]) as association:
        context = association.context_for(STUDY_FIND)
        association.send(context, request, identifier(charset.encode(), name, study))
        while (message := association.response(request)).command.status == 0xFF00:
            found.append(read(message.identifier()))
        assert message.command.status == 0
    return found


def names(answers: list[Dataset]) -> dict[str, str]:
    return {answer.StudyInstanceUID: str(answer.PatientName) for answer in answers}


def sets(answers: list[Dataset]) -> dict[str, str]:
    return {answer.StudyInstanceUID: declared(answer) for answer in answers}


@pytest.mark.parametrize("file", NAMED)
def test_a_file_of_pydicom_is_found_by_a_query_in_its_own_set(file, serving):
    charset, name, value, study = own(file)
    answers = ask(serving, charset, value)
    assert names(answers)[study] == name
    # An empty first value is ISO 2022 IR 6.
    assert sets(answers)[study] == charset.replace("ISO 2022 IR 6", "")


@pytest.mark.parametrize("file", NAMED)
def test_a_file_of_pydicom_is_found_by_a_query_in_utf8(file, serving):
    _, name, _, study = own(file)
    answers = ask(serving, "ISO_IR 192", name.encode())
    assert names(answers)[study] == name
    assert sets(answers)[study] == "ISO_IR 192"


@pytest.mark.parametrize("file", NAMED)
def test_a_file_of_pydicom_is_answered_in_its_own_set_to_who_names_none(file, serving):
    charset, name, _, study = own(file)
    answers = ask(serving, "", b"", study)
    assert names(answers) == {study: name}
    assert sets(answers)[study] == charset.replace("ISO 2022 IR 6", "")


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_a_name_in_any_set_is_found_in_it_and_in_utf8(number, serving):
    charset, name = NAMES[number]
    study = uid("table", number)
    assert names(ask(serving, "ISO_IR 192", name.encode()))[study] == name
    value = charsets.encode(name, "PN", charsets.character_set(charset))
    answers = ask(serving, charset, value or b"")
    assert sets(answers)[study] == charset
    if known_to_pydicom(charset):
        assert unread_by_pydicom(charset, names(answers)[study]) == name


@pytest.mark.parametrize("file", NAMELESS)
def test_an_object_with_a_set_inside_a_sequence_is_kept_and_found(file, serving):
    assert names(ask(serving, "", b"Nameless", uid("wheel", file))) == {
        uid("wheel", file): "Nameless"
    }


@pytest.mark.parametrize(
    ("charset", "value"),
    [
        ("ISO_IR 999", "Äneas^Rüdiger".encode("latin_1")),
        ("ISO_IR 999", "Äneas^Rüdiger".encode()),
        ("nonsense\\\\", "Äneas^Rüdiger".encode("latin_1")),
        ("ISO_IR 192", "Äneas^Rüdiger".encode("latin_1")),  # declared wrongly
        ("ISO_IR 192\\ISO 2022 IR 87", "Äneas^Rüdiger".encode()),
        ("", "Äneas^Rüdiger".encode()),  # not declared
        ("", "Äneas^Rüdiger".encode("latin_1")),
        ("ISO_IR 100", "Äneas^R?diger".encode("latin_1")),
        ("ISO_IR 100", b"\xc4neas^R\xfcdi\x1ber"),  # a lone escape where there was a letter
        ("ISO_IR 203", "Äneas^Rüdiger".encode("iso8859_15")),
        ("ISO-IR 100", "Äneas^Rüdiger".encode("latin_1")),
    ],
)
def test_a_query_in_a_broken_set_finds_what_it_can(charset, value, serving):
    assert own("chrGerm.dcm")[3] in names(ask(serving, charset, value))


@pytest.mark.parametrize(
    ("charset", "value"),
    [
        (b"ISO_IR 999", "Äneas".encode("latin_1")),
        (b"\xff\xfe\x00", b"\xff\xfe"),
        (b"ISO_IR 192", b"Doe^\xc0\xaf\xed\xa0\x80"),
        (b"\\ISO 2022 IR 87", b"Doe^\x1b$B;3E"),
        (b"ISO_IR 100\\ISO_IR 192\\GB18030", b"Doe\x1b^\x1b$)C\xff\x1b\x1b("),
        (b"ISO_IR 100\\" * 500, b"D\xe9e"),
        (b"ISO_IR 100", b"\xe9" * 60_000),
        (b"\\ISO 2022 IR 149", b"\x1b$)C" * 10_000 + b"A"),
    ],
)
def test_an_object_in_a_broken_set_is_kept_found_and_answered(charset, value, tmp_path):
    path = write(tmp_path / "o" / "1.dcm", instance(), charset, value)
    with node(tmp_path / "node") as fresh:
        (outcome,) = clients.send(target(fresh), [path])
        assert outcome.status == 0
        for requested in ("", "ISO_IR 192", "ISO_IR 100", "\\ISO 2022 IR 87"):
            (answer,) = ask(fresh, requested, b"*")
            assert answer.StudyInstanceUID == uid("s")
            assert answer.get_item("PatientName").value


def code(charset: str, meaning: str) -> Dataset:
    item = Dataset()
    if charset:
        item.SpecificCharacterSet = charset.split("\\")
    item.CodeValue, item.CodeMeaning = "T-1", meaning
    return item


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        (("ISO_IR 100", "\\ISO 2022 IR 87"), ("ISO_IR 192", "")),
        (("\\ISO 2022 IR 87", ""), ("ISO_IR 192", "GB18030")),
        (("ISO_IR 192", "GBK"), ("ISO_IR 100", "\\ISO 2022 IR 87")),
        (("", "ISO_IR 192"), ("\\ISO 2022 IR 87", "")),
    ],
)
def test_items_have_a_set_of_their_own_or_inherit_it(stored, asked, tmp_path):
    """PS3.5 7.5.3, in objects and in keys; an answer's items are in the set of the answer."""
    made = instance(ProcedureCodeSequence=[code(stored[1], "山田")])
    query = Dataset()
    for dataset, (outer, _) in ((made, stored), (query, asked)):
        if outer:
            dataset.SpecificCharacterSet = outer.split("\\")
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", ""
    query.ProcedureCodeSequence = [code(asked[1], "山*")]
    query.ProcedureCodeSequence[0].CodeValue = ""
    with node(tmp_path / "node") as fresh:
        clients.send(target(fresh), written(tmp_path / "o", made))
        (answer,) = clients.query(target(fresh), query)
    (item,) = answer.ProcedureCodeSequence
    assert (item.CodeValue, item.CodeMeaning) == ("T-1", "山田")
    assert "SpecificCharacterSet" not in item
    assert declared(answer) == ("\\ISO 2022 IR 87" if "87" in asked[0] else "ISO_IR 192")


# -- other people's clients -----------------------------------------------------------------------


def findscu(serving: Node, query: Path, folder: Path) -> list[Path]:
    """What findscu wrote of the responses to the query in a file."""
    folder.mkdir()
    address = ("-aec", "ANODE", "127.0.0.1", str(port(serving)))
    ran = tool("findscu", "-S", "-X", "-od", str(folder), *address, str(query))
    assert ran.returncode == 0, ran.stderr
    return sorted(folder.glob("rsp*"))


@needs_dcmtk
@pytest.mark.interop
@pytest.mark.parametrize("file", NAMED)
def test_findscu_reads_the_answers(file, serving, tmp_path):
    """In its own set as it came, and made UTF-8 by DCMTK's own decoders; asked in either set."""
    charset, name, value, study = own(file)
    for number, asked in enumerate(((charset, value), ("ISO_IR 192", name.encode()))):
        query = tmp_path / f"{number}.dcm"
        query.write_bytes(identifier(asked[0].encode(), asked[1], study))
        (path,) = findscu(serving, query, tmp_path / str(number))
        assert names([dcmread(path, force=True)]) == {study: name}
        if "ISO 2022 IR 87" in asked[0]:  # Debian's build has no such codec
            continue
        converted = tool("dcmconv", "+U8", str(path), str(query))
        assert converted.returncode == 0, converted.stderr
        assert names([dcmread(query, force=True)]) == {study: name}


@needs_dcmtk
@pytest.mark.interop
def test_findscu_asks_without_a_set_and_reads_the_answer(serving, tmp_path):
    """As people type it: the bytes of a terminal in UTF-8, and no (0008,0005)."""
    study = own("chrGerm.dcm")[3]
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID", "-k", "PatientName=Äneas*")
    address = ("-aec", "ANODE", "127.0.0.1", str(port(serving)))
    command = ["findscu", "-S", "-X", "-od", str(tmp_path), *keys, *address]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    found = [dcmread(path, force=True) for path in tmp_path.glob("rsp*")]
    assert names(found)[study] == "Äneas^Rüdiger"
    assert {declared(answer) for answer in found} == {"ISO_IR 100"}


@pytest.mark.interop
@pytest.mark.parametrize("terms", ["its own", "ISO_IR 192"])
@pytest.mark.parametrize("file", NAMED)
def test_pynetdicom_reads_the_answers(file, terms, serving):
    """One query on an association: on a busy machine pynetdicom's own thread, which has not yet
    noticed that the next one has begun, takes an answer to it and drops it (20 of 3930)."""
    charset, name, _, study = own(file)
    query = Dataset()
    query.SpecificCharacterSet = (charset if terms == "its own" else terms).split("\\")
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", ""
    query.PatientName = name
    ae = AE(ae_title="PYNET")
    ae.add_requested_context(STUDY_FIND)
    association = ae.associate("127.0.0.1", port(serving), ae_title="ANODE")
    try:
        answers = list(association.send_c_find(query, STUDY_FIND))
    finally:
        association.release()
    assert answers[-1][0].Status == 0
    found = [answer for status, answer in answers[:-1] if status.Status == 0xFF00]
    assert names(found)[study] == name
