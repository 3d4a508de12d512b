"""Results of searches made by hand: two problems, three seeds, and what they are compared with."""

import io
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from rich.console import Console, RenderableType

from rayzc.nas import Baseline, Comparison, Finding, Plan, Results, SearchEnding, SearchOutcome, Standing
from rayzc.options import PlanOptions
from rayzc.runs import Ending

FIRST, SECOND = "nasbench201/cifar10", "transbench101_macro/class_object"
ENCODING = "(4, 3, 3, 3, 2, 3)"
DESCRIPTION = "|avg_pool_3x3~0|+|nor_conv_1x1~0|nor_conv_1x1~1|"


def standing(rank: int, candidates: int = 200) -> Standing:
    """Accuracy falls by a tenth with every rank, from 95."""
    regret = (rank - 1) / 10
    return Standing(95.0 - regret, rank, candidates, regret, 3 * rank, 3 * candidates, regret + 1)


def finding(score: float, rank: int | None, name: str = ENCODING) -> Finding:
    """A network with a score and a true rank."""
    proxies = {"nwot": score / 2, "synflow": score / 2}
    truth = standing(rank) if rank is not None else None
    return Finding(name, name, DESCRIPTION, "nasbench201 cell\n0 input\n1\n", score, proxies, truth)


def outcome(problem: str, seed: int, ranks: tuple[int | None, ...], front: bool = False) -> SearchOutcome:
    """A search whose shortlist has these ranks; its scores are higher with higher seeds."""
    listed = tuple(finding(100.0 + seed - place, rank, f"net-{place}") for place, rank in enumerate(ranks))
    minimise = ("nwot",) if front else ()
    plan = Plan.of(PlanOptions(formula="synflow + nwot", minimise=minimise, budget=60, seed=seed))
    space = problem.partition("/")[0]
    return SearchOutcome(
        problem,
        space,
        plan,
        60,
        SearchEnding.BUDGET_SPENT,
        listed[0],
        listed,
        listed[:2] if front else (),
        (),
        5,
        40,
        8.0,
    )


def compared(
    problem: str, seed: int, baseline: Baseline, proxy: str | None, found: int, short: int
) -> Comparison:
    """A baseline, with the ranks it comes to."""
    return Comparison(problem, seed, baseline, proxy, 60, standing(found), standing(short))


def comparisons(problem: str, seed: int, shift: int, proxies: tuple[str, ...]) -> list[Comparison]:
    """All baselines, each the worse the further down."""
    made = [
        compared(problem, seed, Baseline.RANDOM_SEARCH, None, 80 + shift, 30 + shift),
        compared(problem, seed, Baseline.RANDOM_TEN, None, 120 + shift, 40 + shift),
        compared(problem, seed, Baseline.FORMULA_ALL, None, 8 + shift, 2 + shift),
    ]
    for place, proxy in enumerate(proxies):
        made.append(compared(problem, seed, Baseline.PROXY_SEARCH, proxy, 50 + shift, 20 + shift - place))
        made.append(compared(problem, seed, Baseline.PROXY_TEN, proxy, 60 + shift, 10 + shift))
    return made


def results(truth: bool = True, seeds: int = 3) -> Results:
    """What the searches came to: on the first problem better than on the second."""
    outcomes, others = [], []
    for seed in range(seeds):
        for name, shift, proxies in ((FIRST, 0, ("synflow", "grad_norm")), (SECOND, 20, ("synflow",))):
            ranks = (6 + 2 * seed + shift, 2 + 2 * seed + shift) if truth else (None, None)
            outcomes.append(outcome(name, seed, ranks))
            others += comparisons(name, seed, shift, proxies) if truth else []
    return Results(tuple(outcomes), tuple(others))


def searched(run: Path, found: Results, stopped: str = "all searches ended") -> Results:
    """A run with these results."""
    return replace(found, run=run, ending=Ending.read(stopped), seconds=75.2)


def lines(parts: Iterable[RenderableType], width: int = 120) -> list[str]:
    """What a console of this width shows, without blanks at the ends of lines."""
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, str), markup=False, highlight=False)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]
