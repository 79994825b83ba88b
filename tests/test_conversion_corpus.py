"""Every compressed file of the corpus, retrieved by a peer that takes only Implicit VR.

What pydicom decodes of the original is what arrives; what cannot be changed is named, and why.
"""

from __future__ import annotations

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


COMPRESSED = [
    compressed
    for group in corpus.groups()
    if (compressed := [one for one in group if _is_compressed(one)])
]


@pytest.mark.parametrize("group", COMPRESSED, ids=[f"{len(group)}" for group in COMPRESSED])
def test_compressed_objects_reach_a_receiver_of_implicit_vr_alone(group, tmp_path: Path):
    classes = {one.sop_class_uid for one in group}
    with receiver(classes, [IMPLICIT]) as (port, received):
        peers = peer("DEST", port), peer(CALLER.ae_title, move_to=("DEST",))
        with node(tmp_path, peers=peers) as serving:
            here = target(serving)
            outcomes = list(store.store_all(here, CALLER, group))
            taken = [one.instance for one in outcomes if one.status == 0]
            found = clients.query(here, identifier("STUDY", StudyInstanceUID=""))
            asked = identifier("STUDY", StudyInstanceUID=[str(s.StudyInstanceUID) for s in found])
            last = clients.move(here, asked, "DEST")[-1] if found else None
        got = {str(one.SOPInstanceUID): one for one in received.data_sets()}
    failed = set(last.failed_uids) if last else set()
    assert {one.sop_instance_uid for one in taken} == set(got) | failed
    for one in taken:
        if one.sop_instance_uid in got:
            _same(dcmread(one.path), got[one.sop_instance_uid])
        else:
            assert not _decodable(dcmread(one.path)), f"{one.path} could have been changed"


def _decodable(original: Dataset) -> bool:
    try:
        original.pixel_array
    except Exception:
        return False
    return True


def _same(original: Dataset, received: Dataset) -> None:
    assert received.file_meta.TransferSyntaxUID == IMPLICIT
    for keyword in ("Rows", "Columns", "PatientName", "StudyInstanceUID", "NumberOfFrames"):
        assert received.get(keyword) == original.get(keyword)
    if "PixelData" in original and _decodable(original):
        name = catalogue.name_of(original.file_meta.TransferSyntaxUID)
        expected = original.pixel_array
        assert received.pixel_array.shape == expected.shape, name
        if str(original.PhotometricInterpretation) == str(received.PhotometricInterpretation):
            assert np.array_equal(received.pixel_array, expected), name
