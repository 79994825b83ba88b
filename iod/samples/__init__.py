"""Samples: of every SOP class of the supplements one valid instance, and the families they live in.

Law: the same bytes every time: UIDs are hashes of names, dates are fixed, nothing is random.
Invented people, invented devices. What is imported here knows no numpy and no highdicom; the
instances are made in a process of their own (`iod/samples/worker.py`), since highdicom brings both.
"""

from iod.samples.families import BY_NAME, FAMILIES, Family
from iod.samples.process import Begun, Left, Made, make

__all__ = ["BY_NAME", "FAMILIES", "Begun", "Family", "Left", "Made", "make"]
