"""`anode find`: names in any script; a table, the DICOM JSON model, CSV; what is agreed on."""

import csv
import io
import json
import re
import subprocess

import pytest
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from rich.cells import cell_len

from cli import matches, questions, show, texts
from scu import extended
from scu.datasets import decode, encode
from tests.commands import ROOT, anode, at, command
from tests.nodes import node
from tests.objects import instance, uid, written
from tests.pairs import accepting, serving
from wire.negotiation import Acceptance, Offer

NAMES = {
    "ISO_IR 100": "Müller^Jörg",
    "ISO_IR 144": "Люкceмбypг",
    "ISO_IR 192": "Wang^XiaoDong=王^小东=",
    "\\ISO 2022 IR 87": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "\\ISO 2022 IR 149": "Hong^Gildong=洪^吉洞=홍^길동",
    "GB18030": "Wang^XiaoDong=王^小东=",
}
EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """A node with one study of a patient for each script."""
    folder = tmp_path_factory.mktemp("names")
    with node(folder / "data") as serving_node:
        objects = []
        for number, (charset, name) in enumerate(NAMES.items()):
            made = instance(number, StudyInstanceUID=uid("s", number), PatientID=f"N{number}")
            made.SpecificCharacterSet = charset
            made.PatientName, made.AccessionNumber = name, f"A{number}"
            objects.append(made)
        written(folder / "in", *objects)
        assert anode("send", at(serving_node), folder / "in").code == 0
        yield serving_node


class Terminal(io.StringIO):
    """Standard output as a person's terminal."""

    def __init__(self, encoding="utf-8"):
        super().__init__()
        self._encoding = encoding

    encoding = property(lambda self: self._encoding)

    def isatty(self):
        return True


def run(*arguments, **environ):
    """The command as a process; bytes of its standard output, text of its standard error."""
    base = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        command(*arguments), cwd=ROOT, env={**base, **environ}, capture_output=True, check=False
    )
    assert b"Traceback" not in ran.stderr
    return ran.returncode, ran.stdout, ran.stderr.decode()


# names in any script


@pytest.mark.parametrize("name", NAMES.values())
def test_a_name_is_found_and_shown_in_its_own_script(ours, name):
    ran = anode("find", at(ours), "-k", f"PatientName={name.split('=')[0]}*")
    assert ran.code == 0
    assert name.rstrip("=").split("=")[-1] in ran.out


@pytest.mark.parametrize("key", ["PatientName=山田*", "PatientName=*吉洞*", "PatientName=Люкceм*"])
def test_a_name_is_found_by_its_own_script(ours, key):
    assert len(anode("find", at(ours), "-k", key, "--json").document) == 1


def test_wide_characters_do_not_push_the_columns_apart(ours):
    heading, _, *rows = anode("find", at(ours)).out.splitlines()
    assert len(rows) == len(NAMES)
    assert {cell_len(row.partition("2024-01-02")[0]) for row in rows} == {heading.index("Date")}


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_line_is_wider_than_the_terminal(ours, width, encoding, monkeypatch):
    out = Terminal(encoding)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout", out)
    question = questions.question(list(matches.COLUMNS["STUDY"]))
    matches.table(
        question, [answer(PatientName=each, AccessionNumber="A") for each in NAMES.values()]
    )
    lines = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue()).splitlines()
    assert max(map(cell_len, lines)) <= width
    out.getvalue().encode(encoding)


def test_in_the_c_locale_names_are_escaped_and_nothing_is_garbled(ours):
    code, out, err = run("find", at(ours), "-k", "PatientID=N3", LC_ALL="C")
    assert (code, err) == (0, "1 match\n")
    assert out.isascii()
    assert b"Yamada^Tarou=\\u5c71\\u7530" in out
    heading, rule, row = out.decode().splitlines()
    assert set(rule) == {"-"}
    assert row.index("N3") == heading.index("Patient ID")


@pytest.mark.parametrize("environ", [{"LC_ALL": "C", "PYTHONUTF8": "1"}, {"LC_ALL": "C.UTF-8"}, {}])
def test_elsewhere_they_are_utf_8(ours, environ):
    assert "山田" in run("find", at(ours), "-k", "PatientID=N3", **environ)[1].decode()


@pytest.mark.parametrize("environ", [{"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}])
def test_json_and_csv_lose_nothing_in_any_locale(ours, environ):
    (found,) = json.loads(run("find", at(ours), "-k", "PatientID=N3", "--json", **environ)[1])
    assert found["00100010"]["Value"][0]["Ideographic"] == "山田^太郎"
    out = run("find", at(ours), "-k", "PatientID=N3", "--csv", **environ)[1].decode("utf-8")
    assert NAMES["\\ISO 2022 IR 87"] in out


def test_text_that_names_no_set_is_read_as_utf_8():
    found = Dataset()
    found[0x00100010] = RawDataElement(Tag(0x00100010), "PN", 6, "山田".encode(), 0, False, True)
    assert str(texts.decoded(found).PatientName) == "山田"


# JSON


def answer(**keys):
    made = Dataset()
    for keyword, value in keys.items():
        setattr(made, keyword, value)
    return made


def read(dataset):
    return texts.decoded(decode(encode(dataset, EXPLICIT), EXPLICIT))


def test_json_is_what_pydicom_makes_of_it():
    item = answer(CodeValue="121", CodeMeaning="Größe")
    plain = answer(
        PatientName="Doe^Jane", StudyDate="20240101", Rows=512, SliceThickness="1.50",
        ModalitiesInStudy=["CT", "MR"], NumberOfStudyRelatedInstances="3",
        ProcedureCodeSequence=[item], AccessionNumber="", EncapsulatedDocument=b"\1\2",
    )  # fmt: skip
    plain.SpecificCharacterSet = "ISO_IR 192"
    assert matches.model(read(plain)) == read(plain).to_json_dict()


@pytest.mark.parametrize(
    ("tag", "vr", "value", "expected"),
    [
        # PS3.18 F.2.2 to F.2.5
        (0x00081032, "SQ", b"", {"vr": "SQ"}),
        (0x00080061, "CS", b"CT\\\\MR", {"vr": "CS", "Value": ["CT", None, "MR"]}),
        (0x00201208, "IS", b"many", {"vr": "IS", "Value": ["many"]}),
        (0x00100010, "PN", b"=\xe5\xb1\xb1", {"vr": "PN", "Value": [{"Ideographic": "山"}]}),
        (0x00189073, "FD", b"\0\0\0\0\0\0\xf8\x7f", {"vr": "FD", "Value": ["NaN"]}),
        (0x00080050, "SH", b"longer than sixteen", {"vr": "SH", "Value": ["longer than sixteen"]}),
        (0x00281052, "DS", b"", {"vr": "DS"}),
    ],
)  # fmt: skip
def test_odd_values_are_json_all_the_same(tag, vr, value, expected):
    found = Dataset()
    found[tag] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
    made = matches.model(texts.decoded(found))
    assert made == {f"{tag:08X}": expected}
    json.dumps(made, allow_nan=False)


def test_json_says_that_it_is_utf_8(ours):
    (found,) = anode("find", at(ours), "-k", "PatientID=N0", "--json").document
    assert found["00100010"]["Value"] == [{"Alphabetic": "Müller^Jörg"}]
    assert found["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}


# CSV


def rows(text):
    assert text.count("\n") == text.count("\r\n")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_csv_has_a_column_for_each_key(ours):
    ran = anode("find", at(ours), "--csv", "-k", "PatientID=N1", "-k", "PatientSex")
    head, row = rows(ran.out)
    assert head[0] == "PatientSex"
    assert set(head) == {"PatientSex", *matches.COLUMNS["STUDY"]}
    assert dict(zip(head, row, strict=True))["PatientName"] == "Люкceмбypг"
    assert ran.err == ""


def test_csv_values_are_as_dicom_has_them(capsys):
    question = questions.question(
        ["ModalitiesInStudy", "StudyDate", "StudyDescription", "SliceThickness",
         "RequestAttributesSequence", "OffendingElement"]
    )  # fmt: skip
    item = answer(RequestedProcedureID="Ä1")
    found = answer(
        ModalitiesInStudy=["CT", "MR"], StudyDate="20240101", SliceThickness="1.50",
        StudyDescription='a "b", c\r\nd', RequestAttributesSequence=[item],
    )  # fmt: skip
    matches.csv(question, [found])
    head, row = rows(capsys.readouterr().out)
    assert dict(zip(head, row, strict=True)) == {
        "ModalitiesInStudy": "CT\\MR",
        "StudyDate": "20240101",
        "StudyDescription": 'a "b", c\r\nd',
        "SliceThickness": "1.50",
        "RequestAttributesSequence": '[{"00401001":{"vr":"SH","Value":["Ä1"]}}]',
        "OffendingElement": "",
    }


def test_csv_of_nothing_is_its_head(ours):
    ran = anode("find", at(ours), "-k", "PatientID=NOBODY", "--csv")
    assert (ran.code, len(rows(ran.out))) == (0, 1)


def test_json_and_csv_exclude_each_other(ours):
    assert anode("find", at(ours), "--json", "--csv").code == 2


def test_sequences_are_shown_in_words(capsys):
    question = questions.question(["RequestAttributesSequence[0].RequestedProcedureID"])
    item = answer(RequestedProcedureID="R1", ScheduledProcedureStepID="S1")
    matches.table(question, [answer(RequestAttributesSequence=Sequence([item]))])
    assert "ScheduledProcedureStepID=S1, RequestedProcedureID=R1" in capsys.readouterr().out


def test_a_terminal_gets_no_control_characters_from_csv_or_json(monkeypatch):
    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    odd = "\x1b\x07\x9b\u202e\x7f"
    show.records(["A"], [[odd]])
    show.document({"A": odd})
    text = out.getvalue()
    assert not set(odd) & set(text)
    assert json.loads(text[text.index("{") :]) == {"A": odd}


# models and extended negotiation


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (("--model", "study"), 6),
        (("--model", "patient", "-L", "PATIENT"), 6),
        (("--model", "patient", "-k", "PatientID=N1"), 1),
        (("--model", "patient-study", "-k", "PatientID=N1"), 1),
        (("--model", "patient-study", "-L", "PATIENT"), 6),
        (("-L", "IMAGE", "--relational"), 6),
        (("-L", "SERIES", "--relational", "-k", "PatientID=N2"), 1),
        (("--fuzzy", "-k", "PatientName=Muller*"), 1),
    ],
)
def test_every_model_can_be_asked(ours, arguments, number):
    ran = anode("find", at(ours), *arguments, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.document) == number


@pytest.mark.parametrize(
    "arguments",
    [
        ("--model", "study", "-L", "PATIENT"),
        ("--model", "patient-study", "-L", "SERIES"),
        ("--model", "instance"),
        ("--model", "study", "-P"),
    ],
)
def test_what_a_model_does_not_have_is_wrong_usage(arguments):
    assert anode("find", "ANODE@127.0.0.1:104", *arguments).code == 2


@pytest.mark.parametrize(
    ("wanted", "offer", "answered", "declined"),
    [
        # PS3.4 C.5.1.1.1 to C.5.1.1.3
        (["relational"], b"\1", b"\1", []),
        (["relational"], b"\1", b"\0", ["relational"]),
        (["relational"], b"\1", b"", ["relational"]),
        (["fuzzy_names"], b"\0\0\1", b"\0\0\1", []),
        (["fuzzy_names"], b"\0\0\1", b"\0", ["fuzzy_names"]),
        (["relational", "fuzzy_names"], b"\1\0\1", b"\1\0\0", ["fuzzy_names"]),
    ],
)
def test_what_is_asked_for_and_what_is_not_granted(wanted, offer, answered, declined):
    assert extended.offer(wanted) == offer
    assert extended.declined(wanted, answered) == declined


def silent(requests):
    """A peer that answers no extended negotiation, and every query with nothing."""

    def decide(request):
        requests.append(request)
        return Acceptance(
            {cx.abstract_syntax: Offer(cx.transfer_syntaxes) for cx in request.contexts}
        )

    def serve(association):
        while (message := association.receive()) is not None:
            message.drain()
            association.send(message.context, message.command.response(0))

    return accepting(serve, decide=decide)


def test_a_peer_that_does_not_agree_is_told_of_and_asked_what_it_can_answer():
    requests = []
    with serving(silent(requests)) as port:
        ran = anode("find", f"OLD@127.0.0.1:{port}", "--relational", "--fuzzy")
    assert ran.code == 0
    assert "does not agree to relational queries; asked as a hierarchical one" in ran.err
    assert "does not agree to fuzzy matching" in ran.err
    assert requests[0].extended == {"1.2.840.10008.5.1.4.1.2.2.1": b"\1\0\1"}


def test_a_relational_question_is_not_asked_of_who_did_not_agree():
    with serving(silent([])) as port:
        ran = anode("find", f"OLD@127.0.0.1:{port}", "-L", "SERIES", "--relational")
    assert ran.code == 4
    assert "a question at SERIES level needs -k StudyInstanceUID=" in ran.err


def test_without_a_wish_nothing_is_negotiated():
    requests = []
    with serving(silent(requests)) as port:
        assert anode("find", f"OLD@127.0.0.1:{port}").code == 0
    assert requests[0].extended == {}


def test_a_key_of_a_lower_level_is_said_to_match_nothing(ours):
    """The answers say FF01 (PS3.4 C.4.1.1.4); people are told in words."""
    ran = anode("find", at(ours), "-k", "Modality=XX")
    assert "Modality" in ran.err
    assert "--relational" in ran.err
    assert "Modality" not in anode("find", at(ours), "-k", "ModalitiesInStudy=CT").err
    assert "Modality" not in anode("find", at(ours), "--relational", "-k", "Modality=XX").err


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("Modality=XX",), "where Modality belongs: say"),
        (("Modality=XX", "BodyPartExamined=HEAD"), "where Modality, BodyPartExamined belong: say"),
        (("InstanceNumber=1", "Modality=XX"), "where Modality, InstanceNumber belong: say"),
    ],
)
def test_one_key_belongs_and_several_belong(ours, keys, said):
    ran = anode("find", at(ours), *(part for key in keys for part in ("-k", key)))
    assert said in ran.err
