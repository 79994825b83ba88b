"""Whom we measure: Anode and each peer, stock and at its best, and what their success means.

Stock is as Debian ships it. At its best a peer built on DCMTK has TCP_NODELAY=1 in its environment,
without which its answers come 40 ms late, and PDUs of 128 KiB.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks import framed
from benchmarks.framed import Server
from tests import peers
from tests.peers import free_port, started
from tests.test_large_objects import served

STOCK_PDU = 16_384
LIBRARIES = Path(".venv/bench")  # what only pynetdicom's application wants, see Makefile
CALLER = "BENCH"
_COUNTS = "counts"


@dataclass(frozen=True)
class Running:
    """A server at work."""

    name: str
    server: Server
    process: psutil.Process
    counts: Path = Path()  # where its processes count, if that is asked


@dataclass(frozen=True)
class Asked:
    """What the work needs: where C-MOVE may go, how many may call, TLS as files, counters."""

    destination: int = 0
    associations: int = 0
    tls: tuple[Path, Path, Path] | None = None  # certificate, key, CA
    counted: bool = False


@dataclass(frozen=True)
class Kind:
    """A row of SERVERS."""

    durable: str
    start: Callable[[Path, Asked], AbstractContextManager[Server]]
    needs: Callable[[], bool] = field(default=lambda: True)
    quick: bool = False
    weight: float = 1.0  # how much of the work it gets: the slow ones are measured by less


def _anode(sync: str, workers: int = 1) -> Callable[[Path, Asked], AbstractContextManager[Server]]:
    @contextmanager
    def start(folder: Path, asked: Asked) -> Iterator[Server]:
        more, port = "", 0
        if asked.destination:
            more = (
                f'[[peer]]\nae_title = "DEST"\nhost = "127.0.0.1"\nport = {asked.destination}\n'
                f'[[peer]]\nae_title = "{CALLER}"\nhost = "127.0.0.1"\nmove_to = ["DEST"]\n'
            )
        if asked.associations:  # of one address; by default it takes 32
            most = asked.associations
            more += f"[limits]\nassociations = {most}\nper_peer = {most}\n"
        if asked.tls:
            port = free_port()
            certificate, key, ca = asked.tls
            more += (
                f'[[listener]]\nhost = "127.0.0.1"\nport = {port}\ntls = "rfc9325"\n'
                f'certificate = "{certificate}"\nkey = "{key}"\nca = "{ca}"\n'
            )
        program = ("benchmarks.counted", str(folder / _COUNTS)) if asked.counted else ("cli.main",)
        with served(folder, "ANODE", more, sync=sync, workers=workers, program=program) as (
            target,
            _,
        ):
            yield Server("ANODE", port or target.port)

    return start


def _orthanc(*, sync: bool, most: int) -> Callable[[Path, Asked], AbstractContextManager[Server]]:
    @contextmanager
    def start(folder: Path, asked: Asked) -> Iterator[Server]:
        modalities = {"DEST": peers.Address("DEST", asked.destination)} if asked.destination else {}
        settings: dict[str, object] = {"SyncStorageArea": sync, "MaximumPduLength": most}
        if asked.tls:
            names = ("DicomTlsCertificate", "DicomTlsPrivateKey", "DicomTlsTrustedCertificates")
            settings |= dict(zip(names, map(str, asked.tls), strict=True), DicomTlsEnabled=True)
        with peers.orthanc(folder, modalities, **settings) as orthanc:
            yield Server("ORTHANC", orthanc.dicom.port, most)

    return start


def _dcmqrscp(most: int) -> Callable[[Path, Asked], AbstractContextManager[Server]]:
    @contextmanager
    def start(folder: Path, asked: Asked) -> Iterator[Server]:
        area = folder / "area"
        area.mkdir(parents=True)
        port, file = free_port(), folder / "dcmqrscp.cfg"
        host = f"dest = (DEST, 127.0.0.1, {asked.destination})\n" if asked.destination else ""
        file.write_text(
            f"NetworkTCPPort = {port}\nMaxPDUSize = {most}\nMaxAssociations = 128\n"
            f"HostTable BEGIN\n{host}HostTable END\nVendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\nQRSCP {area} RW (500, 100000mb) ANY\nAETable END\n"
        )
        with started([_program("dcmqrscp"), "-c", str(file)], port, folder / "log"):
            yield Server("QRSCP", port, most)

    return start


def _storescp(most: int) -> Callable[[Path, Asked], AbstractContextManager[Server]]:
    @contextmanager
    def start(folder: Path, asked: Asked) -> Iterator[Server]:
        del asked
        area = folder / "area"
        area.mkdir(parents=True)
        port = free_port()
        # +B: bit by bit, its fastest way; --fork: more than one association at once
        how = ["+B", "--fork", "-aet", "STORESCP", "-pdu", str(most), "-od", str(area), str(port)]
        with started([_program("storescp"), *how], port, folder / "log"):
            yield Server("STORESCP", port, most)

    return start


@contextmanager
def _qrscp(folder: Path, asked: Asked) -> Iterator[Server]:
    folder.mkdir()
    port, file = free_port(), folder / "qrscp.ini"
    file.write_text(
        f"[DEFAULT]\nae_title: QRSCP\nport: {port}\nmax_pdu: 0\nacse_timeout: 30\n"
        "dimse_timeout: 30\nnetwork_timeout: 30\nbind_address: 127.0.0.1\n"
        f"instance_location: {folder}/instances\n"
        f"database_location: {folder}/instances.sqlite\nlog_identifier: False\n"
        f"[DEST]\naddress: 127.0.0.1\nport: {asked.destination or 11113}\n"
    )
    command = [sys.executable, "-m", "pynetdicom", "qrscp", "-q", "-c", str(file)]
    with _environment("PYTHONPATH", str(LIBRARIES.resolve())), started(command, port, folder / "l"):
        yield Server("QRSCP", port)


def _program(name: str) -> str:
    return shutil.which(name, path=peers._PATH) or name


def _has(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name, path=peers._PATH) is not None


def _has_orthanc() -> bool:
    return peers.ORTHANC is not None


def _has_sqlalchemy() -> bool:
    return (LIBRARIES / "sqlalchemy").is_dir() or bool(importlib.util.find_spec("sqlalchemy"))


_BYTES = "the file's bytes, not its name or index row"
_NONE = "nothing"
_ALL = "file, name, findable"
SERVERS = {
    "Anode": Kind(_ALL, _anode("always")),
    "Anode lazy": Kind(_NONE, _anode("lazy")),
    "Anode 2 workers": Kind(_ALL, _anode("always", 2)),
    "Anode 4 workers": Kind(_ALL, _anode("always", 4)),
    "Orthanc": Kind(
        _BYTES, _orthanc(sync=True, most=framed.PDU), _has_orthanc, quick=True, weight=0.5
    ),
    "Orthanc tuned": Kind(
        _NONE, _orthanc(sync=False, most=framed.PDU), _has_orthanc, quick=True, weight=0.5
    ),
    "dcmqrscp": Kind(_NONE, _dcmqrscp(framed.PDU), _has("dcmqrscp"), quick=True),
    "storescp": Kind(_NONE, _storescp(framed.PDU), _has("storescp"), quick=True),
    "pynetdicom qrscp": Kind(_NONE, _qrscp, _has_sqlalchemy, weight=0.1),
    "Orthanc stock": Kind(_BYTES, _orthanc(sync=True, most=STOCK_PDU), _has_orthanc, weight=0.15),
    "dcmqrscp stock": Kind(_NONE, _dcmqrscp(STOCK_PDU), _has("dcmqrscp"), weight=0.15),
    "storescp stock": Kind(_NONE, _storescp(STOCK_PDU), _has("storescp"), weight=0.15),
}
"""Name → what a success of it has on the disk, how it starts, whether it is here."""

BEST = ("Anode", "Anode lazy", "Orthanc", "Orthanc tuned", "dcmqrscp", "storescp",
        "pynetdicom qrscp")  # fmt: skip
STOCK = ("Anode", "Anode lazy", "Orthanc stock", "dcmqrscp stock", "storescp stock",
         "pynetdicom qrscp")  # fmt: skip
TEAMS = ("Anode", "Anode 2 workers", "Anode 4 workers")
ARCHIVES = tuple(name for name in BEST if name != "storescp")


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def missing() -> list[str]:
    """The servers that are not installed."""
    return [name for name, kind in SERVERS.items() if not kind.needs()]


@contextmanager
def running(name: str, folder: Path, asked: Asked) -> Iterator[Running]:
    """This server, started in `folder`, which must not be there yet."""
    kind = SERVERS[name]
    before = {child.pid for child in psutil.Process().children()}
    quick = _environment("TCP_NODELAY", "1") if kind.quick else contextlib.nullcontext()
    # The environment counts when it starts; afterwards the tools we run have their own.
    with contextlib.ExitStack() as stack:
        with quick:
            server = stack.enter_context(kind.start(folder, asked))
        (process,) = (c for c in psutil.Process().children() if c.pid not in before)
        yield Running(name, server, process, folder / _COUNTS)
