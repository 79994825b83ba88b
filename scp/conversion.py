"""Change of encoding towards a receiver, PS3.5 Annex A: what is offered, and its being done.

Uncompressed encodings are offered to everybody; compression only to peers the configuration names
for it, since it costs time that nobody else asked for. Bytes are changed by `iod.transcoding`, in
a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from config import catalogue
from config.peers import Peer
from iod import transcoding
from iod.errors import Unconvertible
from scp import outgoing
from scu.conversion import CannotConvert
from scu.instances import FileInstance, Instance

# The names of `[[peer]] compress`, PS3.5 A.4
COMPRESSED = {
    "jpeg-ls": "1.2.840.10008.1.2.4.80",
    "jpeg-2000": "1.2.840.10008.1.2.4.90",
    "rle": "1.2.840.10008.1.2.5",
}


class Converter:
    """A scu.conversion.Conversion for one receiver; changed objects lie beside the archive."""

    def __init__(self, data: Path, peer: Peer | None) -> None:
        self._data = data
        self._compressed = [COMPRESSED[name] for name in peer.compress] if peer else []

    def targets(self, instance: Instance) -> Sequence[str]:
        """Uncompressed ones first, then what this peer is configured for."""
        found = transcoding.targets(instance.transfer_syntax_uid, instance.sop_class_uid)
        native = [uid for uid in found if _is_native(uid)]
        return native + [uid for uid in self._compressed if uid in found]

    @contextmanager
    def converted(self, instance: Instance, target: str) -> Iterator[Instance]:
        """The object in `target`, gone after the block. Raises CannotConvert, OSError."""
        with outgoing.folder(self._data) as folder:
            try:
                made = transcoding.transcode(
                    instance.path,
                    instance.offset,
                    instance.transfer_syntax_uid,
                    target,
                    into=folder / "data-set",
                )
            except Unconvertible as error:
                raise CannotConvert(_sentence(instance, target, error)) from None
            yield FileInstance(
                sop_class_uid=instance.sop_class_uid,
                sop_instance_uid=instance.sop_instance_uid,
                transfer_syntax_uid=made.transfer_syntax_uid,
                path=made.path,
                offset=made.offset,
                size=made.size,
            )


def _is_native(uid: str) -> bool:
    return catalogue.TRANSFER_SYNTAXES[uid].form in ("native", "deflated")


def _sentence(instance: Instance, target: str, error: Unconvertible) -> str:
    stored, wanted = catalogue.name_of(instance.transfer_syntax_uid), catalogue.name_of(target)
    return f"{stored} cannot be changed to {wanted}: {error}"
