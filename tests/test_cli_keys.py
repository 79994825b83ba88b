"""Keys as people type them, what a C-GET proposes, and what becomes of objects that arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import proposals, questions
from cli.received import Folder
from config import catalogue
from config.errors import ConfigError
from scp.statuses import Status
from scu.datasets import decode, encode
from tests.objects import CT_IMAGE, MR_IMAGE
from wire.command import Command, Field
from wire.negotiation import Context

EXPLICIT = "1.2.840.10008.1.2.1"


def asked(*given_, **options):
    return questions.question(given_, **options)


@pytest.mark.parametrize(
    ("text", "keyword", "value"),
    [
        ("PatientID=ABC", "PatientID", "ABC"),
        ("0010,0020=ABC", "PatientID", "ABC"),
        ("(0010,0020)=ABC", "PatientID", "ABC"),
        ("00100020=ABC", "PatientID", "ABC"),
        ("PatientName=DOE*", "PatientName", "DOE*"),
        ("PatientComments=a=b", "PatientComments", "a=b"),
        ("StudyDate=20240101-20240131", "StudyDate", "20240101-20240131"),
        ("StudyDate=-", "StudyDate", "-"),
        ("StudyTime=10-1130", "StudyTime", "10-1130"),
        ("StudyInstanceUID=1.2\\1.3", "StudyInstanceUID", ["1.2", "1.3"]),
        ("Rows=512", "Rows", 512),
        ("ReferencedFrameNumber=3", "ReferencedFrameNumber", 3),
    ],
)
def test_a_key_is_a_keyword_or_a_tag_and_its_value_goes_out_as_typed(text, keyword, value):
    identifier = asked(text).identifier
    sent = decode(encode(identifier, EXPLICIT), EXPLICIT)
    assert sent[keyword].value == value


@pytest.mark.parametrize(
    "text", ["PatientID", "PatientID=", "0010,0020", "Rows", "OtherPatientIDs="]
)
def test_a_key_without_a_value_is_universal(text):
    identifier = asked(text).identifier
    assert len(identifier) == 2
    assert all(
        element.is_empty for element in identifier if element.keyword != "QueryRetrieveLevel"
    )


def test_keys_reach_into_sequences():
    identifier = asked(
        "ScheduledProcedureStepSequence[0].Modality=CT",
        "ScheduledProcedureStepSequence[0].ScheduledStationAETitle=",
        "RequestAttributesSequence",
    ).identifier
    (item,) = identifier.ScheduledProcedureStepSequence
    assert (item.Modality, "ScheduledStationAETitle" in item) == ("CT", True)
    assert len(identifier.RequestAttributesSequence) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PatientNam=X", "did you mean PatientName?"),
        ("=X", "neither a DICOM keyword nor a tag"),
        ("0009,0010=X", "not in the data dictionary"),
        ("Rows=many", "cannot be the value"),
        ("PatientID.Modality=X", "is no sequence"),
        ("RequestAttributesSequence=X", "cannot be the value"),
        ("@/nowhere.dcm", "cannot be read"),
    ],
)
def test_a_key_that_cannot_be_is_refused_in_words(text, said):
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")):
        asked(text)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_key_or_refused(text):
    if not text.startswith("@"):
        try:
            encode(asked(text).identifier, EXPLICIT)
        except (ConfigError, ValueError):
            return


def test_text_outside_ascii_goes_out_as_utf_8():
    identifier = asked("PatientName=山田*").identifier
    assert identifier.SpecificCharacterSet == "ISO_IR 192"
    assert decode(encode(identifier, EXPLICIT), EXPLICIT).PatientName == "山田*"


@pytest.mark.parametrize(
    ("given_", "level", "root"),
    [
        ((), "STUDY", "study"),
        (("QueryRetrieveLevel=series",), "SERIES", "study"),
        (("0008,0052=PATIENT",), "PATIENT", "patient"),
    ],
)
def test_the_level_is_study_or_what_the_keys_say(given_, level, root):
    question = asked(*given_)
    assert (question.level, question.root, question.identifier.QueryRetrieveLevel) == (
        level, root, level,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given_", "level", "model"),
    [
        (("PatientID=A",), "PATIENT", "1.2.840.10008.5.1.4.1.2.1.2"),
        (("StudyInstanceUID=1", "PatientID=A"), "STUDY", "1.2.840.10008.5.1.4.1.2.2.2"),
        (("StudyInstanceUID=1", "SeriesInstanceUID=2"), "SERIES", "1.2.840.10008.5.1.4.1.2.2.2"),
    ],
)
def test_what_is_retrieved_is_the_lowest_level_named(given_, level, model):
    question = questions.to_retrieve(asked(*given_, default=None))
    assert (question.level, question.model("move")) == (level, model)


def test_a_retrieve_names_the_levels_above():
    with pytest.raises(ConfigError, match="also needs -k StudyInstanceUID"):
        questions.to_retrieve(asked("SeriesInstanceUID=1", default=None))


def test_who_has_an_instance_uid_alone_is_told_of_the_models_that_take_it():
    with pytest.raises(
        ConfigError, match=r"-k SeriesInstanceUID=\.\.\.; its UID alone .* instance"
    ):
        questions.to_retrieve(asked("SOPInstanceUID=1.2", default=None))


# What a C-GET proposes


def test_the_usual_classes_are_sixty_of_the_catalogue():
    assert len(set(proposals.USUAL)) == 60
    assert set(proposals.USUAL) <= set(catalogue.STORAGE)


@pytest.mark.parametrize("number", [1, 2, 3, 42, 43, 60, 63, 64, 127, 150])
def test_there_are_never_more_contexts_than_an_association_has(number):
    classes = {f"1.2.{n}": set() for n in range(number)}
    made = proposals.proposals(classes)
    assert len(made) <= 127
    assert {uid for uid, _ in made} == set(list(classes)[:127])
    assert all(EXPLICIT in [s for uid, both in made if uid == one for s in both] for one, _ in made)


def test_one_class_is_proposed_in_every_transfer_syntax_on_a_context_of_its_own():
    made = proposals.proposals({CT_IMAGE: set()})
    assert {syntax for _, (syntax,) in made} == set(catalogue.STORAGE_TRANSFER_SYNTAXES)


def test_transfer_syntaxes_that_are_known_come_first():
    rare = catalogue.STORAGE_TRANSFER_SYNTAXES[-1]
    classes = {f"1.2.{n}": set() for n in range(40)} | {MR_IMAGE: {rare}}
    assert proposals.proposals(classes)[0] == (MR_IMAGE, (rare,))


# What arrives


class Message:
    """A C-STORE request as it arrives."""

    def __init__(self, uid, *pieces):
        self.command = Command(
            Field.C_STORE,
            affected_sop_class_uid=CT_IMAGE,
            affected_sop_instance_uid=uid,
            command_data_set_type=1,
        )
        self.context = Context(1, CT_IMAGE, EXPLICIT, scu=False, scp=True)
        self.pieces = pieces

    def fragments(self):
        return iter([[memoryview(piece)] for piece in self.pieces])


@pytest.mark.parametrize(
    "uid",
    ["", "../../etc/passwd", "/etc/passwd", "1.2/3", "1.2\0", "1.2.3\n", "1..2", ".", "..", "٣.١",
     "1" * 65, None],
)  # fmt: skip
def test_no_file_is_named_by_what_is_no_uid(tmp_path, uid):
    folder = Folder(tmp_path / "out")
    folder.path.mkdir()
    assert folder.keep(Message(uid, b"data")) == Status.CANNOT_UNDERSTAND
    assert list(tmp_path.rglob("*")) == [folder.path]
    assert len(folder.refused) == 1


def test_a_folder_that_cannot_be_written_refuses_the_object(tmp_path):
    folder = Folder(tmp_path / "missing")
    assert folder.keep(Message("1.2.3", b"data")) == Status.OUT_OF_RESOURCES
    assert folder.written == []


def test_an_object_that_breaks_off_leaves_no_file(tmp_path):
    class BreaksOff(Message):
        def fragments(self):
            yield [memoryview(b"half")]
            raise ConnectionError

    folder = Folder(tmp_path)
    folder.keep(BreaksOff("1.2.3"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyDate", "20240102-20240101"),
        ("EffectiveDateTime", "20250101-20240101"),
        ("EffectiveDateTime", "20240101120000-202401011159"),
    ],
)
def test_a_range_that_ends_before_it_begins_is_told_and_not_asked(keyword, value):
    with pytest.raises(ConfigError, match=f"{keyword}: the range {value} ends before"):
        asked(f"{keyword}={value}")


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyTime", "2200-0600"),  # with two dates it is a night
        ("StudyDate", "20240101-20240101"),
        ("EffectiveDateTime", "20240101-0500"),  # an offset from UTC
        ("EffectiveDateTime", "20240101-2024010112"),
        ("EffectiveDateTime", "20240101-"),
    ],
)
def test_a_range_that_may_hold_something_is_asked(keyword, value):
    assert asked(f"{keyword}={value}").identifier[keyword].value == value


@pytest.mark.parametrize("value", ["hello", "1.2.*", "1.2.3\\x", "CTImageStorage"])
def test_what_is_no_uid_is_told_and_not_asked(value):
    with pytest.raises(ConfigError, match=r"SOPInstanceUID: '.*' is no UID: digits and dots"):
        asked(f"SOPInstanceUID={value}")


@pytest.mark.parametrize("value", ["1.2.3", "1.2.3\\1.2.4", '""', "01.2", "1..2"])
def test_what_may_be_a_uid_is_asked(value):
    said = asked(f"SOPInstanceUID={value}").identifier.SOPInstanceUID
    assert said == (value.split("\\") if "\\" in value else value)


def test_a_file_of_keys_that_is_not_there_is_told_in_words(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be read: No such file or directory$"):
        asked(f"@{tmp_path}/query.dcm")
