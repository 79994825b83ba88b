"""What an object refers to: every reference, at any depth, as what, and where it stands."""

import pytest
from pydicom import DataElement, Dataset, dcmread
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword

from iod.references import MANAGED, PLAIN, ROLES, bounded, references
from tests.objects import CT_IMAGE, instance


def item(uid: str = "", sop_class: str = CT_IMAGE, **values: object) -> Dataset:
    """An item that refers to an instance, or to none."""
    made = Dataset()
    if uid:
        made.ReferencedSOPClassUID, made.ReferencedSOPInstanceUID = sop_class, uid
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


@pytest.mark.parametrize("keyword", ROLES)
def test_the_table_names_sequences_of_the_dictionary(keyword):
    tag = tag_for_keyword(keyword)
    assert tag is not None
    assert dictionary_has_tag(tag)
    assert dictionary_VR(tag) == "SQ"


def test_plain_sequences_have_a_role_for_want_of_another():
    assert set(ROLES) >= PLAIN
    assert set(ROLES.values()) >= MANAGED


@pytest.mark.parametrize(
    ("values", "role", "path"),
    [
        ({"SourceImageSequence": [item("1.2.3")]}, "source image", "SourceImageSequence[1]"),
        ({"ReferencedImageSequence": [item("1.2.3")]}, "image", "ReferencedImageSequence[1]"),
        (
            {"ApprovalSubjectSequence": [item("1.2.3")]},
            "approval subject",
            "ApprovalSubjectSequence[1]",
        ),
        (
            {
                "PredecessorDocumentsSequence": [
                    item(ReferencedSeriesSequence=[item(ReferencedSOPSequence=[item("1.2.3")])])
                ]
            },
            "predecessor",
            "PredecessorDocumentsSequence[1].ReferencedSeriesSequence[1].ReferencedSOPSequence[1]",
        ),
        (
            {
                "RTPhysicianIntentSequence": [
                    item(
                        RTPhysicianIntentInputInstanceSequence=[
                            item(
                                ReferencedStudySequence=[
                                    item(
                                        ReferencedSeriesSequence=[
                                            item(ReferencedImageSequence=[item("1.2.3")])
                                        ]
                                    )
                                ]
                            )
                        ]
                    )
                ]
            },
            "input",
            (
                "RTPhysicianIntentSequence[1].RTPhysicianIntentInputInstanceSequence[1]."
                "ReferencedStudySequence[1].ReferencedSeriesSequence[1].ReferencedImageSequence[1]"
            ),
        ),
        (
            {
                "ContentSequence": [
                    item(),
                    item(ContentSequence=[item(ReferencedSOPSequence=[item("1.2.3")])]),
                ]
            },
            "content",
            "ContentSequence[2].ContentSequence[1].ReferencedSOPSequence[1]",
        ),
        ({"ReferencedStudySequence": [item("1.2.3")]}, "study", "ReferencedStudySequence[1]"),
    ],
)
def test_a_reference_has_the_role_of_what_it_stands_in(values, role, path):
    (found,) = references(instance(**values))
    assert found == (role, CT_IMAGE, "1.2.3", path)


def test_a_palette_is_referred_to_by_its_uid_alone():
    (found,) = references(instance(ReferencedColorPaletteInstanceUID="1.2.3"))
    assert found == ("palette", "", "1.2.3", "")


def test_frames_taken_out_of_an_object_refer_to_it():
    made = instance(FrameExtractionSequence=[item(MultiFrameSourceSOPInstanceUID="1.2.3")])
    (found,) = references(made)
    assert found == ("source", "", "1.2.3", "FrameExtractionSequence[1]")


def test_an_image_is_not_told_again_as_an_instance():
    listed = item(ReferencedInstanceSequence=[item("1.2.3"), item("1.2.4")])
    made = instance(ReferencedImageSequence=[item("1.2.3")], ReferencedSeriesSequence=[listed])
    told = {(each.role, each.sop_instance_uid) for each in references(made)}
    assert told == {("image", "1.2.3"), ("instance", "1.2.4")}


def test_an_instance_is_told_once_in_each_role_and_not_again_as_plain_one():
    listed = item(ReferencedInstanceSequence=[item("1.2.3"), item("1.2.4")])
    made = instance(
        SourceImageSequence=[item("1.2.3"), item("1.2.3")],
        ReferencedDoseSequence=[item("1.2.3")],
        ReferencedSeriesSequence=[listed],
    )
    told = {(each.role, each.sop_instance_uid) for each in references(made)}
    assert told == {("source image", "1.2.3"), ("dose", "1.2.3"), ("instance", "1.2.4")}


def test_what_an_object_once_was_is_no_reference():
    before = item(ModifiedAttributesSequence=[item(SourceImageSequence=[item("1.2.3")])])
    assert references(instance(OriginalAttributesSequence=[before])) == []


def test_an_object_that_refers_to_nothing_has_no_references():
    assert references(instance()) == []


def test_references_are_bounded_in_number_and_nesting():
    many = instance(SourceImageSequence=[item(f"1.2.{n}") for n in range(20)])
    assert len(references(many, most=10)) == 10
    assert bounded(many, 10)[1]
    assert not bounded(many, 20)[1]
    deep = item("1.2.3")
    for _ in range(70):
        deep = item(ContentSequence=[deep])
    assert references(deep) == []


def test_what_is_told_once_hides_not_that_there_is_more():
    images = [item(f"1.2.{n}") for n in range(6)]
    listed = item(ReferencedInstanceSequence=images)
    made = instance(ReferencedImageSequence=images, ReferencedSeriesSequence=[listed])
    told, more = bounded(made, 10)
    assert more
    assert len(told) < 10


@pytest.mark.parametrize("said", ["", "none", "1.2\0.3", "1" * 65, "é.1"])
def test_what_is_no_uid_refers_to_nothing(said):
    made = item()
    made.add(DataElement("ReferencedSOPInstanceUID", "UI", said, validation_mode=IGNORE))
    assert references(instance(SourceImageSequence=[made])) == []


def test_a_class_that_is_no_uid_is_not_told():
    made = item("1.2.3")
    made["ReferencedSOPClassUID"] = DataElement(
        "ReferencedSOPClassUID", "UI", "CT", validation_mode=IGNORE
    )
    assert references(instance(SourceImageSequence=[made]))[0].sop_class_uid == ""


def test_every_reference_of_the_samples_is_found(samples):
    """Against another way to look: every element of that tag, wherever it stands."""
    seen = 0
    for path in sorted(samples.rglob("*.dcm")):
        dataset = dcmread(path, stop_before_pixels=True)
        there = {
            str(each.value)
            for each in dataset.iterall()
            if each.keyword == "ReferencedSOPInstanceUID" and each.value
        }
        found = {each.sop_instance_uid for each in references(dataset) if each.path}
        assert found == there, path
        seen += len(found)
    assert seen > 20
