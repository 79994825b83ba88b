"""`anode get`: have a peer send objects back on the same association (C-GET), PS3.4 C.4.3.

What is to be proposed depends on what is there, so the peer is asked first (C-FIND); where it
cannot tell, the sixty most usual storage classes are proposed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import scu.retrieve
from cli import calls, holdings, keys, options, show
from cli.calls import Call
from cli.failures import Code, Failure, explained
from cli.keys import Question
from cli.move import SHOWN, code, follow
from cli.proposals import USUAL, proposals
from cli.received import Folder
from scu import statuses
from scu.associate import associate
from scu.find import QueryFailed
from scu.retrieve import Progress
from wire.errors import Ended, NoContext

EXAMPLES = options.examples(
    "anode get ANODE@127.0.0.1:11112 -k StudyInstanceUID=1.2.3 -o study",
    "anode get PACS1 -k PatientID=ABC -o abc",
    "anode get PACS1 -L SERIES -k StudyInstanceUID=1.2 -k SeriesInstanceUID=1.2.3",
)


def get(
    peer: options.PeerArgument,
    *,
    key: options.KeysOption = None,
    level: options.LevelOption = None,
    patient_root: options.PatientRootOption = False,
    output: options.FolderOption = Path(),
    config: options.ConfigOption = None,
    aet: options.AetOption = None,
    aec: options.AecOption = None,
    timeout: options.TimeoutOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Retrieve objects into a folder (C-GET).

    One DICOM file for each object, named by its SOP Instance UID.
    """
    call = calls.resolve(peer, calls.Way(config, aet, aec, timeout))
    asked = keys.question(key or [], level=level, patient_root=patient_root, default=None)
    keys.to_retrieve(asked)
    output.mkdir(parents=True, exist_ok=True)
    folder = Folder(output, source_ae=call.target.ae_title)
    with explained(call):
        classes = _classes(call, asked)
    last = follow(_responses(call, asked, classes, folder), "Getting")
    if as_json:
        show.document(_document(call, last, folder))
    else:
        _report(call, last, folder)
    return Code.PARTIAL if folder.refused else code(last)


def _classes(call: Call, asked: Question) -> holdings.Classes:
    try:
        found = holdings.classes(call, asked)
    except (NoContext, QueryFailed, Ended, ValueError):
        found = {}  # it cannot be asked: that is no reason not to get
    return found or {uid: set() for uid in USUAL}


def _responses(
    call: Call, asked: Question, classes: holdings.Classes, folder: Folder
) -> Iterator[Progress]:
    model = asked.model("get")
    contexts = [holdings.proposal(model), *proposals(classes)]
    # PS3.7 D.3.3.4: SCU of C-GET, SCP of the storage that comes with it
    roles = dict.fromkeys(classes, (False, True))
    with explained(call), associate(call.target, call.caller, contexts, roles) as association:
        try:
            yield from scu.retrieve.get(association, model, asked.identifier, folder.keep)
        except ValueError as error:
            raise Failure(Code.PARTIAL, f"{call.target}: {error}") from None


def _report(call: Call, last: Progress, folder: Folder) -> None:
    for why in folder.refused[:SHOWN]:
        show.tell(f"refused: {why}")
    for uid in last.failed_uids[:SHOWN]:
        show.tell(f"failed: {uid}")
    got = show.count(len(folder.written), "object")
    missing = f"; {last.failed} failed" if last.failed else ""
    show.say(f"{got} ({show.size(folder.size)}) from {call.target} in {folder.path}{missing}")
    if last.category != statuses.SUCCESS:
        show.complain(f"{call.target}: {statuses.describe(last.status, 'get', last.comment)}")


def _document(call: Call, last: Progress, folder: Folder) -> dict[str, object]:
    return {
        "peer": str(call.target),
        "folder": str(folder.path),
        "files": [str(path) for path in folder.written],
        "bytes": folder.size,
        "refused": folder.refused,
        "said": statuses.describe(last.status, "get", last.comment),
        **asdict(last),
    }
