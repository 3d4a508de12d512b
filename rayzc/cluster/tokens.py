"""The token with which this process authenticates itself at a Ray cluster, read as Ray reads it."""

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["known_token", "token_file", "token_mode"]


def token_mode() -> str:
    """How this process authenticates itself: ``RAY_AUTH_MODE``, empty by default."""
    return os.environ.get("RAY_AUTH_MODE", "").lower()


def token_file() -> Path:
    """The file in which Ray keeps a token by default."""
    return Path(os.path.expanduser("~/.ray/auth_token"))


def known_token() -> str | None:
    """The token that Ray would send: RAY_AUTH_TOKEN, else the file RAY_AUTH_TOKEN_PATH, else ~/.ray/auth_token."""
    if os.environ.get("RAY_AUTH_TOKEN"):
        return os.environ["RAY_AUTH_TOKEN"].strip()
    for path in (os.environ.get("RAY_AUTH_TOKEN_PATH"), token_file()):
        with suppress(OSError, UnicodeDecodeError):
            text = Path(path).read_text().strip() if path else ""
            if text:
                return text
    return None
