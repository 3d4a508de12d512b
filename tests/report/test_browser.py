"""The page in a browser: no errors, no requests; by keyboard; on a phone, on a desk and on paper; for everyone.

These tests need Chromium (Debian's ``chromium``, or what ``RAYZC_CHROMIUM`` names) and Playwright.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rayzc
from tests.report import samples

WIDTHS, THEMES = (390, 1440), ("light", "dark")
READY = "html[data-ready=all]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = os.environ.get("RAYZC_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no chromium; install it, or set RAYZC_CHROMIUM, to run this test")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run of all stages."""
    return rayzc.write_report(samples.whole(tmp_path_factory.mktemp("runs") / "run").path, bootstrap=20)


class Opened:
    """A page that was opened, and what it did that it should not."""

    def __init__(self, browser: Any, path: Path, width: int = 1440, theme: str = "light") -> None:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector(READY, state="attached", timeout=60_000)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_it_opens(browser: Any, report: Path, width: int, theme: str) -> None:
    opened = Opened(browser, report, width, theme)
    page = opened.page
    for tab in page.query_selector_all(".tabs [role=tab]"):
        tab.click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab.inner_text()
    assert opened.complaints == []
    assert [url for url in opened.requests if url != report.as_uri()] == []
    drawn = page.evaluate("[...document.querySelectorAll('[data-chart]')].every(c => c.querySelector('svg'))")
    assert drawn


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [WIDTHS[0], pytest.param(WIDTHS[1], marks=pytest.mark.slow)])
def test_axe_finds_nothing(browser: Any, report: Path, width: int, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = Opened(browser, report, width, theme).page
    # Axe is a script that the page's own policy does not know: it is run by the debugger, which may.
    script = Path(axe.__file__).parent.joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(script)
    for tab in page.query_selector_all(".tabs [role=tab]"):
        tab.click()
        found = page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        )
        assert [
            (each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found["violations"]
        ] == []


def test_tabs_by_keyboard(browser: Any, report: Path) -> None:
    page = Opened(browser, report).page
    page.focus("#tab-formula")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-breeding"
    assert page.is_visible("#breeding")
    assert not page.is_visible("#formula")
    page.keyboard.press("End")
    assert page.is_visible("#run")
    page.keyboard.press("Home")
    assert page.is_visible("#formula")


def test_the_theme_by_keyboard(browser: Any, report: Path) -> None:
    page = Opened(browser, report, theme="light").page
    colour = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(colour)
    page.focus("#theme")
    page.keyboard.press("Enter")
    assert page.inner_text("#theme") == "Light"
    assert page.evaluate(colour) == before
    page.keyboard.press("Enter")
    assert page.inner_text("#theme") == "Dark"
    assert page.evaluate(colour) != before


def test_the_front_by_keyboard_and_by_mouse(browser: Any, report: Path) -> None:
    page = Opened(browser, report).page
    page.click("#tab-breeding")
    shown = "document.querySelector('.shown:not([hidden])').dataset.shown"
    assert page.evaluate(shown) == str(len(samples.FRONT) - 1)
    page.focus(".choices input:checked")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(shown) == str(len(samples.FRONT) - 2)
    # The chart draws its marks anew after each choice, so that a click may meet none.
    for _ in range(20):
        page.locator("[data-chart^=figure-front] .mark-symbol path").first.click(force=True)
        page.wait_for_timeout(500)
        if page.evaluate(shown) == "0":
            break
    assert page.evaluate(shown) == "0"


def test_a_point_tells_its_encoding(browser: Any, report: Path) -> None:
    page = Opened(browser, report).page
    page.locator("[data-chart='figure-ranks-nasbench201-planted'] .mark-symbol path").first.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible", timeout=10_000)
    assert "architecture" in page.inner_text("#vg-tooltip-element")
    assert "(" in page.inner_text("#vg-tooltip-element")


def test_on_paper_everything_is_there(browser: Any, report: Path) -> None:
    page = Opened(browser, report, theme="dark").page
    page.emulate_media(media="print", color_scheme="dark")
    for chapter in ("formula", "breeding", "searches", "architectures", "finals", "run"):
        assert page.is_visible(f"#{chapter}")
    assert not page.is_visible("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    cut = page.evaluate(
        "[...document.querySelectorAll('figure svg')].filter(s => s.getBoundingClientRect().right > innerWidth).length"
    )
    assert cut == 0


def test_without_scripts_everything_is_there(browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.is_visible("#run")
    assert page.is_visible("#formula")
    assert not page.is_visible("#theme")
