"""The heap: large blocks go back to the system, also when others went before."""

import subprocess
import sys

import pytest

from scp import heap
from tests.commands import ROOT

# Bytes that lie apart from the heap, once there was a larger block that is gone.
APART = f"""
import ctypes
from scp import heap

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
heap.bound()
gone = bytearray({4 * heap.LARGE})
del gone
before = libc.mallinfo2().hblkhd
kept = bytearray({heap.LARGE})
print(libc.mallinfo2().hblkhd - before)
"""


def test_large_blocks_lie_apart_from_the_heap_whatever_was_freed_before():
    ran = subprocess.run(
        [sys.executable, "-c", APART], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if "mallinfo2" in ran.stderr:
        pytest.skip("glibc before 2.33, or none")
    assert int(ran.stdout) >= heap.LARGE, ran.stderr
