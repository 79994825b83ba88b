"""Devices of others: an application of pynetdicom that asks, gets, and is sent to.

with Device("PRINTER", CLASSES) as printer, node(..., peers=(printer.known,)) as serving:
    printer.calls(serving)
    printer.find(MODEL, identifier)

Over TLS, both ways and each with a certificate of its own:

way = secured("rfc9325", folder)
with Device("PRINTER", CLASSES, way) as printer, node(..., **listening(way)) as serving:
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydicom import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association

from config.settings import Listener
from scp.node import Node
from tests.certificates import Authority, Issued
from tests.nodes import HERE, peer
from tests.secured import listener

STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2."
_SYNTAX = "1.2.840.10008.1.2.1"


PLAIN = "plain"
WAYS = (PLAIN, "rfc9325")
"""How a device and the node call each other: a TLS profile, or none."""


@dataclass(frozen=True)
class Secured:
    """Both have a certificate of one CA, and demand the other's."""

    profile: str
    ca: Authority
    node: Issued
    device: Issued

    def serving(self) -> ssl.SSLContext:
        """What anybody would write who wants mutual TLS of pynetdicom."""
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.ca.certificate)
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_cert_chain(self.device.certificate, self.device.key)
        return made

    def calling(self) -> ssl.SSLContext:
        made = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca.certificate)
        made.load_cert_chain(self.device.certificate, self.device.key)
        return made


def secured(way: str, folder: Path) -> Secured | None:
    """A profile with its certificates; None for the plain way."""
    if way == PLAIN:
        return None
    ca = Authority(folder)
    return Secured(way, ca, ca.issue("node"), ca.issue("device"))


def listening(way: Secured | None) -> dict[str, Any]:
    """For `node`: a plain listener, and the secured one behind it."""
    plain = Listener(host=HERE, port=0)
    own = (listener(way.profile, way.ca, way.node),) if way else ()
    return {"listener": (plain, *own)}


class Device:
    """One that stores, finds, gets, and takes what is moved to it."""

    def __init__(
        self,
        ae_title: str,
        classes: Iterable[str],
        way: Secured | None = None,
        **rights: object,
    ) -> None:
        self.ae_title = ae_title
        self.classes = tuple(classes)
        self.taken: list[Dataset] = []
        self._ae = AE(ae_title=ae_title)
        for uid in self.classes:
            self._ae.add_supported_context(uid, _SYNTAX)
        self._handlers = [(evt.EVT_C_STORE, self._take)]
        self._way = way
        self._server = self._ae.start_server(
            (HERE, 0),
            block=False,
            evt_handlers=self._handlers,
            ssl_context=way.serving() if way else None,
        )
        rights |= {"tls": way.profile} if way else {}
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
        """From now on it asks this node, by its last listener."""
        self._port = serving.addresses[-1][1]

    def _associated(self, *asked: str) -> Association:
        ae = AE(ae_title=self.ae_title)
        for uid in asked:
            ae.add_requested_context(uid, _SYNTAX)
        roles = [build_role(uid, scu_role=True, scp_role=True) for uid in self.classes]
        made = ae.associate(
            HERE,
            self._port,
            ae_title="ANODE",
            ext_neg=roles,
            evt_handlers=self._handlers,
            tls_args=(self._way.calling(), HERE) if self._way else None,
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
