"""The entry of a worker process, which `anode serve` begins with `[node] workers` over 1.

Nobody types this: its one argument is the number of the socket to its parent.
"""

from __future__ import annotations

import socket
import sys

from cli import logs
from scp import heap
from scp.worker import Worker

COMMAND = (sys.executable, "-P", "-m", "cli.worker")


def main() -> None:
    """Serve until the parent says that it is over."""
    heap.bound()
    Worker(socket.socket(fileno=int(sys.argv[1])), logs.begin).run()


if __name__ == "__main__":
    main()
