"""The language formulas are written in: expressions, parsing, printing, evaluation on arrays.

A :class:`Formula` combines zero-cost proxies by the primitives of :data:`PRIMITIVES` into one score, larger
for a better architecture. It is an immutable value, written ``log(flops) + jacov / nwot``; it is evaluated
for all architectures of a problem at once, and an architecture for which it is not finite ranks last
(:func:`ranking_values`).
"""

from rayzc.formula.expression import Formula, arities, fold, ranking_values, subtree_end
from rayzc.formula.parser import MAX_DEPTH, MAX_LENGTH
from rayzc.formula.primitives import PRIMITIVES, Primitive

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "PRIMITIVES",
    "Formula",
    "Primitive",
    "arities",
    "fold",
    "ranking_values",
    "subtree_end",
]
