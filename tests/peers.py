"""Real peers from Debian's packages, started on free ports for one test and ended with it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# DCMTK's tools then send without Nagle's algorithm, which costs them 40 ms an object.
_QUICK = {"TCP_NODELAY": "1"}
# pynetdicom installs programs of the same names beside our Python; these are not meant.
_PATH = os.pathsep.join(
    folder
    for folder in os.environ.get("PATH", "").split(os.pathsep)
    if not Path(folder).is_relative_to(sys.prefix)
)
READY_SECONDS = 20.0
TOOL_SECONDS = 120.0
ORTHANC = shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/bin")

needs_dcmtk = pytest.mark.skipif(
    shutil.which("storescu", path=_PATH) is None,
    reason="DCMTK is not installed: run tools/peers.sh",
)
RSYSLOG = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
_RSYSLOG_TLS = any(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so"))

needs_rsyslog = pytest.mark.skipif(
    RSYSLOG is None or not _RSYSLOG_TLS,
    reason="rsyslog with its GnuTLS driver is not installed: run tools/peers.sh",
)
INITDB = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)

needs_postgres = pytest.mark.skipif(
    INITDB is None, reason="PostgreSQL is not installed: run tools/peers.sh"
)
needs_orthanc = pytest.mark.skipif(
    ORTHANC is None, reason="Orthanc is not installed: run tools/peers.sh"
)
needs_sslscan = pytest.mark.skipif(
    shutil.which("sslscan", path=_PATH) is None,
    reason="sslscan is not installed: run tools/peers.sh",
)


@dataclass(frozen=True)
class Address:
    """Where something listens on this machine."""

    ae_title: str
    port: int
    host: str = "127.0.0.1"


_NUMBER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
_RANGE = range(20_000 + 3_000 * _NUMBER, 23_000 + 3_000 * _NUMBER)
_LEFT = random.sample(_RANGE, len(_RANGE))


def free_port() -> int:
    """A port nobody listens on; for peers that cannot be told to take any.

    One below those the system hands out, so that no connection takes it meanwhile, out of a range
    of this process of pytest's own, and none that another test was given.
    """
    while True:
        port = _LEFT.pop()
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            return port


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until something listens on `port`."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        threading.Event().wait(0.02)
    raise RuntimeError(f"{process.args!r} does not listen on {port}")


@contextlib.contextmanager
def started(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    """A server process, ready when the block begins (if it has a TCP port) and gone after it."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            if port:  # of UDP nobody can know
                await_port(port, process)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def rsyslog(folder: Path, transport: str, tls: Sequence[Path] = ()) -> Iterator[tuple[int, Path]]:
    """rsyslog with one input: its port, and the file where messages stand as they came.

    `tls` is CA, certificate and key; clients need a certificate of the CA then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, file = free_port(), folder / "messages"
    secure = 'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid"'
    lines = [f'global(maxMessageSize="64k" workDirectory="{folder}")']
    if tls:
        names = ("CAFile", "CertFile", "KeyFile")
        given = [
            f'DefaultNetstreamDriver{name}="{path}"' for name, path in zip(names, tls, strict=True)
        ]
        lines.append(f'global(DefaultNetstreamDriver="gtls" {" ".join(given)})')
    if transport == "udp":
        lines += ['module(load="imudp")', f'input(type="imudp" port="{port}" address="127.0.0.1")']
    else:
        lines += [
            f'module(load="imtcp" {secure if tls else ""})',
            f'input(type="imtcp" port="{port}" address="127.0.0.1")',
        ]
    lines += [
        'template(name="raw" type="string" string="%rawmsg%\\n")',
        f'action(type="omfile" file="{file}" template="raw")',
    ]
    configuration = folder / "rsyslog.conf"
    configuration.write_text("\n".join(lines) + "\n")
    command = [RSYSLOG or "rsyslogd", "-n", "-f", str(configuration), "-i", str(folder / "pid")]
    with started(command, port if transport != "udp" else 0, folder / "rsyslog.log"):
        yield port, file


@contextlib.contextmanager
def storescp(folder: Path, *options: str, ae_title: str = "STORESCP") -> Iterator[Address]:
    """DCMTK's storescp, keeping what it receives bit for bit in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    program = shutil.which("storescp", path=_PATH) or "storescp"
    command = [program, "-v", "+B", "-aet", ae_title, "-od", str(folder), *options, str(port)]
    with started(command, port, folder.parent / f"storescp-{port}.log"):
        yield Address(ae_title, port)


@contextlib.contextmanager
def dcmqrscp(folder: Path, *options: str, ae_title: str = "QRSCP") -> Iterator[Address]:
    """DCMTK's archive of one storage area, open to anybody."""
    area = folder / "area"
    area.mkdir(parents=True)
    port, file = free_port(), folder / "dcmqrscp.cfg"
    file.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{ae_title} {area} RW (9, 1024mb) ANY\nAETable END\n"
    )
    program = shutil.which("dcmqrscp", path=_PATH) or "dcmqrscp"
    with started([program, "-v", "-c", str(file), *options], port, folder / "dcmqrscp.log"):
        yield Address(ae_title, port)


def psql(*statements: str) -> str:
    """What a new PostgreSQL database of its own says to these, each of one line or more."""
    assert INITDB is not None
    # It refuses to be root's.
    root = os.geteuid() == 0
    who: Any = {"user": "postgres", "group": "postgres", "extra_groups": []} if root else {}
    more: Any = {"cwd": "/", "capture_output": True, "text": True, **who}
    with tempfile.TemporaryDirectory() as folder:
        if root:
            shutil.chown(folder, "postgres", "postgres")
        data = ["-D", f"{folder}/data"]
        begin = [INITDB, *data, "--no-sync", "--locale=C", "--encoding=UTF8", "--auth=trust"]
        subprocess.run(begin, check=True, **more)
        run = subprocess.run(
            [INITDB.with_name("postgres"), "--single", *data, "-F", "postgres"],
            input="".join(f"{' '.join(each.split())}\n" for each in statements),
            check=True,
            **more,
        )
    return str(run.stdout) + str(run.stderr)


@contextlib.contextmanager
def s_server(folder: Path, *options: object) -> Iterator[int]:
    """OpenSSL's own server, however weak it is told to be; its port."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    how = ["-accept", f"127.0.0.1:{port}", "-www", *map(str, options)]
    with started(["openssl", "s_server", *how], port, folder / f"s_server-{port}.log"):
        yield port


def tool(
    name: str, *arguments: str | Path, cwd: Path | None = None, quick: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command-line tool to its end; its output is text. Not `quick`: as Debian ships it."""
    return subprocess.run(
        [shutil.which(name, path=_PATH) or name, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        env={**os.environ, **(_QUICK if quick else {}), "PATH": _PATH},
        timeout=TOOL_SECONDS,
        cwd=cwd,
    )


class Orthanc:
    """A running Orthanc, driven by its REST interface."""

    def __init__(self, dicom: Address, http: int) -> None:
        self.dicom = dicom
        self._base = f"http://127.0.0.1:{http}"

    def request(self, path: str, body: object = None) -> Any:
        """GET, or POST when there is a body; the answer's JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data=data)
        with urllib.request.urlopen(request, timeout=TOOL_SECONDS) as response:
            raw = response.read()
        return json.loads(raw) if raw[:1] in b'{["0123456789' and raw else raw

    def know(self, name: str, address: Address, **more: object) -> None:
        """Add a modality, or change it."""
        body = {"AET": address.ae_title, "Host": address.host, "Port": address.port, **more}
        url = f"{self._base}/modalities/{name}"
        request = urllib.request.Request(url, data=json.dumps(body).encode(), method="PUT")
        urllib.request.urlopen(request, timeout=TOOL_SECONDS).close()

    def upload(self, path: Path) -> str:
        """Put an instance into it; returns Orthanc's name for it."""
        request = urllib.request.Request(self._base + "/instances", data=path.read_bytes())
        with urllib.request.urlopen(request, timeout=TOOL_SECONDS) as response:
            return str(json.loads(response.read())["ID"])

    def delete(self, instance: str) -> None:
        """Make it forget an instance."""
        request = urllib.request.Request(f"{self._base}/instances/{instance}", method="DELETE")
        urllib.request.urlopen(request, timeout=TOOL_SECONDS).close()

    def file(self, instance: str) -> bytes:
        """A stored instance as the Part 10 file it was received as."""
        with urllib.request.urlopen(f"{self._base}/instances/{instance}/file") as response:
            return bytes(response.read())


@contextlib.contextmanager
def orthanc(folder: Path, modalities: dict[str, Address], **settings: object) -> Iterator[Orthanc]:
    """Orthanc with these modalities known to it; extra settings go into its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    dicom, http = free_port(), free_port()
    configuration = {
        "Name": "test",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "DicomAet": "ORTHANC",
        "DicomPort": dicom,
        "HttpPort": http,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowMove": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "UnknownSopClassAccepted": True,
        "SynchronousCMove": True,
        "DicomModalities": {
            name: [address.ae_title, address.host, address.port]
            for name, address in modalities.items()
        },
        **settings,
    }
    file = folder / "orthanc.json"
    file.write_text(json.dumps(configuration))
    command = [ORTHANC or "Orthanc", str(file)]
    with started(command, http, folder / "orthanc.log"):
        yield Orthanc(Address("ORTHANC", dicom), http)
