"""CT protocols: defined, approved, performed (Supplements 121 and 192).

Version 1 was approved and is deprecated now, version 2 is approved and in use, version 3 is a
draft that nobody has approved, and one for children was approved and then withdrawn. Version 2 was
performed, which gave the images of the family.
"""

from __future__ import annotations

from pydicom import Dataset

from iod.samples.ct_approvals import approvals
from iod.samples.ct_defined import Version, defined
from iod.samples.ct_images import phantom, slice_of
from iod.samples.ct_performed import IMAGES, performed
from iod.samples.items import put

_SLICES = 3
# Each is written before it is approved (`ct_approvals`), and the second before it is performed.
_FIRST = Version("Abdomen routine", 1, 120, "20230105")
_SECOND = Version("Abdomen routine", 2, 100, "20240129")
_DRAFT = Version("Abdomen routine", 3, 90, "20240311")
_CHILD = Version("Abdomen, child", 1, 80, "20230106")


def instances() -> dict[str, Dataset]:
    """The protocols with what was said of them and done by them."""
    first = defined("abdomen-1", _FIRST)
    second = defined("abdomen-2", _SECOND, predecessor=first)
    draft = defined("abdomen-3", _DRAFT, predecessor=second)
    children = defined("children-1", _CHILD)
    images = [
        put(slice_of(IMAGES, number, phantom()), KVP=_SECOND.kvp)
        for number in range(1, _SLICES + 1)
    ]
    return {
        "defined-1": first,
        "defined-2": second,
        "defined-3-draft": draft,
        "defined-children": children,
        **approvals(first, second, children),
        **{f"image-{number}": each for number, each in enumerate(images, start=1)},
        "performed": performed(second, images, _SECOND.kvp),
    }
