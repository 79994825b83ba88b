"""A process that has imported everything, and forks a node whenever it is asked: `serving`.

A new interpreter takes a second to import the node; 25 kills would be spent on that.  What is
forked is `anode serve` as its entry point runs it, a process of its own to kill or to stop.

Asked over a socket: one message is a configuration's path, with the descriptor to write to; the
answer is the process's number.  When the socket closes this process ends, and its nodes with it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import traceback

from cli import main

PR_SET_PDEATHSIG = 1


def _node(configuration: str, output: int) -> None:
    """The forked process: never returns."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # Streams of the cradle's remember what they were opened on.
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    sys.argv[1:] = ["serve", "-c", configuration]
    try:
        main.main()
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:  # noqa: BLE001 - it is told, and nothing of the cradle's goes on here
        traceback.print_exc()
    os._exit(1)


def _serve(asked: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: pidfds tell their end
    asked.send(b"ready")
    while True:
        request, descriptors, _, _ = socket.recv_fds(asked, 65536, 1)
        if not request:
            return
        if (process := os.fork()) == 0:
            asked.close()
            _node(request.decode(), descriptors[0])
        os.close(descriptors[0])
        asked.send(str(process).encode())


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
