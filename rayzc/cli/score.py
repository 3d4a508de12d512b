"""``rayzc score``: how well a formula ranks the networks of a suite."""

from typing import TYPE_CHECKING

import typer

from rayzc.cli.options import AsFormula, JsonOutput, Suite, takes_options
from rayzc.options import ScoreOptions, Settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from rayzc.evolution import SuiteScore

__all__ = ["score"]


@takes_options(options=ScoreOptions, output=JsonOutput)
def score(formula: AsFormula, options: ScoreOptions, output: JsonOutput, suite: Suite = None) -> None:
    """Score a formula on every problem of a suite, and compare it with the best single proxies."""
    import json

    from rayzc.cli.formulas import read_formula
    from rayzc.cli.output import plain_console, suite_or_default
    from rayzc.evolution import assess, assess_pools, best_single_proxies
    from rayzc.problems import load_suite

    parsed = read_formula(formula)
    chosen = load_suite(suite_or_default(suite, output)).select(options.problems)
    lacking = {p.name: missing for p in chosen.problems if (missing := set(parsed.proxies) - set(p.has))}
    if lacking and len(lacking) < len(chosen) and set(parsed.proxies) <= set(chosen.proxies):
        for name, missing in lacking.items():
            typer.echo(f"{name} is left out: it lacks {', '.join(sorted(missing))}", err=True)
        chosen = chosen.select(leave_out=list(lacking))
    fitted = chosen.for_fitting(sorted({*chosen.common_proxies, *parsed.proxies}))
    result = assess(parsed, fitted, options.bootstrap, options.seed)
    singles = best_single_proxies(fitted)
    pools = {name: sum(taus.values()) / len(taus) for name, taus in assess_pools(fitted).items()}
    if output.as_json:
        document = result.to_json()
        document["single_proxies"] = {str(single.formula): single.mean_kendall for single in singles}
        document |= {"pool_rankings": pools} if pools else {}
        typer.echo(json.dumps(document, indent=1))
        return
    console = plain_console()
    for table in _tables(result, singles, console):
        console.print(table, crop=False)
    if (top := result.mean_top) is not None:
        console.print(
            f"top: the network ranked first is within the best {top.first:.1%}, the best of the first ten within "
            f"{top.best_of_ten:.1%}; of the best 5 %, {top.precision:.1%} are ranked within the first 5 %, whose nDCG "
            f"is {top.ndcg:.3f}; regret of the first {top.regret:.3g}, on average",
            soft_wrap=True,
        )
    for name, tau in pools.items():
        console.print(
            f"{name}, which ranks each problem as a whole, has a mean tau of {tau:.3f}", soft_wrap=True
        )
    name, ties = result.most_tied
    if ties > Settings().max_ties:
        typer.echo(
            f"the formula ties up to {ties:.0%} of a problem's pairs ({name}): tau-b rewards that, but a search needs "
            "an order",
            err=True,
        )


def _tables(result: "SuiteScore", singles: list["SuiteScore"], console: "Console") -> list["Table"]:
    """One table of everything if it fits the terminal, else the formula's table above that of the single proxies."""
    from rayzc.cli.output import fitting

    whole, alone = _table(result, singles), _table(result, [])
    if fitting([whole, alone], console) is whole:
        return [whole]
    narrow = [alone, _table(result, [], sizes=False), _table(result, [], sizes=False, spearman=False)]
    return [fitting(narrow, console), _table(result, singles, sizes=False, kendall=False, spearman=False)]


def _table(
    result: "SuiteScore",
    singles: list["SuiteScore"],
    *,
    sizes: bool = True,
    kendall: bool = True,
    spearman: bool = True,
) -> "Table":
    """A row for each problem, and their means, in columns to choose from."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("problem", no_wrap=True)
    if sizes:
        table.add_column("architectures", justify="right", no_wrap=True)
    # Aligned left, so that the means, which have no interval, line up with the other numbers.
    for header in [*(["Kendall's tau"] if kendall else []), *(["Spearman's rho"] if spearman else [])]:
        table.add_column(header, no_wrap=True)
    for single in singles:
        # The words may stand below each other; a formula is not cut.
        table.add_column(f"tau of {single.formula}", justify="right", min_width=len(str(single.formula)))
    for name, score in result.problems.items():
        table.add_row(
            name,
            *([f"{score.architectures:,}"] if sizes else []),
            *([_with_interval(score.kendall, score.kendall_interval)] if kendall else []),
            *([_with_interval(score.spearman, score.spearman_interval)] if spearman else []),
            *(f"{single.problems[name].kendall:.3f}" for single in singles),
        )
    table.add_section()
    table.add_row(
        "mean",
        *([""] if sizes else []),
        *([_with_interval(result.mean_kendall, None)] if kendall else []),
        *([_with_interval(result.mean_spearman, None)] if spearman else []),
        *(f"{single.mean_kendall:.3f}" for single in singles),
        style="bold",
    )
    return table


def _with_interval(value: float, interval: tuple[float, float] | None) -> str:
    return f"{value:6.3f}" + (f" [{interval[0]:6.3f}, {interval[1]:6.3f}]" if interval else "")
