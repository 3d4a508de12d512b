"""Makes pages of the repository's own Markdown files, and follows links that leave ``docs/``.

A page such as SECURITY.md is written for readers of the repository: its links are of files beside it. In the site these
become links of pages, or of copies of the files, so that nothing leads to another place.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]

PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "clusters/README.md": "clusters/index.md",
}
"""By their places in the repository, files that are pages of the site, too; README's is written for the site alone."""

_LINK = re.compile(r"(?<!`)(!?\[[^\]]*\]\()([^)\s#]*)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts pages that the navigation does not name at the end of it, so that a new page is never out of reach."""
    docs = Path(config.docs_dir)
    named = set(_named(config.nav))
    others = [path.relative_to(docs).as_posix() for path in sorted(docs.rglob("*.md"))]
    others = [uri for uri in others if uri not in named]
    if others:
        config.nav = [*(config.nav or ()), {"More": others}]
    return config


def _named(nav: Any) -> Iterator[str]:
    """The pages of a navigation."""
    if isinstance(nav, str):
        yield nav
    elif nav:
        for below in nav.values() if isinstance(nav, dict) else nav:
            yield from _named(below)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages, and every file of the repository that a page links to."""
    for place, uri in PAGES.items():
        if files.get_file_from_path(uri) is None:
            files.append(File.generated(config, uri, content=(ROOT / place).read_text(encoding="utf-8")))
    for page in files.documentation_pages():
        for link in _LINK.finditer(page.content_string):
            target = _place(page.src_uri, link[2])
            if target is not None and _uri(target) not in files.src_uris and (ROOT / target).is_file():
                files.append(File.generated(config, _uri(target), abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrites the links of a page: from places in the repository to places in the site."""
    uri = page.file.src_uri

    def rewritten(link: re.Match[str]) -> str:
        place = _place(uri, link[2])
        if place is None or not (ROOT / place).is_file():
            return link[0]  # MkDocs says what is wrong with it
        return f"{link[1]}{posixpath.relpath(_uri(place), posixpath.dirname(uri) or '.')}{link[3] or ''})"

    return _LINK.sub(rewritten, markdown)


def _place(uri: str, link: str) -> str | None:
    """The place in the repository that a link of a page means; none for links elsewhere and within the page."""
    if not link or "://" in link or link.startswith(("mailto:", "/")):
        return None
    own = {uri: place for place, uri in PAGES.items() if place != "README.md"}
    here = own.get(uri, f"docs/{uri}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(here), link))


def _uri(place: str) -> str:
    """Where the site has a file of the repository."""
    if place in PAGES:
        return PAGES[place]
    path = PurePosixPath(place)
    return str(path.relative_to("docs")) if path.is_relative_to("docs") else f"files/{place}"
