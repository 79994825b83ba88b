"""Algorithm Identification Macro, PS3.3 10.16."""

from __future__ import annotations

from pydicom import Dataset

from iod.samples.items import item


def algorithm(name: str, family: Dataset) -> Dataset:
    """Who computed it; the family's codes are of the context group that the user of it names."""
    return item(AlgorithmFamilyCodeSequence=[family], AlgorithmName=name, AlgorithmVersion="1.0")
