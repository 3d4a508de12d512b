"""``rayzc proxies``: what the zero-cost proxies say of a network of one's own."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from rayzc.proxies import Measurement, Proxy

__all__ = [
    "Batch",
    "Classes",
    "Device",
    "Images",
    "Input",
    "Json",
    "Seed",
    "lined_up",
    "plain",
    "proxies",
]

INPUT_HELP = "Shape of an image: channels,height,width."
IMAGES_HELP = (
    "The batch: an .npz file with arrays images (N, channels, height, width) and labels (N,), or the name of a "
    "torchvision data set. Default: random images."
)
BATCH_HELP = "Most images in the batch."

Input = Annotated[str, typer.Option("--input", metavar="C,H,W", help=INPUT_HELP)]
Classes = Annotated[int, typer.Option("--classes", min=1, help="Number of classes.")]
Images = Annotated[str | None, typer.Option("--images", metavar="FILE_OR_NAME", help=IMAGES_HELP)]
Batch = Annotated[int, typer.Option("--batch", min=1, help=BATCH_HELP)]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same weights, images and scores.")]
Device = Annotated[
    str | None, typer.Option("--device", help="cpu, cuda, cuda:1. Default: a GPU if there is one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as a JSON document.")]


def proxies(
    model: Annotated[
        str, typer.Argument(metavar="MODULE:NAME", help="A network, or what makes one when called.")
    ],
    input_shape: Input = "3,32,32",
    classes: Classes = 10,
    images: Images = None,
    batch: Batch = 64,
    only: Annotated[
        str | None, typer.Option("--proxies", metavar="A,B", help="Proxies to measure. Default: all.")
    ] = None,
    seed: Seed = 0,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Measure every zero-cost proxy of an untrained network."""
    import json

    from rayzc.cli.output import plain_console
    from rayzc.proxies import find
    from rayzc.proxies.batches import batch_of
    from rayzc.proxies.user_models import load_model, measure_model

    network = load_model(model, classes, seed)
    wanted = find([name.strip() for name in only.split(",")] if only else None)
    shown = batch_of(images, input_shape, classes, batch, seed)
    result = measure_model(model, network, shown, wanted, seed=seed, device=device, classes=classes)
    if as_json:
        document = {
            "model": model,
            "scores": {name: plain(score) for name, score in result.scores.items()},
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
    """Writes numbers with six digits and their decimal points below each other."""
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


def plain(score: float) -> Any:
    """A number as JSON can hold it: what is not finite becomes its name, such as ``"-inf"``."""
    return score if math.isfinite(score) else str(score)
