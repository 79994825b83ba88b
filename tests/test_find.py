"""C-FIND over the wire, PS3.4 C.4.1: one answer per entity, honest statuses, an end on demand."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import DataElement, Dataset

from scu import find, statuses
from scu.associate import associate
from scu.datasets import encode
from scu.find import QueryFailed
from tests import clients
from tests.clients import CALLER, PATIENT_ROOT, STUDY_ROOT, SYNTAXES
from tests.nodes import node, target
from tests.objects import identifier, instance, uid, written
from wire.command import Command, Field

MODEL = STUDY_ROOT + "1"


def test_a_study_of_a_hundred_images_is_answered_once(tmp_path: Path):
    paths = written(tmp_path / "objects", *[instance(number) for number in range(100)])
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), paths)
        keys = {"NumberOfStudyRelatedInstances": "", "NumberOfStudyRelatedSeries": ""}
        asked = identifier("STUDY", StudyInstanceUID="", ModalitiesInStudy="", **keys)
        (answer,) = clients.query(target(serving), asked)
    assert answer.NumberOfStudyRelatedInstances == 100
    assert answer.NumberOfStudyRelatedSeries == 1
    assert answer.ModalitiesInStudy == "CT"
    assert answer.RetrieveAETitle == "ANODE"
    assert answer.QueryRetrieveLevel == "STUDY"
    assert answer.StudyInstanceUID == uid("s")


@pytest.mark.parametrize(
    ("stored", "key", "matches"),
    [
        # C.2.2.2.4: * is any run, ? one character; nothing else is special
        ("AB1", "A_1*", False),
        ("A_1X", "A_1*", True),
        ("A%1", "A%1", True),
        ("AB1", "A%1", False),
        ("A[1]", "A[1]*", True),
        ("A1", "A[1]*", False),
        ("A1", "A?", True),
        ("A12", "A?", False),
        ("a1", "A*", False),
    ],
)
def test_wildcards_are_those_of_the_standard(stored, key, matches, tmp_path: Path):
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), written(tmp_path / "o", instance(AccessionNumber=stored)))
        asked = identifier("STUDY", StudyInstanceUID="", AccessionNumber=key)
        assert bool(clients.query(target(serving), asked)) is matches


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"]
)
def test_answers_are_encoded_in_the_accepted_transfer_syntax(syntax, tmp_path: Path):
    with node(tmp_path / "node") as serving:
        here = target(serving)
        clients.send(here, written(tmp_path / "o", instance(Rows=512)))
        keys = {"StudyInstanceUID": uid("s"), "SeriesInstanceUID": uid("e"), "Rows": None}
        asked = identifier("IMAGE", SOPInstanceUID="", **keys)
        (answer,) = clients.query(here, asked, syntaxes=[syntax])
    assert answer.Rows == 512


@pytest.mark.parametrize(
    ("asked", "offending"),
    [
        (identifier("NOWHERE", StudyInstanceUID=""), 0x00080052),
        (identifier(None, StudyInstanceUID=""), 0x00080052),
        (identifier("PATIENT", PatientID=""), 0x00080052),
        (identifier("SERIES", SeriesInstanceUID=""), 0x0020000D),
        (identifier("IMAGE", StudyInstanceUID="1.2", SOPInstanceUID=""), 0x0020000E),
    ],
)
def test_an_identifier_that_breaks_the_model_gets_a900_and_says_why(
    asked: Dataset, offending: int, tmp_path: Path
):
    with (
        node(tmp_path) as serving,
        associate(target(serving), CALLER, [(MODEL, SYNTAXES)]) as association,
    ):
        context = association.context_for(MODEL)
        request = Command(
            command_field=Field.C_FIND,
            affected_sop_class_uid=MODEL,
            message_id=7,
            priority=0,
            command_data_set_type=1,
        )
        association.send(context, request, encode(asked, context.transfer_syntax))
        answer = association.response(request).command
        assert answer.status == 0xA900
        assert answer.error_comment
        assert answer.offending_element == (offending,)
        # The association goes on, PS3.7 9.1.2.
        good = identifier("STUDY", StudyInstanceUID="")
        assert list(find.find(association, MODEL, good)) == []


@pytest.mark.parametrize("garbage", [b"\x01", b"\x08\x00\x52\x00CS\xff\xffSTUDY", b"\xff" * 64])
def test_an_identifier_that_cannot_be_read_is_refused_and_the_association_goes_on(
    garbage: bytes, tmp_path: Path
):
    with (
        node(tmp_path) as serving,
        associate(target(serving), CALLER, [(MODEL, SYNTAXES[:1])]) as association,
    ):
        context = association.context_for(MODEL)
        request = Command(
            command_field=Field.C_FIND,
            affected_sop_class_uid=MODEL,
            message_id=1,
            command_data_set_type=1,
        )
        association.send(context, request, garbage)
        answer = association.response(request).command
        assert answer.status == 0xA900
        assert list(find.find(association, MODEL, identifier(StudyInstanceUID=""))) == []


def test_cancel_ends_the_answers_with_fe00(tmp_path: Path):
    count = 1000
    objects = [instance(number, StudyInstanceUID=uid("s", number)) for number in range(count)]
    with node(tmp_path / "node") as serving:
        here = target(serving)
        clients.send(here, written(tmp_path / "o", *objects))
        with associate(here, CALLER, [(MODEL, SYNTAXES)]) as association:
            answers = find.find(association, MODEL, identifier(StudyInstanceUID="", PatientName=""))
            assert next(answers).PatientName == "Doe^Jane"
            answers.close()  # sends C-CANCEL and awaits the final response
            assert association.alive
            found = list(find.find(association, MODEL, identifier(StudyInstanceUID="")))
    assert len(found) == count


def test_cancel_is_seen_between_the_answers(tmp_path: Path):
    objects = [instance(number, StudyInstanceUID=uid("s", number)) for number in range(1000)]
    with node(tmp_path / "node") as serving:
        here = target(serving)
        clients.send(here, written(tmp_path / "o", *objects))
        with associate(here, CALLER, [(MODEL, SYNTAXES)]) as association:
            context = association.context_for(MODEL)
            request = Command(
                command_field=Field.C_FIND,
                affected_sop_class_uid=MODEL,
                message_id=1,
                command_data_set_type=1,
            )
            asked = encode(identifier(StudyInstanceUID=""), context.transfer_syntax)
            # Both at once: the cancel is there before the first batch has left.
            association.queue(context, request, asked)
            cancel = Command(command_field=Field.C_CANCEL, message_id_being_responded_to=1)
            association.send(context, cancel)
            pending, last = 0, None
            while last is None:
                message = association.response(request)
                message.drain()
                if statuses.category(message.command.status) == statuses.PENDING:
                    pending += 1
                else:
                    last = message.command.status
    assert last == 0xFE00
    assert pending < 1000


def test_patient_root_counts_what_belongs_to_a_patient(tmp_path: Path):
    objects = [
        instance(1),
        instance(2, StudyInstanceUID=uid("s2"), SeriesInstanceUID=uid("e2")),
        instance(3, PatientID="P2", StudyInstanceUID=uid("s3")),
    ]
    counts = {
        "NumberOfPatientRelatedStudies": "",
        "NumberOfPatientRelatedSeries": "",
        "NumberOfPatientRelatedInstances": "",
    }
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), written(tmp_path / "o", *objects))
        asked = identifier("PATIENT", PatientID="P1", **counts)
        (answer,) = clients.query(target(serving), asked, root=PATIENT_ROOT)
    assert [answer[keyword].value for keyword in counts] == [2, 2, 2]


def test_a_name_outside_ascii_is_found_and_declared(tmp_path: Path):
    stored = instance(SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jörg")
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), written(tmp_path / "o", stored))
        asked = identifier(SpecificCharacterSet="ISO_IR 192", PatientName="MÜLLER*")
        (answer,) = clients.query(target(serving), asked)
    assert answer.SpecificCharacterSet == "ISO_IR 192"
    assert str(answer.PatientName) == "Müller^Jörg"


def test_an_unsupported_key_comes_back_empty_and_is_declared(tmp_path: Path):
    """PS3.4 C.4.1.1.4: FF01 says that a key was not supported."""
    with node(tmp_path / "node") as serving:
        here = target(serving)
        clients.send(here, written(tmp_path / "o", instance()))
        with associate(here, CALLER, [(MODEL, SYNTAXES)]) as association:
            context = association.context_for(MODEL)
            request = Command(
                command_field=Field.C_FIND,
                affected_sop_class_uid=MODEL,
                message_id=1,
                command_data_set_type=1,
            )
            asked = identifier(StudyInstanceUID="", PatientInsurancePlanCodeSequence=[])
            association.send(context, request, encode(asked, context.transfer_syntax))
            message = association.response(request)
            message.drain()
            assert message.command.status == 0xFF01
            assert association.response(request).command.status == 0x0000


def test_a_query_that_is_refused_raises_with_its_status_and_cause(tmp_path: Path):
    with (
        node(tmp_path) as serving,
        associate(target(serving), CALLER, [(MODEL, SYNTAXES)]) as association,
        pytest.raises(QueryFailed, match="0xA900"),
    ):
        list(find.find(association, MODEL, identifier("SERIES", SeriesInstanceUID="")))


def test_a_refusal_tells_no_patient_data(tmp_path: Path, caplog):
    """What a key held may be a patient's: neither the log nor Error Comment repeats it."""
    caplog.set_level("INFO")
    asked = identifier("STUDY", StudyInstanceUID="")
    asked.add(DataElement("PatientBirthDate", "LO", "1980-13-45"))
    with (
        node(tmp_path) as serving,
        associate(target(serving), CALLER, [(MODEL, SYNTAXES[1:])]) as association,
        pytest.raises(QueryFailed, match="0xA900") as refused,
    ):
        list(find.find(association, MODEL, asked))
    assert "1980" not in str(refused.value)
    assert "1980" not in caplog.text
    assert "PatientBirthDate" in caplog.text
