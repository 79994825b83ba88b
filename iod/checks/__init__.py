"""Checks of objects against their IOD, and against rules of ours. Never sees a network or an index.

`check` takes an object in a file and tells findings; see `checking.py`.
"""

from iod.checks.checking import BEYOND, Slice, check, check_in, refers
from iod.checks.findings import MOST, Finding, errors
from iod.checks.objects import Known
from iod.checks.parsing import Bounds
from iod.checks.version import rules

__all__ = [
    "BEYOND",
    "MOST",
    "Bounds",
    "Finding",
    "Known",
    "Slice",
    "check",
    "check_in",
    "errors",
    "refers",
    "rules",
]
