"""Objects that were made here, written as files, and sent to a peer if that is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from pydicom import Dataset, dcmwrite

from archive import filemeta
from cli import sending, sources
from cli.calls import Call
from cli.failures import Code, Failure
from cli.placing import place
from scu import statuses


@dataclass(slots=True)
class Delivered:
    """Where the objects are now: files in order, the peer, and why it did not store some."""

    paths: list[Path] = field(default_factory=list)
    peer: str = ""
    failures: dict[str, str] = field(default_factory=dict)  # by SOP Instance UID
    code: Code = Code.DONE


def deliver(
    objects: Sequence[Dataset], output: Path | None, call: Call | None, *, overwrite: bool
) -> Delivered:
    """Write them, and send them. Raises Failure, OSError."""
    done = Delivered(peer=str(call.target) if call else "")
    with ExitStack() as stack:
        if output is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="anode-")))
            paths = _written(objects, folder, overwrite=True)
        else:
            paths = done.paths = _written(objects, output, overwrite=overwrite)
        if call:
            _send(call, paths, done)
    return done


def _written(objects: Sequence[Dataset], output: Path, *, overwrite: bool) -> list[Path]:
    if len(objects) > 1:
        output.mkdir(parents=True, exist_ok=True)
    whole = output.is_dir()
    paths = []
    for each in objects:
        path = output / f"{each.SOPInstanceUID}.dcm" if whole else output
        _write(each, path, overwrite=overwrite)
        paths.append(path)
    return paths


def _write(one: Dataset, path: Path, *, overwrite: bool) -> None:
    """A Part 10 file in Explicit VR Little Endian, PS3.10 7."""

    def write(file: BinaryIO) -> None:
        uids = (str(one.SOPClassUID), str(one.SOPInstanceUID))
        file.write(filemeta.header(*uids, filemeta.EXPLICIT_LITTLE, ""))
        dcmwrite(file, one, implicit_vr=False, little_endian=True)

    if not path.parent.is_dir():
        raise Failure(Code.PARTIAL, f"there is no folder {path.parent}")
    place(path, write, overwrite=overwrite)


def _send(call: Call, paths: Sequence[Path], done: Delivered) -> None:
    for result in sending.send(call, [sources.read(path) for path in paths], jobs=1):
        if result.category == statuses.FAILURE:
            done.failures[result.source.sop_instance_uid] = result.cause
            done.code = result.code or Code.PARTIAL
