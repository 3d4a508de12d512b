"""Draws docs/report.png, README's picture of a report: ``python docs/figures/draw_report.py RUN``.

It writes the report of a run, opens it in Chromium (Debian's, or what ``RAYZC_CHROMIUM`` names) and takes a picture.
"""

import argparse
import os
import shutil
from pathlib import Path

import rayzc

PICTURE = Path(__file__).parents[1] / "report.png"
_READY = "html[data-ready=all]"


def main() -> None:
    """Writes the report, and draws it."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description="Draws the picture of a report.")
    parser.add_argument("run", help="a run of all stages, or a discovery")
    parser.add_argument("--width", type=int, default=1440, help="pixels (default: 1440)")
    parser.add_argument("--height", type=int, default=900, help="pixels (default: 900)")
    given = parser.parse_args()
    page = rayzc.write_report(given.run)
    chromium = os.environ.get("RAYZC_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": given.width, "height": given.height})
        opened.goto(Path(page).resolve().as_uri())
        opened.wait_for_selector(_READY, state="attached", timeout=60_000)
        opened.screenshot(path=PICTURE)
        browser.close()
    print(f"{PICTURE} is drawn")


if __name__ == "__main__":
    main()
