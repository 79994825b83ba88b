"""A fuzzer that learns from what it reaches (atheris, libFuzzer) on one of the targets.

    python -m tests.fuzz.run questions corpus/questions -max_total_time=3600

The folder holds seeds and gets what it learns; other options are libFuzzer's. It ends with an error
and a file `crash-...` at a finding: bytes for a test.
"""

from __future__ import annotations

import sys
import warnings

import atheris

with atheris.instrument_imports(include=["wire", "archive", "scu"], enable_loader_override=False):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz the target named on the command line."""
    warnings.simplefilter("ignore")  # pydicom's, of what it forgives
    name, *arguments = sys.argv[1:]
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
