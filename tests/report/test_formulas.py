"""Formulas taken apart, in words and in MathML."""

import xml.etree.ElementTree as ElementTree

import pytest

from rayzc.formula import Formula
from rayzc.proxies.registry import registered
from rayzc.report.mathml import to_mathml
from rayzc.report.terms import terms
from rayzc.report.words import PROXIES, in_words

NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"


def mathml(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(to_mathml(Formula.parse(text)))


def seen(text: str) -> str:
    """The text of the elements, in order."""
    return "".join(mathml(text).itertext()).replace("\u2061", "")


class TestTerms:
    def test_a_sum(self) -> None:
        apart = terms(Formula.parse("a + log(b) - c * d"))
        assert apart.operation == "+"
        assert apart.kind == "term"
        assert [(term.tokens, term.turned) for term in apart.terms] == [
            (("a",), False),
            (("log", "b"), False),
            (("*", "c", "d"), True),
        ]

    @pytest.mark.parametrize(
        ("text", "place", "left"),
        [
            ("a + b - c", 0, "b - c"),
            ("a - b", 0, "-b"),
            ("a / b", 0, "inv(b)"),
            ("log(a * b / c)", 2, "log(a * b)"),
            ("min(a, max(b, c))", 0, "max(b, c)"),
        ],
    )
    def test_without_one(self, text: str, place: int, left: str) -> None:
        assert str(terms(Formula.parse(text)).without(place)) == left

    def test_a_single_term_is_not_left_out(self) -> None:
        apart = terms(Formula.parse("log(a)"))
        assert len(apart.terms) == 1
        assert apart.without(0) is None

    def test_other_names(self) -> None:
        apart = terms(Formula.parse("a + log(a)"))
        places = {str(term.whole): place for place, term in enumerate(apart.terms)}
        renamed = apart.renamed(places["log(a)"], {"a": "b"})
        assert set(renamed.proxies) == {"a", "b"}


class TestMathml:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("a + b", "a+b"),
            ("a - (b + c)", "a−(b+c)"),
            ("a * (b + c)", "a·(b+c)"),
            ("log(a)", "log(a)"),
            ("min(a, b)", "min(a,b)"),
            ("-(a + b)", "−(a+b)"),
            ("a + 0.25", "0.25+a"),
            ("a * 1e-12", "10−12·a"),
        ],
    )
    def test_what_is_seen(self, text: str, shown: str) -> None:
        assert seen(text) == shown

    def test_a_quotient_of_quotients_is_one_fraction(self) -> None:
        root = mathml("-inv(flops / fisher / expressivity)")
        fractions = [*root.iter(f"{NAMESPACE}mfrac")]
        assert len(fractions) == 1
        assert ["".join(part.itertext()) for part in fractions[0]] == ["fisher·expressivity", "flops"]

    def test_roots_and_powers(self) -> None:
        root = mathml("sqrt(a) + square(b + c) + exp(d) + abs(e)")
        assert len([*root.iter(f"{NAMESPACE}msqrt")]) == 1
        assert len([*root.iter(f"{NAMESPACE}msup")]) == 2
        assert root.get("alttext") == str(Formula.parse("sqrt(a) + square(b + c) + exp(d) + abs(e)"))


class TestWords:
    def test_read_aloud(self) -> None:
        tokens = Formula.parse("log(flops) + jacov / nwot").tokens
        assert in_words(tokens) == "the logarithm of flops plus (jacov divided by nwot)"

    def test_every_proxy_of_rayzc_has_words(self) -> None:
        built_in = {name for name, proxy in registered().items() if proxy.built_in}
        assert built_in == set(PROXIES)
