"""Draws docs/explanation/step.svg, the figure of the page "How a step works": ``python docs/figures/draw_step.py``.

The numbers in it are those of the code, so the figure is drawn anew when the settings change.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from rayzc.evolution.selection import TOURNAMENT
from rayzc.options import Settings

PICTURE = Path(__file__).parents[1] / "explanation" / "step.svg"

_WIDTH, _HEIGHT = 960, 440
_STYLE = """
text { font: 15px system-ui, sans-serif; fill: #1b2a2f; text-anchor: middle }
.title { font-weight: 600 }
.note { font-size: 13px; fill: #47585e }
.box { fill: #e4f2f0; stroke: #00796b; stroke-width: 1.5 }
.value { fill: #fdf3dc; stroke: #b26a00; stroke-width: 1.5 }
.frame { fill: none; stroke: #7b8a8f; stroke-width: 1.5; stroke-dasharray: 6 5 }
.arrow { fill: none; stroke: #1b2a2f; stroke-width: 1.6; marker-end: url(#head) }
"""


def picture(settings: Settings) -> str:
    """The figure as SVG.

    Args:
        settings: how formulas are bred.
    """
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
            "<title>How a step works</title>",
            f"<style>{_STYLE}</style>",
            '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
            'orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="#1b2a2f"/></marker></defs>',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white" rx="8"/>',
            *_parts(settings),
            "</svg>\n",
        ]
    )


def _parts(settings: Settings) -> Iterator[str]:
    """Boxes, frames and arrows, from the island before on the left to the island after on the right."""
    other = 1 - settings.crossover - settings.constants
    yield from _box(
        20, 150, 150, 110, "value", "island", f"epoch e: {settings.population}", "formulas, a front"
    )
    yield from _box(20, 330, 150, 70, "value", "immigrants", f"every {settings.migration_interval} epochs")
    yield from _box(
        790, 150, 150, 110, "value", "island", f"epoch e + 1: {settings.population}", "formulas, a front"
    )
    yield from _box(790, 330, 150, 70, "value", "emigrants", f"the best {settings.migration_rate:.0%}")

    yield '<rect class="frame" x="205" y="50" width="550" height="350" rx="10"/>'
    yield _text(480, 38, f"{settings.generations} generations", "title")
    yield from _box(230, 80, 150, 110, "box", "select", f"half: the best of {TOURNAMENT};", "half: lexicase")
    yield from _box(
        405,
        80,
        150,
        110,
        "box",
        "vary",
        f"{settings.crossover:.0%} crossover",
        f"{settings.constants:.0%} a constant",
        f"{other:.0%} mutation",
    )
    yield from _box(
        580,
        80,
        150,
        110,
        "box",
        "judge",
        f"{settings.offspring} offspring:",
        "ranks, tau by problem,",
        "one objective",
    )
    yield from _box(580, 250, 150, 110, "box", "polish", f"constants of {settings.polish}", "good formulas")
    yield from _box(
        230,
        250,
        325,
        110,
        "box",
        "survive",
        f"the best {settings.population} of parents and offspring,",
        "one of each ranking and each shape,",
        f"{settings.parsimony:g} less for each node",
    )

    yield _arrow("M170 205 H217 V135 H228")
    yield _arrow("M170 365 H195 V150 H228")
    yield _arrow("M380 135 H403")
    yield _arrow("M555 135 H578")
    yield _arrow("M655 190 V248")
    yield _arrow("M580 305 H557")
    yield _arrow("M305 250 V192")
    yield _arrow("M392 360 V382 H770 V205 H788")
    yield _arrow("M865 260 V328")


def _box(x: int, y: int, width: int, height: int, kind: str, title: str, *notes: str) -> Iterator[str]:
    """A box with a title and lines below it."""
    yield f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'
    middle, top = x + width // 2, y + height // 2 - 9 * len(notes)
    yield _text(middle, top + 5, title, "title")
    for line, note in enumerate(notes):
        yield _text(middle, top + 25 + 18 * line, note, "note")


def _text(x: int, y: int, text: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(text)}</text>'


def _arrow(path: str) -> str:
    return f'<path class="arrow" d="{path}"/>'


if __name__ == "__main__":
    PICTURE.write_text(picture(Settings()), encoding="utf-8")
    print(f"{PICTURE} is drawn")
