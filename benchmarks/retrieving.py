"""C-MOVE and C-GET of a study of CT images: DCMTK's clients, and a receiver that is no bottleneck.

Clients are started anew each time, which counts. What C-MOVE sends goes to `receiver`, a process of
its own that reads PDUs into one buffer, keeps nothing and answers success.

    .venv/bin/python -m benchmarks.retrieving     Anode against itself: `[archive] verify`
"""

from __future__ import annotations

import multiprocessing
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from psutil import Process

from benchmarks import framed, servers
from benchmarks.framed import Server
from benchmarks.measuring import Bench, Run, last_line
from benchmarks.servers import CALLER, Asked, Running
from tests import peers
from tests.test_large_objects import served
from wire import command as commands
from wire import framing

COUNT, SIDE = 200, 512


@contextmanager
def receiver() -> Iterator[int]:
    """A Storage SCP in a process of its own; its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        port = int(listening.getsockname()[1])
        process = multiprocessing.Process(target=_receive, args=(listening,), daemon=True)
        process.start()
    try:
        yield port
    finally:
        process.kill()
        process.join()


def _receive(listening: socket.socket) -> None:
    while True:
        sock, _ = listening.accept()
        threading.Thread(target=_association, args=(sock,), daemon=True).start()


def _association(sock: socket.socket) -> None:
    """Read PDUs and answer them, until the peer is gone."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    room = memoryview(bytearray(1 << 20))
    asked = b""
    while sock.recv_into(room, framing.HEADER.size, socket.MSG_WAITALL) == framing.HEADER.size:
        kind, length = framing.HEADER.unpack_from(room)
        sock.recv_into(room[framing.HEADER.size :], length, socket.MSG_WAITALL)
        if kind == framing.Type.ASSOCIATE_RQ:
            sock.sendall(_accepted(bytes(room[6 : 6 + length])))
        elif kind == framing.Type.RELEASE_RQ:
            sock.sendall(framing.RELEASE_RP)
        elif kind == framing.Type.DATA:
            for value in framing.pdvs(room[6 : 6 + length]):
                if value.command:
                    asked += bytes(value.fragment)
                elif value.last:
                    response = commands.encode(commands.decode(asked).response(0))
                    head = framing.header(value.context_id, len(response), command=True, last=True)
                    sock.sendall(head + response)
                    asked = b""
        else:
            return


def _accepted(request: bytes) -> bytes:
    """An A-ASSOCIATE-AC that accepts every context with its first transfer syntax, PS3.8 9.3.3."""
    items = b""
    for kind, body in _items(request[68:]):
        if kind == 0x20:
            syntax = next(value for part, value in _items(body[4:]) if part == 0x40)
            items += framed._item(0x21, bytes([body[0], 0, 0, 0]) + framed._item(0x40, syntax))
    user = framed._item(0x51, struct.pack(">I", framed.PDU)) + framed._item(0x52, b"1.2.3")
    name = framed._item(0x10, b"1.2.840.10008.3.1.1.1")
    body = request[:68] + name + items + framed._item(0x50, user)
    return framing.HEADER.pack(framing.Type.ASSOCIATE_AC, len(body)) + body


def _items(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(raw):
        kind, length = struct.unpack_from(">BxH", raw, at)
        yield kind, raw[at + 4 : at + 4 + length]
        at += 4 + length


def retrieve(bench: Bench) -> None:
    """C-MOVE and C-GET of 200 CT from every archive at its best."""
    count = bench.count(COUNT)
    with receiver() as port, bench.servers(servers.ARCHIVES, Asked(port)) as running:
        studies = {name: filled(each.server, count) for name, each in running.items()}
        for how in ("C-MOVE", "C-GET"):
            runs = {name: _run(how, each, studies[name], count) for name, each in running.items()}
            bench.interleaved(f"{how} {COUNT} CT", "objects/s", runs)


def filled(server: Server, count: int) -> str:
    """Store a study of so many images; its UID."""
    study, uid = framed.new_uid(), framed.new_uid()
    data = framed.data_set(SIDE, study, framed.new_uid(), uid)
    framed.timed(server, [framed.requests(data, uid, count, server.most)])
    return study


def _run(how: str, running: Running, study: str, count: int) -> Run:
    def do() -> tuple[float, int]:
        return retrieved(how, running.server, study, count), count

    return Run(do, running.process)


def retrieved(how: str, server: Server, study: str, count: int) -> float:
    """Objects per second of one retrieve of the whole study, client included."""
    common = ("-v", "-S", "-aet", CALLER, "-aec", server.ae_title)
    where = ("127.0.0.1", str(server.port))
    keys = ("-k", "0008,0052=STUDY", "-k", f"0020,000d={study}")
    begun = time.perf_counter()
    if how == "C-MOVE":
        ran = peers.tool("movescu", *common, "-aem", "DEST", *keys, *where)
    else:
        pdu = ("--ignore", "-pdu", str(framed.PDU))
        ran = peers.tool("getscu", *common, *pdu, *keys, *where)
    took = time.perf_counter() - begun
    said = ran.stdout + ran.stderr
    if ran.returncode or "Success" not in said:
        raise RuntimeError(f"{how} failed: {last_line(said)}")
    return count / took


def main() -> None:
    """Anode against itself, each way of verifying, interleaved."""
    bench = Bench(rounds=int(sys.argv[1]) if len(sys.argv) > 1 else 7)
    with ExitStack() as stack:
        port = stack.enter_context(receiver())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))
        running, studies = {}, {}
        for verify in ("hash", "size"):
            more = (
                f'verify = "{verify}"\n'
                f'[[peer]]\nae_title = "DEST"\nhost = "127.0.0.1"\nport = {port}\n'
                f'[[peer]]\nae_title = "{CALLER}"\nhost = "127.0.0.1"\nmove_to = ["DEST"]\n'
            )
            node = served(folder / verify, "ANODE", more)
            target, process = stack.enter_context(node)
            name = f"Anode {verify}"
            running[name] = Running(name, Server("ANODE", target.port), Process(process.pid))
            studies[name] = filled(running[name].server, COUNT)
        for how in ("C-MOVE", "C-GET"):
            runs = {name: _run(how, each, studies[name], COUNT) for name, each in running.items()}
            bench.interleaved(f"{how} {COUNT} CT", "objects/s", runs)


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
