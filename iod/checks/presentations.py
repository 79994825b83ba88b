"""Presentation states that blend and that render volumes, PS3.3 C.11.22, C.11.23, C.11.33.

Law: inputs are named by number within the instance; whatever uses one uses one that is there.
"""

from __future__ import annotations

from typing import Final

from iod.checks.objects import CLASS, Checked, Told, along, each

BLENDING: Final = frozenset((CLASS + "11.8",))
VOLUMETRIC: Final = frozenset(CLASS + f"11.{n}" for n in (6, 7, 9, 10, 11))
_WIDE: Final = {False: "at least 1 wide, where its function is LINEAR", True: "wider than 0"}
_TWO: Final = ("RANGE_INCL", "RANGE_EXCL")


def windows(checked: Checked) -> Told:
    """C.11.2.1.2: a linear window is at least 1 wide, any other wider than nothing."""
    for path, item in each(checked.root):
        widths = item.numbers("WindowWidth")
        exact = item.text("VOILUTFunction") in ("LINEAR_EXACT", "SIGMOID")
        if widths and (min(widths) <= 0 or (min(widths) < 1 and not exact)):
            yield f"{path}WindowWidth", f"is {min(widths):g}; a window is {_WIDE[exact]}"


def blending_numbers(checked: Checked) -> Told:
    """C.11.33.1: inputs, then the results that are blended further, count from 1."""
    named = [
        (path, item.number("BlendingInputNumber"))
        for name in ("AdvancedBlendingSequence", "BlendingDisplaySequence")
        for path, item in along(checked.root, name)
        if item.has("BlendingInputNumber")
    ]
    for wanted, (path, number) in enumerate(named, 1):
        if number != wanted:
            message = f"is {number or 0:g}; inputs and results count from 1, so it is {wanted}"
            yield f"{path}BlendingInputNumber", message
            return


def blending_inputs(checked: Checked) -> Told:
    """What is blended is an input, or the result of a step before."""
    known = {item.number("BlendingInputNumber")
             for _, item in along(checked.root, "AdvancedBlendingSequence")}  # fmt: skip
    for path, step in along(checked.root, "BlendingDisplaySequence"):
        inputs = list(along(step, "BlendingDisplayInputSequence", path))
        for where, item in inputs:
            number = item.number("BlendingInputNumber")
            if number is not None and number not in known:
                yield f"{where}BlendingInputNumber", f"is {number:g}, no input and no result so far"
        if step.text("BlendingMode") == "FOREGROUND" and len(inputs) != 2:
            where = f"{path}BlendingDisplayInputSequence"
            yield where, f"has {len(inputs)} items; FOREGROUND blends two"
        known.add(step.number("BlendingInputNumber"))


def thresholds(checked: Checked) -> Told:
    """C.11.33: a range has two values, any other threshold one."""
    for path, item in along(checked.root, "AdvancedBlendingSequence.ThresholdSequence"):
        wanted = 2 if item.text("ThresholdType") in _TWO else 1
        found = len(item.items("ThresholdValueSequence"))
        if found and found != wanted:
            yield f"{path}ThresholdValueSequence", f"has {found} items; this threshold has {wanted}"


def input_sets(checked: Checked) -> Told:
    """C.11.23: an input uses an input set of this instance."""
    there = along(checked.root, "VolumetricPresentationInputSetSequence")
    sets = {item.text("VolumetricPresentationInputSetUID") for _, item in there}
    for path, item in along(checked.root, "VolumetricPresentationStateInputSequence"):
        uid = item.text("VolumetricPresentationInputSetUID")
        if uid and uid not in sets:
            yield f"{path}VolumetricPresentationInputSetUID", "is that of no input set here"
