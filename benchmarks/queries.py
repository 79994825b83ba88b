"""C-FIND over 1,000 studies of 10 images, C-MOVE and C-GET of 200 CT, by tools and lean clients."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydicom import Dataset

from benchmarks import corpora, framed
from benchmarks.associations import timed
from benchmarks.lean import Dialogue
from benchmarks.measuring import Bench, Run, last_line, peak_mb
from benchmarks.retrieving import receiver
from benchmarks.servers import ARCHIVES, Asked, Running
from scu.associate import Target
from tests import peers
from wire.command import Field

STUDIES, IMAGES, CT_IMAGES = 1000, 10, 200
# dcmqrscp's index is of fixed size and searched from end to end: it holds fewer, to its advantage.
# pynetdicom's application is left out: it answers a study once for each image.
FINDERS = {"Anode": 1.0, "Orthanc tuned": 1.0, "dcmqrscp": 0.39}
STUDY = ("PatientName", "PatientID", "StudyDate", "StudyTime", "AccessionNumber", "StudyID",
         "StudyInstanceUID")  # fmt: skip
SERIES = ("SeriesInstanceUID", "Modality", "SeriesNumber")
IMAGE = ("SOPInstanceUID", "InstanceNumber")


def asked_for(level: str, keys: tuple[str, ...], **values: str) -> bytes:
    """An identifier, encoded before the clock starts."""
    made = Dataset()
    made.QueryRetrieveLevel = level
    for name in keys:
        setattr(made, name, "")
    for name, value in values.items():
        setattr(made, name, value)
    return framed.encoded(made)


def find(bench: Bench) -> None:
    """Each query of the suite, asked again and again on one association."""
    corpus = list(corpora.studies(bench.count(STUDIES, 40), IMAGES))
    with bench.servers(tuple(FINDERS)) as running:
        for each in running.values():
            _load(each, [m for _, part in corpus[: _held(each, len(corpus))] for m in part])
        study = corpus[7][0]
        series = _series(corpus[7][1][0])
        everything = asked_for("STUDY", STUDY)
        runs = {
            each.name: Run(partial(_rate, each, everything, _held(each, len(corpus))), each.process)
            for each in running.values()
        }
        bench.interleaved(f"C-FIND {STUDIES} studies", "responses/s", runs)
        queries = {
            "Patient ID": (asked_for("STUDY", STUDY, PatientID="P00007"), 1),
            "wildcard name": (asked_for("STUDY", STUDY, PatientName="Carter*"), 2),
            "date range": (asked_for("STUDY", STUDY, StudyDate="20260101-20260131"), 2),
            "series": (asked_for("SERIES", SERIES, StudyInstanceUID=study), 1),
            "image": (
                asked_for("IMAGE", IMAGE, StudyInstanceUID=study, SeriesInstanceUID=series),
                IMAGES,
            ),
        }
        for name, (identifier, least) in queries.items():
            runs = {
                each.name: Run(
                    partial(_times, each, identifier, least, bench.count(30, 5)), each.process
                )
                for each in running.values()
            }
            bench.interleaved(f"C-FIND {name}", "ms", runs)
        identifier = ("-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=P00007", "-k", "StudyDate")
        runs = {
            each.name: Run(partial(_tool, "findscu", each, identifier, 1), each.process)
            for each in running.values()
        }
        bench.interleaved("findscu Patient ID, stock", "ms", runs)


def _held(running: Running, count: int) -> int:
    return round(FINDERS[running.name] * count)


def _series(message: list[bytes]) -> str:
    raw = b"".join(message)
    at = raw.index(b"\x20\x00\x0e\x00UI") + 8
    return raw[at : at + framed.DIGITS + 6].decode().strip("\0")


def _load(running: Running, messages: list[list[bytes]]) -> None:
    """Store these; dcmqrscp loses rows of its index when two do so at once."""
    senders = 1 if running.name == "dcmqrscp" else 2
    framed.timed(running.server, [messages[start::senders] for start in range(senders)])


def _rate(running: Running, identifier: bytes, wanted: int) -> tuple[float, int]:
    dialogue = Dialogue(running.server, Field.C_FIND)
    begun = time.perf_counter()
    found, _ = dialogue.ask(identifier)
    took = time.perf_counter() - begun
    dialogue.release()
    if found != wanted:
        raise RuntimeError(f"{found} answers, not {wanted}")
    return found / took, found


def _times(running: Running, identifier: bytes, least: int, count: int) -> tuple[float, int]:
    dialogue = Dialogue(running.server, Field.C_FIND)
    begun = time.perf_counter()
    for _ in range(count):
        found, _ = dialogue.ask(identifier)
        if found < least:
            raise RuntimeError(f"{found} answers, at least {least} are right")
    took = time.perf_counter() - begun
    dialogue.release()
    return 1000 * took / count, count


def _tool(
    program: str, running: Running, options: tuple[str, ...], objects: int
) -> tuple[float, int]:
    called = ("-aet", "BENCH", "-aec", running.server.ae_title)
    begun = time.perf_counter()
    place = ("127.0.0.1", str(running.server.port))
    done = peers.tool(program, "-S", *called, *options, *place, quick=False)
    took = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(f"{program}: {last_line(done.stderr or done.stdout)}")
    return 1000 * took, objects


def retrieve(bench: Bench) -> None:
    """200 CT of one study, to a receiver that keeps nothing and to DCMTK's tools."""
    count = bench.count(CT_IMAGES, 10)
    uid, study = framed.new_uid(), framed.new_uid()
    data = framed.data_set(corpora.SIDES["CT"], study, framed.new_uid(), uid)
    with receiver() as port, bench.servers(ARCHIVES, Asked(destination=port)) as running:
        held = {}
        for each in running.values():
            held[each.name] = count if each.name != "pynetdicom qrscp" else max(5, count // 5)
            _load(each, framed.requests(data, uid, held[each.name], each.server.most))
        identifier = asked_for("STUDY", (), StudyInstanceUID=study)
        for field, work in ((Field.C_MOVE, "C-MOVE"), (Field.C_GET, "C-GET")):
            runs = {
                each.name: Run(
                    partial(_retrieved, each, field, identifier, held[each.name]), each.process
                )
                for each in running.values()
            }
            bench.interleaved(f"{work} {CT_IMAGES} CT, lean client", "objects/s", runs)
        _tools(bench, running, study, held)


def _retrieved(running: Running, field: Field, identifier: bytes, wanted: int) -> tuple[float, int]:
    begun = time.perf_counter()
    dialogue = Dialogue(running.server, field)
    _, came = dialogue.ask(identifier, "DEST" if field == Field.C_MOVE else None)
    dialogue.release()
    took = time.perf_counter() - begun
    if came != wanted:
        raise RuntimeError(f"{came} objects came, not {wanted}")
    return wanted / took, wanted


def _tools(bench: Bench, running: dict[str, Running], study: str, held: dict[str, int]) -> None:
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}")
    with tempfile.TemporaryDirectory() as name:
        tools = {"movescu": ("-aem", "DEST"), "getscu": ("+B", "-od", str(Path(name)))}
        for program, more in tools.items():

            def run(each: Running, program: str = program, how: tuple[str, ...] = more) -> Run:
                def do() -> tuple[float, int]:
                    took, objects = _tool(program, each, (*how, *keys), held[each.name])
                    return 1000 * objects / took, objects

                return Run(do, each.process)

            runs = {each.name: run(each) for each in running.values()}
            bench.interleaved(f"{program} {CT_IMAGES} CT, stock", "objects/s", runs)


def large(bench: Bench) -> None:
    """One multi-frame object of 210 MB: MB/s, and how memory grows."""
    megabytes = bench.count(210)
    sent = corpora.multi_frame(megabytes)
    names = ("Anode", "Anode lazy", "Orthanc", "Orthanc tuned", "dcmqrscp", "storescp")
    with bench.servers(names) as running:
        before = {}
        for each in running.values():
            framed.rate(each.server, corpora.SIDES["CT"], 3, 1)
            before[each.name] = _peak(each)
        runs = {
            each.name: Run(partial(_large, each, sent, megabytes), each.process)
            for each in running.values()
        }
        work = f"C-STORE multi-frame {megabytes} MB"
        for row in bench.interleaved(work, "MB/s", runs, stores=True):
            if row.samples and row.peak_mb is not None:
                grown = row.peak_mb - before[row.server]
                bench.rows.append(
                    replace(row, work=f"{work}, growth", unit="MB", samples=[grown], cpu_ms=None)
                )


def _peak(running: Running) -> float:
    return peak_mb(running.process)


def _large(running: Running, sent: list[list[bytes]], megabytes: int) -> tuple[float, int]:
    """The same object again and again, under a UID of its own each time."""
    message = list(sent[0])
    raw = b"".join(message[:2])
    at = raw.index(b"2.25.1")
    old, new = raw[at : at + framed.DIGITS + 5], framed.new_uid().encode()
    message[:2] = [pdu.replace(old, new) for pdu in message[:2]]
    server = replace(running.server, sop_class=corpora.MULTI_FRAME)
    return megabytes * framed.timed(server, [[message]]), 1


def associate(bench: Bench) -> None:
    """Association, one echo, release: milliseconds."""
    names = ("Anode", "Orthanc", "dcmqrscp", "storescp", "pynetdicom qrscp")
    with bench.servers(names) as running:
        runs = {
            each.name: Run(
                lambda each=each: (
                    timed(Target(each.server.ae_title, "127.0.0.1", each.server.port)),
                    20,
                ),
                each.process,
            )
            for each in running.values()
        }
        bench.interleaved("association, echo, release", "ms", runs)
