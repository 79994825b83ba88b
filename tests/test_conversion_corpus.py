"""Every compressed file of the corpus, retrieved by a peer that takes only Implicit VR.

What pydicom decodes of the original is what arrives; what cannot be changed is named, and why.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from config import catalogue
from scu import store
from scu.instances import FileInstance
from tests import clients, corpus
from tests.clients import CALLER
from tests.nodes import node, peer, target
from tests.objects import identifier
from tests.receivers import IMPLICIT, receiver


def _is_compressed(one: FileInstance) -> bool:
    return catalogue.TRANSFER_SYNTAXES[one.transfer_syntax_uid].form in ("encapsulated", "video")


COMPRESSIONS = {
    "jpeg-ls": "1.2.840.10008.1.2.4.80",
    "jpeg-2000": "1.2.840.10008.1.2.4.90",
    "rle": "1.2.840.10008.1.2.5",
}
COMPRESSED = [
    compressed
    for group in corpus.groups()
    if (compressed := [one for one in group if _is_compressed(one)])
]


@pytest.mark.parametrize("group", COMPRESSED, ids=[f"{len(group)}" for group in COMPRESSED])
def test_compressed_objects_reach_a_receiver_of_implicit_vr_alone(group, tmp_path: Path):
    taken, got, failed = _moved(group, IMPLICIT, tmp_path)
    assert {one.sop_instance_uid for one in taken} == set(got) | failed
    for one in taken:
        if one.sop_instance_uid in got:
            _same(dcmread(one.path), got[one.sop_instance_uid], IMPLICIT)
        else:
            assert not _decodable(dcmread(one.path)), f"{one.path} could have been changed"


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_images_reach_a_receiver_of_one_compression_alone(name: str, tmp_path: Path, caplog):
    group = corpus.groups()[0]
    taken, got, failed = _moved(group, COMPRESSIONS[name], tmp_path, compress=(name,))
    assert {one.sop_instance_uid for one in taken} >= set(got) | failed
    assert len(got) > 60
    for one in taken:
        if one.sop_instance_uid in got:
            _same(dcmread(one.path), got[one.sop_instance_uid], COMPRESSIONS[name])
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    causes = [each for each in told if each.startswith("retrieve of ")]
    assert len(causes) == len(failed), "every failure is named in the log"


def _moved(
    group: Sequence[FileInstance], syntax: str, folder: Path, **keys: object
) -> tuple[list[FileInstance], dict[str, Dataset], set[str]]:
    """What the node took, what a receiver of one transfer syntax got of it, and what failed."""
    classes = {one.sop_class_uid for one in group}
    with receiver(classes, [syntax]) as (port, received):
        peers = peer("DEST", port, **keys), peer(CALLER.ae_title, move_to=("DEST",))
        with node(folder, peers=peers) as serving:
            here = target(serving)
            outcomes = list(store.store_all(here, CALLER, group))
            found = clients.query(here, identifier("STUDY", StudyInstanceUID=""))
            asked = identifier("STUDY", StudyInstanceUID=[str(s.StudyInstanceUID) for s in found])
            last = clients.move(here, asked, "DEST")[-1] if found else None
        got = {str(one.SOPInstanceUID): one for one in received.data_sets()}
    taken = [one.instance for one in outcomes if one.status == 0]
    return taken, got, set(last.failed_uids) if last else set()


def _decodable(original: Dataset) -> bool:
    try:
        return original.pixel_array is not None
    except Exception:  # noqa: BLE001 - whatever its decoders raise
        return False


def _same(original: Dataset, received: Dataset, syntax: str) -> None:
    assert received.file_meta.TransferSyntaxUID == syntax
    for keyword in ("Rows", "Columns", "PatientName", "StudyInstanceUID", "NumberOfFrames"):
        assert received.get(keyword) == original.get(keyword)
    if "PixelData" in original and _decodable(original):
        name = catalogue.name_of(original.file_meta.TransferSyntaxUID)
        expected = original.pixel_array
        assert received.pixel_array.shape == expected.shape, name
        if str(original.PhotometricInterpretation) == str(received.PhotometricInterpretation):
            assert np.array_equal(received.pixel_array, expected), name
