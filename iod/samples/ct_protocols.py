"""CT protocols: defined, approved, performed (Supplements 121 and 192).

Version 1 was approved and is deprecated now, version 2 is approved and in use, version 3 is a
draft that nobody has approved, and one for children was approved and then withdrawn. Version 2 was
performed, which gave the images of the family.
"""

from __future__ import annotations

from pydicom import Dataset

from iod.samples.ct_approvals import approvals
from iod.samples.ct_defined import defined
from iod.samples.ct_images import phantom, slice_of
from iod.samples.ct_performed import IMAGES, performed

_SLICES = 3


def instances() -> dict[str, Dataset]:
    """The protocols with what was said of them and done by them."""
    first = defined("abdomen-1", "Abdomen routine", 1, kvp=120)
    second = defined("abdomen-2", "Abdomen routine", 2, kvp=100, predecessor=first)
    draft = defined("abdomen-3", "Abdomen routine", 3, kvp=90, predecessor=second)
    children = defined("children-1", "Abdomen, child", 1, kvp=80)
    images = [slice_of(IMAGES, number, phantom()) for number in range(1, _SLICES + 1)]
    return {
        "defined-1": first,
        "defined-2": second,
        "defined-3-draft": draft,
        "defined-children": children,
        **approvals(first, second, children),
        **{f"image-{number}": each for number, each in enumerate(images, start=1)},
        "performed": performed(second, images),
    }
