"""The primitives of the language, each a total function on float64.

All follow IEEE 754: no operand is refused, an undefined result is nan, an overflow is an infinity, and both
flow on. A nan or an infinity is *not finite*, and an architecture for which a formula is not finite ranks last (see
:func:`rayzc.formula.ranking_values`).

To add a primitive, enter it in :data:`PRIMITIVES`; :func:`rayzc.testing.check_primitive` checks it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

__all__ = ["PRIMITIVES", "Primitive"]


@dataclass(frozen=True, slots=True)
class Primitive:
    """A function of one or two float64 arrays.

    Attributes:
        name: how formulas write it, ``log`` or ``+``.
        arity: number of operands, 1 or 2.
        function: takes `arity` float64 arrays of one shape and ``out=``, as a numpy ufunc does.
        definition: its value everywhere: at 0, at negatives, at overflow.
        increasing: whether it is strictly increasing wherever it is finite, so that applying it last
            changes no ranking.
        infix: whether it is written between its operands.
    """

    name: str
    arity: int
    function: Callable[..., Any]
    definition: str
    increasing: bool = False
    infix: bool = False


def _table(*primitives: Primitive) -> Mapping[str, Primitive]:
    return MappingProxyType({primitive.name: primitive for primitive in primitives})


PRIMITIVES: Mapping[str, Primitive] = _table(
    Primitive("+", 2, np.add, "x + y. Overflow: an infinity. inf + -inf: nan.", infix=True),
    Primitive("-", 2, np.subtract, "x - y. Overflow: an infinity. inf - inf: nan.", infix=True),
    Primitive("*", 2, np.multiply, "x * y. Overflow: an infinity. 0 * inf: nan.", infix=True),
    Primitive(
        "/",
        2,
        np.divide,
        "x / y. At y = 0: an infinity with the sign of x * y (of a signed zero, too), nan for x = 0. "
        "Overflow: an infinity. inf / inf: nan.",
        infix=True,
    ),
    Primitive("log", 1, np.log, "Natural logarithm. At 0 and -0: -inf. At negatives: nan.", increasing=True),
    Primitive("sqrt", 1, np.sqrt, "Square root. At 0: 0, of its sign. At negatives: nan.", increasing=True),
    Primitive("square", 1, np.square, "x * x. Overflow: inf."),
    Primitive("abs", 1, np.abs, "Absolute value. Never overflows."),
    Primitive("neg", 1, np.negative, "-x. Never overflows."),
    Primitive(
        "inv",
        1,
        np.reciprocal,
        "1 / x. At 0: an infinity of the zero's sign. At infinities: 0. At subnormals it may overflow.",
    ),
    Primitive(
        "tanh",
        1,
        np.tanh,
        "Hyperbolic tangent. Beyond about |x| = 19 it is 1 or -1 exactly, so larger values tie.",
        increasing=True,
    ),
    Primitive("exp", 1, np.exp, "Exponential. Above about 709.8: inf. Below about -745: 0.", increasing=True),
    Primitive("min", 2, np.minimum, "The smaller of x and y; nan if either is nan; of 0 and -0 either."),
    Primitive("max", 2, np.maximum, "The larger of x and y; nan if either is nan; of 0 and -0 either."),
)
