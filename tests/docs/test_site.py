"""The site is built strictly, asks for nothing from elsewhere, and can be read and searched from disk."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import ROOT

PAGES = (
    "index",
    "tutorial/index",
    "explanation/how-a-step-works",
    "figures/mini-13",
    "reference/python",
    "reference/options",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_nothing_comes_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.findall(r'<(?:script|img|iframe|source)\b[^>]*\bsrc="(?:https?:)?//[^"]*"', text) == [], (
            page
        )
        assert re.findall(r'<link\b[^>]*rel="(?:stylesheet|preconnect)"[^>]*href="(?:https?:)?//', text) == []
    for sheet in site.rglob("*.css"):
        assert re.findall(r"url\(['\"]?(?:https?:)?//", sheet.read_text(encoding="utf-8")) == [], sheet


@pytest.mark.slow
def test_the_reference_has_what_is_public(site: Path) -> None:
    import rayzc

    listed = "".join(path.read_text(encoding="utf-8") for path in (site / "reference").glob("*.html"))
    for name in rayzc.__all__:
        if name.endswith(("Options", "Settings", "Limits")):
            assert f'id="{name.lower()}"' in listed, name
        elif name != "__version__":
            assert re.search(rf'id="rayzc\.(?:[\w.]+\.)?{name}"', listed), name


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = os.environ.get("RAYZC_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("there is no chromium; install it, or set RAYZC_CHROMIUM, to run this test")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1440])
def test_it_is_read_from_disk(site: Path, browser: Any, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    for name in PAGES:
        page.goto((site / f"{name}.html").as_uri())
        page.wait_for_load_state("load")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "about:"))] == []


@pytest.mark.slow
def test_it_is_searched_from_disk(site: Path, browser: Any) -> None:
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.click("[data-md-component=search-query]")
    page.keyboard.type("lexicase", delay=30)
    page.wait_for_selector(".md-search-result__item a", timeout=30_000)
    assert "lexicase" in page.inner_text(".md-search-result__list").lower()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(site: Path, browser: Any, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    script = Path(axe.__file__).parent.joinpath("axe.min.js").read_text(encoding="utf-8")
    page = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme).new_page()
    for name in PAGES:
        page.goto((site / f"{name}.html").as_uri())
        page.wait_for_load_state("load")
        page.evaluate(script)
        found = page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        )
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]] == [], name
