"""What most tests of evolution start from."""

import pytest

from rayzc.evolution import Individual, Island, Judge, Tables, emigrants
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


@pytest.fixture(scope="session")
def island() -> Island:
    """Island 0 after three epochs."""
    return samples.evolved(3)


@pytest.fixture(scope="session")
def immigrants() -> tuple[Individual, ...]:
    """Emigrants of island 1."""
    return emigrants(samples.evolved(3, index=1), samples.BREEDING.replaced(migration_rate=0.2))
