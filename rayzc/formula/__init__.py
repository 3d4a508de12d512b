"""The language formulas are written in: expressions, parsing, printing, evaluation on arrays.

A :class:`Formula` combines zero-cost proxies by the primitives of :data:`PRIMITIVES` into one score, larger
for a better architecture. It is an immutable value, written ``log(flops) + jacov / nwot``; it is evaluated
for all architectures of a problem at once, and an architecture for which it is not finite ranks last
(:func:`ranking_values`).
"""

from rayzc.formula.expression import Formula, ranking_values
from rayzc.formula.primitives import PRIMITIVES, Primitive
from rayzc.formula.tokens import (
    ARITY,
    MAX_DEPTH,
    MAX_LENGTH,
    Tokens,
    arities,
    fold,
    is_proxy_name,
    subtree_end,
)

__all__ = [
    "ARITY",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "PRIMITIVES",
    "Formula",
    "Primitive",
    "Tokens",
    "arities",
    "fold",
    "is_proxy_name",
    "ranking_values",
    "subtree_end",
]
