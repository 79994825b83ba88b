"""`anode serve`: the node in the foreground, until SIGTERM or Ctrl-C.

The first signal drains: no new associations, those under way may finish.  A second one ends the
process at once; what was acknowledged is on disk by then.  SIGHUP reads the configuration anew.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from cli import calls, logs, options, worker
from cli.failures import Code, Failure
from config.errors import ConfigError
from config.settings import Settings, load
from scp import heap
from scp.node import Node

EXAMPLES = options.examples(
    "anode serve",
    "anode serve -c /etc/anode.toml",
    "anode serve --port 4242 --ae-title PACS1",
    "ANODE__LOG__FORMAT=json anode serve",
)
ENDING = (signal.SIGTERM, signal.SIGINT)
HEARD = (*ENDING, signal.SIGHUP)

# Why a port cannot be bound, and the next step; others speak for themselves.
_HINTS: Final[Mapping[int, str]] = {
    errno.EADDRINUSE: "is a node running already? another port: --port N",
    errno.EADDRNOTAVAIL: "this machine has no such address; another one: --host HOST",
    errno.EACCES: "ports below 1024 take CAP_NET_BIND_SERVICE; another port: --port N",
}

Given = tuple[str, str | int | None]
"""An option's name and its value."""

_log = logging.getLogger("anode.serve")

HostOption = Annotated[
    str | None,
    typer.Option("--host", metavar="HOST", help="Where to listen instead.", show_default=False),
]
PortOption = Annotated[
    int | None,
    typer.Option("--port", metavar="PORT", help="The port instead; 0: any.", show_default=False),
]
TitleOption = Annotated[
    str | None,
    typer.Option("--ae-title", metavar="AET", help="The node's own name.", show_default=False),
]


def serve(
    *,
    config: options.ConfigOption = None,
    host: HostOption = None,
    port: PortOption = None,
    ae_title: TitleOption = None,
) -> None:
    """Run the node in the foreground."""
    given = {
        "ANODE__LISTENER__1__HOST": ("--host", host),
        "ANODE__LISTENER__1__PORT": ("--port", port),
        "ANODE__NODE__AE_TITLE": ("--ae-title", ae_title),
    }
    settings = _settings(calls.configuration(config), given)
    logs.begin(settings.log)
    # Blocked before any thread begins, so that every thread leaves them to `sigwait`.
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    heap.bound()
    node = Node(settings, worker.COMMAND)
    try:
        node.start()
    except OSError as error:
        raise _refused(error) from None
    _tell(settings, calls.configuration(config))
    while (received := signal.sigwait(HEARD)) == signal.SIGHUP:
        _reload(node, calls.configuration(config), given)
    _log.info("%s: draining; once more to stop at once", signal.Signals(received).name)
    for each in ENDING:
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    node.stop()
    _log.info("stopped")


def _reload(node: Node, path: Path | None, given: Mapping[str, Given]) -> None:
    """Read the configuration and its files anew; whatever is wrong with it, the node goes on."""
    try:
        node.reload(lambda: _settings(path, given))
    except (ConfigError, OSError) as error:
        why = (isinstance(error, OSError) and error.strerror) or error
        _log.error("SIGHUP: nothing was changed: %s", why)
        return
    except Exception:  # noqa: BLE001 - a reload never takes the node with it
        _log.exception("SIGHUP: nothing was changed, by an error of ours")
        return
    logs.begin(node.settings.log)
    _log.info("SIGHUP: the configuration was read anew")


def _settings(path: Path | None, given: Mapping[str, Given]) -> Settings:
    """Options go the way of the environment, over it; errors name the option."""
    options_ = {name: str(value) for name, (_, value) in given.items() if value is not None}
    try:
        return load(path, {**os.environ, **options_})
    except ConfigError as error:
        message = str(error)
        for name in options_:
            message = message.replace(name, given[name][0])
        raise ConfigError(message) from None


def _tell(settings: Settings, path: Path | None) -> None:
    where = path.absolute() if path else "none, so defaults are in force"
    _log.info("configuration: %s; data: %s", where, settings.node.data)
    if settings.admits_loopback:
        _log.info("no [[peer]] is configured: every AE title is served, from this machine only")


def _refused(error: OSError) -> Failure:
    said = error.strerror or str(error)
    hint = _HINTS.get(error.errno or 0, "") if said.startswith("cannot listen") else ""
    return Failure(Code.PARTIAL, f"{said}; {hint}" if hint else said)
