"""What most tests of evolution start from."""

import pytest

from rayzc.evolution import Judge, Tables
from rayzc.problems import Suite
from tests.evolution import samples


@pytest.fixture(scope="session")
def small_suite() -> Suite:
    """Three problems of 40 architectures."""
    return samples.suite()


@pytest.fixture(scope="session")
def small_tables(small_suite: Suite) -> Tables:
    """The small suite, laid out."""
    return Tables.of(small_suite)


@pytest.fixture
def judge() -> Judge:
    """A judge of the small suite that has seen nothing yet."""
    return samples.judge()
