"""A CT volume, its segmentation, and the views that volumetric presentation states give of it.

PS3.3 A.80: a grey and a coloured planar reconstruction, and three volume renderings (of one
volume, of the parts a segmentation names, of two volumes). PS3.4 B.5.1.24 and FF say how many
inputs each class has. All is in one frame of reference, so no registration is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydicom import Dataset

from iod.samples import segmented, tomography
from iod.samples.identity import uid
from iod.samples.subjects import ANNA, Equipment, Series, Study
from iod.samples.volumestates import Inputs, planar_states, renderings

_STUDY: Final = Study("volume", ANNA, "Abdomen, views of a volume")
_SCANNER: Final = Equipment("Anode", "Sample CT")
_STATION: Final = Equipment("Anode", "Sample Workstation")
_FRAME: Final = uid("frame", "volume")


def _series(number: int, modality: str, description: str) -> Series:
    return Series(_STUDY, modality, number, description, _STATION)


def _volume() -> list[Dataset]:
    return tomography.slices(Series(_STUDY, "CT", 1, "Volume", _SCANNER), _FRAME)


def _named(states: Sequence[tuple[str, Dataset]]) -> dict[str, Dataset]:
    return dict(states)


def instances() -> dict[str, Dataset]:
    """The slices, the segmentation as binary planes and as a label map, the five states."""
    volume = _volume()
    binary = segmented.binary(_series(2, "SEG", "Bone and vessel"), volume)
    labels = segmented.label_map(_series(3, "SEG", "Bone and vessel, label map"), volume)
    inputs = Inputs(_FRAME, volume, binary)
    return {
        **{f"ct-{number:02}": each for number, each in enumerate(volume, 1)},
        "segmentation": binary,
        "label-map": labels,
        **_named(planar_states(_series(4, "PR", "Planar views"), inputs)),
        **_named(renderings(_series(5, "PR", "Renderings"), inputs)),
    }
