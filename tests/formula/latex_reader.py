"""Reads the LaTeX of formulas as a mathematician does: a parser that knows nothing of the code that writes it."""

import re
from typing import Any

import numpy as np

from tests.formula.strategies import Columns


def evaluated(latex: str, columns: Columns) -> Any:
    """The values of a typeset formula."""
    reader = _Reader(
        re.sub(r"\\mathrm{((?:[^{}])*)}", lambda m: "@" + m[1].replace("\\_", "_") + "@", latex), columns
    )
    value = reader.sum()
    assert reader.ahead == ""
    return value


class _Reader:
    def __init__(self, text: str, columns: Columns) -> None:
        lexemes = re.findall(r"@[^@]*@|\\[a-zA-Z]+|[0-9]+(?:\.[0-9]+)?|[a-zA-Z]|[-+^{}()|,]|\S", text)
        # \left and \right only say how large a parenthesis is.
        self.lexemes = [lexeme for lexeme in lexemes if lexeme not in (r"\left", r"\right")]
        self.columns = columns

    @property
    def ahead(self) -> str:
        return self.lexemes[0] if self.lexemes else ""

    def take(self, *expected: str) -> str:
        lexeme = self.lexemes.pop(0)
        assert not expected or lexeme in expected, (lexeme, expected, self.lexemes)
        return lexeme

    def sum(self) -> Any:
        value: Any = 0.0
        sign = self.take() if self.ahead == "-" else "+"
        while True:
            product = self.product()
            value = value - product if sign == "-" else value + product
            if self.ahead not in ("+", "-"):
                return value
            sign = self.take()

    def product(self) -> Any:
        value = self.power()
        while self.ahead == r"\cdot":
            self.take()
            value = value * self.power()
        return value

    def power(self) -> Any:
        base = self.atom()
        if self.ahead != "^":
            return base
        self.take()
        exponent = self.braced()
        assert self.ahead != "^"
        return base**exponent

    def braced(self) -> Any:
        self.take("{")
        value = self.sum()
        self.take("}")
        return value

    def atom(self) -> Any:
        lexeme = self.take()
        if lexeme.startswith("@"):
            return self.columns[lexeme.strip("@")]
        if lexeme[0].isdigit():
            return float(lexeme)
        if lexeme in "(|{":
            value = self.sum()
            self.take({"(": ")", "|": "|", "{": "}"}[lexeme])
            return np.abs(value) if lexeme == "|" else value
        if lexeme == r"\frac":
            numerator = self.braced()
            return numerator / self.braced()
        if lexeme == r"\sqrt":
            return np.sqrt(self.braced())
        if lexeme == "e":
            self.take("^")
            return np.exp(self.braced())
        if lexeme in (r"\min", r"\max"):
            self.take("(")
            values = [self.sum()]
            while self.take(",", ")") == ",":
                values.append(self.sum())
            return (np.minimum if lexeme == r"\min" else np.maximum).reduce(np.broadcast_arrays(*values))
        function = {r"\log": np.log, r"\tanh": np.tanh}[lexeme]
        exponent = 1.0
        if self.ahead == "^":  # \tanh^{2}{...} is the square of tanh
            self.take()
            exponent = self.braced()
        return function(self.braced()) ** exponent
