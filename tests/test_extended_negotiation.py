"""Extended negotiation, PS3.4 C.5.1.1, C.5.2.1, K.5: every byte answered with what we really do."""

from __future__ import annotations

from pathlib import Path

import pytest
from pynetdicom import AE
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as StudyFind

from archive.options import Options
from config import catalogue
from scp import extended
from tests.nodes import node, port
from tests.objects import identifier, instance, uid, written

FIND = catalogue.MODELS["1.2.840.10008.5.1.4.1.2.2.1"]
MOVE = catalogue.MODELS["1.2.840.10008.5.1.4.1.2.2.2"]
REPOSITORY = catalogue.MODELS["1.2.840.10008.5.1.4.1.1.201.6"]
HANGING = catalogue.MODELS["1.2.840.10008.5.1.4.38.2"]
EVERYTHING = Options(
    relational=True,
    combined_datetime=True,
    fuzzy_names=True,
    timezone=True,
    empty_value=True,
    multiple_value=True,
)


@pytest.mark.parametrize(
    ("model", "offered", "answered", "options"),
    [
        # C.5.1.1.1: one byte when one was offered, and nothing that was not asked for
        (FIND, b"\1", b"\1", Options(relational=True)),
        (FIND, b"\0", b"\0", Options()),
        (FIND, b"\0\0\1", b"\0\0\1", Options(fuzzy_names=True)),
        (FIND, b"\1\1\1\1", b"\1\1\1\1", Options(True, True, True, True)),
        # the fifth, enhanced multi-frame conversion, is one we do not do
        (FIND, b"\1\1\1\1\1\1\1", b"\1\1\1\1\0\1\1", EVERYTHING),
        (FIND, b"\1\1\1\1\1\1\1\1\1", b"\1\1\1\1\0\1\1", EVERYTHING),
        (FIND, b"\2\xff", b"\0\0", Options()),
        (FIND, b"", b"", Options()),
        (REPOSITORY, b"\1\1\1\1", b"\1\1\1\1", Options(True, True, True, True)),
        (MOVE, b"\1", b"\1", Options(relational=True)),
        (MOVE, b"\1\1", b"\1\0", Options(relational=True)),
        # K.5: the first two are reserved and always 1
        (HANGING, b"\1\1\1", b"\1\1\1", Options(fuzzy_names=True)),
        (HANGING, b"\1\1\0\1", b"\1\1\0\1", Options(timezone=True)),
    ],
)
def test_each_byte_is_answered_with_what_we_do(model, offered, answered, options):
    assert extended.answer(model, offered) == answered
    assert extended.options(model, offered) == options


def test_pynetdicom_negotiates_a_relational_query_and_makes_it(tmp_path: Path):
    """C.4.1.2.2: a SERIES query without the study's UID, only after negotiation."""
    offer = SOPClassExtendedNegotiation()
    offer.sop_class_uid = StudyFind
    offer.service_class_application_information = b"\1\0\0"
    asked = identifier("SERIES", SeriesInstanceUID="", Modality="CT")
    with node(tmp_path / "node") as serving:
        ae = AE(ae_title="PYNET")
        ae.add_requested_context(StudyFind)
        ae.add_requested_context("1.2.840.10008.5.1.4.1.1.2")
        plain = ae.associate("127.0.0.1", port(serving), ae_title="ANODE")
        (path,) = written(tmp_path / "o", instance())
        assert plain.send_c_store(path).Status == 0
        assert [status.Status for status, _ in plain.send_c_find(asked, StudyFind)] == [0xA900]
        plain.release()
        agreed = ae.associate("127.0.0.1", port(serving), ae_title="ANODE", ext_neg=[offer])
        assert agreed.acceptor.sop_class_extended == {StudyFind: b"\1\0\0"}
        answers = list(agreed.send_c_find(asked, StudyFind))
        agreed.release()
    assert [status.Status for status, _ in answers] == [0xFF00, 0]
    assert answers[0][1].SeriesInstanceUID == uid("e")
