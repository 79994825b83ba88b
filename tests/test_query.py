"""Queries: levels and keys of PS3.4 C.4.1, C.6; one answer per entity; counts below."""

import pytest
from pydicom import Dataset

from archive import query
from archive.errors import BadIdentifier
from tests.indexed import (
    CT,
    MR,
    PATIENT_ROOT,
    STUDY_ROOT,
    found,
    from_the_wire,
    identifier,
    index,
    instance,
    parsed,
)

LEVEL, PATIENT_ID, STUDY, SERIES, SOP = 0x00080052, 0x00100020, 0x0020000D, 0x0020000E, 0x00080018


@pytest.mark.parametrize(
    ("levels", "values", "offending"),
    [
        # C.4.1.1.3.1, C.6.1.1, C.6.2.1: Query/Retrieve Level, one of the model's
        (PATIENT_ROOT, {}, LEVEL),
        (PATIENT_ROOT, {"QueryRetrieveLevel": ""}, LEVEL),
        (PATIENT_ROOT, {"QueryRetrieveLevel": "FRAME"}, LEVEL),
        (PATIENT_ROOT, {"QueryRetrieveLevel": "study"}, LEVEL),
        (STUDY_ROOT, {"QueryRetrieveLevel": "PATIENT"}, LEVEL),
        # C.4.1.2.2.1: one single value of each unique key above
        (PATIENT_ROOT, {"QueryRetrieveLevel": "STUDY"}, PATIENT_ID),
        (PATIENT_ROOT, {"QueryRetrieveLevel": "STUDY", "PatientID": ""}, PATIENT_ID),
        (PATIENT_ROOT, {"QueryRetrieveLevel": "STUDY", "PatientID": "A*"}, PATIENT_ID),
        (PATIENT_ROOT, {"QueryRetrieveLevel": "STUDY", "PatientID": "A?"}, PATIENT_ID),
        (PATIENT_ROOT, {"QueryRetrieveLevel": "STUDY", "PatientID": ["A", "B"]}, PATIENT_ID),
        (PATIENT_ROOT, {"QueryRetrieveLevel": "SERIES", "PatientID": "A"}, STUDY),
        (STUDY_ROOT, {"QueryRetrieveLevel": "SERIES"}, STUDY),
        (STUDY_ROOT, {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": ["1.2", "1.3"]}, STUDY),
        (STUDY_ROOT, {"QueryRetrieveLevel": "IMAGE", "StudyInstanceUID": "1.2"}, SERIES),
        (STUDY_ROOT, {"QueryRetrieveLevel": "IMAGE", "SeriesInstanceUID": "1.2"}, STUDY),
    ],
)
def test_hierarchy_breaches_are_named(levels, values, offending):
    with pytest.raises(BadIdentifier) as refused:
        parsed(levels, **values)
    assert refused.value.offending == (offending,)
    assert str(refused.value)


@pytest.mark.parametrize(
    ("values", "offending"),
    [
        ({"QueryRetrieveLevel": "STUDY", "PatientID": "A"}, STUDY),
        ({"QueryRetrieveLevel": "STUDY", "PatientID": "A", "StudyInstanceUID": ""}, STUDY),
        ({"QueryRetrieveLevel": "PATIENT", "PatientID": ["A", "B"]}, PATIENT_ID),
        ({"QueryRetrieveLevel": "PATIENT", "PatientID": "A*"}, PATIENT_ID),
        ({"QueryRetrieveLevel": "PATIENT"}, PATIENT_ID),
        ({"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2"}, PATIENT_ID),
    ],
)
def test_retrievals_need_their_unique_keys(values, offending):
    """PS3.4 C.4.2.1.4, C.4.3.1.4: one value above the level, at the level one UID or a list."""
    with pytest.raises(BadIdentifier) as refused:
        parsed(PATIENT_ROOT, retrieve=True, **values)
    assert refused.value.offending == (offending,)


def test_a_retrieval_looks_at_unique_keys_only():
    asked = parsed(
        retrieve=True, QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2", PatientName="X"
    )
    assert [key.attribute.keyword for key in asked.keys] == ["StudyInstanceUID"]


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("StudyDate", "2024*"), ("StudyDate", "-"), ("StudyDate", "20241301"), ("StudyTime", "2500")],
)
def test_dates_and_times_that_are_none_are_refused(keyword, value):
    with pytest.raises(BadIdentifier) as refused:
        query.parse(from_the_wire(QueryRetrieveLevel="STUDY", **{keyword: value}), STUDY_ROOT)
    assert len(refused.value.offending) == 1


def test_an_identifier_from_the_wire_and_one_made_by_hand_mean_the_same():
    values = {
        "QueryRetrieveLevel": "SERIES",
        "SpecificCharacterSet": "ISO_IR 192",
        "StudyInstanceUID": "1.2",
        "PatientName": "Müller*",
        "SeriesNumber": "7",
        "StudyDate": "20240101-",
    }
    assert query.parse(from_the_wire(**values), STUDY_ROOT) == query.parse(
        identifier(**values), STUDY_ROOT
    )


def test_returns_are_sorted_and_hold_what_was_asked_and_the_unique_key():
    asked = parsed(
        QueryRetrieveLevel="STUDY",
        SpecificCharacterSet="ISO_IR 100",
        RetrieveAETitle="",
        PatientName="",
        StudyDate="",
    )
    assert [answer.keyword for answer in asked.returns] == [
        "StudyDate",
        "PatientName",
        "StudyInstanceUID",
    ]
    assert asked.complete


@pytest.mark.parametrize(
    "values",
    [
        {"Modality": ""},  # of a lower level
        {"RequestedProcedureDescription": ""},
        {"RequestAttributesSequence": ""},
    ],
)
def test_unsupported_keys_come_back_empty_and_incomplete(values):
    with index() as (root, opened):
        opened.add(instance(root, Modality="CT"))
        asked = parsed(QueryRetrieveLevel="STUDY", **values)
        assert not asked.complete
        (answer,) = found(opened, QueryRetrieveLevel="STUDY", **values)
        assert answer[next(iter(values))] == ""


@pytest.mark.parametrize(
    ("values", "complete"),
    [
        ({"InstanceAvailability": ""}, True),  # asked for, and told
        ({"InstanceAvailability": "*"}, True),  # C.2.2.2.3: universal
        ({"InstanceAvailability": "OFFLINE"}, False),
        ({"InstanceAvailability": "ONLINE"}, False),
        ({"RecordKey": "STUDY-1"}, False),
        ({"TimezoneOffsetFromUTC": "+0100"}, True),  # says how the times are meant
        ({"PatientName": "Doe*"}, True),
    ],
)
def test_a_key_that_is_told_but_never_matched_is_declared_when_it_has_a_value(values, complete):
    """PS3.4 C.4.1.1.4: FF01 where matching on an optional key is not supported."""
    assert parsed(QueryRetrieveLevel="STUDY", **values).complete == complete


@pytest.mark.parametrize(("uid", "complete"), [("", True), ("1.2", False)])
def test_so_is_one_whose_item_has_a_value(uid, complete):
    item = Dataset()
    item.ReferencedSOPInstanceUID = uid
    above = {"StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.0"}
    asked = identifier(QueryRetrieveLevel="IMAGE", **above)
    asked.AlternateRepresentationSequence = [item]
    assert query.parse(asked, STUDY_ROOT).complete == complete


def test_group_lengths_and_private_keys_do_no_harm():
    dataset = identifier(QueryRetrieveLevel="STUDY")
    dataset.add_new(0x00090010, "LO", "ACME")
    dataset.add_new(0x00091001, "LO", "x")
    dataset.add_new(0x00100000, "UL", 20)
    asked = query.parse(dataset, STUDY_ROOT)
    assert [answer.tag for answer in asked.returns] == [0x00090010, 0x00091001, STUDY]
    assert not asked.complete


def store_two_studies(root, opened):
    for study, modalities in (("1", "CT CT MR"), ("2", "CT")):
        for series, modality in enumerate(modalities.split()):
            for number in range(3):
                opened.add(
                    instance(
                        root,
                        f"1.{study}.{series}.{number}",
                        PatientID="P",
                        PatientName="Doe^Jane",
                        StudyInstanceUID=f"1.{study}",
                        SeriesInstanceUID=f"1.{study}.{series}",
                        SOPClassUID=MR if modality == "MR" else CT,
                        Modality=modality,
                        InstanceNumber=str(number),
                    )
                )


def test_a_study_of_many_images_is_answered_once():
    with index() as (root, opened):
        for number in range(100):
            opened.add(instance(root, f"1.1.{number}", StudyInstanceUID="1.1"))
        assert len(found(opened, QueryRetrieveLevel="STUDY")) == 1


@pytest.mark.parametrize(
    ("level", "above", "entities"),
    [
        ("PATIENT", {}, 1),
        ("STUDY", {"PatientID": "P"}, 2),
        ("SERIES", {"PatientID": "P", "StudyInstanceUID": "1.1"}, 3),
        (
            "IMAGE",
            {"PatientID": "P", "StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.0"},
            3,
        ),
        ("STUDY", {"PatientID": "Q"}, 0),
        ("SERIES", {"PatientID": "Q", "StudyInstanceUID": "1.1"}, 0),
        (
            "IMAGE",
            {"PatientID": "P", "StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.1.0"},
            0,
        ),
    ],
)
def test_one_answer_per_entity_below_the_keys_above(level, above, entities):
    with index() as (root, opened):
        store_two_studies(root, opened)
        answers = found(opened, PATIENT_ROOT, QueryRetrieveLevel=level, PatientName="doe*", **above)
        assert len(answers) == entities
        assert {answer["PatientName"] for answer in answers} <= {"Doe^Jane"}


@pytest.mark.parametrize(
    ("level", "above", "keyword", "expected"),
    [  # PS3.4 C.3.4, C.6.1.1, C.6.2.1
        ("PATIENT", {}, "NumberOfPatientRelatedStudies", ["2"]),
        ("PATIENT", {}, "NumberOfPatientRelatedSeries", ["4"]),
        ("PATIENT", {}, "NumberOfPatientRelatedInstances", ["12"]),
        ("STUDY", {}, "NumberOfPatientRelatedStudies", ["2", "2"]),
        ("STUDY", {}, "NumberOfStudyRelatedSeries", ["3", "1"]),
        ("STUDY", {}, "NumberOfStudyRelatedInstances", ["9", "3"]),
        ("STUDY", {}, "ModalitiesInStudy", ["CT\\MR", "CT"]),
        ("STUDY", {}, "SOPClassesInStudy", [f"{CT}\\{MR}", CT]),
        ("STUDY", {}, "InstanceAvailability", ["ONLINE", "ONLINE"]),
        (
            "SERIES",
            {"StudyInstanceUID": "1.1"},
            "NumberOfSeriesRelatedInstances",
            ["3", "3", "3"],
        ),
        ("SERIES", {"StudyInstanceUID": "1.1"}, "NumberOfStudyRelatedSeries", ["3"] * 3),
        ("SERIES", {"StudyInstanceUID": "1.1"}, "NumberOfPatientRelatedSeries", ["4"] * 3),
        (
            "IMAGE",
            {"StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.0"},
            "AvailableTransferSyntaxUID",
            ["1.2.840.10008.1.2.1"] * 3,
        ),
        (
            "IMAGE",
            {"StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.0"},
            "NumberOfSeriesRelatedInstances",
            ["3"] * 3,
        ),
    ],
)
def test_computed_keys_at_every_level_they_are_known(level, above, keyword, expected):
    levels = PATIENT_ROOT if level == "PATIENT" else STUDY_ROOT
    with index() as (root, opened):
        store_two_studies(root, opened)
        answers = found(opened, levels, QueryRetrieveLevel=level, **above, **{keyword: ""})
        assert [answer[keyword] for answer in answers] == expected


@pytest.mark.parametrize(
    ("levels", "values", "expected"),
    [  # PS3.4 C.4.2.2.1: every instance of each entity named
        (PATIENT_ROOT, {"QueryRetrieveLevel": "PATIENT", "PatientID": "P"}, 12),
        (STUDY_ROOT, {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": ["1.1", "1.2"]}, 12),
        (STUDY_ROOT, {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2"}, 3),
        (
            STUDY_ROOT,
            {
                "QueryRetrieveLevel": "SERIES",
                "StudyInstanceUID": "1.1",
                "SeriesInstanceUID": ["1.1.0", "1.1.2", "1.2.0"],
            },
            6,
        ),
        (
            STUDY_ROOT,
            {
                "QueryRetrieveLevel": "IMAGE",
                "StudyInstanceUID": "1.1",
                "SeriesInstanceUID": "1.1.0",
                "SOPInstanceUID": ["1.1.0.0", "1.1.0.2"],
            },
            2,
        ),
        (("IMAGE",), {"SOPInstanceUID": ["1.1.0.0", "1.2.0.2"]}, 2),
    ],
)
def test_retrievals_find_their_instances(levels, values, expected):
    with index() as (root, opened):
        store_two_studies(root, opened)
        stored = list(opened.instances(parsed(levels, retrieve=True, **values)))
        assert len({one.sop_instance_uid for one in stored}) == len(stored) == expected
        assert all(one.path.is_absolute() for one in stored)


def test_a_list_of_two_thousand_studies_is_one_query():
    with index() as (root, opened):
        store_two_studies(root, opened)
        uids = ["1.1", *(f"1.55.{n}" for n in range(2000))]
        answers = found(opened, QueryRetrieveLevel="STUDY", StudyInstanceUID=uids)
        assert [answer["StudyInstanceUID"] for answer in answers] == ["1.1"]


def test_the_same_query_answers_in_the_same_order():
    with index() as (root, opened):
        for number in range(50):
            opened.add(instance(root, PatientName=f"Doe^{number * 7 % 50}", StudyDate="20240101"))
        one = found(opened, QueryRetrieveLevel="STUDY", PatientName="doe*", StudyDate="2024-")
        other = found(opened, QueryRetrieveLevel="STUDY", PatientName="doe*", StudyDate="2024-")
        assert one == other
        assert len(one) == 50
