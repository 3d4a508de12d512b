"""The whole page: head, landmarks, chapters, data and scripts."""

import base64
import hashlib
from html import escape
from importlib.resources import files

from rayzc.report.content import Chapter, Page, Section
from rayzc.report.html.blocks import Writer, data_of
from rayzc.report.html.library import plotting_script

__all__ = ["html_of"]

_ARROW = (
    '<svg class="defs" aria-hidden="true" focusable="false"><defs><marker id="arrow" viewBox="0 0 8 8" refX="7" '
    'refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="arrow" d="M0 0 8 4 0 8z"/></marker></defs>'
    "</svg>"
)
"""The head of the arrows that all drawings of cells share."""


def html_of(page: Page) -> str:
    """The page as one HTML file: the same bytes for the same page.

    Args:
        page: the page.

    Raises:
        RunError: the plotting library is not installed.
    """
    writer = Writer()
    chapters = "".join(_chapter(writer, chapter, place == 0) for place, chapter in enumerate(page.chapters))
    tabs = "".join(
        f'<button type="button" role="tab" id="tab-{chapter.name}" aria-controls="{chapter.name}" '
        f'aria-selected="{str(place == 0).lower()}" tabindex="{0 if place == 0 else -1}">{escape(chapter.title)}'
        "</button>"
        for place, chapter in enumerate(page.chapters)
    )
    scripts = [plotting_script(), _asset("report.js")] if writer.specs else [_asset("report.js")]
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(_hash(script) for script in scripts)}",
            "style-src 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    facts = writer.block(page.facts)
    title = escape(page.title)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(policy, quote=True)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} - rayzc report</title>
<style>{_asset("report.css")}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the report</a>
<header class="top">
<div class="wide bar"><span class="mark">rayzc</span>
<button type="button" id="theme" aria-label="Colours: as the system">Auto</button></div>
<div class="wide"><h1>{title}</h1><p class="subtitle">{escape(page.subtitle)}</p>{facts}</div>
</header>
<nav class="tabs wide" aria-label="Chapters" data-tabs="chapters">
<div role="tablist" aria-label="Chapters">{tabs}</div></nav>
<main id="content" class="wide" tabindex="-1">{chapters}</main>
{_ARROW}<footer class="wide"><p>Written by rayzc {escape(page.version)}. This page needs no network.</p></footer>
<script type="application/json" id="figures">{data_of(writer.specs)}</script>
{"".join(f"<script>{script}</script>" for script in scripts)}
</body>
</html>
"""


def _chapter(writer: Writer, chapter: Chapter, first: bool) -> str:
    sections = "".join(_section(writer, chapter, section) for section in chapter.sections)
    contents = "".join(
        f'<li><a href="#{chapter.name}-{section.name}">{escape(section.title)}</a></li>'
        for section in chapter.sections
    )
    contents = (
        f'<nav class="contents" aria-label="Sections of {escape(chapter.title)}"><ul>{contents}</ul></nav>'
        if len(chapter.sections) > 1
        else ""
    )
    return (
        f'<div role="tabpanel" class="chapter" id="{chapter.name}" aria-labelledby="tab-{chapter.name}"'
        f'{"" if first else " data-later"}><h2 class="chapter-title">{escape(chapter.title)}</h2>'
        f'<div class="columns">{contents}<div class="sections">{sections}</div></div></div>'
    )


def _section(writer: Writer, chapter: Chapter, section: Section) -> str:
    blocks = "".join(writer.block(block) for block in section.blocks)
    place = f"{chapter.name}-{section.name}"
    return (
        f'<section id="{place}" aria-labelledby="{place}-title"><h3 id="{place}-title">{escape(section.title)}</h3>'
        f"{blocks}</section>"
    )


def _asset(name: str) -> str:
    return files("rayzc.report").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
