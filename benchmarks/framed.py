"""A sender that is no bottleneck: C-STORE requests framed before the clock starts, PS3.8 9.3.5.

Each association is a process of its own that holds its messages ready and only writes them and
reads the responses. `style` is how: one write a message, or two as DCMTK's senders do, the header
of a PDU apart from its body, with Nagle's algorithm on. What leaves over TLS is encrypted before
the clock starts, too (`benchmarks/sealed.py`).
"""

from __future__ import annotations

import multiprocessing
import random
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.synchronize import Event, Semaphore
from typing import Literal

from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from benchmarks.sealed import Sealed
from wire import command as commands
from wire.command import Command, Field

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
PDU = 131_072
CONTEXT = 1
_PIECES = 64  # of a message that one call of sendmsg takes
RELEASE = struct.pack(">BxI4x", 5, 4)
PATIENCE = 60  # seconds for one answer
DIGITS = 38  # of a UID under 2.25
_DICE = random.Random(7)  # so that every run sends the same objects
Style = Literal["one write", "two writes"]


def new_uid() -> str:
    """A UID of always the same length, so that it may replace another one in encoded bytes."""
    return "2.25.1" + "".join(_DICE.choice("0123456789") for _ in range(DIGITS - 1))


def data_set(side: int, study: str, series: str, instance: str) -> bytes:
    """A CT image of `side` x `side` pixels, as Explicit VR Little Endian."""
    image = Dataset()
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.SOPClassUID, image.SOPInstanceUID = CT, instance
    image.StudyDate = image.SeriesDate = image.ContentDate = "20260301"
    image.StudyTime = image.ContentTime = "101500"
    image.AccessionNumber, image.Modality = "A1", "CT"
    image.Manufacturer, image.StudyDescription = "Anode", "Benchmark"
    image.PatientName, image.PatientID = "Bench^Mark", "BENCH1"
    image.PatientBirthDate, image.PatientSex = "19700101", "O"
    image.StudyInstanceUID, image.SeriesInstanceUID = study, series
    image.StudyID, image.SeriesNumber, image.InstanceNumber = "1", 1, 1
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows = image.Columns = side
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 12, 11
    image.PixelRepresentation = 0
    image.PixelData = _DICE.randbytes(side * side * 2)
    image["PixelData"].VR = "OW"
    return encoded(image)


def encoded(image: Dataset) -> bytes:
    """A data set as Explicit VR Little Endian."""
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    write_dataset(out, image)
    return out.getvalue()


def framed(raw: bytes, *, command: bool, most: int) -> Iterator[bytes]:
    """P-DATA-TF PDUs of one value each."""
    room = most - 6
    for start in range(0, len(raw), room):
        piece = raw[start : start + room]
        last = start + room >= len(raw)
        header = struct.pack(
            ">BxIIBB", 4, len(piece) + 6, len(piece) + 2, CONTEXT, command | last << 1
        )
        yield header + piece


def messages(side: int, count: int, most: int = PDU) -> list[list[bytes]]:
    """`count` C-STORE requests of new instances in a study of their own, each as its PDUs."""
    instance = new_uid()
    return requests(data_set(side, new_uid(), new_uid(), instance), instance, count, most)


def requests(
    data: bytes, instance: str, count: int, most: int = PDU, sop_class: str = CT
) -> list[list[bytes]]:
    """`count` C-STORE requests of one image, each under a new UID in place of this one."""
    asked = Command(
        Field.C_STORE, affected_sop_class_uid=sop_class, affected_sop_instance_uid=instance,
        message_id=1, priority=0, command_data_set_type=1,
    )  # fmt: skip
    pdus = [
        *framed(commands.encode(asked), command=True, most=most),
        *framed(data, command=False, most=most),
    ]
    old = instance.encode()
    made = []
    for _ in range(count):
        new = new_uid().encode()
        made.append([pdu.replace(old, new) for pdu in pdus[:2]] + pdus[2:])
    return made


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def request(called: str, sop_class: str = CT) -> bytes:
    """An A-ASSOCIATE-RQ for images of one class."""
    context = _item(
        0x20,
        bytes([CONTEXT, 0, 0, 0])
        + _item(0x30, sop_class.encode())
        + _item(0x40, EXPLICIT.encode()),
    )
    user = _item(0x50, _item(0x51, struct.pack(">I", PDU)) + _item(0x52, b"1.2.3"))
    titles = called.encode().ljust(16) + b"BENCH".ljust(16) + bytes(32)
    body = struct.pack(">Hxx", 1) + titles + _item(0x10, b"1.2.840.10008.3.1.1.1") + context + user
    return struct.pack(">BxI", 1, len(body)) + body


@dataclass(frozen=True)
class Server:
    """Whom to send to; `tls` makes the context, in the process that uses it."""

    ae_title: str
    port: int
    most: int = PDU
    tls: Callable[[], ssl.SSLContext] | None = None
    sop_class: str = CT


class Line:
    """One association."""

    def __init__(self, server: Server, style: Style) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        # The socket's own timeout would make it one that writes less than it is told.
        patience = struct.pack("ll", PATIENCE, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
        self._style = style
        if style == "one write":
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tls = server.tls and Sealed(self.socket, server.tls())
        (asked,) = self.made([request(server.ae_title, server.sop_class)])
        self.socket.sendall(asked)
        answer = self._pdu()
        if answer[:1] != b"\x02":
            raise RuntimeError(f"{server.ae_title} rejects the association")

    def _exactly(self, count: int) -> bytes:
        read = self._tls.recv if self._tls else self.socket.recv
        got = b""
        while len(got) < count:
            piece = read(count - len(got))
            if not piece:
                raise RuntimeError("the server closed the association")
            got += piece
        return got

    def _pdu(self) -> bytes:
        header = self._exactly(6)
        return header + self._exactly(struct.unpack(">xxI", header)[0])

    def made(self, message: Sequence[bytes]) -> Sequence[bytes]:
        """A message as it will leave. Messages leave in the order in which they were made."""
        return [self._tls.sealed(b"".join(message))] if self._tls else message

    def store(self, message: Sequence[bytes]) -> None:
        """Send one request, as `made`, and await its success."""
        if self._style == "one write" and len(message) > _PIECES:
            for pdu in message:
                self.socket.sendall(pdu)
        elif self._style == "one write":
            whole = sum(map(len, message))
            if self.socket.sendmsg(message) < whole:
                raise RuntimeError("a short write")
        else:
            for pdu in message:
                self.socket.sendall(pdu[:12])
                self.socket.sendall(pdu[12:])
        answer = self._pdu()
        at = answer.find(b"\x00\x00\x00\x09\x02\x00\x00\x00")
        status = answer[at + 8 : at + 10] if at >= 0 else b""
        if status != b"\x00\x00":
            raise RuntimeError(f"not stored: status {status[::-1].hex() or 'missing'}")

    def release(self) -> None:
        """End it."""
        self.socket.sendall(b"".join(self.made([RELEASE])))
        self._pdu()
        self.socket.close()


Way = Callable[[Line, Sequence[Sequence[bytes]]], None]


def at_once(line: Line, sent: Sequence[Sequence[bytes]]) -> None:
    """Send one request after the other."""
    for message in sent:
        line.store(message)


@dataclass(frozen=True)
class Job:
    """What one sender does, and how."""

    style: Style
    sent: Sequence[Sequence[bytes]]
    way: Way


def _send(server: Server, job: Job, ready: Semaphore, go: Event) -> None:
    try:
        line = Line(server, job.style)
        sent = [line.made(message) for message in job.sent]
    except (OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    ready.release()
    go.wait()
    job.way(line, sent)
    line.release()


def rate(
    server: Server, side: int, count: int, associations: int, style: Style = "one write"
) -> float:
    """Objects per second that `associations` senders, together sending `count`, see stored."""
    each = max(1, count // associations)
    return timed(server, [messages(side, each, server.most) for _ in range(associations)], style)


def timed(
    server: Server,
    parts: Sequence[list[list[bytes]]],
    style: Style = "one write",
    ways: Sequence[Way] = (),
) -> float:
    """Objects per second of one sender for each of these parts."""
    jobs = map(partial(Job, style), parts, ways or [at_once] * len(parts))
    ready, go = multiprocessing.Semaphore(0), multiprocessing.Event()
    workers = [
        multiprocessing.Process(target=_send, args=(server, job, ready, go), daemon=True)
        for job in jobs
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        while not ready.acquire(timeout=1):
            if any(worker.exitcode for worker in workers):
                for worker in workers:
                    worker.terminate()
                raise RuntimeError(f"{server.ae_title} takes no {len(workers)} associations")
    begun = time.perf_counter()
    go.set()
    for worker in workers:
        worker.join()
    took = time.perf_counter() - begun
    if any(worker.exitcode for worker in workers):
        raise RuntimeError(f"a sender to {server.ae_title} failed")
    return sum(map(len, parts)) / took
