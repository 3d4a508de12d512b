"""A web server on this machine that hands out files, resumes them, and breaks off when told to."""

import contextlib
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType


@dataclass
class Mirror:
    """What it serves, and what it was asked for.

    Attributes:
        folder: the files.
        address: of the folder, on the web.
        requests: (file, first byte asked for) of every request.
        breaks: how many more times to break off a file in the middle.
        resumes: whether it can start in the middle.
        status: what it answers with whole files.
    """

    folder: Path
    address: str = ""
    requests: list[tuple[str, int]] = field(default_factory=list)
    breaks: int = 0
    resumes: bool = True
    status: int = 200


@contextmanager
def serving(folder: Path) -> Iterator[Mirror]:
    """Serves a folder on a free port while the block runs."""
    mirror = Mirror(folder)

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.hand_out(mirror, self.path.lstrip("/"))

    with listening(Handler) as mirror.address:
        yield mirror


class QuietHandler(BaseHTTPRequestHandler):
    """Answers requests, and logs nothing."""

    def hand_out(self, mirror: Mirror, name: str, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        """Answers with a file of a mirror, from where it is asked to begin, or with half of it."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked.group(1)) if asked else 0
        mirror.requests.append((name, start))
        path = mirror.folder / name
        if not path.is_file():
            self.send_error(404, "Not Found")
            return
        data = path.read_bytes()
        if asked and mirror.resumes and start >= len(data):
            self.send_error(416, "Range Not Satisfiable")
            return
        resumed = bool(asked) and mirror.resumes
        body = data[start:] if resumed else data
        self.send_response(206 if resumed else mirror.status)
        if resumed:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(body)))
        for header, value in headers.items():
            self.send_header(header, value)
        self.end_headers()
        if mirror.breaks > 0:
            mirror.breaks -= 1
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)

    def handle(self) -> None:
        # Clients that look at the beginning and hang up are none of the server's business.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def listening(handler: type[QuietHandler]) -> Iterator[str]:
    """A web server on a free port of this machine while the block runs; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
