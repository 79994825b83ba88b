"""The C library's heap in a process with a thread for each association.

Law: what associations have given back serves the next ones, so a node that has done a day's work
is as large as one that has done an hour's. glibc gives threads arenas of their own, up to eight for
each core, and what is free in one is of no use to another's threads. Under the interpreter's lock
one thread at a time asks for memory: few arenas cost nothing.
"""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8  # glibc's malloc.h
ARENAS = 2


def share() -> None:
    """Let all threads share few arenas; for who has not begun any yet. Not glibc: nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)
