"""``rayzc score``: how well a formula ranks the networks of a suite."""

from typing import TYPE_CHECKING, Annotated

import typer

from rayzc.cli.options import AsFormula, JsonOutput, Suite, takes_options
from rayzc.options import Options, Settings, option

if TYPE_CHECKING:
    from rich.table import Table

    from rayzc.evolution import SuiteScore

__all__ = ["score"]


class ScoreOptions(Options, frozen=True, kw_only=True):
    """What a formula is assessed on."""

    problems: Annotated[
        tuple[str, ...],
        option(
            "Problems to use: names, search spaces, tasks or patterns such as 'nasbench201/*'.",
            default="all",
            commas=True,
        ),
    ] = ()
    bootstrap: Annotated[int, option("Bootstrap samples for the intervals; 0 for no intervals.", low=0)] = (
        1000
    )
    seed: Annotated[int, option("Seed of the bootstrap.", low=0)] = 0


@takes_options(options=ScoreOptions, output=JsonOutput)
def score(formula: AsFormula, suite: Suite, options: ScoreOptions, output: JsonOutput) -> None:
    """Score a formula on every problem of a suite, beside the best single proxies."""
    import json

    from rayzc.cli.formulas import read_formula
    from rayzc.cli.output import plain_console
    from rayzc.evolution import assess, best_single_proxies
    from rayzc.problems import load_suite

    parsed = read_formula(formula)
    chosen = load_suite(suite).select(options.problems)
    lacking = {p.name: missing for p in chosen.problems if (missing := set(parsed.proxies) - set(p.has))}
    if lacking and len(lacking) < len(chosen) and set(parsed.proxies) <= set(chosen.proxies):
        for name, missing in lacking.items():
            typer.echo(f"{name} is left out: it lacks {', '.join(sorted(missing))}", err=True)
        chosen = chosen.select(leave_out=list(lacking))
    fitted = chosen.for_fitting(sorted({*chosen.common_proxies, *parsed.proxies}))
    result = assess(parsed, fitted, options.bootstrap, options.seed)
    singles = best_single_proxies(fitted)
    if output.as_json:
        document = result.to_json()
        document["single_proxies"] = {str(single.formula): single.mean_kendall for single in singles}
        typer.echo(json.dumps(document, indent=1))
        return
    plain_console().print(_table(result, singles))
    name, ties = result.most_tied
    if ties > Settings().max_ties:
        typer.echo(
            f"the formula ties up to {ties:.0%} of a problem's pairs ({name}): tau-b rewards that, but a search needs "
            "an order",
            err=True,
        )


def _table(result: "SuiteScore", singles: list["SuiteScore"]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("problem")
    table.add_column("architectures", justify="right")
    # To the left, so that the means, which have no interval, stand below the numbers.
    table.add_column("Kendall's tau")
    table.add_column("Spearman's rho")
    for single in singles:
        table.add_column(f"tau of {single.formula}", justify="right")
    for name, score in result.problems.items():
        table.add_row(
            name,
            str(score.architectures),
            _with_interval(score.kendall, score.kendall_interval),
            _with_interval(score.spearman, score.spearman_interval),
            *(f"{single.problems[name].kendall:.3f}" for single in singles),
        )
    table.add_section()
    means = (f"{single.mean_kendall:.3f}" for single in singles)
    tau, rho = (_with_interval(mean, None) for mean in (result.mean_kendall, result.mean_spearman))
    table.add_row("mean", "", tau, rho, *means, style="bold")
    return table


def _with_interval(value: float, interval: tuple[float, float] | None) -> str:
    return f"{value:6.3f}" + (f" [{interval[0]:6.3f}, {interval[1]:6.3f}]" if interval else "")
