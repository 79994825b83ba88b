"""What tests need of nodes: a real one in this process, the settings of one, objects to send.

    with node(tmp_path) as ours:
        echo(target(ours), Caller("TESTER"))

A node listens on a free port of 127.0.0.1 and keeps its archive in the folder it is given.  With
no peers it serves any AE title from here; `peer` makes the entry by which one node knows another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from config.settings import Archive, Listener, Peer, Settings
from config.settings import Node as NodeTable
from scp.node import Node
from scu.associate import Target

HERE = "127.0.0.1"


def settings(
    data: Path, ae_title: str = "ANODE", peers: tuple[Peer, ...] = (), **tables: Any
) -> Settings:
    """Settings of a node on a free port; `tables` are others of Settings, as limits=Limits(...)."""
    tables.setdefault("archive", Archive(sync="lazy"))
    tables.setdefault("listener", (Listener(host=HERE, port=0),))
    return Settings(node=NodeTable(ae_title=ae_title, data=data, workers=1), peer=peers, **tables)


@contextmanager
def node(
    data: Path, ae_title: str = "ANODE", peers: tuple[Peer, ...] = (), **tables: Any
) -> Iterator[Node]:
    """A serving node; it is drained and closed at the end."""
    with Node(settings(data, ae_title, peers, **tables)) as serving:
        yield serving


def port(serving: Node) -> int:
    """Where the node listens."""
    return serving.addresses[0][1]


def target(serving: Node) -> Target:
    """The node as an SCU calls it."""
    return Target(serving.settings.node.ae_title, HERE, port(serving))


def peer(ae_title: str, at: int | None = None, **keys: Any) -> Peer:
    """A [[peer]] on this machine; `at` is the port it listens on."""
    return Peer(ae_title=ae_title, host=HERE, port=at, **keys)


def instance(**values: Any) -> Dataset:
    """A small CT image, complete enough to be stored; values by keyword, None leaves one out."""
    known: dict[str, Any] = {
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": generate_uid(),
        "StudyDate": "20240131",
        "StudyTime": "101112",
        "AccessionNumber": "A1",
        "Modality": "CT",
        "StudyDescription": "Head",
        "SeriesDescription": "Axial",
        "PatientName": "Doe^Jane",
        "PatientID": "P1",
        "PatientBirthDate": "19700101",
        "PatientSex": "F",
        "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.1",
        "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.1.1",
        "StudyID": "1",
        "SeriesNumber": "1",
        "InstanceNumber": "1",
    }
    made = Dataset()
    for keyword, value in {**known, **values}.items():
        if value is not None:
            setattr(made, keyword, value)
    return made


def written(path: Path, made: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> Path:
    """The object as a Part 10 file at `path`."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = made.SOPClassUID
    meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    meta.TransferSyntaxUID = transfer_syntax
    made.file_meta = meta
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, made, enforce_file_format=True)
    return path
