"""Expressions over proxies and constants, as tuples of tokens in prefix order."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rayzc.errors import FormulaError, nearest
from rayzc.formula.primitives import PRIMITIVES
from rayzc.formula.text import formula_text, parse_tokens
from rayzc.formula.tokens import ARITY, MAX_DEPTH, MAX_LENGTH, Tokens, arities, depth, fold, is_proxy_name

if TYPE_CHECKING:
    import sympy
    import torch
    from torch import Tensor, nn

__all__ = ["Formula", "ranking_values"]


class Columns(Protocol):
    """Columns by name: a dict, a pandas DataFrame, a pyarrow Table."""

    def __getitem__(self, name: str, /) -> Any:
        """The column of this name."""


@dataclass(frozen=True, slots=True, repr=False)
class Formula:
    """An immutable expression over proxies and constants.

    Attributes:
        tokens: the expression in prefix (Polish) order, each token the name of a primitive, a finite constant
            or the name of a proxy: ``log(flops) + jacov / nwot`` is
            ``("+", "log", "flops", "/", "jacov", "nwot")``.

    Raises:
        FormulaError: tokens that are not a formula, or more of them than a formula may have.
    """

    tokens: Tokens

    def __post_init__(self) -> None:
        _set_tokens(self, _checked(self.tokens))

    @classmethod
    def parse(cls, text: str) -> "Formula":
        """Parses text such as ``log(flops) + jacov / nwot``.

        Raises:
            FormulaError: text that is not a formula; names the position, what was expected and what was found.
        """
        return cls(parse_tokens(text))

    @classmethod
    def trusted(cls, tokens: Tokens) -> "Formula":
        """Makes a formula of tokens known to be well-formed, without checking them.

        The caller is responsible for the tuple: primitives with all their operands, constants as finite floats, none of
        them -0.0.
        """
        formula = object.__new__(cls)
        _set_tokens(formula, tokens)
        return formula

    def __str__(self) -> str:
        """The formula as text that parses back to it."""
        return formula_text(self.tokens)

    def __repr__(self) -> str:
        return f"Formula.parse({str(self)!r})"

    @property
    def proxies(self) -> tuple[str, ...]:
        """Names of the proxies that it needs, each once, sorted."""
        return tuple(sorted({t for t in self.tokens if isinstance(t, str) and t not in ARITY}))

    @property
    def size(self) -> int:
        """Number of primitives, constants and proxies in it."""
        return len(self.tokens)

    complexity = size

    @property
    def depth(self) -> int:
        """Number of levels; a lone proxy or constant has one."""
        return depth(self.tokens)

    def evaluate(self, columns: Columns) -> NDArray[np.float64]:
        """Evaluates the formula for many architectures at once, as IEEE 754 has it.

        Args:
            columns: scores of each proxy by its name, all of one shape, usually ``(architectures,)``: a dict, a
                pandas DataFrame, a pyarrow Table. Columns that the formula does not use are ignored.

        Returns:
            the formula's values in a new array of the columns' shape; nan and infinities where it is not
            finite (:func:`ranking_values` makes these rank last).

        Raises:
            FormulaError: a proxy has no column, or columns are not numbers or differ in shape.
        """
        used = self._columns(columns)
        with np.errstate(all="ignore"):
            value = fold(
                self.tokens,
                lambda leaf: used[leaf] if isinstance(leaf, str) else np.float64(leaf),
                lambda name, *operands: PRIMITIVES[name].function(*operands),
            )
        result = np.empty(next(iter(used.values())).shape)
        result[...] = value
        return result

    def score(
        self,
        model: "nn.Module",
        images: "Tensor",
        labels: "Tensor | None" = None,
        *,
        seed: int = 0,
        device: "str | torch.device | None" = None,
        classes: int | None = None,
    ) -> float:
        """The formula's score of an untrained network, see :func:`rayzc.formula.scoring.score`."""
        from rayzc.formula.scoring import score

        return score(self, model, images, labels, seed=seed, device=device, classes=classes)

    def simplify(self) -> "Formula":
        """The formula without what cannot change the ranking, see :func:`rayzc.formula.simplify.simplify`."""
        from rayzc.formula.simplify import simplify

        return simplify(self)

    def rank_normal_form(self) -> "Formula":
        """A shorter formula that ranks alike, see :func:`rayzc.formula.simplify.rank_normal_form`."""
        from rayzc.formula.simplify import rank_normal_form

        return rank_normal_form(self)

    def to_sympy(self) -> "sympy.Expr":
        """The formula as a sympy expression, see :func:`rayzc.formula.export.to_sympy`."""
        from rayzc.formula.export import to_sympy

        return to_sympy(self)

    def to_latex(self, digits: int | None = None) -> str:
        """The formula as LaTeX, see :func:`rayzc.formula.export.to_latex`."""
        from rayzc.formula.export import to_latex

        return to_latex(self, digits)

    def to_callable(self, namespace: ModuleType) -> Callable[..., Any]:
        """A function of proxies for numpy or torch, see :func:`rayzc.formula.export.to_callable`."""
        from rayzc.formula.export import to_callable

        return to_callable(self, namespace)

    def to_json(self, provenance: Mapping[str, Any] | None = None) -> str:
        """The formula as a JSON document, see :func:`rayzc.formula.export.to_json`."""
        from rayzc.formula.export import to_json

        return to_json(self, provenance)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Formula":
        """The formula of a JSON document, see :func:`rayzc.formula.export.read_json`."""
        from rayzc.formula.export import read_json

        return read_json(text)[0]

    def _columns(self, columns: Columns) -> dict[str, NDArray[np.float64]]:
        """The columns in use as float64; the first column if the formula uses none, for its shape."""
        names = _names(columns)
        if not names:
            raise FormulaError(f"cannot evaluate {self}: no columns were given")
        used: dict[str, NDArray[np.float64]] = {}
        for proxy in self.proxies or names[:1]:
            if proxy not in names:
                raise FormulaError(f"the formula needs proxy '{proxy}'; {nearest(proxy, names)}")
            try:
                used[proxy] = np.asarray(columns[proxy], dtype=np.float64)
            except (TypeError, ValueError) as error:
                raise FormulaError(f"the column of proxy '{proxy}' is not all numbers: {error}") from None
        first, shape = next((name, column.shape) for name, column in used.items())
        for name, column in used.items():
            if column.shape != shape:
                raise FormulaError(
                    f"columns differ in shape: '{first}' has {shape}, '{name}' has {column.shape}"
                )
        return used


def _names(columns: Columns) -> list[str]:
    """Names of the columns of a mapping or a table: ``keys()`` as dict and pandas, attributes as pyarrow and polars."""
    if hasattr(columns, "keys"):
        return list(columns.keys())
    for attribute in ("column_names", "columns"):
        if hasattr(columns, attribute):
            return list(getattr(columns, attribute))
    raise FormulaError(
        f"a formula is evaluated on columns by the names of proxies, not on {type(columns).__name__}; give a dict "
        "such as {'flops': [1, 2]}, a DataFrame or a pyarrow Table"
    )


# Writes the one slot of a frozen instance, in half of the time that object.__setattr__ takes.
_set_tokens: Callable[[Formula, Tokens], None] = vars(Formula)["tokens"].__set__


def ranking_values(values: ArrayLike) -> NDArray[np.float64]:
    """The values to rank architectures by: those of a formula, -inf where they are not finite.

    So an architecture for which a formula is nan or an infinity of either sign ranks last.
    """
    array = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(array), array, -np.inf)


def _checked(tokens: Sequence[Any]) -> Tokens:
    """The tokens in their one form: a tuple with Python floats and no -0.0."""
    if isinstance(tokens, str) or not isinstance(tokens, Sequence):
        raise FormulaError("a formula is a tuple of tokens in prefix order; use Formula.parse for text")
    checked = tuple(_checked_token(token, place) for place, token in enumerate(tokens))
    missing = 1
    for place, arity in enumerate(arities(checked)):
        if missing == 0:
            raise FormulaError(f"not a formula: it is complete before token {place}, {checked[place]!r}")
        missing += arity - 1
    if missing:
        raise FormulaError(
            f"not a formula: it is incomplete after {len(checked)} tokens (operands missing: {missing})"
        )
    if (levels := depth(checked)) > MAX_DEPTH:
        raise FormulaError(f"the formula has {levels} levels; at most {MAX_DEPTH} are allowed")
    if (length := len(formula_text(checked))) > MAX_LENGTH:
        raise FormulaError(f"the formula has {length:,} characters; at most {MAX_LENGTH:,} are allowed")
    return checked


def _checked_token(token: Any, place: int) -> str | float:
    if isinstance(token, str):
        if token not in ARITY and not is_proxy_name(token):
            raise FormulaError(f"token {place}, {token!r}, is neither a primitive nor the name of a proxy")
        return str(token)
    if isinstance(token, bool) or not isinstance(token, int | float | np.integer | np.floating):
        raise FormulaError(f"token {place}, {token!r}, is neither a name nor a number")
    try:
        value = float(token)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise FormulaError(f"token {place}, {value}, is not finite, as constants must be")
    return value or 0.0
