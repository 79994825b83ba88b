"""Legal associations, recorded as they are held: what mutated conversations begin from.

DCMTK, pynetdicom and our own SCU talk to a node through a proxy that keeps what they say, burst by
burst: one ends where the node answers, so that a replay can keep step.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from pydicom import Dataset
from pynetdicom import AE, build_role, evt

from scu import commit, find, instances, store
from scu.associate import Target, associate
from scu.echo import echo
from scu.references import Reference
from tests import clients
from tests.clients import CALLER, PATIENT_ROOT, STUDY_ROOT
from tests.objects import CT_IMAGE, MR_IMAGE, identifier, instance, uid, written
from tests.peers import needs_dcmtk, tool

HERE = "127.0.0.1"
Conversation = tuple[bytes, ...]
"""What the requestor said, burst by burst."""

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
EVERYTHING = identifier("STUDY", PatientName="", PatientID="", StudyInstanceUID="", StudyDate="")
STUDY = identifier("STUDY", StudyInstanceUID=uid("s"))


class Proxy:
    """Passes on what it hears in both directions, and keeps what callers say."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server((HERE, 0))
        self.port: int = self._listening.getsockname()[1]
        self.conversations: list[Conversation] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Proxy:
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in (self._accepting, *self._threads):
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._pass, args=(caller,))
            self._threads.append(thread)
            thread.start()

    def _pass(self, caller: socket.socket) -> None:
        bursts: list[bytearray] = []
        answered = True
        with caller, socket.create_connection((HERE, self._to)) as node:
            other = {caller: node, node: caller}
            open_ = True
            while open_:
                for sock in select.select(list(other), [], [])[0]:
                    with contextlib.suppress(OSError):
                        if data := sock.recv(1 << 16):
                            other[sock].sendall(data)
                            if sock is caller and answered:
                                bursts.append(bytearray())
                            if sock is caller:
                                bursts[-1] += data
                            answered = sock is node
                            continue
                    open_ = False
        self.conversations.append(tuple(map(bytes, bursts)))


def recorded(port: int, folder: Path) -> list[Conversation]:
    """At least thirty legal associations with the node at this port, which must know TESTER."""
    paths = written(
        folder / "small",
        *(instance(n) for n in range(3)),
        instance(9, sop_class=MR_IMAGE, Modality="MR"),
    )
    with Proxy(port) as proxy:
        target = Target("ANODE", HERE, proxy.port)
        for speak in (_ours, _pynetdicom, *([] if needs_dcmtk.args[0] else [_dcmtk])):
            speak(target, paths)
    return proxy.conversations


# -- who speaks -----------------------------------------------------------------------------------


def _ours(target: Target, paths: list[Path]) -> None:
    assert echo(target, CALLER).status == 0
    assert all(one.status == 0 for one in clients.send(target, paths))
    for syntax in (IMPLICIT, EXPLICIT, BIG):
        clients.query(target, EVERYTHING, syntaxes=(syntax,))
    clients.query(target, identifier("PATIENT", PatientID="*"), root=PATIENT_ROOT)
    series = identifier("SERIES", StudyInstanceUID=uid("s"), Modality="", SeriesInstanceUID="")
    clients.query(target, series)
    wanted = [instances.read(path) for path in paths]
    clients.get(target, STUDY, wanted)
    clients.move(target, STUDY, "DEST")
    clients.move(target, STUDY, "NOBODY")
    _asked_and_cancelled(target)
    _relational(target)
    done = commit.Commitment([Reference(CT_IMAGE, uid("i", 1, []))])
    with associate(target, CALLER, [(commit.MODEL, commit.SYNTAXES)]) as association:
        commit.request(association, done)
        commit.listen(association, done, 5.0)
    with associate(target, CALLER, [(CT_IMAGE, (EXPLICIT,))]) as association:
        for path in paths[:3]:
            store.store(association, instances.read(path))


def _asked_and_cancelled(target: Target) -> None:
    model = STUDY_ROOT + "1"
    with associate(target, CALLER, [(model, (EXPLICIT,))]) as association:
        answers = find.find(association, model, EVERYTHING)
        next(answers)
        answers.close()


def _relational(target: Target) -> None:
    model = STUDY_ROOT + "1"
    asked = identifier("IMAGE", Modality="CT", PatientName="D*", SOPInstanceUID="")
    asked.RequestAttributesSequence = [Dataset()]
    asked.RequestAttributesSequence[0].RequestedProcedureID = "R?"
    proposals = [(model, (EXPLICIT,))]
    with associate(target, CALLER, proposals, extended={model: b"\1\1\1\1"}) as association:
        list(find.find(association, model, asked))


def _pynetdicom(target: Target, paths: list[Path]) -> None:
    from pynetdicom import sop_class as classes

    study_find = classes.StudyRootQueryRetrieveInformationModelFind
    study_get = classes.StudyRootQueryRetrieveInformationModelGet
    acts: list[tuple[str, Callable[[object], object]]] = [
        (classes.Verification, lambda one: one.send_c_echo()),
        *((CT_IMAGE, lambda one, path=path: one.send_c_store(path)) for path in paths[:3]),
        (study_find, lambda one: list(one.send_c_find(EVERYTHING, study_find))),
        (study_find, lambda one: list(one.send_c_find(STUDY, study_find))),
        (study_get, lambda one: list(one.send_c_get(STUDY, study_get))),
    ]
    for abstract, act in acts:
        entity = AE(ae_title="TESTER")
        entity.add_requested_context(abstract)
        roles = []
        if abstract == study_get:
            entity.add_requested_context(CT_IMAGE)
            roles = [build_role(CT_IMAGE, scu_role=False, scp_role=True)]
        handlers = [(evt.EVT_C_STORE, lambda _: 0)]
        one = entity.associate(
            HERE, target.port, ae_title="ANODE", ext_neg=roles, evt_handlers=handlers
        )
        assert one.is_established
        act(one)
        one.release()


def _dcmtk(target: Target, paths: list[Path]) -> None:
    at = ("-aet", "TESTER", "-aec", "ANODE", HERE, str(target.port))
    level, study = ("-k", "QueryRetrieveLevel=STUDY"), ("-k", f"StudyInstanceUID={uid('s')}")
    calls: list[tuple[str, ...]] = [
        ("echoscu", *at),
        ("echoscu", "--propose-pc", "20", *at),
        ("echoscu", "--repeat", "5", *at),
        *(("storescu", option, *at, str(paths[0])) for option in ("-x=", "-xe", "-xi", "-xb")),
        ("storescu", "--max-send-pdu", "4096", *at, *map(str, paths)),
        ("findscu", "-S", *level, "-k", "PatientName=D*", *at),
        ("findscu", "-P", "-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID", *at),
        ("findscu", "-S", "-xi", *level, "-k", "StudyDate=20240101-20241231", *at),
        ("findscu", "-S", "--cancel", "1", *level, *at),
        ("movescu", "-S", "-aem", "DEST", *level, *study, *at),
        ("movescu", "-S", "-aem", "NOBODY", *level, *study, *at),
        ("getscu", "-S", *level, *study, "-od", str(paths[0].parent), *at),
        ("termscu", *at),
    ]
    for name, *arguments in calls:
        tool(name, *arguments, cwd=paths[0].parent)


def pdus(burst: bytes) -> Iterator[bytes]:
    """The PDUs of a burst; what is left of it last."""
    at = 0
    while at + 6 <= len(burst):
        end = at + 6 + int.from_bytes(burst[at + 2 : at + 6], "big")
        yield burst[at:end]
        at = end
    if at < len(burst):
        yield burst[at:]
