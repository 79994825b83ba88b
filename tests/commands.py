"""The `anode` command as tests run it: in this process, with what it printed and its exit code."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli import logs
from cli.main import run
from scp.node import Node
from tests.nodes import target

ROOT = Path(__file__).parent.parent
SECONDS = 60


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it has to be."""
        return json.loads(self.out)


@contextlib.contextmanager
def logging_kept() -> Iterator[None]:
    """Logging as it was, after what sets it up for a process of its own."""
    root = logging.getLogger()
    levels = [(each, each.level) for each in map(logging.getLogger, (None, *logs.LIBRARIES))]
    handlers = list(root.handlers)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        for logger, level in levels:
            logger.setLevel(level)


def anode(*arguments: object) -> Ran:
    """Run a command line here."""
    out, err = io.StringIO(), io.StringIO()
    with logging_kept(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    return Ran(code, out.getvalue(), err.getvalue())


def at(serving: Node) -> str:
    """The node as PEER."""
    return str(target(serving))


def configuration(folder: Path, text: str = "") -> Path:
    """A configuration file for a node with its data beside it."""
    path = folder / "anode.toml"
    listener = "" if "[[listener]]" in text else "[[listener]]\nport = 1\n"
    path.write_text(f"{listener}{text}", encoding="utf-8")
    return path


def command(*arguments: object) -> list[str]:
    """The same as a process of its own, as the entry point runs it."""
    return [sys.executable, "-m", "cli.main", *map(str, arguments)]


@contextlib.contextmanager
def process(folder: Path, *arguments: object, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """A command as a process in `folder`; killed at the end if it is still there."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # So it is in the background of a shell; what we start shall hear Ctrl-C all the same.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    started = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        try:
            yield started
        except BaseException:
            started.kill()
            # What it wrote, unless the test has read it.
            with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
                print(started.communicate(timeout=SECONDS)[1])
            raise
        finally:
            if started.poll() is None:
                started.kill()
