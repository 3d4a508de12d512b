"""The dashboard of a cluster: where it is, whether it lets us in, and which Ray runs there."""

import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from rayzc.cluster.tokens import known_token, token_mode
from rayzc.errors import ClusterError, first_line

__all__ = ["Dashboard", "UnreachableError", "find_dashboard", "refused"]

DEFAULT_ADDRESS = "http://127.0.0.1:8265"
OLDEST_RAY = (2, 50)
"""The oldest Ray that rayzc runs on; a test compares it with the requirements of the package."""

_SECONDS_TO_ANSWER = 10.0


class UnreachableError(ClusterError):
    """The dashboard does not answer now; it may answer later."""


@dataclass(frozen=True)
class Dashboard:
    """A dashboard that answers, and lets us in.

    Attributes:
        address: ``http://host:port``.
        name: its address in messages, with where it is from.
        ray_version: of the cluster.
        headers: for every request; the token is among them if the dashboard asks for one.
    """

    address: str
    name: str
    ray_version: str
    headers: Mapping[str, str] = field(repr=False)


def find_dashboard(address: str | None = None) -> Dashboard:
    """Finds the dashboard, and checks within seconds that it lets us in and that its Ray is one that rayzc runs on.

    The token goes only to a dashboard that asks for one.

    Args:
        address: ``http://host:8265``; by default ``RAY_API_SERVER_ADDRESS``, or ``RAY_ADDRESS`` where that is the
            address of a dashboard, or the dashboard of this machine.

    Raises:
        ClusterError: there is no dashboard, it refuses us, or its Ray is too old; the message says what to do.
    """
    place, name = _resolved(address)
    headers: dict[str, str] = {}
    status, version = _asked(place, name, headers)
    if status in (401, 403):
        token = known_token() if token_mode() != "disabled" else None
        if token is None:
            raise refused(name, False)
        headers["Authorization"] = f"Bearer {token}"
        status, version = _asked(place, name, headers)
        if status in (401, 403):
            raise refused(name, True)
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST_RAY:
        raise ClusterError(
            f"the cluster at {name} runs Ray {version}, and rayzc needs {'.'.join(map(str, OLDEST_RAY))} or later: "
            "install a newer Ray on the cluster"
        )
    return Dashboard(place, name, version, headers)


def _resolved(address: str | None) -> tuple[str, str]:
    """The address to use, and its name in messages.

    Raises:
        ClusterError: it is not the address of a dashboard.
    """
    name = address
    if not address:
        for variable in ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS"):
            given = os.environ.get(variable, "")
            if given and (variable == "RAY_API_SERVER_ADDRESS" or given.startswith(("http://", "https://"))):
                address, name = given, f"{given} (from {variable})"
                break
        else:
            address = name = DEFAULT_ADDRESS
    place = (address if "://" in address else f"http://{address}").rstrip("/")
    try:
        parts = urlsplit(place)
        usable = (
            parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        usable = None
    if not usable or any(character.isspace() for character in place):
        raise ClusterError(f"{name} is not the address of a dashboard: write http://HOST:8265")
    return place, str(name)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirection, as it would take the token elsewhere."""

    def redirect_request(self, *values: Any) -> None:
        """Refuses."""
        return


def _asked(place: str, name: str, headers: Mapping[str, str]) -> tuple[int, str]:
    """The HTTP status with which a dashboard answers, and the version of its Ray.

    Raises:
        ClusterError: nobody answers, or not like a dashboard.
    """
    advice = "give the address of the cluster's dashboard, usually http://HOST:8265, with --address"
    request = urllib.request.Request(f"{place}/api/version", headers=dict(headers))
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=_SECONDS_TO_ANSWER) as answer:
            return 200, str(json.loads(answer.read(1 << 16))["ray_version"])
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return error.code, ""
        raise ClusterError(
            f"{name} does not answer like Ray's dashboard (HTTP {error.code}): {advice}"
        ) from None
    except (http.client.HTTPException, ValueError, KeyError, TypeError):
        raise ClusterError(f"{name} does not answer like Ray's dashboard: {advice}") from None
    except OSError as error:
        inner = error.reason if isinstance(error, urllib.error.URLError) else error
        reason = first_line(inner) if isinstance(inner, Exception) else inner
        raise UnreachableError(
            f"no dashboard at {name} ({reason}): start Ray there with `ray start --head`, or {advice}"
        ) from None


def refused(name: str, has_token: bool) -> ClusterError:
    """The error where a server wants a token that we do not have.

    Args:
        name: of the server.
        has_token: whether we have sent one.
    """
    where = (
        "put the cluster's token, which `ray get-auth-token` prints on its head, into RAY_AUTH_TOKEN or "
        "~/.ray/auth_token"
    )
    if has_token:
        return ClusterError(f"the cluster at {name} has a different token than this machine: {where}")
    if token_mode() == "disabled" and known_token() is not None:
        return ClusterError(
            f"the cluster at {name} requires a token, and RAY_AUTH_MODE=disabled holds ours back: set "
            "RAY_AUTH_MODE=token"
        )
    return ClusterError(f"the cluster at {name} requires a token: {where}")
