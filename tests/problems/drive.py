"""A stand-in for Google Drive on this machine: what gdown asks the real one for arrives here instead.

It behaves as Drive does to those who are not signed in: a short link leads to another host, large files come
behind a page that asks whether to download unscanned, and a file that too many have asked for is a page that says so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.problems.mirror import Mirror, QuietHandler, listening

_HOSTS = ("drive.google.com", "drive.usercontent.google.com")
_CONTENT = "https://drive.usercontent.google.com/download"


@dataclass
class Drive(Mirror):
    """What it serves, a file of the folder for each id, and what it was asked for.

    Attributes:
        scanned: files of more bytes come behind a page.
        busy: ids of files that too many have asked for.
        pages: ids of files for which a page came.
    """

    scanned: int = 1 << 30
    busy: set[str] = field(default_factory=set)
    pages: list[str] = field(default_factory=list)


@contextmanager
def standing_in_for_drive(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drive]:
    """Serves a folder as Google Drive would while the block runs; no other host can be reached."""
    drive = Drive(folder)

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802
            parts = urlsplit(self.path)
            asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
            name = asked["id"]
            path = drive.folder / name
            if parts.path == "/uc":
                self.send_response(303)
                self.send_header("Location", f"{_CONTENT}?id={name}&export=download")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif name in drive.busy:
                self._page(name, '<p class="uc-error-subcaption">Too many users have viewed it recently.</p>')
            elif path.is_file() and path.stat().st_size > drive.scanned and asked.get("confirm") != "t":
                inputs = {"id": name, "export": "download", "confirm": "t", "uuid": "0-1"}
                hidden = "".join(
                    f'<input type="hidden" name="{key}" value="{value}">' for key, value in inputs.items()
                )
                self._page(name, f'<form id="download-form" action="{_CONTENT}" method="get">{hidden}</form>')
            else:
                kind = {"Content-Type": "application/json"}
                self.hand_out(drive, name, kind | {"Content-Disposition": f'attachment; filename="{name}"'})

        def _page(self, name: str, content: str) -> None:
            drive.pages.append(name)
            body = f"<html>{content}</html>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    send = HTTPAdapter.send

    def send_here(
        adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        assert request.url is not None
        public, parts = request.url, urlsplit(request.url)
        if parts.hostname not in _HOSTS:
            raise requests.ConnectionError(f"no route to {parts.hostname}")
        request.url = f"{drive.address}{parts.path}?{parts.query}"
        response = send(adapter, request, **{**options, "proxies": {}})
        request.url = response.url = public
        return response

    with listening(Handler) as drive.address, monkeypatch.context() as patch:
        patch.setattr(HTTPAdapter, "send", send_here)
        yield drive
