"""Formulas as text: parsed by a recursive descent with one method per rule of the grammar, and written back.

::

    sum     = product {("+" | "-") product}
    product = signed {("*" | "/") signed}
    signed  = "-" number | "-" signed | atom
    atom    = number | proxy | function "(" sum {"," sum} ")" | "(" sum ")"
    number  = (digits ["." [digits]] | "." digits) [("e" | "E") ["+" | "-"] digits]
    proxy   = (letter | "_") {letter | digit | "_"}, not the name of a function

Operators of one level group to the left. A minus before a number is its sign, any other sign is ``neg``: so ``-3`` is a
constant, ``-(3)`` and ``-x`` are negations. What is written parses back to the very same formula.
"""

import math
import re
import unicodedata
from collections.abc import Sequence

from rayzc.errors import FormulaError, nearest
from rayzc.formula.primitives import PRIMITIVES
from rayzc.formula.tokens import ARITY, MAX_DEPTH, MAX_LENGTH, Tokens

__all__ = ["constant_text", "formula_text", "parse_tokens"]

_LEXEME = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<symbol>[-+*/(),])"
)
_SPACE = re.compile(r"[ \t\r\n]*")
_FUNCTIONS = tuple(name for name, primitive in PRIMITIVES.items() if not primitive.infix)
_OPERAND = "a proxy, a number or '('"
_EXCERPT = 72

# How tightly a text holds together, loosest first.
_SUM, _PRODUCT, _SIGNED, _ATOM = range(4)
_INFIX = {"+": (" + ", _SUM), "-": (" - ", _SUM), "*": (" * ", _PRODUCT), "/": (" / ", _PRODUCT)}


def parse_tokens(text: str) -> Tokens:
    """Parses a formula.

    Args:
        text: such as ``log(flops) + jacov / nwot``.

    Returns:
        the formula in prefix order.

    Raises:
        FormulaError: any other text; names the position, what was expected and what was found.
    """
    if not isinstance(text, str):
        raise FormulaError(f"a formula is parsed from text, not from {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise FormulaError(
            f"cannot parse formula of {len(text):,} characters: at most {MAX_LENGTH:,} are allowed"
        )
    return _Parser(text).formula()


class _Parser:
    """One pass over one text, a lexeme ahead.

    Attributes:
        kind: of the lexeme ahead: ``number``, ``name``, ``symbol`` or ``end``.
        lexeme: its text, empty at the end.
        start: index of its first character.
        nesting: parentheses and signs open here.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.nesting = 0
        self.kind, self.lexeme, self.start, self.end = "start", "", 0, 0
        self.advance()

    def formula(self) -> Tokens:
        if self.kind == "end":
            raise self.error(f"the text is empty, expected {_OPERAND}")
        tokens, _ = self.sum()
        if self.lexeme == ")":
            raise self.error("unmatched ')'")
        if self.kind != "end":
            raise self.expected("an operator or the end")
        return tokens

    def sum(self) -> tuple[Tokens, int]:
        left = self.product()
        while self.lexeme in ("+", "-"):
            operator, start = self.advance()
            left = self.node(operator, start, left, self.product())
        return left

    def product(self) -> tuple[Tokens, int]:
        left = self.signed()
        while self.lexeme in ("*", "/"):
            operator, start = self.advance()
            left = self.node(operator, start, left, self.signed())
        return left

    def signed(self) -> tuple[Tokens, int]:
        if self.lexeme != "-":
            return self.atom()
        _, start = self.advance()
        if self.kind == "number":
            return (-self.number() or 0.0,), 1
        self.nest(start)
        operand = self.signed()
        self.nesting -= 1
        return self.node("neg", start, operand)

    def atom(self) -> tuple[Tokens, int]:
        if self.kind == "number":
            return (self.number(),), 1
        if self.kind == "name":
            name, start = self.advance()
            if name in PRIMITIVES:
                return self.node(name, start, *self.arguments(name))
            if self.lexeme == "(":
                raise self.error(f"unknown function '{name}', {nearest(name, _FUNCTIONS)}", start)
            return (name,), 1
        if self.lexeme != "(":
            raise self.expected(_OPERAND)
        _, opened = self.advance()
        self.nest(opened)
        inner = self.sum()
        self.close(opened)
        return inner

    def arguments(self, name: str) -> list[tuple[Tokens, int]]:
        if self.lexeme != "(":
            raise self.expected(f"'(' after {name}")
        arity = PRIMITIVES[name].arity
        takes = f"{name} takes {arity} argument{'s' if arity > 1 else ''}"
        _, opened = self.advance()
        if self.lexeme == ")":
            raise self.error(f"{takes}, found none")
        self.nest(opened)
        arguments = [self.sum()]
        while self.lexeme == ",":
            if len(arguments) == arity:
                raise self.error(f"{takes}, found more")
            self.advance()
            arguments.append(self.sum())
        if self.lexeme == ")" and len(arguments) < arity:
            raise self.error(f"{takes}, found {len(arguments)}")
        self.close(opened)
        return arguments

    def number(self) -> float:
        lexeme, start = self.advance()
        value = float(lexeme)
        if math.isinf(value):
            raise self.error(f"the number is too large for a float64, found '{_shown(lexeme)}'", start)
        return value

    def node(self, name: str, start: int, *operands: tuple[Tokens, int]) -> tuple[Tokens, int]:
        depth = 1 + max(depth for _, depth in operands)
        if depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} levels of operators", start)
        tokens: Tokens = (name,)
        for operand, _ in operands:
            tokens += operand
        return tokens, depth

    def nest(self, start: int) -> None:
        self.nesting += 1
        if self.nesting > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} levels of parentheses and signs", start)

    def close(self, opened: int) -> None:
        if self.lexeme != ")":
            raise self.expected(f"an operator or ')' for the '(' at position {opened + 1}")
        self.advance()
        self.nesting -= 1

    def advance(self) -> tuple[str, int]:
        """Steps over the lexeme ahead, and returns it and its start."""
        passed = self.lexeme, self.start
        space = _SPACE.match(self.text, self.end)
        self.start = space.end() if space else self.end
        match = _LEXEME.match(self.text, self.start)
        if match:
            self.kind, self.lexeme, self.end = str(match.lastgroup), match.group(), match.end()
        elif self.start == len(self.text):
            self.kind, self.lexeme, self.end = "end", "", self.start
        else:
            found = _named(self.text[self.start])
            raise self.error(f"formulas are ASCII letters, digits, + - * / ( ) , . and _, found {found}")
        return passed

    def expected(self, what: str) -> FormulaError:
        found = f"'{_shown(self.lexeme)}'" if self.lexeme else "the end"
        return self.error(f"expected {what}, found {found}")

    def error(self, problem: str, start: int | None = None) -> FormulaError:
        """An error that says what is wrong at `start`, above the text around it and a caret."""
        at = self.start if start is None else start
        first = max(0, min(at - _EXCERPT // 2, len(self.text) - _EXCERPT))
        excerpt = self.text[first : first + _EXCERPT]
        # One column per character, so that the caret points to the right one.
        line = "".join(character if character.isprintable() else " " for character in excerpt)
        head = "..." if first else ""
        tail = "..." if first + _EXCERPT < len(self.text) else ""
        caret = " " * (len(head) + at - first) + "^"
        return FormulaError(
            f"cannot parse formula at position {at + 1}: {problem}\n  {head}{line}{tail}\n  {caret}"
        )


def _shown(lexeme: str) -> str:
    return lexeme if len(lexeme) <= 32 else lexeme[:29] + "..."


def _named(character: str) -> str:
    """A character that a formula cannot hold, with its code where it may look like another."""
    if character.isascii() and character.isprintable():
        return f"'{character}'"
    code = f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
    return f"'{character}' ({code})" if character.isprintable() else code


def constant_text(value: float) -> str:
    """The shortest text that reads back as `value`; whole numbers lose their ``.0``."""
    return repr(value).removesuffix(".0")


def formula_text(tokens: Sequence[str | float]) -> str:
    """Writes a well-formed formula in infix notation with no parentheses but those that it needs.

    Args:
        tokens: a formula in prefix order.

    Returns:
        the text, which :func:`parse_tokens` turns into `tokens` again.
    """
    texts: list[str] = []
    levels: list[int] = []
    for token in reversed(tokens):
        if isinstance(token, float):
            texts.append(constant_text(token))
            levels.append(_SIGNED if token < 0 else _ATOM)
        elif token not in ARITY:
            texts.append(token)
            levels.append(_ATOM)
        elif token in _INFIX:
            symbol, level = _INFIX[token]
            left, right = texts.pop(), texts[-1]
            if levels.pop() < level:
                left = f"({left})"
            if levels[-1] <= level:
                right = f"({right})"
            texts[-1] = left + symbol + right
            levels[-1] = level
        elif token == "neg":
            # Bare, the minus would become the sign of a number that starts with a digit.
            bare = levels[-1] >= _SIGNED and not texts[-1][0].isdigit()
            texts[-1] = f"-{texts[-1]}" if bare else f"-({texts[-1]})"
            levels[-1] = _SIGNED
        else:
            operands = [texts.pop() for _ in range(ARITY[token])]
            texts.append(f"{token}({', '.join(operands)})")
            levels[len(texts) - 1 :] = [_ATOM]
    return texts[0]
