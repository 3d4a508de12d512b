"""Random formulas and the inputs that hurt them."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rayzc.formula import PRIMITIVES, Formula, Tokens

Columns = dict[str, NDArray[np.float64]]

NAMES = ("flops", "jacov", "nwot", "grad_norm", "_x1", "log2", "e")
MAXIMUM = np.finfo(np.float64).max
TINY = 5e-324
UGLY = np.array(
    [
        *(0.0, -0.0, np.inf, -np.inf, np.nan, MAXIMUM, -MAXIMUM, 1e300, -1e300, TINY, -TINY, 2.2e-308, 1e-5),
        *(0.5, 1.0, -1.0, 1 + 2**-52, 2.0, -3.0, np.pi, 19.1, 709.8, -745.2, 1e154),
    ]
)

finite = st.floats(allow_nan=False, allow_infinity=False)
constants = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 2.0, -2.0, 0.5]), st.floats(-1e3, 1e3), finite)


def examples(count: int) -> settings:
    """A fixed number of examples, the same in every run."""
    return settings(max_examples=count, derandomize=True, deadline=None, database=None)


def formulas(
    primitives: tuple[str, ...] = tuple(PRIMITIVES),
    leaves: int = 10,
    numbers: st.SearchStrategy[float] = constants,
) -> st.SearchStrategy[Formula]:
    """Formulas of some primitives with up to a number of leaves."""
    leaf: st.SearchStrategy[Tokens] = st.one_of(
        st.sampled_from(NAMES).map(lambda name: (name,)), numbers.map(lambda number: (number,))
    )
    unary = [name for name in primitives if PRIMITIVES[name].arity == 1]
    binary = [name for name in primitives if PRIMITIVES[name].arity == 2]

    def extend(inner: st.SearchStrategy[Tokens]) -> st.SearchStrategy[Tokens]:
        return st.one_of(
            *([st.builds(lambda name, x: (name, *x), st.sampled_from(unary), inner)] if unary else []),
            *([st.builds(lambda name, x, y: (name, *x, *y), st.sampled_from(binary), inner, inner)] * 2),
        )

    return st.recursive(leaf, extend, max_leaves=leaves).map(Formula)


def columns(rows: int = 12) -> st.SearchStrategy[Columns]:
    """Scores of all proxies for `rows` architectures: ugly ones, ordinary ones, and any bits that there are."""
    return st.integers(0, 2**32 - 1).map(lambda seed: _table(np.random.default_rng(seed), rows))


def _table(generator: np.random.Generator, rows: int) -> Columns:
    shape = (len(NAMES), rows)
    bits = generator.integers(0, 2**64, shape, dtype=np.uint64).view(np.float64)
    ordinary = generator.normal(scale=10, size=shape)
    kind = generator.choice(3, shape, p=[0.4, 0.4, 0.2])
    return dict(zip(NAMES, np.choose(kind, [generator.choice(UGLY, shape), ordinary, bits]), strict=True))


def same_bits(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Whether two arrays are equal bit for bit, any nan being equal to any other."""
    nan = np.isnan(x) & np.isnan(y)
    return x.dtype == y.dtype == np.float64 and bool(np.all(nan | (x.view(np.int64) == y.view(np.int64))))
