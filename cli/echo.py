"""`anode echo`: is the peer there, and does it know us?  PS3.4 Annex A."""

from __future__ import annotations

import scu.echo
from cli import calls, options, show
from cli.explaining import explained
from cli.failures import Code, Failure
from scu import statuses

EXAMPLES = options.examples(
    "anode echo ANODE@127.0.0.1:11112",
    "anode echo CT1                          (a [[peer]] of ./anode.toml)",
    "anode echo PACS@10.0.0.9:104 --aet WS1 --timeout 3",
)


def echo(
    peer: options.PeerArgument,
    *,
    config: options.ConfigOption = None,
    aet: options.AetOption = None,
    aec: options.AecOption = None,
    timeout: options.TimeoutOption = None,
    tls: options.TlsOption = None,
    cert: options.CertOption = None,
    tls_key: options.TlsKeyOption = None,
    ca: options.CaOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Ask a peer whether it is there (C-ECHO)."""
    secured = calls.Secured(tls, cert, tls_key, ca)
    call = calls.resolve(peer, calls.Way(config, aet, aec, timeout, secured))
    with explained(call):
        answer = scu.echo.echo(call.target, call.caller)
    if statuses.category(answer.status) != statuses.SUCCESS:
        said = statuses.describe(answer.status, "echo")
        raise Failure(Code.PARTIAL, f"{call.target} answered {said}")
    if as_json:
        show.document(
            {
                "peer": str(call.target),
                "aet": call.caller.ae_title,
                "status": answer.status,
                "associated_seconds": round(answer.associated, 6),
                "answered_seconds": round(answer.answered, 6),
            }
        )
        return
    took = f"associated in {_ms(answer.associated)}, echo in {_ms(answer.answered)}"
    show.say(f"{call.target} answers: {took}")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
