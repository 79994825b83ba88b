"""Radiation sets as trees: what they need, what of it is missing, what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import anode, configuration
from tests.objects import CT_IMAGE, instance, misfit, non_patient, uid, written
from tests.test_object_references import item
from tests.test_retrieve_whole import ANNOTATION, RADIATION, SET, family

DEFINED, PERFORMED = "1.2.840.10008.5.1.4.1.1.200.1", "1.2.840.10008.5.1.4.1.1.200.2"
ASSESSMENT, STL = "1.2.840.10008.5.1.4.1.1.90.1", "1.2.840.10008.5.1.4.1.1.104.3"


def archived(folder: Path, *objects) -> Path:
    """The configuration of an archive with these objects, all of them examined."""
    settings = configuration(folder)
    assert anode("import", "-c", settings, *written(folder / "files", *objects)).code == 0
    assert anode("examine", "-c", settings).code == 0
    return settings


def lines(told) -> list[str]:
    return [line.rstrip() for line in told.out.splitlines()]


@pytest.mark.parametrize(
    ("name", "where"), [("objects", "objects in {data}"), ("incoming", "incoming in {data}")]
)
def test_a_data_folder_that_cannot_be_opened_is_named(tmp_path, name, where):
    path = configuration(tmp_path)
    data = tmp_path / "anode-data"
    data.mkdir()
    (data / name).write_text("a file, where a folder has to be")
    ran = anode("rt", "-c", path)
    assert ran.code == 1
    assert ran.err.endswith(f"storage failed: Not a directory ({where.format(data=data)})\n")


def test_a_set_is_the_tree_of_what_it_needs(tmp_path):
    made, needed, older = family()
    made.UserContentLabel, made.RTRadiationSetIntent = "Boost", "TREATMENT"
    settings = archived(tmp_path, made, *needed, older)
    told = anode("rt", "-c", settings, made.SOPInstanceUID)
    assert told.code == 0
    assert lines(told)[0] == f'RT Radiation Set  "Boost"  intent TREATMENT  {made.SOPInstanceUID}'
    assert sorted(line.split(":")[0] for line in lines(told)[1:-1]) == [
        "        instance",
        "    physician intent",
        "    radiation",
        "    radiation",
    ]
    assert lines(told)[-1] == "5 objects, nothing missing"
    assert older.SOPInstanceUID not in told.out


def test_what_is_missing_is_told_and_ends_in_failure(tmp_path):
    made, needed, _ = family()
    settings = archived(tmp_path, made, *needed[:2])  # no intent, no annotation
    told = anode("rt", "-c", settings, made.SOPInstanceUID)
    assert told.code == 1
    assert lines(told)[-1] == "5 objects, 2 of them missing"
    missing = [line.split()[-3] for line in lines(told) if line.endswith("(!) missing")]
    assert sorted(missing) == sorted(each.SOPInstanceUID for each in needed[2:])


def test_sets_are_listed_with_what_they_lack(tmp_path):
    made, needed, _ = family()
    settings = archived(tmp_path, made, *needed[1:])
    assert lines(anode("rt", "-c", settings))[-1] == "1 radiation set"
    (told,) = anode("rt", "-c", settings, "--json").document
    assert told["sop_instance_uid"] == made.SOPInstanceUID
    below = {each["sop_instance_uid"]: each for each in told["refers_to"]}
    assert below[needed[0].SOPInstanceUID]["missing"] == 1
    assert below[needed[1].SOPInstanceUID]["refers_to"][0]["sop_class_uid"] == ANNOTATION


def test_what_an_assessment_says_stands_on_what_it_assesses(tmp_path):
    made, needed, _ = family()
    result = instance(
        20,
        sop_class=ASSESSMENT,
        AssessmentSummary="FAILED",
        AssessedSOPInstanceSequence=[item(needed[0].SOPInstanceUID, RADIATION)],
    )
    settings = archived(tmp_path, made, *needed, result)
    told = lines(anode("rt", "-c", settings, made.SOPInstanceUID))
    at = next(n for n, line in enumerate(told) if line.endswith(needed[0].SOPInstanceUID))
    assert told[at + 1].strip() == "assessed: FAILED"
    shown = anode("show", "-c", settings, needed[0].SOPInstanceUID).out
    assert "FAILED" in shown
    assert result.SOPInstanceUID in shown


@pytest.mark.parametrize("vr", ["FD", "IS"])
def test_a_damaged_set_or_assessment_hides_no_other(tmp_path, vr):
    made, needed, _ = family()
    result = instance(
        20,
        sop_class=ASSESSMENT,
        AssessmentSummary="FAILED",
        AssessedSOPInstanceSequence=[item(made.SOPInstanceUID, SET)],
    )
    misfit(result, "AssessmentTypeCodeSequence", vr)
    damaged = instance(21, sop_class=SET)
    for keyword in ("IntendedNumberOfFractions", "UserContentLabel"):
        misfit(damaged, keyword, vr)
    settings = archived(tmp_path, made, *needed, result, damaged)
    assert lines(anode("rt", "-c", settings))[-1] == "2 radiation sets"
    assert "assessed: FAILED" in anode("rt", "-c", settings, made.SOPInstanceUID).out


def test_an_image_that_two_refer_to_is_one_object(tmp_path):
    images = [item(uid("image", number)) for number in range(7)]
    made, needed, _ = family()
    for each in needed[:2]:
        each.ReferencedImageSequence = images
    settings = archived(tmp_path, made, *needed)
    told = anode("rt", "-c", settings, made.SOPInstanceUID)
    assert lines(told)[-1] == "12 objects, 7 of them missing"
    assert sum("7 x" in line for line in lines(told)) == 2


def test_many_images_are_one_line_and_a_circle_ends(tmp_path):
    images = [instance(n, SeriesInstanceUID=uid("many")) for n in range(7)]
    made = instance(
        9,
        sop_class=SET,
        DefinitionSourceSequence=[item(each.SOPInstanceUID) for each in images],
    )
    made.RTRadiationSequence = [item(made.SOPInstanceUID, SET)]
    settings = archived(tmp_path, made, *images[:5])
    told = lines(anode("rt", "-c", settings, made.SOPInstanceUID))
    assert told[1:] == [
        "    definition: 7 x CT Image  (!) 2 missing",
        "8 objects, 2 of them missing",
    ]


def test_an_object_shows_what_it_refers_to_and_what_refers_to_it(tmp_path):
    image = instance(1)
    derived = instance(2, SourceImageSequence=[item(image.SOPInstanceUID), item("1.2.99")])
    settings = archived(tmp_path, image, derived)
    told = anode("show", "-c", settings, derived.SOPInstanceUID, "--json").document[0]
    (refers,) = (each for each in told["sections"] if each["title"] == "Refers to")
    assert {(row["As"], row["SOP Instance UID"], row["Here"]) for row in refers["rows"]} == {
        ("source image", image.SOPInstanceUID, ""),
        ("source image", "1.2.99", "missing"),
    }
    told = anode("show", "-c", settings, image.SOPInstanceUID, "--json").document[0]
    (back,) = (each for each in told["sections"] if each["title"] == "Referred to by")
    assert [row["SOP Instance UID"] for row in back["rows"]] == [derived.SOPInstanceUID]


@pytest.mark.parametrize("asked", range(3))
def test_revisions_of_a_model_are_a_chain_from_wherever_it_is_looked_at(tmp_path, asked):
    models = []
    for number in range(3):
        before = [item(ReferencedSeriesSequence=[item(ReferencedSOPSequence=[])])]
        if models:
            series = before[0].ReferencedSeriesSequence[0]
            series.ReferencedSOPSequence = [item(models[-1].SOPInstanceUID, STL)]
        models.append(instance(number, sop_class=STL, PredecessorDocumentsSequence=before))
    settings = archived(tmp_path, *models)
    told = anode("show", "-c", settings, models[asked].SOPInstanceUID, "--json").document[0]
    (chain,) = (each for each in told["sections"] if each["title"] == "Revisions")
    assert [row["SOP Instance UID"] for row in chain["rows"]] == [
        each.SOPInstanceUID for each in models
    ]
    assert [row["Which"] for row in chain["rows"]].index("this one") == asked


@pytest.mark.parametrize("asked", range(4))
def test_where_two_models_replace_one_both_are_told_from_wherever_it_is_looked_at(tmp_path, asked):
    models = [instance(0, sop_class=STL)]
    for number, before in ((1, 0), (2, 0), (3, 2)):
        predecessors = [
            item(ReferencedSeriesSequence=[
                item(ReferencedSOPSequence=[item(models[before].SOPInstanceUID, STL)])
            ])
        ]  # fmt: skip
        models.append(instance(number, sop_class=STL, PredecessorDocumentsSequence=predecessors))
    settings = archived(tmp_path, *models)
    told = anode("show", "-c", settings, models[asked].SOPInstanceUID, "--json").document[0]
    (chain,) = (each for each in told["sections"] if each["title"] == "Revisions")
    numbers = {row["SOP Instance UID"]: row["No."] for row in chain["rows"]}
    assert numbers == {
        each.SOPInstanceUID: number for each, number in zip(models, "1223", strict=True)
    }
    which = {row["SOP Instance UID"]: row["Which"] for row in chain["rows"]}
    assert which[models[asked].SOPInstanceUID].startswith("this one")
    beside = {uid for uid, said in which.items() if "one of 2 with this number" in said}
    assert beside == {models[1].SOPInstanceUID, models[2].SOPInstanceUID}


def test_a_protocol_performed_is_no_revision_of_the_one_defined(tmp_path):
    defined = non_patient(DEFINED, 1)
    performed = instance(2, sop_class=PERFORMED)
    performed.PredecessorProtocolSequence = [item(defined.SOPInstanceUID, DEFINED)]
    settings = archived(tmp_path, defined, performed)
    told = anode("show", "-c", settings, defined.SOPInstanceUID, "--json").document[0]
    titles = [each["title"] for each in told["sections"]]
    assert ("Referred to by" in titles, "Revisions" in titles) == (True, False)


def test_an_object_that_is_not_there_is_told_as_such(tmp_path):
    settings = archived(tmp_path, instance(1, sop_class=CT_IMAGE))
    told = anode("rt", "-c", settings, "1.2.3")
    assert (told.code, told.out) == (1, "")
    assert "holds no object 1.2.3" in told.err
    assert lines(anode("rt", "-c", settings)) == ["0 radiation sets"]


@pytest.mark.parametrize(("number", "said"), [(1, "refers"), (3, "and 2 others refer")])
def test_of_an_object_that_is_not_there_it_is_told_what_refers_to_it(tmp_path, number, said):
    image = [item("1.2.3")]
    made = [instance(n, SourceImageSequence=image) for n in range(number)]
    told = anode("show", "-c", archived(tmp_path, *made), "1.2.3")
    assert told.code == 1
    first = f"holds no object 1.2.3, to which CT Image {made[0].SOPInstanceUID}"
    assert f"{first} {said} as source image" in told.err


def radiotherapy(number, kind, **values):
    """An object of the second generation of radiotherapy, PS3.6: by the last part of its class."""
    return instance(number, sop_class=f"1.2.840.10008.5.1.4.1.1.481.{kind}", **values)


def naming(*others):
    return [item(each.SOPInstanceUID, each.SOPClassUID) for each in others]


def test_sets_of_every_device_their_records_and_instructions_are_trees(tmp_path):
    fields = [radiotherapy(n, kind) for n, kind in enumerate((13, 14, 15))]
    planned = radiotherapy(3, 12, RTRadiationSequence=naming(*fields))
    records = [
        radiotherapy(4 + n, kind, ReferencedRTRadiationSequence=naming(each))
        for n, (kind, each) in enumerate(zip((19, 18, 20), fields, strict=True))
    ]
    records.append(radiotherapy(7, 17))
    done = radiotherapy(
        8, 16,
        ReferencedRTRadiationRecordSequence=naming(*records),
        ReferencedRTRadiationSetSequence=naming(planned),
    )  # fmt: skip
    scope = [item(ReferencedRTRadiationSetSequence=naming(planned))]
    ready = radiotherapy(9, 22, RTPatientPositionScopeSequence=scope)
    task = [item(ReferencedRTTreatmentPreparationSequence=naming(ready))]
    told = radiotherapy(
        10, 21, RTRadiationTaskSequence=task, ReferencedRTRadiationSetSequence=naming(planned)
    )
    settings = archived(tmp_path, *fields, planned, *records, done, ready, told)
    sizes = {
        each["sop_instance_uid"]: each for each in anode("rt", "-c", settings, "--json").document
    }
    assert set(sizes) == {each.SOPInstanceUID for each in (planned, done, told)}
    for root, number in ((planned, 4), (done, 9), (told, 6), (ready, 5)):
        tree = anode("rt", "-c", settings, root.SOPInstanceUID)
        assert (tree.code, lines(tree)[-1]) == (0, f"{number} objects, nothing missing")
