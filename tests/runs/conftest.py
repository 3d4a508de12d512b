"""What tests of runs start from."""

import pytest

from rayzc.problems import Suite
from tests.evolution import samples


@pytest.fixture(scope="session")
def small_suite() -> Suite:
    """Three problems of 40 architectures."""
    return samples.suite()
