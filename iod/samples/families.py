"""The table of families: what belongs together, which SOP classes it has, where it is made.

A family is a module `iod/samples/NAME.py` (a hyphen becomes an underscore) with a function
`instances()`: what it makes by name, in an order in which each refers to earlier ones only, as far
as objects can. A new family is one row here and one module. tests/test_samples.py compares.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."


@dataclass(frozen=True, slots=True)
class Family:
    """Instances that refer to each other; `classes` are their SOP classes, by UID.

    `needs` is an optional library, if the family needs one, and what is said when it is not there.
    """

    name: str
    told: str
    classes: tuple[str, ...]
    needs: tuple[str, str] | None = None

    @property
    def module(self) -> str:
        """Where it is made."""
        return f"iod.samples.{self.name.replace('-', '_')}"


def _family(name: str, told: str, *classes: str, needs: tuple[str, str] | None = None) -> Family:
    """A row; a class is written without the root that nearly all have (PS3.6 Annex A)."""
    whole = tuple(each if each.startswith("1.2.") else _STORAGE + each for each in classes)
    return Family(name, told, whole, needs)


FAMILIES: Final = (
    _family(
        "radiotherapy",
        "Planning images, structure set, segment annotation, intent, radiations, radiation set",
        "2",
        "481.3",
        "481.10",
        "481.11",
        "481.12",
        "481.13",
    ),
    _family(
        "brachytherapy",
        "An HDR plan and the instruction to deliver a fraction of it",
        "481.5",
        "1.2.840.10008.5.1.4.34.10",
    ),
    _family(
        "ct-protocols",
        "CT protocols defined, approved, deprecated, withdrawn and performed, with the images",
        "2",
        "200.1",
        "200.2",
        "200.3",
    ),
    _family(
        "multi-energy",
        "CT at two energies: monoenergetic images and iodine maps, classic and enhanced",
        *("2", "2.1", "2.2"),
    ),
    _family(
        "contrast",
        "A contrast administration, planned and performed, with flow and pressure",
        *("88.74", "88.75"),
    ),
    _family("dose", "The dose a CT scan gave, and what the organs took", *("88.67", "88.73")),
    _family("echo", "A simplified adult echocardiography report", "88.72"),
    _family("small-animal", "How a mouse was kept and anaesthetised for its scan", "88.71"),
    _family(
        "measurements",
        "CT images and what was measured on them: TID 1500 and an Extensible SR",
        *("2", "88.22", "88.33", "88.34", "88.35"),
    ),
    _family(
        "content-assessment",
        "An RT Plan and the result of its assessment",
        "481.5",
        "90.1",
    ),
    _family(
        "displays",
        "A colour palette and a hanging protocol that uses it",
        *("1.2.840.10008.5.1.4.39.1", "1.2.840.10008.5.1.4.38.1"),
    ),
    _family(
        "implants",
        "Implant templates of a hip, their assembly and their sizes",
        *("1.2.840.10008.5.1.4.43.1", "1.2.840.10008.5.1.4.44.1", "1.2.840.10008.5.1.4.45.1"),
    ),
    _family("inventory", "An inventory of an archive, with what it lists", *("2", "201.1")),
    _family("clinical-document", "An imaging report as an HL7 clinical document", "104.2"),
    _family(
        "printing",
        "A model for a 3D printer: STL in two revisions, OBJ with materials and texture, a PDF",
        *("104.3", "104.4", "104.5", "104.1", "7.4"),
    ),
    _family(
        "volume",
        "A CT volume, its segmentation, planar reconstructions and volume renderings of it",
        *("2", "66.4", "66.7", "11.6", "11.7", "11.9", "11.10", "11.11"),
    ),
    _family(
        "parametric-map",
        "A map of diffusion coefficients, blended over the anatomy",
        *("4", "30", "11.8"),
    ),
    _family("tractography", "Tracks found in diffusion images", *("4", "66.6")),
    _family(
        "oct",
        "Tomography of a retina, the flow in it, an en face image",
        *("77.1.5.1", "77.1.5.4", "77.1.5.7", "77.1.5.8"),
    ),
    _family("wide-field", "Wide field photographs of a retina", *("77.1.5.5", "77.1.5.6")),
    _family(
        "xray-3d",
        "A rotational angiography as a volume, and its protocol: defined, approved, performed",
        *("13.1.1", "200.3", "200.7", "200.8"),
    ),
    _family(
        "video",
        "A video in each H.264 and HEVC transfer syntax",
        *("3.1", "77.1.1.1", "77.1.2.1", "77.1.4.1"),
        needs=("av", f"PyAV is not installed: {shlex.quote(sys.executable)} -m pip install av"),
    ),
)
BY_NAME: Final[Mapping[str, Family]] = MappingProxyType({each.name: each for each in FAMILIES})


def chosen(names: frozenset[str]) -> tuple[Family, ...]:
    """The families that any of these names or SOP class UIDs asks for; all when there is none."""
    if not names:
        return FAMILIES
    return tuple(each for each in FAMILIES if names & {each.name, *each.classes})


def asked_for(family: Family, sop_class_uid: str, names: frozenset[str]) -> bool:
    """Whether an instance of this class is among what was asked for."""
    return not names or family.name in names or sop_class_uid in names
