"""`anode get`: have a peer send objects back on the same association (C-GET), PS3.4 C.4.3.

What is to be proposed depends on what is there, so the peer is asked first (C-FIND); where it
cannot tell, the sixty most usual storage classes are proposed.  A peer may bring along what objects
refer to and need (retrieve_whole): classes of that are proposed where there is room.  What the peer
tells of transfer syntaxes also shows which objects arrive in another one than they are stored in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

import scu.retrieve
from cli import calls, move, options, questions, show
from cli.calls import Call
from cli.explaining import explained
from cli.failures import Code, Failure
from cli.holdings import Holdings, holdings, proposal
from cli.move import SHOWN, code, follow, nothing
from cli.proposals import USUAL, proposals
from cli.questions import Question
from cli.received import Folder, Received
from config import catalogue
from scp.wholes import along
from scu import statuses
from scu.associate import associate
from scu.find import QueryFailed
from scu.retrieve import Progress
from wire.errors import Ended, NoContext

EXAMPLES = options.examples(
    "anode get ANODE@127.0.0.1:11112 -k StudyInstanceUID=1.2.3 -o study",
    "anode get PACS1 -k PatientID=ABC -o abc",
    "anode get PACS1 -L SERIES -k StudyInstanceUID=1.2 -k SeriesInstanceUID=1.2.3",
    "anode get PACS1 --model palette -k SOPInstanceUID=1.2.3.4 -o palettes",
    "anode get PACS1 --model instance -k SOPInstanceUID=1.2.3.4 -k 'SimpleFrameList=1\\3'",
)


@dataclass(frozen=True, slots=True)
class Got:
    """What came of a C-GET: the final response, the objects, what the peer said it holds."""

    last: Progress
    folder: Folder
    held: Holdings

    def stored_in(self, one: Received) -> str:
        """The transfer syntax it has at the peer where that is another; empty: not known to be."""
        known = self.held.stored.get(one.sop_instance_uid, set())
        return "" if one.transfer_syntax_uid in known else min(known, default="")

    @property
    def failures(self) -> list[tuple[str, str]]:
        """UID and cause: ours where we refused, else the one reason the peer gives for all."""
        own = dict(self.folder.refused)
        said = statuses.describe(self.last.status, "get", self.last.comment)
        theirs = [uid for uid in self.last.failed_uids if uid not in own]
        return self.folder.refused + [(uid, self.last.comment or said) for uid in theirs]


def get(
    peer: options.PeerArgument,
    *,
    key: options.KeysOption = None,
    level: options.LevelOption = None,
    model: options.RetrieveModelOption = None,
    patient_root: options.PatientRootOption = False,
    output: options.FolderOption = Path(),
    config: options.ConfigOption = None,
    aet: options.AetOption = None,
    aec: options.AecOption = None,
    timeout: options.TimeoutOption = None,
    tls: options.TlsOption = None,
    cert: options.CertOption = None,
    tls_key: options.TlsKeyOption = None,
    ca: options.CaOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Retrieve objects into a folder (C-GET).

    One DICOM file for each object, named by its SOP Instance UID.
    """
    secured = calls.Secured(tls, cert, tls_key, ca)
    call = calls.resolve(peer, calls.Way(config, aet, aec, timeout, secured))
    root = questions.root_of(model, patient_root=patient_root)
    asked = questions.question(key or [], level=level, root=root, default=None)
    questions.to_retrieve(asked)
    output.mkdir(parents=True, exist_ok=True)
    folder = Folder(output, source_ae=call.target.ae_title, most=call.caller.limits.object_bytes)
    with explained(call):
        held = _held(call, asked)
    got = Got(follow(_responses(call, asked, held, folder), "Getting"), folder, held)
    if as_json:
        show.document(_document(call, got))
    else:
        _report(call, got)
    if not folder.received and not folder.refused and nothing(got.last):
        show.complain(f"{call.target} has nothing that matches these keys")
        return Code.PARTIAL
    return Code.PARTIAL if folder.refused else code(got.last)


def _held(call: Call, asked: Question) -> Holdings:
    try:
        return holdings(call, asked)
    except (NoContext, QueryFailed, Ended, ValueError):
        return Holdings()  # it cannot be asked: that is no reason not to get


def _responses(call: Call, asked: Question, held: Holdings, folder: Folder) -> Iterator[Progress]:
    model = asked.model("get")
    classes = held.classes or {uid: set() for uid in USUAL}
    whole = not asked.single and asked.level != "FRAME"
    stores = proposals(classes, along(held.classes) if whole else ())
    contexts = [proposal(model), *stores]
    # PS3.7 D.3.3.4: SCU of C-GET, SCP of the storage that comes with it
    roles = {uid: (False, True) for uid, _ in stores}
    with explained(call), associate(call.target, call.caller, contexts, roles) as association:
        try:
            yield from scu.retrieve.get(association, model, asked.identifier, folder.keep)
        except ValueError as error:
            raise Failure(Code.PARTIAL, f"{call.target}: {error}") from None


def _report(call: Call, got: Got) -> None:
    if got.folder.received:
        show.put(_table(got))
    for uid, why in got.failures[:SHOWN]:
        show.tell(f"failed: {uid}: {why}")
    if len(got.failures) > SHOWN:
        show.tell(f"... and {len(got.failures) - SHOWN} more failures; --json lists all")
    folder, last = got.folder, got.last
    number = show.count(len(folder.received), "object")
    missing = f"; {last.failed} failed" if last.failed else ""
    show.say(f"{number} ({show.size(folder.size)}) from {call.target} in {folder.path}{missing}")
    if last.category != statuses.SUCCESS:
        show.complain(f"{call.target}: {statuses.describe(last.status, 'get', last.comment)}")


def _kinds(got: Got) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Objects and bytes by SOP class, transfer syntax, and the one they are stored in."""
    objects: Counter[tuple[str, str, str]] = Counter()
    volume: Counter[tuple[str, str, str]] = Counter()
    for one in got.folder.received:
        kind = one.sop_class_uid, one.transfer_syntax_uid, got.stored_in(one)
        objects[kind] += 1
        volume[kind] += one.size
    return {kind: (objects[kind], volume[kind]) for kind in sorted(objects, key=_names)}


def _names(kind: tuple[str, str, str]) -> list[str]:
    return [catalogue.name_of(uid) for uid in kind]


def _table(got: Got) -> Table:
    kinds = _kinds(got)
    changed = ("Converted from",) if any(stored for _, _, stored in kinds) else ()
    names = ("SOP class", "Transfer syntax", *changed)
    made = show.table(*names, "Objects", "Bytes", right=("Objects", "Bytes"), whole=names)
    for kind, (objects, volume) in kinds.items():
        show.row(made, *_names(kind)[: len(names)], objects, show.size(volume))
    return made


def _document(call: Call, got: Got) -> dict[str, object]:
    return {
        "peer": str(call.target),
        "folder": str(got.folder.path),
        "files": [str(path) for path in got.folder.written],
        "bytes": got.folder.size,
        "received": [
            {
                "sop_class_uid": sop_class,
                "transfer_syntax_uid": syntax,
                "converted_from": stored or None,
                "objects": objects,
                "bytes": volume,
            }
            for (sop_class, syntax, stored), (objects, volume) in _kinds(got).items()
        ],
        "converted": [
            {
                "sop_instance_uid": one.sop_instance_uid,
                "converted_from": stored,
                "transfer_syntax_uid": one.transfer_syntax_uid,
            }
            for one in got.folder.received
            if (stored := got.stored_in(one))
        ],
        **move.document(got.last, "get"),
        "failures": [{"sop_instance_uid": uid, "cause": why} for uid, why in got.failures],
    }
