"""The C library's heap in a process with a thread for each association.

Law: what associations have given back serves the next ones, so a node that has done a day's work
is as large as one that has done an hour's. glibc gives threads arenas of their own, up to eight for
each core, and what is free in one is of no use to another's threads. Under the interpreter's lock
one thread at a time asks for memory: few arenas cost nothing.

Large blocks lie apart, and go back to the system when they are freed, until glibc has seen one go:
then it takes blocks of that size from the heap, where they leave holes. One comes to every node:
the interpreter's table of names, made anew after some ten thousand paths (2 MiB, the old one beside
it). So a size is set that stays (mallopt(3)).
"""

from __future__ import annotations

import ctypes

# glibc's malloc.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
ARENAS = 2
LARGE = 3 << 19  # bytes: more than an association reads or sends at a time
_SPARE = 2 * LARGE  # at the heap's end, as glibc itself has it


def bound() -> None:
    """Set how it grows; for who has not begun any threads yet. Not glibc: nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)
        mallopt(_M_MMAP_THRESHOLD, LARGE)
        mallopt(_M_TRIM_THRESHOLD, _SPARE)
