"""The terms of a formula, and the formula without one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rayzc.formula import PRIMITIVES, Formula, Tokens, subtree_end
from rayzc.formula.rewriting import rewrite

__all__ = ["Term", "Terms", "terms"]

_CHAINS = {"+": "+", "-": "+", "*": "*", "/": "*", "min": "min", "max": "max"}
_TURNED = {"-": "neg", "/": "inv"}


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a formula's outermost sum, product, minimum or maximum.

    Attributes:
        tokens: the part, with its sign.
        turned: whether it is subtracted or divided by.
    """

    tokens: Tokens
    turned: bool

    @property
    def whole(self) -> Formula:
        """The part as a formula of its own, without the sign."""
        return Formula.trusted(self.tokens)


@dataclass(frozen=True, slots=True)
class Terms:
    """A formula, taken apart.

    Attributes:
        outer: functions of one operand around all of it, from the outside.
        operation: what combines the terms: ``+``, ``*``, ``min`` or ``max``; empty for a single term.
        terms: the parts, in order.
    """

    outer: tuple[str, ...]
    operation: str
    terms: tuple[Term, ...]

    @property
    def kind(self) -> str:
        """What a part is called."""
        return {"+": "term", "*": "factor", "": "term"}.get(self.operation, "operand")

    def without(self, place: int) -> Formula | None:
        """The formula without one of its terms; None if it is the only one."""
        left = [term for other, term in enumerate(self.terms) if other != place]
        return self._joined(left) if left else None

    def renamed(self, place: int, names: Mapping[str, str]) -> Formula:
        """The formula with other names for proxies in one of its terms.

        Args:
            place: of the term.
            names: new names by old ones.
        """
        tokens = tuple(names.get(t, t) if isinstance(t, str) else t for t in self.terms[place].tokens)
        changed = list(self.terms)
        changed[place] = Term(tokens, self.terms[place].turned)
        return self._joined(changed)

    def _joined(self, terms: Sequence[Term]) -> Formula:
        tokens = self._one(terms[0])
        for term in terms[1:]:
            if term.turned:
                name = {"+": "-", "*": "/"}[self.operation]
                tokens = (name, *tokens, *term.tokens)
            else:
                tokens = (self.operation, *tokens, *term.tokens)
        return Formula((*self.outer, *tokens))

    def _one(self, term: Term) -> Tokens:
        turn = {"+": "neg", "*": "inv"}.get(self.operation)
        return (turn, *term.tokens) if term.turned and turn else term.tokens


def terms(formula: Formula) -> Terms:
    """Takes a formula apart at its outermost sum, product, minimum or maximum.

    Args:
        formula: any formula; it is rewritten first, as it is typeset.
    """
    tokens = rewrite(formula.tokens)
    outer: list[str] = []
    while isinstance(tokens[0], str) and tokens[0] in PRIMITIVES and PRIMITIVES[tokens[0]].arity == 1:
        outer.append(tokens[0])
        tokens = tokens[1:]
    operation = _CHAINS.get(str(tokens[0]), "")
    if not operation:
        return Terms((), "", (Term(rewrite(formula.tokens), turned=False),))
    return Terms(tuple(outer), operation, tuple(_flattened(tokens, operation, turned=False)))


def _flattened(tokens: Tokens, operation: str, turned: bool) -> list[Term]:
    name = tokens[0]
    if isinstance(name, str) and name in _TURNED.values() and {"+": "neg", "*": "inv"}.get(operation) == name:
        return _flattened(tokens[1:], operation, not turned)
    if not isinstance(name, str) or _CHAINS.get(name) != operation:
        return [Term(tokens, turned)]
    middle = subtree_end(tokens, 1)
    left, right = tokens[1:middle], tokens[middle:]
    return [
        *_flattened(left, operation, turned),
        *_flattened(right, operation, turned != (name in _TURNED)),
    ]
