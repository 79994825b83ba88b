"""Rules of ours: what the tables of PS3.3 cannot say, each a row with its name and clause.

Law: a rule is a function of the object that tells paths and what is wrong there; the row says for
which classes it is and how bad that is.  Names are for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from iod.checks import (
    documents,
    entities,
    geometry,
    images,
    numbering,
    presentations,
    protocols,
    relations,
    reports,
    video,
)
from iod.checks.findings import Finding, Severity
from iod.checks.objects import Checked, Told


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; without classes it is for every object."""

    name: str
    judge: Callable[[Checked], Told]
    clause: str
    classes: frozenset[str] = frozenset()
    severity: Severity = "error"


RULES: Final = (
    Rule("number.unique", numbering.unique, "PS3.3 C.8.8"),
    Rule("number.ordinal", numbering.ordinal, "PS3.3 C"),
    Rule("number.unknown", numbering.pointing, "PS3.3 C"),
    Rule("number.count", numbering.counts, "PS3.3 C"),
    Rule("reference.class", relations.classes, "PS3.3 10.8"),
    Rule("uid.same", entities.same, "PS3.5 9"),
    Rule("uid.place", entities.place, "PS3.5 9", severity="warning"),
    Rule("frames.single", entities.frames, "PS3.3 A", severity="warning"),
    Rule("private.creator", entities.private, "PS3.5 7.8.1", severity="warning"),
    Rule("document.mime", documents.mime, "PS3.3 C.24.2", documents.CLASSES),
    Rule("document.length", documents.length, "PS3.3 C.24.2", documents.CLASSES),
    Rule("document.content", documents.content, "PS3.3 C.24.2", documents.CLASSES),
    Rule("pixel.size", images.size, "PS3.5 8.1.1"),
    Rule("pixel.fragments", images.encapsulation, "PS3.5 A.4"),
    Rule("pixel.bits", images.bits, "PS3.5 8.1.1"),
    Rule("pixel.lossy", images.lossy, "PS3.3 C.7.6.1.1.5"),
    Rule("pixel.samples", images.samples, "PS3.3 C.7.6.3.1.2"),
    Rule("geometry.spacing", geometry.spacing, "PS3.3 10.7.1.3"),
    Rule("geometry.distance", geometry.distance, "PS3.3 C.7.6.2", severity="warning"),
    Rule("voi.window", presentations.windows, "PS3.3 C.11.2.1.2"),
    Rule("geometry.orientation", geometry.orientation, "PS3.3 C.7.6.2.1.1"),
    Rule("multi-energy.flag", images.multi_energy, "PS3.3 C.8.2.1", images.CT),
    Rule("multi-energy.units", images.multi_energy_units, "PS3.3 A.38.1.4", images.CT),
    Rule("tract.points", images.tracks, "PS3.3 C.8.33.2", images.TRACTS),
    Rule("blending.number", presentations.blending_numbers, "PS3.3 C.11.33",
         presentations.BLENDING),
    Rule("blending.input", presentations.blending_inputs, "PS3.3 C.11.33", presentations.BLENDING),
    Rule("blending.threshold", presentations.thresholds, "PS3.3 C.11.33", presentations.BLENDING),
    Rule("volume.input-set", presentations.input_sets, "PS3.3 C.11.23", presentations.VOLUMETRIC),
    Rule("approval.expiry", protocols.expiry, "PS3.3 C.34.15", protocols.APPROVAL),
    Rule("protocol.modality", protocols.modality, "PS3.3 C.34.6", protocols.PROTOCOLS),
    Rule("sr.title", reports.title, "PS3.16", reports.TITLED),
    Rule("sr.empty", reports.empty, "PS3.3 C.17.3", reports.DOCUMENTS, "warning"),
    Rule("sr.timezone", reports.timezone, "PS3.3 C.12.5", reports.ECHO),
    Rule("sr.evidence", reports.evidence, "PS3.3 C.17.2.3", reports.DOCUMENTS, "warning"),
    Rule("sr.by-value", reports.by_value, "PS3.3 A.35", reports.BY_VALUE),
    Rule("sr.class-type", reports.class_types, "PS3.3 A.35", reports.TYPED),
    Rule("sr.basic-text", reports.basic_types, "PS3.3 A.35.1", reports.BASIC),
    *(Rule(name, judge, "PS3.5 8.2.5 to 8.2.11") for name, judge in video.RULES),
)  # fmt: skip


def judged(checked: Checked) -> Iterator[Finding]:
    """What is wrong with an object by every rule for its class."""
    for rule in RULES:
        if not rule.classes or checked.sop_class_uid in rule.classes:
            for path, message in rule.judge(checked):
                yield Finding(rule.severity, path, rule.name, message, rule.clause)
    yield from relations.roles(checked)
