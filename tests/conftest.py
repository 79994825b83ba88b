"""What all tests share: how hard hypothesis tries.  Nodes and peers are in files of their own.

Tests decode pixels by pydicom to compare with; its codecs are here before `scp` keeps them out.
"""

import os

import pydicom.pixels  # noqa: F401
from hypothesis import HealthCheck, settings

# A shared machine is slow at times: examples are bounded by number, never by the clock.
# CI repeats the same ones, so that it judges the change; people's runs look for new ones.
settings.register_profile(
    "anode",
    deadline=None,
    max_examples=60,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("anode")
