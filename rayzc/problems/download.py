"""Downloads a file from Google Drive or a plain web server, and resumes interrupted downloads.

pooch, which downloads and checks files, is not used since it begins every download anew and does not know Google
Drive.
"""

import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from inspect import signature
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rayzc.errors import first_line

__all__ = ["Download", "UnreachableError", "download"]

Download = Callable[[str, Path], None]
"""Takes (url, path); leaves the whole file at the path, or raises OSError and keeps what can be resumed."""

_TIMEOUT = 30.0  # seconds without a byte
_ATTEMPTS = 3
_CHUNK = 1 << 20
_REFUSED = "Google Drive refuses the file"


class UnreachableError(OSError):
    """The host cannot be reached from here, whichever of its files is asked for."""


class _InterruptedError(OSError):
    """The connection broke in the middle."""


def download(url: str, path: Path) -> None:
    """Downloads a file without prompting.

    Args:
        url: an address on Google Drive, or any other with http or https.
        path: where to put the file; until it is whole, it has another name in the same folder.

    Raises:
        UnreachableError: the address's host cannot be reached.
        OSError: the file cannot be downloaded. What arrived is kept for the next attempt.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise OSError(f"an address starts with http:// or https://, not '{parts.scheme}:'")
    if parts.hostname in ("drive.google.com", "docs.google.com"):
        _from_drive(url, path)
        return
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _from_web(url, path)
        except _InterruptedError:
            if attempt == _ATTEMPTS:
                raise
        else:
            return


def _from_web(url: str, path: Path) -> None:
    """One attempt, into ``<path>.part``, which takes the place of `path` when it is whole."""
    part = path.with_name(f"{path.name}.part")
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            _receive(answer, part)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # what we have is not the beginning of what the server has
            part.unlink()
            raise _InterruptedError(
                "the partial download did not match the file and was removed; fetch again"
            ) from None
        raise OSError(f"the server answers {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise UnreachableError(f"no connection to {urlsplit(url).netloc} ({reason})") from None
    part.replace(path)


def _receive(answer: HTTPResponse, part: Path) -> None:
    announced = answer.headers.get("Content-Length")
    received = 0
    with part.open("ab" if answer.status == 206 else "wb") as file:
        try:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                received += len(chunk)
        except (HTTPException, ConnectionError, TimeoutError) as error:
            raise _InterruptedError(f"the connection broke after {received} bytes: {error}") from None
    if announced is not None and received < int(announced):
        raise _InterruptedError(f"the connection broke after {received} of {announced} bytes")


def _from_drive(url: str, path: Path) -> None:
    try:
        import gdown
    except ImportError:
        raise UnreachableError(
            "a download from Google Drive needs gdown: run `pip install 'rayzc[fetch]'`"
        ) from None
    options: dict[str, Any] = {"quiet": True, "resume": True, "use_cookies": False}
    if "timeout" in signature(gdown.download).parameters:
        options["timeout"] = _TIMEOUT
    for _ in range(_ATTEMPTS):
        before = _arrived(path)
        try:
            result = gdown.download(url=url, output=str(path), **options)
        except gdown.exceptions.FileURLRetrievalError as error:
            raise OSError(f"{_REFUSED}: {_reason(error)}") from None
        except OSError as error:  # errors of requests are OSErrors with long texts
            host, answer = urlsplit(url).hostname, getattr(error, "response", None)
            failure = (
                UnreachableError(f"no connection to {host} ({type(error).__name__})")
                if answer is None
                else OSError(f"{host} answers {answer.status_code} {answer.reason}")
            )
            if _arrived(path) <= before:
                break
        except Exception as error:  # a broken connection; the errors of gdown have no common base class
            failure = OSError(first_line(error))
            if "byte range" in str(failure):
                # What is there is the whole file, or not its beginning; gdown would never get past it.
                for partial in _partials(path):
                    partial.unlink()
        else:
            if result is None or not path.is_file():
                raise OSError(_REFUSED)
            return
    raise failure from None


def _reason(error: Exception) -> str:
    """The words of Drive in the error of gdown."""
    text = " ".join(str(error).split()).removeprefix("Failed to retrieve file url:")
    return text.partition("You may ")[0].strip().rstrip(".") or type(error).__name__


def _partials(path: Path) -> list[Path]:
    """The files in which gdown keeps what has arrived: their names begin with that of the file."""
    return [other for other in path.parent.glob(f"{path.name}*") if other != path]


def _arrived(path: Path) -> int:
    return sum(partial.stat().st_size for partial in _partials(path))
