"""Small suites, ugly numbers and random formulas to try evolution on."""

from collections.abc import Sequence
from random import Random

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from rayzc.evolution import Island, Judge, Tables, Vocabulary, initialise, step
from rayzc.evolution.variation import grow
from rayzc.formula import Tokens
from rayzc.options import Settings
from rayzc.problems import Problem, Suite

Floats = NDArray[np.float64]

PROXIES = ("flops", "jacov", "nwot", "snip")
WORDS = Vocabulary(PROXIES)
UGLY = np.array(
    [
        *(0.0, -0.0, np.inf, -np.inf, np.nan, 1e300, -1e300, 1.7976931348623157e308, -1.7976931348623157e308),
        *(5e-324, -5e-324, 2.2e-308, -1e8, 1.0, 1 + 2**-52, 1 - 2**-53, -1.0, 2.0, 709.8, 3e-5),
    ]
)
BREEDING = Settings(seed=3, islands=4, population=20, offspring=30, generations=2)
"""Small enough to step in milliseconds."""


def examples(count: int) -> settings:
    """A fixed number of examples, the same in every run."""
    return settings(max_examples=count, derandomize=True, deadline=None, database=None)


def problem(
    task: str, rows: int = 40, seed: int = 0, proxies: Sequence[str] = PROXIES, levels: int | None = 12
) -> Problem:
    """A problem whose accuracy two of four proxies foretell; `levels` makes ties in it."""
    rng = np.random.default_rng([seed, rows])
    scores = rng.normal(size=(rows, len(proxies))) * 10.0 ** np.arange(len(proxies))
    accuracy = scores[:, 0] - 0.07 * scores[:, 1 % len(proxies)] + rng.normal(scale=0.6, size=rows)
    if levels is not None:
        accuracy = np.round(accuracy * levels / 6)
    names = tuple(f"net-{row}" for row in range(rows))
    return Problem("own", task, names, tuple(proxies), scores, accuracy, np.arange(rows))


def suite(problems: int = 3, rows: int = 40, seed: int = 0) -> Suite:
    """A suite of small problems."""
    parts = tuple(problem(f"task-{p}", rows, seed + p) for p in range(problems))
    return Suite("small", parts, {"origin": "a test"})


def judge(correlation: str = "kendall", max_ties: float = BREEDING.max_ties, **kwargs: int) -> Judge:
    """A judge of the small suite that has seen nothing yet."""
    return Judge(Tables.of(suite()), correlation, max_ties, **kwargs)


def evolved(epochs: int, settings: Settings = BREEDING, index: int = 0, judge: Judge | None = None) -> Island:
    """An island after a number of epochs without immigrants."""
    own = judge or Judge(Tables.of(suite()), settings.correlation, settings.max_ties)
    island = initialise(index, own, settings)
    for _ in range(epochs):
        island = step(island, (), own, settings)
    return island


def formulas(count: int, seed: int = 0, depth: int = 5) -> list[Tokens]:
    """Random formulas, all different."""
    rng = Random(seed)
    found: dict[Tokens, None] = {}
    while len(found) < count:
        found[grow(rng, WORDS, depth)] = None
    return list(found)


def offsets_of(lengths: Sequence[int]) -> NDArray[np.int64]:
    """Where problems of these lengths begin, and the end."""
    return np.cumsum([0, *lengths], dtype=np.int64)


_any_float = st.floats(width=64, allow_nan=False)
_few = st.sampled_from([-1.0, -0.0, 0.0, 5e-324, -5e-324, 1.0, 1 + 2**-52, 1e300, np.inf, -np.inf])
_small_integers = st.integers(-3, 3).map(float)


def values(rows: int, nan: bool = False) -> st.SearchStrategy[Floats]:
    """Values of a formula: any floats, a few values again and again, or small integers."""
    extra = [st.sampled_from([np.nan, np.inf, -np.inf, 1.0, 2.0])] if nan else []
    return st.one_of(
        *(
            arrays.arrays(np.float64, rows, elements=elements)
            for elements in (_any_float, _few, _small_integers, *extra)
        )
    )
