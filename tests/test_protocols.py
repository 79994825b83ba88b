"""Protocols: for which models they are, and how they stand by what was asserted until a moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydicom import Dataset

from archive import Archive
from cli.protocols import _moment as asked_for
from iod.protocols import USES, assertions, moment, protocol, standing, subjects
from iod.samples import make
from tests.commands import anode, configuration
from tests.commands import at as at_
from tests.nodes import node
from tests.objects import misfit, non_patient, written
from tests.test_object_references import item

APPROVED, DISAPPROVED, DEPRECATED, ANY_USE = "128603", "128623", "128610", "128609"
TRIAL, NO_TRIAL, DEVICE = "128604", "128624", "128606"
DEFINED = "1.2.840.10008.5.1.4.1.1.200.1"
APPROVAL = "1.2.840.10008.5.1.4.1.1.200.3"


def approval(*said: tuple[str, ...], scheme: str = "DCM") -> Dataset:
    """Assertions: code, moment, and when it expires."""
    rows = []
    for code, at, *expires in said:
        coded = item(CodeValue=code, CodingSchemeDesignator=scheme, CodeMeaning="said")
        one = item(AssertionCodeSequence=[coded], AssertionDateTime=at, AssertionUID="1.2.3")
        if expires:
            one.AssertionExpirationDateTime = expires[0]
        rows.append(one)
    return item(
        ApprovalSequence=rows,
        ApprovalSubjectSequence=[item("1.2.9", DEFINED)],
        TimezoneOffsetFromUTC="+0000",
    )


def at(text: str) -> datetime:
    return moment(text, "+0000")


@pytest.mark.parametrize(
    ("said", "when", "state"),
    [
        ([], "2024", "not approved"),
        ([(APPROVED, "20230101")], "20221231", "not approved"),
        ([(APPROVED, "20230101")], "20230101", "approved"),
        ([(APPROVED, "20230101", "20240101120000")], "20240101115959", "approved"),
        ([(APPROVED, "20230101", "20240101120000")], "20240101120000", "expired"),
        ([(APPROVED, "20230101", "20240101")], "20240101235959", "approved"),
        ([(APPROVED, "20230101", "20240101")], "20240102", "expired"),
        ([(APPROVED, "20230101"), (DEPRECATED, "20240101")], "2023", "approved"),
        ([(APPROVED, "20230101"), (DEPRECATED, "20240101")], "2024", "superseded"),
        ([(APPROVED, "20230101"), (DISAPPROVED, "20240101")], "2024", "withdrawn"),
        ([(APPROVED, "20230101"), (ANY_USE, "20240101")], "2024", "withdrawn"),
        ([(DISAPPROVED, "20240101"), (APPROVED, "20230101")], "2024", "withdrawn"),
        ([(DISAPPROVED, "20240101")], "2024", "disapproved"),
        ([(APPROVED, "2022"), (DISAPPROVED, "2023"), (APPROVED, "2024")], "2025", "approved"),
        ([(APPROVED, "20230101"), (NO_TRIAL, "20240101")], "2024", "approved"),
        ([(TRIAL, "20230101"), (DISAPPROVED, "20240101")], "2024", "approved"),
        ([(DEVICE, "20230101")], "2024", "not approved"),
        ([(APPROVED, "")], "2024", "not approved"),
    ],
)
def test_a_protocol_stands_as_the_newest_assertion_of_its_use_says(said, when, state):
    assert standing(assertions(approval(*said)), at(when)).state == state


def said_for(*said):
    """Assertions: code, moment, and the institution it is said for."""
    made = approval(*((code, when) for code, when, _ in said))
    for one, (*_, institution) in zip(made.ApprovalSequence, said, strict=True):
        if institution:
            code = item(CodeValue=institution, CodingSchemeDesignator="99H", CodeMeaning="a house")
            one.InstitutionCodeSequence = [code]
    return assertions(made)


@pytest.mark.parametrize(
    ("said", "state", "scopes"),
    [
        ([(APPROVED, "2022", "A"), (DISAPPROVED, "2023", "B")], "approved", ("99H A",)),
        ([(DISAPPROVED, "2022", "A"), (APPROVED, "2023", "B")], "approved", ("99H B",)),
        ([(APPROVED, "2022", "A"), (DISAPPROVED, "2023", "A")], "withdrawn", ()),
        ([(APPROVED, "2022", "A"), (DISAPPROVED, "2023", "")], "withdrawn", ()),
        ([(APPROVED, "2022", ""), (DISAPPROVED, "2023", "A")], "withdrawn", ()),
        ([(APPROVED, "2022", "A"), (APPROVED, "2023", "B")], "approved", ("99H A", "99H B")),
        ([(APPROVED, "2022", "A"), (DEPRECATED, "2023", "B")], "superseded", ()),
        ([(APPROVED, "2022", "A"), (ANY_USE, "2023", "B")], "withdrawn", ()),
    ],
)
def test_what_an_institution_says_of_its_use_is_said_for_no_other(said, state, scopes):
    found = standing(said_for(*said), at("2024"))
    assert (found.state, found.scopes) == (state, scopes)


@pytest.mark.parametrize("order", [1, -1])
def test_of_what_is_said_at_one_moment_that_counts_which_does_not_approve(order):
    said = [(APPROVED, "20240101120000"), (DISAPPROVED, "20240101120000")][::order]
    assert standing(assertions(approval(*said)), at("2025")).state == "withdrawn"


def test_a_trial_is_approved_for_itself():
    made = approval((TRIAL, "2022"), (NO_TRIAL, "2023"))
    for one, trial in zip(made.ApprovalSequence, ("T1", "T2"), strict=True):
        one.ClinicalTrialProtocolID = trial
    assert standing(assertions(made), at("2024")).scopes == ("T1",)


def test_codes_of_others_approve_nothing():
    mine = approval((APPROVED, "2023"), scheme="99LOCAL")
    assert standing(assertions(mine), at("2024")).state == "not approved"


def test_it_is_told_for_which_uses_a_protocol_is_approved():
    stands = standing(assertions(approval((TRIAL, "2023"), (APPROVED, "2022"))), at("2024"))
    assert stands.uses == ("the institution", "clinical trial")
    assert stands.by.code == TRIAL
    assert set(stands.uses) < set(USES)


def test_an_approval_names_its_subjects():
    assert subjects(approval((APPROVED, "2023"))) == ["1.2.9"]


@pytest.mark.parametrize(
    ("text", "zone", "end", "told"),
    [
        ("2024", "+0000", False, datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024", "+0000", True, datetime(2025, 1, 1, tzinfo=UTC)),
        ("202402", "+0000", True, datetime(2024, 3, 1, tzinfo=UTC)),
        ("20240229", "+0000", True, datetime(2024, 3, 1, tzinfo=UTC)),
        ("2024022910", "+0000", True, datetime(2024, 2, 29, 11, tzinfo=UTC)),
        ("20240229101112.5-0230", "", False, datetime(2024, 2, 29, 12, 41, 12, tzinfo=UTC)),
        ("20240229101112", "+0130", False, datetime(2024, 2, 29, 8, 41, 12, tzinfo=UTC)),
        ("20240230", "+0000", False, None),
        ("", "", False, None),
        ("yesterday", "", False, None),
    ],
)
def test_a_moment_is_read_with_its_zone(text, zone, end, told):
    assert moment(text, zone, end=end) == told


@pytest.mark.parametrize(
    ("model", "fits"),
    [
        ("Scanner 9", True),
        ("scanner*", True),
        ("Acme Scanner 9", True),
        ("Group?", True),
        ("Scanner", False),
        ("Scanner [9]", False),
        ("Other", False),
    ],
)
def test_a_protocol_fits_the_models_it_specifies(model, fits):
    specified = [
        item(Manufacturer="Acme", ManufacturerModelName="Scanner 9"),
        item(Manufacturer="Acme", ManufacturerRelatedModelGroup="GroupX"),
    ]
    assert protocol(non_patient(DEFINED, ModelSpecificationSequence=specified)).fits(model) is fits


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """The family of CT protocols in an archive: its configuration, and its protocols by state."""
    folder = tmp_path_factory.mktemp("protocols")
    list(make(folder / "samples", frozenset(("ct-protocols",))))
    anode("import", "-c", configuration(folder), folder / "samples")
    return folder / "anode.toml"


@pytest.mark.parametrize(
    ("when", "states"),
    [
        ("2022-12-31", ["not approved"] * 4),
        ("2023-06-01", ["approved", "approved", "not approved", "not approved"]),
        ("2024-02-15", ["approved", "approved", "not approved", "superseded"]),
        ("2024-04-01", ["approved", "not approved", "superseded", "withdrawn"]),
        ("2035-01-01", ["expired", "not approved", "superseded", "withdrawn"]),
    ],
)
def test_the_samples_stand_as_they_were_made_to(samples, when, states):
    told = anode("protocols", "-c", samples, "--at", when, "--json").document
    assert sorted(each["state"] for each in told) == states


def test_protocols_are_listed_by_model_and_state(samples):
    everything = anode("protocols", "-c", samples, "--at", "2024-04-01", "--json").document
    name = everything[0]["models"][0]["name"]
    fitting = anode("protocols", "-c", samples, "--model", name, "--json").document
    assert fitting
    assert anode("protocols", "-c", samples, "--model", "Nobody's", "--json").document == []
    told = anode("protocols", "-c", samples, "--at", "2024-04-01", "--state", "approved")
    assert "1 protocol" in told.out
    assert "approved" in told.out
    superseded = [each for each in everything if each["state"] == "superseded"]
    assert [len(each["successors"]) for each in superseded] == [1]


@pytest.mark.parametrize("vr", ["FD", "IS"])
def test_a_damaged_protocol_or_approval_hides_no_other(tmp_path, vr):
    model = item(ManufacturerModelName="Scanner 9")
    misfit(model, "DeviceSerialNumber", vr)
    damaged = non_patient(DEFINED, 1, ProtocolName="Damaged", ModelSpecificationSequence=[model])
    misfit(damaged, "PredecessorProtocolSequence", vr)
    good = non_patient(DEFINED, 2, ProtocolName="Good")
    said = non_patient(APPROVAL, 3)
    said.update(approval((APPROVED, "20230101")))
    said.ApprovalSubjectSequence = [item(good.SOPInstanceUID, DEFINED)]
    misfit(said.ApprovalSequence[0], "AsserterIdentificationSequence", vr)
    other = non_patient(APPROVAL, 4)
    misfit(other, "ApprovalSequence", vr)
    settings = configuration(tmp_path)
    files = written(tmp_path / "files", damaged, good, said, other)
    assert anode("import", "-c", settings, *files).code == 0
    told = anode("protocols", "-c", settings, "--at", "2024", "--json").document
    assert [(each["name"], each["state"]) for each in told] == [
        ("Damaged", "not approved"),
        ("Good", "approved"),
    ]


def test_an_approval_whose_end_cannot_be_read_has_ended():
    """An approval that never ends is the worse mistake."""
    said = assertions(approval((APPROVED, "20230101", "20240231")))
    assert standing(said, at("20230101")).state == "expired"


@pytest.mark.parametrize(
    "asked", ["2024-02-01T09:20+00:00", "2024-02-01T04:20-05:00", "2024-02-01 10:20+0100"]
)
def test_a_moment_may_be_asked_for_in_any_zone(asked):
    assert asked_for(asked) == at("202402010920")


def test_a_date_or_state_that_is_none_is_refused(samples):
    assert anode("protocols", "-c", samples, "--at", "tomorrow").code == 2
    assert anode("protocols", "-c", samples, "--state", "good").code == 2


def test_an_archive_without_protocols_lists_none(tmp_path):
    with Archive.open(tmp_path / "anode-data", sync="lazy"):
        pass
    assert anode("protocols", "-c", configuration(tmp_path)).out == "0 protocols\n"


def test_a_peer_tells_the_same_as_its_archive(samples, tmp_path):
    with node(samples.parent / "anode-data") as ours:
        there = anode("protocols", at_(ours), "--at", "2024-04-01", "--json").document
    here = anode("protocols", "-c", samples, "--at", "2024-04-01", "--json").document
    assert len(there) == 4
    assert there == here
