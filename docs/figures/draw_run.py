"""Draws docs/run.svg, README's picture of a run: ``python docs/figures/draw_run.py``.

It breeds on mini-13 for half a minute, and exports what the terminal shows halfway and at the end.
"""

import argparse
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

import rayzc
from rayzc.cli.displays.discovery import DiscoveryDisplay
from rayzc.cli.options import Output
from rayzc.cluster import Progress

PICTURE = Path(__file__).parents[1] / "run.svg"


def main() -> None:
    """Breeds and draws."""
    parser = argparse.ArgumentParser(description="Draws the picture of a run.")
    parser.add_argument("--time-limit", type=float, default=30.0, help="seconds to breed (default: 30)")
    given = parser.parse_args()
    shown: list[Progress] = []
    with tempfile.TemporaryDirectory() as folder:
        rayzc.discover(
            "mini-13", holdout=0.25, time_limit=given.time_limit, listen=shown.append, out=Path(folder, "run")
        )
    console = Console(record=True, width=110, force_terminal=True, color_system="truecolor", quiet=False)
    console.print(f"$ rayzc discover --holdout 0.25 --time-limit {given.time_limit:.0f}s\n", highlight=False)
    console.print(DiscoveryDisplay(Output()).dashboard(shown[-1]))
    PICTURE.write_text(without_fonts(console.export_svg(title="rayzc", theme=MONOKAI)), encoding="utf-8")
    print(f"{PICTURE} is drawn")


def without_fonts(svg: str) -> str:
    """The picture without the addresses of fonts: it is drawn with those of the reader."""
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    main()
