"""How formulas and proxies hold on networks that were held out, and on search spaces that were left out."""

from dataclasses import replace

import numpy as np
import pytest

from rayzc.evolution import assess
from rayzc.evolution.transfer import Transfer, proxy_transfers, spaces_of, taus_of
from rayzc.formula import Formula
from rayzc.problems import Suite
from tests.cluster.searches.samples import suite

FLOPS = Formula(("flops",))


def opposed() -> Suite:
    """The two problems of the sample, of which in the second, the accuracy falls with the flops."""
    first, second = suite().problems
    return replace(suite(), problems=(first, replace(second, accuracy=-second.accuracy)))


def test_taus_are_those_of_the_assessment() -> None:
    assessed = assess(FLOPS, suite())
    assert taus_of(FLOPS, suite()) == {name: score.kendall for name, score in assessed.problems.items()}
    assert spaces_of(suite()) == ("nasbench201", "transbench101_micro")


def test_proxies_are_judged_on_what_they_were_not_chosen_on() -> None:
    fitting, validation = suite().split(0.25, 0)
    flops, noise = proxy_transfers(suite(), fitting, validation)
    assert flops.name == "flops"
    assert flops.fitted == taus_of(FLOPS, fitting)
    assert flops.held_out == taus_of(FLOPS, validation)
    assert flops.left_out == taus_of(FLOPS, suite())
    assert noise.name in ("noise", "-noise")
    assert noise.mean("fitted") == pytest.approx(
        abs(np.mean([*taus_of(Formula(("noise",)), fitting).values()]))
    )


def test_the_sign_of_a_proxy_is_that_of_the_other_spaces() -> None:
    """Chosen on the first space, flops rank the second one backwards, and the other way round."""
    (flops,) = (each for each in proxy_transfers(opposed(), opposed(), None) if "flops" in each.name)
    up, down = taus_of(FLOPS, opposed()).values()
    assert up > 0.5
    assert down < -0.5
    assert flops.left_out == {"nasbench201/cifar10": -up, "transbench101_micro/jigsaw": down}
    assert flops.held_out is None


def test_without_another_space_nothing_is_left_out() -> None:
    one = suite().select(("nasbench201",))
    assert all(each.left_out is None for each in proxy_transfers(one, one, None))


def test_means_and_the_document() -> None:
    transfer = Transfer("flops", {"a": 0.5, "b": 0.25}, None, {"a": 0.1})
    assert [transfer.mean(column) for column in ("fitted", "held_out", "left_out")] == [0.375, None, 0.1]
    assert transfer.to_json() == {
        "formula": "flops",
        "fitted": {"a": 0.5, "b": 0.25},
        "held_out": None,
        "left_out": {"a": 0.1},
    }
