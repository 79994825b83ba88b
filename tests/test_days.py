"""Days of those who work with a node, from the first query to the last object (issue 6)."""

from pathlib import Path

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.presentation import build_role
from pynetdicom.sop_class import (
    EncapsulatedSTLStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
)

from iod.wrapping.inspecting import inspect
from iod.wrapping.kinds import BY_NAME
from tests import wrapped
from tests.commands import anode, at
from tests.devices import WAYS, Secured, listening, secured
from tests.nodes import HERE, node
from tests.objects import identifier
from tests.wrapped import ct, put

PENDING, SUCCESS = 0xFF00, 0x0000


class Printer:
    """A 3D printer, by pynetdicom: it asks for models, gets them, and keeps what comes."""

    def __init__(self, serving, folder: Path, way: Secured | None) -> None:
        self.folder = folder
        folder.mkdir()
        ae = AE("PRINTER")
        ae.add_requested_context(StudyRootQueryRetrieveInformationModelFind)
        ae.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
        ae.add_requested_context(EncapsulatedSTLStorage, ExplicitVRLittleEndian)
        self._association = ae.associate(
            HERE, serving.addresses[-1][1], ae_title="ANODE",
            ext_neg=[build_role(EncapsulatedSTLStorage, scp_role=True)],
            tls_args=(way.calling(), HERE) if way else None,
            evt_handlers=[(evt.EVT_C_STORE, self._keep)],
        )  # fmt: skip
        assert self._association.is_established

    def __enter__(self) -> "Printer":
        return self

    def __exit__(self, *_: object) -> None:
        self._association.release()

    def find(self, level, **keys) -> list[Dataset]:
        model = StudyRootQueryRetrieveInformationModelFind
        answers = list(self._association.send_c_find(identifier(level, **keys), model))
        assert answers[-1][0].Status == SUCCESS
        return [found for status, found in answers if status.Status == PENDING]

    def get(self, **keys) -> None:
        model = StudyRootQueryRetrieveInformationModelGet
        answers = list(self._association.send_c_get(identifier("IMAGE", **keys), model))
        assert answers[-1][0].Status == SUCCESS

    def _keep(self, event) -> int:
        uid = event.request.AffectedSOPInstanceUID
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = EncapsulatedSTLStorage, uid
        meta.TransferSyntaxUID = event.context.transfer_syntax
        received = event.dataset
        received.file_meta = meta
        dcmwrite(self.folder / f"{uid}.dcm", received, enforce_file_format=True)
        return SUCCESS


@pytest.fixture
def revisions(tmp_path):
    """A model of a scan, and its revision, each as the file it was and as its object."""
    scan = ct(tmp_path / "ct")
    first, second = wrapped.binary(), wrapped.binary(wrapped.triangles(size=12.0))
    ran = anode(
        "wrap", put(tmp_path / "one.stl", first), "--patient-from", scan[0], "--source",
        scan[0].parent, "--title", "Skull plate", "--model-purpose", "implant",
        "-o", tmp_path / "one.dcm",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    file = put(tmp_path / "two.stl", second)
    ran = anode("wrap", file, "--replaces", tmp_path / "one.dcm", "-o", tmp_path / "two.dcm")
    assert ran.code == 0, ran.err
    return scan, (tmp_path / "one.dcm", first), (tmp_path / "two.dcm", second)


@pytest.mark.parametrize("way", WAYS)
def test_a_3d_printers_day(tmp_path, revisions, way):
    scan, (one, _), (two, model) = revisions
    way = secured(way, tmp_path / "ca")
    with node(tmp_path / "node", **listening(way)) as serving:
        ran = anode("send", at(serving), *scan, one, two)
        assert ran.code == 0, ran.err
        with Printer(serving, tmp_path / "printer", way) as printer:
            (study,) = printer.find("STUDY", PatientID="P1", ModalitiesInStudy="M3D")
            keys = {"StudyInstanceUID": study.StudyInstanceUID}
            (series,) = printer.find("SERIES", **keys, Modality="M3D", SeriesInstanceUID="")
            keys["SeriesInstanceUID"] = series.SeriesInstanceUID
            wanted = {"SOPClassUID": EncapsulatedSTLStorage, "InstanceNumber": ""}
            found = printer.find("IMAGE", **keys, **wanted, SOPInstanceUID="")
            assert sorted(int(each.InstanceNumber) for each in found) == [1, 2]
            newest = max(found, key=lambda each: int(each.InstanceNumber))
            printer.get(**keys, SOPInstanceUID=newest.SOPInstanceUID)
        (got,) = printer.folder.iterdir()
    received = dcmread(got)
    (before,) = received.PredecessorDocumentsSequence[0].ReferencedSeriesSequence
    (reference,) = before.ReferencedSOPSequence
    assert reference.ReferencedSOPInstanceUID == dcmread(one).SOPInstanceUID
    assert received.DocumentTitle == "Skull plate"
    out = tmp_path / "to-print.stl"
    ran = anode("unwrap", got, "-o", out)
    assert ran.code == 0, ran.err
    assert out.read_bytes() == model
    printable = inspect(BY_NAME["STL"], out.read_bytes())
    assert printable.facts["watertight"] is True
    assert printable.facts["extents"] == [12, 12, 12]
    assert received.MeasurementUnitsCodeSequence[0].CodeValue == "mm"
    assert printable.notes == ()
