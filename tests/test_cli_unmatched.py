"""`anode find`: whoever gave a key that the peer does not support is told, PS3.4 C.4.1.1.4."""

import csv
import io

import pytest
from pydicom import Dataset

from scu.datasets import encode
from tests.commands import anode, at
from tests.nodes import node
from tests.nonpatients import objects
from tests.objects import instance, written
from tests.pairs import accepting, serving
from wire.negotiation import Acceptance, Offer

SAID = "did not match on some of these keys (FF01): "


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """A node with a study and hanging protocols."""
    folder = tmp_path_factory.mktemp("unmatched")
    with node(folder / "data") as serving_node:
        written(folder / "in", instance(1), *objects("hanging").values())
        assert anode("send", at(serving_node), folder / "in").code == 0
        yield serving_node


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--model", "hanging", "-k", "PatientName=x"), "PatientName"),
        (("-L", "STUDY", "-k", "PixelSpacing=3"), "PixelSpacing"),
        (("-k", "PixelSpacing=3", "-k", "PatientID=P1", "-k", "KVP=9"), "KVP, PixelSpacing"),
        (("-k", "ReferencedStudySequence[0].PatientID=3"), "ReferencedStudySequence.PatientID"),
        (("-k", "PixelSpacing=3", "--limit", "1"), "PixelSpacing"),
        (("-k", "InstanceAvailability=OFFLINE"), "InstanceAvailability"),
        (("-k", "PixelSpacing=3", "--relational", "-k", "Modality=CT"), "PixelSpacing"),
    ],
)
def test_a_key_that_matched_nothing_is_named_once(ours, arguments, named):
    ran = anode("find", at(ours), *arguments)
    assert ran.code == 0
    assert [line for line in ran.err.splitlines() if SAID in line] == [f"ANODE@{_at(ours)}{named}"]


def _at(ours):
    return f"{at(ours).partition('@')[2]} {SAID}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "PatientID=P1"),
        ("-k", "PixelSpacing"),  # only to be returned
        ("-k", "PixelSpacing", "-k", "PatientID=P1"),
        ("-k", "PixelSpacing=*"),  # PS3.4 C.2.2.2.4: as if it had no value
        ("-k", "Modality=CT", "--relational"),  # matched, and comes back empty
        ("-k", "PixelSpacing=3", "-k", "PatientID=NOBODY"),  # nothing was listed wrongly
    ],
)
def test_nothing_is_said_of_keys_that_were_matched_or_need_not_be(ours, arguments):
    assert SAID not in anode("find", at(ours), *arguments).err


def test_a_key_of_a_lower_level_is_told_of_once(ours):
    told = anode("find", at(ours), "-k", "Modality=XX").err
    assert told.count("Modality") == 1


def test_what_programs_read_stays_as_it_was(ours):
    asked = ("find", at(ours), "-k", "PixelSpacing=3")
    ran = anode(*asked, "--json")
    assert len(ran.document) == 1
    assert SAID in ran.err
    ran = anode(*asked, "--csv")
    heading, row = csv.reader(io.StringIO(ran.out))
    assert len(heading) == len(row)
    assert SAID in ran.err


def returning(**values):
    """A peer that answers every query with one match, whatever was asked, and says FF01."""

    def decide(request):
        return Acceptance(
            {cx.abstract_syntax: Offer(cx.transfer_syntaxes) for cx in request.contexts}
        )

    def serve(association):
        while (message := association.receive()) is not None:
            message.drain()
            match = Dataset()
            for keyword, value in values.items():
                setattr(match, keyword, value)
            raw = encode(match, message.context.transfer_syntax)
            association.send(message.context, message.command.response(0xFF01, data_set=True), raw)
            association.send(message.context, message.command.response(0))

    return accepting(serve, decide=decide)


def test_where_the_answers_do_not_tell_which_all_keys_with_values_are_named():
    full = {
        "PatientName": "Doe", "PatientID": "P1", "StudyDate": "20240102", "StudyDescription": "d",
        "ModalitiesInStudy": "CT", "AccessionNumber": "A", "NumberOfStudyRelatedInstances": 1,
        "StudyInstanceUID": "1.2",
    }  # fmt: skip
    with serving(returning(**full)) as port:
        ran = anode("find", f"OLD@127.0.0.1:{port}", "-k", "PatientID=X", "-k", "PatientName=Y")
    assert f"{SAID}PatientName or PatientID" in ran.err
    with serving(returning(PatientID="P1")) as port:  # what it lacks are keys without a value
        ran = anode("find", f"OLD@127.0.0.1:{port}", "-k", "PatientID=X")
    assert SAID not in ran.err
