"""Contract tests for what users add to rayzc: functions to call from a test of one's extension.

Each takes the extension, tries it on small, ugly and random input, and raises an :class:`AssertionError` that names
what broke. Rayzc's own tests call the same functions over its registries::

    from rayzc.testing import check_objective

    def test_my_objective():
        check_objective(my_objective)
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rayzc.evolution import Objective, Topology
    from rayzc.formula import Primitive

__all__ = ["check_objective", "check_primitive", "check_topology"]


def check_primitive(primitive: "Primitive") -> None:
    """Checks a primitive of formulas: a total function on float64, elementwise, and increasing if it says so.

    Args:
        primitive: the primitive; it need not be in :data:`rayzc.formula.PRIMITIVES`.

    Raises:
        AssertionError: it breaks the contract of :class:`rayzc.formula.Primitive`.
    """
    import numpy as np

    name = f"primitive {primitive.name!r}"
    assert primitive.arity in (1, 2), f"{name} has arity {primitive.arity}; it must be 1 or 2"
    assert not primitive.infix or primitive.arity == 2, f"{name} is infix, which takes two operands"
    assert primitive.definition.endswith("."), (
        f"the definition of {name} must be a sentence, with a full stop"
    )
    largest = float(np.finfo(np.float64).max)
    ugly = np.array(
        [
            *(0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -2.5, 1e-5, 19.1, 709.8, -745.2, 1e154, largest, -largest),
            *(5e-324, -5e-324, 2.2e-308, np.inf, -np.inf, np.nan),
        ]
    )
    grid = [axis.ravel() for axis in np.meshgrid(ugly, ugly)]
    operands = grid[: primitive.arity]
    given = [operand.copy() for operand in operands]
    with np.errstate(all="ignore"):
        values = primitive.function(*given)
        for before, after in zip(operands, given, strict=True):
            assert np.array_equal(before, after, equal_nan=True), f"{name} changes its operands"
        assert isinstance(values, np.ndarray), (
            f"{name} must return a float64 array, not {type(values).__name__}"
        )
        assert values.dtype == np.float64, f"{name} must return a float64 array, not of {values.dtype}"
        assert values.shape == given[0].shape, (
            f"{name} changes the shape {given[0].shape} into {values.shape}"
        )
        out = np.full_like(values, 7.0)
        primitive.function(*operands, out=out)
        rows = [[operand[row : row + 1] for operand in operands] for row in range(len(values))]
        alone = np.concatenate([primitive.function(*row) for row in rows])
    assert np.array_equal(values, out, equal_nan=True), (
        f"{name} writes other values into out= than it returns"
    )
    assert np.allclose(values, alone, rtol=1e-12, atol=0, equal_nan=True), (
        f"{name} computes other values for an array than for its elements"
    )
    if not primitive.increasing:
        return
    assert primitive.arity == 1, (
        f"{name} is marked as increasing, which only a function of one operand can be"
    )
    wide = np.sort(np.concatenate([np.linspace(-15, 15, 301), [1e-300, 1e-10, 1e10, 1e300]]))
    near = np.linspace(0.5, 5, 100)
    with np.errstate(all="ignore"):
        over_all, over_few = primitive.function(wide), primitive.function(near)
    finite = over_all[np.isfinite(over_all)]
    assert np.all(np.diff(finite) >= 0), f"{name} is marked as increasing, but decreases somewhere"
    assert np.all(np.diff(over_few) > 0), f"{name} is marked as increasing, but is constant between 0.5 and 5"


def check_topology(topology: "Topology") -> None:
    """Checks a migration topology: sources are other islands, the same for a seed, and what is found spreads to all.

    Args:
        topology: the function, see :mod:`rayzc.evolution.topology`.

    Raises:
        AssertionError: it breaks the contract.
    """
    for islands in (1, 2, 3, 4, 5, 7, 12, 16, 31, 64, 100):
        for island in range(islands):
            for migration in (1, 2, 3, 10, 11, 1000):
                where = f"for island {island} of {islands} in migration {migration}"
                sources = topology(island, islands, 7, migration)
                assert isinstance(sources, tuple), (
                    f"the topology must return a tuple, not {sources!r}, {where}"
                )
                assert island not in sources, f"the island is a source of its own {where}: {sources}"
                assert len(set(sources)) == len(sources), f"a source is named twice {where}: {sources}"
                assert all(type(source) is int and 0 <= source < islands for source in sources), (
                    f"a source is not the number of an island {where}: {sources}"
                )
                assert bool(sources) == (islands > 1), f"the topology must name a source {where}: {sources}"
                assert sources == topology(island, islands, 7, migration), (
                    f"the sources change by chance {where}"
                )
        knows = [{island} for island in range(islands)]
        for migration in range(1, 2 * islands + 12):
            sources_of = [topology(island, islands, 3, migration) for island in range(islands)]
            knows = [
                own.union(*(knows[source] for source in sources))
                for own, sources in zip(knows, sources_of, strict=True)
            ]
        assert all(len(known) == islands for known in knows), (
            f"of {islands} islands, some never receive what others found, in {2 * islands + 11} migrations"
        )


def check_objective(objective: "Objective") -> None:
    """Checks an objective: a pure function with a float as its result, which never falls where all correlations grow.

    Args:
        objective: the function, see :mod:`rayzc.evolution.objectives`.

    Raises:
        AssertionError: it breaks the contract.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    for problems in (1, 2, 13):
        for _ in range(20):
            correlations = rng.uniform(-0.9, 0.8, problems)
            correlations.flags.writeable = False
            shown = np.array2string(correlations, precision=3, threshold=5)
            try:
                value = objective(correlations)
            except ValueError as error:
                raise AssertionError(
                    f"the objective fails on the read-only correlations {shown}: {error}"
                ) from error
            assert isinstance(value, float), f"the objective must return a float, not {value!r}, of {shown}"
            again = objective(correlations)
            assert np.array_equal(value, again, equal_nan=True), (
                f"the objective of {shown} changes from call to call: {value}, then {again}"
            )
            larger = objective(correlations + 0.1)
            assert not larger < value, (
                f"the objective falls from {value} to {larger} where all of {shown} grow by 0.1"
            )
