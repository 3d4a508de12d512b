"""Places on other file systems, as URIs: ``s3://bucket/folder``, and all others that pyarrow knows."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from rayzc.errors import RunError, first_line

__all__ = ["file_system", "is_uri", "local_path", "without_secrets"]

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_COLLAPSED = re.compile(r"(abfss?|file|gc?s|hdfs|s3|viewfs):/[^/]")
_SECRET = re.compile(r"secret|token|key|sig|password|credential", re.IGNORECASE)


def is_uri(place: object) -> bool:
    """Whether a place is a URI.

    Raises:
        RunError: it was one, before it was made a Path, which drops a slash.
    """
    if _COLLAPSED.match(str(place)):
        raise RunError(
            f"{without_secrets(str(place))}: a slash is missing; write s3://bucket/folder, and in Python give it as "
            "text, not as a Path, which drops one"
        )
    return isinstance(place, str) and bool(_URI.match(place))


def local_path(place: str | Path, mend: str) -> Path:
    """The path of what can only be on a file system of this machine.

    Args:
        place: what was given.
        mend: what to do if that is a URI.

    Raises:
        RunError: it is a URI.
    """
    text = str(place)
    if not _URI.match(text) and not _COLLAPSED.match(text):
        return Path(place)
    if text.startswith("file://"):
        return Path(unquote(urlsplit(text).path))
    raise RunError(f"{without_secrets(str(place))}: {mend}")


def without_secrets(uri: str) -> str:
    """A URI as it may be shown and kept: without passwords and keys, which belong into the environment."""
    parts = urlsplit(uri)
    query = urlencode(
        [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _SECRET.search(pair[0])],
        safe="/:",
    )
    # Not by geturl, which drops the slashes where there is no host.
    slashes = "//" if "://" in uri else ""
    return f"{parts.scheme}:{slashes}{_shown_host(parts)}{parts.path}{query and '?' + query}"


def file_system(uri: str) -> tuple[Any, str]:
    """The file system of a URI, and the path on it.

    Credentials come from the URI, or from where the tools of the file system look, such as ``AWS_ACCESS_KEY_ID``.

    Raises:
        OSError: there is no such file system, or it cannot be used; the text holds no secret.
    """
    import pyarrow as pa
    from pyarrow import fs

    try:
        system, path = fs.FileSystem.from_uri(uri)
    except (OSError, ValueError, pa.ArrowException) as error:
        text = first_line(error).replace(uri, without_secrets(uri))
        password = urlsplit(uri).password
        raise OSError(text.replace(password, "...") if password else text) from None
    return system, str(path).rstrip("/")


def _shown_host(parts: SplitResult) -> str:
    user, at, host = parts.netloc.rpartition("@")
    if parts.scheme.lower() == "s3":
        return host
    return f"{user.partition(':')[0]}{at}{host}" if user.partition(":")[0] else host
