"""The catalogue knows every storage class and transfer syntax, and says what is served."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.uid import UID_dictionary
from pynetdicom import presentation, sop_class
from pynetdicom._globals import ALL_TRANSFER_SYNTAXES

from archive import nonpatient
from config import catalogue
from config.catalogue import MODELS, SERVED_MODELS, STORAGE, TRANSFER_SYNTAXES

ROOT = Path(__file__).parent.parent
# PS3.6: storage classes of the supplements that the reference list names, beyond the common ones.
NEW = [
    *(f"1.2.840.10008.5.1.4.1.1.481.{last}" for last in (10, 11, 12, 13, 14, 15, 16, 17, 18, 19)),
    *(f"1.2.840.10008.5.1.4.1.1.481.{last}" for last in (20, 21, 22, 23, 24, 25)),
    *(f"1.2.840.10008.5.1.4.1.1.200.{last}" for last in (1, 2, 3, 7, 8)),
    *(f"1.2.840.10008.5.1.4.1.1.104.{last}" for last in (1, 2, 3, 4, 5)),
    *(f"1.2.840.10008.5.1.4.1.1.88.{last}" for last in (68, 69, 70, 71, 72, 73, 74, 75, 76)),
    "1.2.840.10008.5.1.4.1.1.201.1",
]
# Known to pynetdicom 3.0.4, missing from pydicom 3.0.2's dictionary.
NOT_IN_PYDICOM = {
    "1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.66.8": "Height Map Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.9.100.1": "Waveform Presentation State Storage",
    "1.2.840.10008.5.1.4.1.1.9.100.2": "Waveform Acquisition Presentation State Storage",
}
RETIRED = [
    "1.2.840.10008.5.1.4.1.1.3",
    "1.2.840.10008.5.1.4.1.1.5",
    "1.2.840.10008.5.1.4.1.1.6",
    "1.2.840.10008.5.1.4.1.1.8",
    "1.2.840.10008.5.1.4.1.1.9",
    "1.2.840.10008.5.1.4.1.1.9.1",
    "1.2.840.10008.5.1.4.1.1.88.4",
    "1.2.840.10008.5.1.4.34.1",
]
DICOMDIR = "1.2.840.10008.1.3.10"
COMMITMENT = {"1.2.840.10008.1.20.1", "1.2.840.10008.1.20.2"}


def _contexts(contexts):
    return {context.abstract_syntax for context in contexts}


def test_every_storage_class_of_pynetdicom_is_known():
    known = (
        set(sop_class._STORAGE_CLASSES.values())
        | _contexts(presentation.AllStoragePresentationContexts)
        | _contexts(presentation.StoragePresentationContexts)
        | _contexts(presentation.NonPatientObjectPresentationContexts)
    )
    assert known - set(STORAGE) == set()


def test_every_storage_class_of_pydicom_s_dictionary_is_known():
    storage = {
        uid
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and "Storage" in name
    }
    assert storage - set(STORAGE) == {DICOMDIR, *COMMITMENT}


@pytest.mark.parametrize("uid", NEW)
def test_the_classes_of_the_supplements_are_known(uid):
    assert catalogue.storage_class(uid) is not None


@pytest.mark.parametrize(("uid", "name"), NOT_IN_PYDICOM.items())
def test_classes_missing_from_pydicom_are_known_by_name(uid, name):
    assert catalogue.name_of(uid) == name


@pytest.mark.parametrize("uid", RETIRED)
def test_retired_classes_archives_still_meet_are_known_as_retired(uid):
    assert STORAGE[uid].kind == "retired"


def test_non_patient_classes_are_those_of_annex_gg():
    non_patient = {uid for uid, each in STORAGE.items() if each.kind == "non-patient"}
    assert non_patient == _contexts(presentation.NonPatientObjectPresentationContexts)


@pytest.mark.parametrize("table", [STORAGE, TRANSFER_SYNTAXES, MODELS])
def test_a_row_is_whole_and_unique(table):
    rows = list(table.values())
    assert [row for row in rows if not (row.uid and row.name)] == []
    assert len({row.name for row in rows}) == len(rows)
    assert {row.uid for row in rows} == set(table)


def test_a_keyword_finds_its_uid():
    assert catalogue.uid_of("CTImageStorage") == "1.2.840.10008.5.1.4.1.1.2"
    assert catalogue.uid_of("JPEG2000Lossless") == "1.2.840.10008.1.2.4.90"
    assert catalogue.uid_of("NoSuchKeyword") is None
    for uid, row in (*STORAGE.items(), *TRANSFER_SYNTAXES.items()):
        assert catalogue.uid_of(row.keyword) == uid


def test_an_unknown_uid_is_its_own_name():
    assert catalogue.name_of("1.2.3") == "1.2.3"
    assert catalogue.storage_class("1.2.3") is None
    assert catalogue.transfer_syntax("1.2.3") is None
    assert catalogue.information_model("1.2.3") is None


def test_every_transfer_syntax_is_known():
    published = {uid for uid, row in UID_dictionary.items() if row[1] == "Transfer Syntax"}
    assert (published | set(ALL_TRANSFER_SYNTAXES)) - set(TRANSFER_SYNTAXES) == set()


@pytest.mark.parametrize(
    ("uid", "form", "implicit", "little_endian", "deflated"),
    [
        ("1.2.840.10008.1.2", "native", True, True, False),  # PS3.5 A.1
        ("1.2.840.10008.1.2.1", "native", False, True, False),  # A.2
        ("1.2.840.10008.1.2.2", "native", False, False, False),  # A.3
        ("1.2.840.10008.1.2.4.50", "encapsulated", False, True, False),  # A.4
        ("1.2.840.10008.1.2.4.107", "video", False, True, False),  # A.4.7
        ("1.2.840.10008.1.2.4.110", "encapsulated", False, True, False),  # JPEG XL
        ("1.2.840.10008.1.2.4.201", "encapsulated", False, True, False),  # HTJ2K
        ("1.2.840.10008.1.2.8.1", "encapsulated", False, True, False),  # deflated frames
        ("1.2.840.10008.1.2.1.99", "deflated", False, True, True),  # A.5
        ("1.2.840.10008.1.2.4.95", "referenced", False, True, True),  # A.7
        ("1.2.840.10008.1.2.7.1", "flow", False, True, False),  # PS3.22
        ("1.2.840.10008.1.2.6.1", "other", False, True, False),
    ],
)
def test_a_transfer_syntax_says_how_it_encodes(uid, form, implicit, little_endian, deflated):
    row = TRANSFER_SYNTAXES[uid]
    assert (row.form, row.implicit, row.little_endian, row.deflated) == (
        form,
        implicit,
        little_endian,
        deflated,
    )


def test_storage_takes_every_syntax_but_flows_and_documents():
    left_out = set(TRANSFER_SYNTAXES) - set(catalogue.STORAGE_TRANSFER_SYNTAXES)
    assert {TRANSFER_SYNTAXES[uid].form for uid in left_out} == {"flow", "other"}
    assert catalogue.STORAGE_TRANSFER_SYNTAXES[:2] == ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")


@pytest.mark.parametrize(
    ("uid", "service", "levels", "served"),
    [
        ("1.2.840.10008.5.1.4.1.2.1.1", "find", "PATIENT STUDY SERIES IMAGE", True),  # C.6.1
        ("1.2.840.10008.5.1.4.1.2.2.2", "move", "STUDY SERIES IMAGE", True),  # C.6.2
        ("1.2.840.10008.5.1.4.1.2.3.3", "get", "PATIENT STUDY", True),  # C.6.3, retired
        ("1.2.840.10008.5.1.4.20.1", "find", "IMAGE", True),  # HH
        ("1.2.840.10008.5.1.4.20.2", "move", "IMAGE", True),  # HH
        ("1.2.840.10008.5.1.4.1.1.200.6", "get", "IMAGE", True),  # II
        ("1.2.840.10008.5.1.4.1.2.4.2", "move", "IMAGE FRAME", True),  # Y
        ("1.2.840.10008.5.1.4.1.2.5.3", "get", "IMAGE", True),  # Z
        ("1.2.840.10008.5.1.4.1.1.201.6", "find", "STUDY SERIES IMAGE", True),  # C.6.4
    ],
)
def test_an_information_model_says_what_it_reaches(uid, service, levels, served):
    model = MODELS[uid]
    assert (model.service, model.levels, model.served) == (service, tuple(levels.split()), served)
    assert (uid in SERVED_MODELS) is served


def test_every_information_model_of_the_standard_is_listed():
    published = {
        uid
        for uid, (name, *_) in UID_dictionary.items()
        if name.endswith((" - FIND", " - MOVE", " - GET")) and "Worklist" not in name
    }
    assert published - set(MODELS) == set()


def test_a_non_patient_model_reaches_only_its_own_classes():
    for model in MODELS.values():
        assert bool(model.classes) is (model.root in nonpatient.MODELS)
        assert {STORAGE[uid].kind for uid in model.classes} <= {"non-patient"}


def test_each_non_patient_model_has_its_three_services():
    served = {(model.root, model.service) for model in SERVED_MODELS.values() if model.classes}
    services = ("find", "move", "get")
    assert served == {(root, each) for root in nonpatient.MODELS for each in services}


def test_the_catalogue_loads_within_20_milliseconds():
    script = (
        "import csv, dataclasses, importlib.resources, time; start = time.perf_counter(); "
        "import config.catalogue; print(time.perf_counter() - start)"
    )
    command = [sys.executable, "-c", script]
    runs = (
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for _ in range(20)
    )
    assert any(float(run) < 0.020 for run in runs)  # the machine may be busy with other things
