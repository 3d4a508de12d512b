"""``rayzc proxies``: the zero-cost proxies of a user's own network."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rayzc.cli.options import JsonOutput, takes_options
from rayzc.options import ShowOptions, option

if TYPE_CHECKING:
    from rich.table import Table

    from rayzc.proxies import Measurement, Proxy

__all__ = ["lined_up", "proxies"]


class ProxiesOptions(ShowOptions, frozen=True, kw_only=True):
    """Which proxies of a user's own network are measured, and how."""

    proxies: Annotated[
        tuple[str, ...] | None,
        option("Proxies to measure.", default="all", metavar="A,B", commas=True, panel="What to measure"),
    ] = None


@takes_options(options=ProxiesOptions, output=JsonOutput)
def proxies(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:NAME", help="A network, or a function or class that returns a network."
        ),
    ],
    options: ProxiesOptions,
    output: JsonOutput,
) -> None:
    """Measure the zero-cost proxies of an untrained network."""
    import json

    from rayzc.cli.output import plain_console
    from rayzc.documents import finite
    from rayzc.proxies import find
    from rayzc.proxies.batches import batch_of
    from rayzc.proxies.user_models import load_model, measure_model

    seed = options.seed
    network = load_model(model, options.classes, seed)
    wanted = find(options.proxies)
    shown = batch_of(options.images, options.input_shape, options.classes, options.batch_size, seed)
    result = measure_model(
        model, network, shown, wanted, seed=seed, device=options.device, classes=options.classes
    )
    if output.as_json:
        document = {
            "model": model,
            "scores": finite(dict(result.scores)),
            "failures": dict(result.failures),
            "passes": dict(result.passes),
            "notes": list(result.notes),
            "images": list(shown[0].shape),
            "seed": seed,
            "seconds": round(result.seconds, 3),
        }
        typer.echo(json.dumps(document, indent=1))
        return
    console = plain_console()
    console.print(_table(model, wanted, result))
    for note in result.notes:
        console.print(note, soft_wrap=True, markup=False)
    passes = ", ".join(f"{count} {kind}" for kind, count in result.passes.items())
    shape = " x ".join(map(str, shown[0].shape[1:]))
    console.print(
        f"{len(shown[0])} images {shape}, seed {seed}, {result.seconds:.1f} s; passes: {passes or 'none'}",
        soft_wrap=True,
        markup=False,
    )


def _table(model: str, wanted: "Sequence[Proxy]", result: "Measurement") -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=model, title_justify="left")
    table.add_column("proxy", no_wrap=True)
    table.add_column("score", no_wrap=True)
    table.add_column("what it is", no_wrap=True, overflow="ellipsis")
    scores = lined_up(result.scores)
    for proxy in wanted:
        if proxy.name in scores:
            table.add_row(proxy.name, scores[proxy.name], Text(proxy.summary))
        else:
            table.add_row(proxy.name, "failed", Text(result.failures[proxy.name]), style="red")
    return table


def lined_up(scores: Mapping[str, float]) -> dict[str, str]:
    """Writes numbers with six digits, aligned at their decimal points."""
    texts = {name: _six_digits(score).partition(".") for name, score in scores.items()}
    before = max((len(whole) for whole, _, _ in texts.values()), default=0)
    after = max((len(point + rest) for _, point, rest in texts.values()), default=0)
    return {
        name: whole.rjust(before) + (point + rest).ljust(after)
        for name, (whole, point, rest) in texts.items()
    }


def _six_digits(score: float) -> str:
    if not math.isfinite(score) or score == 0:
        return f"{score:g}"
    size = math.floor(math.log10(abs(score)))
    if not -5 <= size <= 9:
        return f"{score:.5e}"
    text = f"{score:.{max(0, 5 - size)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
