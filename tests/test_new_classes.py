"""What most archives refuse is taken in and given back: new classes, video, private classes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.encaps import encapsulate

from config import catalogue
from config.settings import Archive
from scu import instances
from tests import clients, corpus
from tests.nodes import node, target
from tests.objects import identifier, instance, non_patient, uid, written

NON_PATIENT_GET = {
    "1.2.840.10008.5.1.4.1.1.200.1": "1.2.840.10008.5.1.4.20.3",
    "1.2.840.10008.5.1.4.1.1.200.7": "1.2.840.10008.5.1.4.20.3",
    "1.2.840.10008.5.1.4.1.1.200.3": "1.2.840.10008.5.1.4.1.1.200.6",
    "1.2.840.10008.5.1.4.38.1": "1.2.840.10008.5.1.4.38.4",
    "1.2.840.10008.5.1.4.39.1": "1.2.840.10008.5.1.4.39.4",
    "1.2.840.10008.5.1.4.43.1": "1.2.840.10008.5.1.4.43.4",
    "1.2.840.10008.5.1.4.44.1": "1.2.840.10008.5.1.4.44.4",
    "1.2.840.10008.5.1.4.45.1": "1.2.840.10008.5.1.4.45.4",
    "1.2.840.10008.5.1.4.1.1.201.1": "1.2.840.10008.5.1.4.1.1.201.4",
}
PATIENT_RELATED = [uid_ for uid_, one in catalogue.STORAGE.items() if one.kind == "patient"]


def _round_trip(tmp_path: Path, *objects, archive: Archive | None = None) -> None:
    """Store, then get the study back: the same bytes."""
    paths = written(tmp_path / "o", *objects)
    sent = [instances.read(path) for path in paths]
    with node(tmp_path / "node", archive=archive or Archive(sync="lazy")) as serving:
        assert [one.status for one in clients.send(target(serving), paths)] == [0] * len(paths)
        kept: dict[str, bytes] = {}
        for at in range(0, len(sent), 100):
            for one in sent[at : at + 100]:
                asked = identifier(
                    "IMAGE",
                    StudyInstanceUID=uid("s"),
                    SeriesInstanceUID=uid("e"),
                    SOPInstanceUID=one.sop_instance_uid,
                )
                responses, got = clients.get(target(serving), asked, [one])
                assert responses[-1].status == 0
                kept |= got
    assert kept == {one.sop_instance_uid: corpus.data_set(one) for one in sent}


def test_every_patient_related_class_of_the_standard_is_stored_and_returned(tmp_path: Path):
    _round_trip(tmp_path, *[instance(n, sop_class=one) for n, one in enumerate(PATIENT_RELATED)])


@pytest.mark.parametrize(
    "keyword",
    [
        "RTRadiationSetStorage",
        "CArmPhotonElectronRadiationStorage",
        "EncapsulatedSTLStorage",
        "PlannedImagingAgentAdministrationSRStorage",
        "PerformedImagingAgentAdministrationSRStorage",
        "CTPerformedProcedureProtocolStorage",
    ],
)
def test_the_classes_of_the_new_supplements_are_in_the_catalogue(keyword: str):
    uid_ = catalogue.uid_of(keyword)
    assert uid_ in PATIENT_RELATED


@pytest.mark.parametrize(("sop_class", "model"), NON_PATIENT_GET.items())
def test_objects_of_no_patient_are_stored_and_returned_by_their_own_model(
    sop_class: str, model: str, tmp_path: Path
):
    """PS3.4 HH, II, U, X, BB, JJ: an identifier of SOP Instance UIDs and no level."""
    paths = written(tmp_path / "o", *[non_patient(sop_class, number) for number in range(3)])
    sent = [instances.read(path) for path in paths]
    with node(tmp_path / "node") as serving:
        assert [one.status for one in clients.send(target(serving), paths)] == [0, 0, 0]
        asked = identifier(None, SOPInstanceUID=[one.sop_instance_uid for one in sent[:2]])
        responses, kept = clients.get(target(serving), asked, sent, root=model)
        assert responses[-1].status == 0
        other = "1.2.840.10008.5.1.4.39.4" if "39.4" not in model else "1.2.840.10008.5.1.4.38.4"
        nothing, _ = clients.get(target(serving), asked, sent, root=other)
    assert kept == {one.sop_instance_uid: corpus.data_set(one) for one in sent[:2]}
    assert nothing[-1].completed == 0, "a model reaches only its own classes"


@pytest.mark.parametrize(
    "syntax",
    [
        uid_
        for uid_ in catalogue.STORAGE_TRANSFER_SYNTAXES
        if catalogue.TRANSFER_SYNTAXES[uid_].form in ("encapsulated", "video")
    ],
)
def test_every_encapsulated_transfer_syntax_passes_untouched(syntax: str, tmp_path: Path):
    """HEVC, JPEG XL, HTJ2K and deflated frames among them: the node never looks into pixels."""
    video = instance(1, sop_class="1.2.840.10008.5.1.4.1.1.77.1.1.1")
    video.file_meta.TransferSyntaxUID = syntax
    video.NumberOfFrames = "2"
    video.PixelData = encapsulate([b"\x00\x00\x00\x01first!", b"\x00\x00\x00\x01other!"])
    video["PixelData"].VR = "OB"
    video["PixelData"].is_undefined_length = True
    _round_trip(tmp_path, video)


def test_private_classes_are_kept_only_when_the_configuration_says_so(tmp_path: Path):
    private = instance(1, sop_class="1.3.12.2.1107.5.9.1")
    _round_trip(tmp_path / "yes", private, archive=Archive(sync="lazy", unknown_classes="store"))
    with node(tmp_path / "no") as serving:
        (outcome,) = clients.send(target(serving), written(tmp_path / "o", private))
    assert outcome.status is None
    assert "not accepted" in outcome.comment
