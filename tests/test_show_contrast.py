"""Contrast administrations, planned against performed: nothing given is left out of the sum."""

import pytest
from pydicom.uid import PerformedImagingAgentAdministrationSRStorage

from iod.reading import contrast
from tests.commands import anode
from tests.test_show import code, item, number, phase, reference, report, saved, step, tree

VOLUME = code("118565006", "SCT", "Volume")
GIVEN = code("130240", "DCM", "Total Phase Volume Administered")
GIVEN_IN_STEP = code("130241", "DCM", "Total Step Volume Administered")
FLOW = code("130208", "DCM", "Starting Flow Rate of administration")
PEAK_FLOW = code("130244", "DCM", "Peak Flow Rate in Phase Activity")
LIMIT = code("130193", "DCM", "Pressure Limit")
PEAK = code("130245", "DCM", "Peak Pressure in Phase Activity")
DELAY = code("130198", "DCM", "Scan Delay")


def missing(name):
    made = item("NUM", name, MeasuredValueSequence=[])
    made.NumericValueQualifierCodeSequence = [code("114006", "DCM", "Measurement failure")]
    return made


def nameless(concept, *below):
    return item("CONTAINER", code(concept, "DCM", "Part"), below=below)


def differences(planned, performed):
    """By step, phase and measure: how they differ."""
    told = contrast.compared(tree(*planned), tree(*performed))
    rows = [dict(zip(told.headings, row, strict=True)) for row in told.rows]
    return {
        (row["Step"], row.get("Phase", ""), row["Measure"]): row.get("Difference", "")
        for row in rows
    }


@pytest.mark.parametrize(
    ("planned", "performed", "measure", "difference"),
    [
        ((VOLUME, "90", "mL"), (GIVEN, "0.0855", "L"), "Volume", "-0.0045 L (-5 %)"),
        ((VOLUME, "90", "ml"), (GIVEN, "90", "cm3"), "Volume", "none"),
        ((FLOW, "4", "mL/s"), (PEAK_FLOW, "240", "ml/min"), "Flow", "none"),
        ((LIMIT, "300", "[psi]"), (PEAK, "2068.4271879504", "kPa"), "Pressure", "none"),
        ((LIMIT, "2000", "kPa"), (PEAK, "300", "[psi]"), "Pressure", "+9.92452 [psi] (+3 %)"),
        ((LIMIT, "10", "bar"), (PEAK, "1.2", "MPa"), "Pressure", "+0.2 MPa (+20 %)"),
        ((DELAY, "35", "s"), (DELAY, "36500", "ms"), "Time", "+1500 ms (+4 %)"),
        ((DELAY, "0", "s"), (DELAY, "2", "s"), "Time", "+2 s"),
    ],
)
def test_amounts_in_other_units_are_compared(planned, performed, measure, difference):
    sides = ([step("S", phase("P", number(*each)))] for each in (planned, performed))
    assert differences(*sides) == {("S", "P", measure): difference}


def test_a_phase_that_was_given_twice_counts_twice():
    plan = [step("S", phase("P", number(VOLUME, "90", "ml"), number(FLOW, "4", "ml/s")))]
    given = [
        step("S", phase("P", number(GIVEN, volume, "ml"), number(PEAK_FLOW, flow, "ml/s")))
        for volume, flow in (("40", "5"), ("48", "3"))
    ]
    assert differences(plan, given) == {
        ("S", "P", "Volume"): "-2 ml (-2 %)",
        ("S", "P", "Flow"): "+1 ml/s (+25 %)",
    }


def test_the_volume_of_a_step_is_compared_with_all_its_phases():
    phases = [phase(volume, number(VOLUME, volume, "ml")) for volume in ("90", "40")]
    given = [step("S", number(GIVEN_IN_STEP, "124.2", "ml"))]
    assert differences([step("S", *phases)], given)["S", "", "Volume"] == "-5.8 ml (-4 %)"


def test_what_was_given_without_a_plan_and_planned_without_being_given_is_told():
    plan = [step("S1", phase("P", number(VOLUME, "9", "ml"))), step("S2", number(DELAY, "5", "s"))]
    given = [step("S1", phase("Q", number(GIVEN, "9", "ml")))]
    assert differences(plan, given) == {
        ("S1", "P", "Volume"): "not performed",
        ("S2", "", "Time"): "not performed",
        ("S1", "Q", "Volume"): "not planned",
    }


def test_a_missing_value_is_told_and_compared_with_nothing():
    plan = tree(step("S", phase("P", number(VOLUME, "90", "ml"))))
    given = tree(step("S", phase("P", missing(GIVEN), missing(PEAK))))
    rows = contrast.compared(plan, given).rows
    assert rows == (
        (
            "S",
            "P",
            "Volume",
            "Volume: 90 ml",
            f"{GIVEN.CodeMeaning}: no value: Measurement failure",
        ),
        ("S", "P", "Pressure", "", f"{PEAK.CodeMeaning}: no value: Measurement failure"),
    )


def test_steps_and_phases_without_a_name_are_told_by_their_place():
    sides = (
        [nameless("130195", *(nameless("130202", number(name, each, "ml")) for each in volumes))]
        for name, volumes in ((VOLUME, ("90", "40")), (GIVEN, ("90", "38")))
    )
    assert differences(*sides) == {
        ("no. 1", "no. 1", "Volume"): "none",
        ("no. 1", "no. 2", "Volume"): "-2 ml (-5 %)",
    }


def test_of_a_curve_the_highest_point_is_told():
    seconds = [number(code("130194", "DCM", "Time after the start"), at, "s") for at in "048"]
    points = [
        number("Pressure", pressure, unit, below=[second])
        for pressure, unit, second in zip(
            ("0", "1.9", "60"), ("kPa", "MPa", "kPa"), seconds, strict=True
        )
    ]
    curve = item("CONTAINER", code("130230", "DCM", "Pressure vs Time"), below=points)
    told = contrast.compared(tree(step("S", number(LIMIT, "2100", "kPa"))), tree(step("S", curve)))
    assert told.rows == (
        (
            "S",
            "Pressure",
            "Pressure Limit: 2100 kPa",
            "Pressure, at most: 1.9 MPa",
            "-0.2 MPa (-10 %)",
        ),
    )


def test_a_plan_that_is_not_there_is_named(tmp_path):
    plan = item(
        "COMPOSITE",
        code("130236", "DCM", "Planned Imaging Agent Administration SOP Instance"),
        ReferencedSOPSequence=[reference(PerformedImagingAgentAdministrationSRStorage, "1.2.9")],
    )
    path = saved(tmp_path, report(plan, klass=PerformedImagingAgentAdministrationSRStorage))
    assert "1.2.9 is not here" in anode("show", path).out
