"""Rules of ours: what the tables of PS3.3 cannot say, each a row with its name and clause.

Law: a rule is a function of the object that tells paths and what is wrong there; the row says how
bad that is.  Names are for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from iod.checks.findings import Finding
from iod.checks.objects import Checked


def judged(checked: Checked) -> Iterator[Finding]:
    """What is wrong with an object by every rule for its class."""
    del checked
    yield from ()
