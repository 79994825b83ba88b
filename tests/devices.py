"""Devices of others: an application of pynetdicom that asks, gets, and is sent to.

with Device("PRINTER", CLASSES) as printer, node(..., peers=(printer.known,)) as serving:
    printer.calls(serving)
    printer.find(MODEL, identifier)
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from pydicom import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association

from scp.node import Node
from tests.nodes import HERE, peer, port

STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2."
_SYNTAX = "1.2.840.10008.1.2.1"


class Device:
    """One that stores, finds, gets, and takes what is moved to it."""

    def __init__(self, ae_title: str, classes: Iterable[str], **rights: object) -> None:
        self.ae_title = ae_title
        self.classes = tuple(classes)
        self.taken: list[Dataset] = []
        self._ae = AE(ae_title=ae_title)
        for uid in self.classes:
            self._ae.add_supported_context(uid, _SYNTAX)
        self._handlers = [(evt.EVT_C_STORE, self._take)]
        self._server = self._ae.start_server((HERE, 0), block=False, evt_handlers=self._handlers)
        self.known = peer(ae_title, self._server.socket.getsockname()[1], **rights)
        self._port = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()

    def _take(self, event: evt.Event) -> int:
        made = event.dataset
        made.file_meta = event.file_meta
        self.taken.append(made)
        return 0x0000

    def calls(self, serving: Node) -> None:
        """From now on it asks this node."""
        self._port = port(serving)

    def _associated(self, *asked: str) -> Association:
        ae = AE(ae_title=self.ae_title)
        for uid in asked:
            ae.add_requested_context(uid, _SYNTAX)
        roles = [build_role(uid, scu_role=True, scp_role=True) for uid in self.classes]
        made = ae.associate(
            HERE, self._port, ae_title="ANODE", ext_neg=roles, evt_handlers=self._handlers
        )
        assert made.is_established
        return made

    def find(self, model: str, identifier: Dataset) -> list[Dataset]:
        """C-FIND; what was answered."""
        association = self._associated(model)
        try:
            answers = list(association.send_c_find(identifier, model))
        finally:
            association.release()
        assert answers[-1][0].Status == 0
        return [found for status, found in answers if status.Status in (0xFF00, 0xFF01)]

    def get(self, model: str, identifier: Dataset) -> list[Dataset]:
        """C-GET; what came."""
        before = len(self.taken)
        association = self._associated(model, *self.classes)
        try:
            *_, (status, _) = association.send_c_get(identifier, model)
        finally:
            association.release()
        assert status.Status == 0
        return self.taken[before:]

    def move(self, model: str, identifier: Dataset) -> list[Dataset]:
        """C-MOVE to itself; what came."""
        before = len(self.taken)
        association = self._associated(model)
        try:
            *_, (status, _) = association.send_c_move(identifier, self.ae_title, model)
        finally:
            association.release()
        assert status.Status == 0
        return self.taken[before:]

    def store(self, *objects: Dataset) -> list[int]:
        """C-STORE; the statuses."""
        association = self._associated(*{one.SOPClassUID for one in objects})
        try:
            return [association.send_c_store(one).Status for one in objects]
        finally:
            association.release()


def asked(level: str, **keys: object) -> Dataset:
    """An identifier; of a model without levels, with level ""."""
    made = Dataset()
    if level:
        made.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(made, keyword, value)
    return made
