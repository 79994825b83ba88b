"""`anode commit`: have a peer answer for objects it was sent (storage commitment), PS3.4 Annex J.

Who means to delete a copy asks this first: only "committed" says that the peer has taken over.
"""

from __future__ import annotations

from cli import calls, committing, options, show, sources
from cli.committing import WAIT_SECONDS, ListenOption, WaitOption
from cli.failures import Code, Failure

EXAMPLES = options.examples(
    "anode commit ANODE@127.0.0.1:11112 ./study",
    "anode commit PACS1 ./study --listen 11113      (the port PACS1 knows for us)",
    "anode send PACS1 ./study --commit              (store, then commit)",
)


def commit(
    peer: options.PeerArgument,
    paths: options.PathsArgument,
    *,
    wait: WaitOption = WAIT_SECONDS,
    listen: ListenOption = None,
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
    """Have a peer answer for objects (storage commitment).

    Exit code 0 only if all are committed: then the peer has taken over their safekeeping.
    """
    way = calls.Way(config, aet, aec, timeout, calls.Secured(tls, cert, tls_key, ca))
    call = calls.resolve(peer, way)
    waiting = committing.patience(peer, way, wait, listen)
    with show.spinner() as progress:
        looking = progress.add_task("Looking at files", total=None)
        found = sources.collect(paths, lambda: progress.advance(looking))
    for path, cause in found.damaged:
        show.tell(f"not committed: {path}: {cause}")
    if not found.sources:
        raise Failure(Code.PARTIAL, "nothing to commit: no DICOM object in what was named")
    result = committing.ask(call, found.sources, waiting)
    if as_json:
        show.document(committing.document(result))
    else:
        committing.report(result)
    return result.code or (Code.PARTIAL if found.damaged else Code.DONE)
