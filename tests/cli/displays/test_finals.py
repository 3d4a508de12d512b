"""The tables of a run: how its formula holds, and what the trained networks reached."""

import numpy as np

from rayzc.cli.displays.finals import finals, transfers
from rayzc.evolution.transfer import Transfer
from rayzc.nas.finals import Choice, Final, Finalist
from rayzc.problems import Problem
from tests.cli.displays.samples import lines

NETWORKS = tuple(f"({number}, 1, 2, 3, 4, 2)" for number in range(3))
FORMULA = Transfer("flops + nwot", {"a": 0.6, "b": 0.5}, {"a": 0.5, "b": 0.5}, {"a": 0.3, "b": 0.4})
PROXIES = (
    Transfer("-zen", {"a": 0.5, "b": 0.4}, {"a": 0.3, "b": 0.2}, {"a": 0.2, "b": 0.2}),
    Transfer("flops", {"a": 0.4, "b": 0.4}, {"a": 0.4, "b": 0.4}, {"a": 0.4, "b": 0.5}),
)


def final(name: str, found: tuple[float, ...], proxy: tuple[float, ...] = (0.5,)) -> Final:
    repeats = np.array([[0.5, 0.7], [0.9, 0.9], [0.1, 0.3]])
    table = Problem(
        *("nasbench201", name, NETWORKS, (), np.empty((3, 0))), repeats.mean(axis=1), repeats=repeats
    )
    finalists = (
        Finalist(Choice.FOUND, "x", found),
        Finalist(Choice.BY_PROXY, "y", proxy),
        Finalist(Choice.RANDOM, "z", (0.4,)),
    )
    return Final.of(table, 1234, 1000, "-zen", finalists, 1)


def test_the_formula_stands_above_the_proxies_ranked_by_the_hardest_test() -> None:
    shown = lines(transfers((FORMULA, *PROXIES)))
    rows = [line.split() for line in shown if line.startswith(("this formula", "-zen", "flops"))]
    assert rows == [
        ["this", "formula", "0.550", "0.500", "0.350"],
        ["flops", "0.400", "0.400", "0.450"],
        ["-zen", "0.450", "0.250", "0.200"],
    ]
    assert shown[-1] == (
        "what is bred ranks search spaces that were left out better than -zen, the best single proxy on the fitted "
        "networks: 0.350 beside 0.200"
    )


def test_that_breeding_brought_nothing_is_said() -> None:
    poor = Transfer("f", FORMULA.fitted, FORMULA.held_out, {"a": 0.1, "b": 0.2})
    assert "does not rank search spaces that were left out better" in lines(transfers((poor, *PROXIES)))[-1]


def test_columns_of_what_was_not_done_are_left_out() -> None:
    shown = "\n".join(lines(transfers((Transfer("f", {"a": 0.5}), Transfer("zen", {"a": 0.4})))))
    assert "held" not in shown
    assert "left out" not in shown


def test_a_row_for_each_problem_and_what_is_no_better() -> None:
    shown = lines(finals((final("digits", (0.7,)), final("rotation", (0.45,)))))
    rows = {line.split()[0]: line.split()[1:] for line in shown if "/" in line and line.startswith("nas")}
    assert rows["nasbench201/digits"] == [
        "1,234",
        "0.700",
        "0.500",
        "0.400",
        "0.900",
        "0.500",
        "33",
        "±0.115",
    ]
    assert rows["nasbench201/rotation"][1] == "0.450"
    assert next(line.split() for line in shown if line.startswith("mean ")) == (
        ["mean", "0.575", "0.500", "0.400", "0.900", "0.500", "50"]
    )
    assert shown[-2:] == [
        "the found network is better than the choice of -zen on 1 of 2 problems; not on nasbench201/rotation",
        "the found network is better than a random network on 2 of 2 problems",
    ]


def test_what_was_not_trained_is_a_dash() -> None:
    shown = lines(finals((final("digits", ()), final("rotation", (0.6,), ()))))
    row = next(line.split() for line in shown if line.startswith("nasbench201/digits"))
    assert row[2:5] == ["-", "0.500", "0.400"]
    assert row[7] == "-"
    assert shown[-2] == "the found network is better than the choice of -zen on 0 of 0 problems"
