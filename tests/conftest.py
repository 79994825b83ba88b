"""What all tests share: how hard hypothesis tries, and the samples.

Tests decode pixels by pydicom to compare with; its codecs are here before `scp` keeps them out.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pydicom.pixels  # noqa: F401
import pytest
from hypothesis import HealthCheck, settings

from iod.samples import Left, make
from tests import pausing

pausing.mend()

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


@pytest.fixture(autouse=True)
def logging_left_alone() -> Iterator[None]:
    """No test changes what the next ones find in `caplog`."""
    level = logging.getLogger().level
    yield
    assert logging.getLogger().level == level


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that `anode samples` makes, made once; to be read only."""
    folder = tmp_path_factory.mktemp("samples")
    assert [each for each in make(folder) if isinstance(each, Left)] == []
    return folder
