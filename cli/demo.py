"""`make demo`: a short story told by the real commands, against two nodes of this process.

Two nodes start in a folder that is gone afterwards; three objects are stored at the first, found,
moved to the second, and gotten back from it.  What comes back is compared byte for byte.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from rich.markup import escape

from cli import show, sources
from cli.main import run
from config.listeners import Listener
from config.peers import Peer
from config.settings import Archive, Settings
from config.settings import Node as NodeTable
from scp.node import Node

HERE = "127.0.0.1"
OBJECTS = 3


def main() -> int:
    """Tell the story; 0 when it ends well."""
    with tempfile.TemporaryDirectory(prefix="anode-demo-") as name, _nodes(Path(name)) as ports:
        return _story(Path(name), *ports)


@contextmanager
def _nodes(folder: Path) -> Iterator[tuple[int, int]]:
    """FIRST and SECOND; the first knows the second, and us."""
    with Node(_settings(folder / "second", "SECOND")) as second:
        port = second.addresses[0][1]
        ours = Peer(ae_title="DEMO", host=HERE, move_to=("SECOND",))
        other = Peer(ae_title="SECOND", host=HERE, port=port)
        with Node(_settings(folder / "first", "FIRST", (ours, other))) as first:
            yield first.addresses[0][1], port


def _settings(data: Path, ae_title: str, peers: tuple[Peer, ...] = ()) -> Settings:
    return Settings(
        node=NodeTable(ae_title=ae_title, data=data, workers=1),
        listener=(Listener(host=HERE, port=0),),
        peer=peers,
        archive=Archive(sync="lazy"),
    )


def _story(folder: Path, first_port: int, second_port: int) -> int:
    first, second = f"FIRST@{HERE}:{first_port}", f"SECOND@{HERE}:{second_port}"
    study = generate_uid()
    key = f"StudyInstanceUID={study}"
    made, got = folder / "made", folder / "got"
    _objects(made, study)
    steps = (
        ("Is it there?", ["echo", first]),
        (f"Store {OBJECTS} CT images.", ["send", first, str(made)]),
        ("Find their study.", ["find", first, "-k", "PatientName=DEMO*"]),
        ("Move it to another node.", ["move", first, "SECOND", "-k", key]),
        ("Get it back from there.", ["get", second, "-k", key, "-o", str(got)]),
    )  # fmt: skip
    for told, command in steps:
        _line(f"\n[bold]{escape(told)}[/]\n[dim]$ anode {escape(' '.join(command))} --aet DEMO[/]")
        code = run([*command, "--aet", "DEMO"])
        if code:
            _line(f"[bold red]That ended with exit code {code}.[/]")
            return code
    return _compared(made, got)


def _compared(made: Path, got: Path) -> int:
    before, after = _data_sets(made), _data_sets(got)
    same = before == after and len(before) == OBJECTS
    said = "byte for byte what was sent" if same else "NOT what was sent"
    _line(f"\n[bold {'green' if same else 'red'}]What came back is {said}.[/]")
    return 0 if same else 1


def _data_sets(folder: Path) -> dict[str, bytes]:
    """Data set bytes by SOP Instance UID: meta information is each writer's own."""
    found = sources.collect([folder]).sources
    return {each.sop_instance_uid: each.path.read_bytes()[each.offset :] for each in found}


def _objects(folder: Path, study: str) -> None:
    folder.mkdir()
    series = generate_uid()
    for number in range(1, OBJECTS + 1):
        made = _image(number)
        made.StudyInstanceUID, made.SeriesInstanceUID = study, series
        dcmwrite(folder / f"{number}.dcm", made, enforce_file_format=True)


def _image(number: int) -> Dataset:
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, generate_uid()
    made.PatientName, made.PatientID = "DEMO^Anode", "DEMO1"
    made.StudyDate, made.StudyTime, made.StudyDescription = "20240131", "101112", "A demonstration"
    made.Modality, made.SeriesNumber, made.InstanceNumber = "CT", 1, number
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows = made.Columns = 64
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation = 15, 0
    made.PixelData = bytes(range(256)) * (64 * 64 * 2 // 256)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def _line(markup: str) -> None:
    out = show.console()
    out.print(out.render_str(markup, markup=True), soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
