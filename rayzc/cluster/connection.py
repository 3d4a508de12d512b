"""Connecting to Ray: to a cluster that is named, or to one that is started on this machine."""

import logging
import os
import secrets
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ray
import ray.exceptions
from ray._private import ray_constants

from rayzc.cluster.cpus import usable_cpus
from rayzc.cluster.lifeline import Lifeline
from rayzc.cluster.tokens import known_token, token_file, token_mode
from rayzc.errors import ClusterError, first_line

__all__ = ["check_address", "connected", "number_of_workers"]

# Ray types neither of these.
_resources: Any = ray.cluster_resources
_constants: Any = ray_constants
_OBJECT_STORE_BYTES = 256 * 1024 * 1024
_LEAST_ROOM = 8
"""How many workers may be started on any machine, however few CPUs it has."""

_SECONDS_TO_CONNECT = 5.0
_SECONDS_TO_ANSWER = 10.0  # the head of a busy cluster takes its time
_METHOD_OF_A_HEAD = "/ray.rpc.NodeInfoGcsService/GetClusterId"
_LONGEST_SOCKET_NAME = 107  # bytes; the kernel's limit


@contextmanager
def connected(
    address: str | None = None, workers: int | None = None, again: str | None = None
) -> Iterator[None]:
    """Connects to Ray for the duration of the block.

    An existing connection is used and left as it is. A cluster that is connected to is left running; a Ray that is
    started on this machine is ended with the block.

    Args:
        address: see :func:`check_address`.
        workers: how many workers a Ray on this machine must have room for, at least one for every CPU.
        again: how to continue what the block does, such as ``rayzc resume runs/first``. When Ray is lost, or the block
            does not end within seconds of a SIGTERM, this is said, and the process ends.

    Raises:
        ClusterError: there is no Ray at the address, it refuses the connection, or Ray cannot be started here; the
            message says what to do.

    Warns:
        UserWarning: there are many more workers than CPUs; fewer are started.
    """
    if ray.is_initialized():
        yield
        return
    check_address(address)
    address, name = _resolved(address)
    # Steps that are lost with a worker are assigned again; Ray's messages about that are of no use.
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    # Searches are many processes that mostly wait; Ray warns of that many, and starts them two by two.
    os.environ.setdefault("RAY_worker_maximum_startup_concurrency", "10")
    try:
        if address is None:
            _have_token()
            with _on_loopback():
                ray.init(
                    address="local",
                    num_cpus=_room_for(workers),
                    object_store_memory=_OBJECT_STORE_BYTES,
                    include_dashboard=False,
                    logging_level=logging.ERROR,
                    log_to_driver=False,
                )
        else:
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except ray.exceptions.AuthenticationError:
        raise _refused(name) from None
    except Exception as error:  # Ray raises many kinds, and bare ones where a daemon is slow
        if address is None:
            reason = f"Ray cannot be started on this machine ({first_line(error)})"
            raise ClusterError(f"{reason}: fix that, or give the --address of a cluster") from None
        if address == "auto":
            raise _absent(name, error) from None
        raise ClusterError(
            f"the Ray cluster at {name} cannot be used from here ({first_line(error)}): run this command on a "
            "machine of the cluster, with the cluster's versions of Ray and Python, or submit it with `rayzc submit`"
        ) from None
    try:
        with Lifeline(again, address is None) if again else nullcontext():
            yield
            if again:  # watched over, too: it may wait for what is lost
                ray.shutdown()
    finally:
        ray.shutdown()


def number_of_workers(address: str | None = None, workers: int | None = None) -> int:
    """The number of workers that a run will have: those asked for, else one per CPU.

    Args:
        address: see :func:`check_address`.
        workers: the number that was asked for, if any.

    Raises:
        ClusterError: the cluster cannot be reached.
    """
    if workers is not None:
        return workers
    if not ray.is_initialized() and _resolved(address)[0] is None:
        return usable_cpus()
    with connected(address):
        resources: dict[str, float] = _resources()
        return max(1, int(resources.get("CPU", 1)))


def check_address(address: str | None = None) -> None:
    """Checks within seconds whether Ray can be reached or started here; Ray itself may take minutes to fail.

    Call it before anything slow. It does nothing where there is a connection already.

    Args:
        address: of the cluster's head, ``host:port``, or ``auto`` for a cluster that runs on this machine; by default
            ``RAY_ADDRESS``, and where that is not set or empty, a Ray is started on this machine.

    Raises:
        ClusterError: there is no Ray at the address, it refuses the connection, or Ray cannot be started here; the
            message says what to do.
    """
    if ray.is_initialized():
        return
    try:
        os.getcwd()
    except FileNotFoundError:
        raise ClusterError(
            "the folder that this command was started in has been deleted: change to another folder with cd"
        ) from None
    address, name = _resolved(address)
    if address is None:
        _check_this_machine()
    elif address == "auto":
        _check_cluster_here()
    else:
        _check_head(address, name)


@contextmanager
def _on_loopback() -> Iterator[None]:
    """Has a Ray that is started in the block take the loopback address for its own, and so listen on nothing else.

    Ray does so by itself where it serves one machine alone, as by default on macOS and Windows. It refuses 127.0.0.1 as
    an address that is given, and reads the setting when it is imported, which is too early to know.
    """
    before = _constants.ENABLE_RAY_CLUSTER
    _constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        _constants.ENABLE_RAY_CLUSTER = before


def _room_for(workers: int | None) -> int:
    """The number of CPUs to start Ray on this machine with: one for every worker, up to a limit."""
    cpus = usable_cpus()
    room = max(_LEAST_ROOM, 2 * cpus)
    if workers is not None and workers > room:
        warnings.warn(
            f"{workers} workers for {cpus} CPU{'s' * (cpus != 1)}: only {room} are started, as more would take memory "
            "without being faster",
            stacklevel=4,
        )
    return max(cpus, min(workers or 1, room))


def _resolved(address: str | None) -> tuple[str | None, str]:
    """The address to connect to, None for this machine, and its name in messages."""
    given = os.environ.get("RAY_ADDRESS", "")
    if address in (None, "") or (address == "auto" and given):  # Ray, too, prefers RAY_ADDRESS to auto
        address = given or None
        name = f"{address} (from RAY_ADDRESS)"
    else:
        name = str(address)
    return (None if address == "local" else address), name


def _check_this_machine() -> None:
    """Checks what Ray needs to be started here.

    Raises:
        ClusterError: something is missing; the message says what to do.
    """
    variable, folder = _temporary_folder()
    longest = folder / f"ray/session_2000-01-01_00-00-00_000000_{os.getpid()}/sockets/plasma_store"
    excess = len(os.fsencode(longest)) - _LONGEST_SOCKET_NAME
    if excess > 0:
        raise ClusterError(
            f"{variable} is {folder}, which is {excess} byte{'s' * (excess != 1)} too long for the names of Ray's "
            "sockets: set RAY_TMPDIR to a shorter path, such as /tmp"
        )
    if not _can_write(folder):
        raise ClusterError(
            f"Ray cannot write to {folder}, its folder for temporary files: set RAY_TMPDIR to another folder"
        )


def _have_token() -> None:
    """Where Ray could not keep a token for a Ray of our own, makes one for this process and those it starts."""
    if token_mode() != "disabled" and known_token() is None and not _can_write(token_file().parent):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def _temporary_folder() -> tuple[str, Path]:
    """The variable that sets where Ray keeps temporary files, and the folder."""
    variable = next((name for name in ("RAY_TMPDIR", "TMPDIR") if name in os.environ), "RAY_TMPDIR")
    return variable, Path(os.environ.get(variable, "/tmp"))


def _can_write(folder: Path) -> bool:
    """Whether a folder exists or can be created, and files can be created in it."""
    existing = next(path for path in (folder, *folder.absolute().parents) if os.path.exists(path))
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def _check_cluster_here() -> None:
    """Checks that the cluster on this machine, whose address ``ray start`` notes in a file, lets this process in.

    Where there is no note, or an old one, Ray looks among the processes, and is fast to say that there is none.

    Raises:
        ClusterError: it does not; the message says what to do.
    """
    note = _temporary_folder()[1] / "ray" / "ray_current_cluster"
    try:
        place = note.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError):
        return
    if not _is_set("RAY_USE_TLS") and _refuses(_status_of_head(place)):
        raise _refused(place)


def _check_head(address: str, name: str) -> None:
    """Checks that the head of a cluster answers at an address and lets this process in.

    Raises:
        ClusterError: it does not; the message says what to do.
    """
    scheme, _, place = address.rpartition("://")
    host, _, port = place.rpartition(":")
    if scheme in ("http", "https"):
        raise _dashboard(name, f"{urlsplit(address).hostname}:6379", address)
    if not host or not port.isdecimal():
        raise ClusterError(
            f"{name} is not the address of a Ray cluster: give that of the cluster's head as HOST:6379, or leave it "
            "out to run on this machine"
        )
    endpoint = (host.strip("[]"), int(port))
    try:
        socket.create_connection(endpoint, timeout=_SECONDS_TO_CONNECT).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise _absent(name, error) from None
    # Ray's client and TLS use other protocols; Ray itself reports what is wrong with these connections.
    if scheme or _is_set("RAY_USE_TLS"):
        return
    import grpc

    status = _status_of_head(place)
    if _refuses(status):
        raise _refused(name)
    if status is grpc.StatusCode.UNAVAILABLE and _speaks_http(endpoint):
        raise _dashboard(name, f"{host}:6379", f"http://{place}")
    if status in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        raise ClusterError(
            f"{name} does not answer like a Ray cluster: give the address of a cluster's head as HOST:6379, or leave "
            "it out to run on this machine"
        )


def _status_of_head(place: str) -> object:
    """The gRPC status with which a head answers its simplest call, made with our token; None for success."""
    import grpc

    token = known_token() if token_mode() == "token" else None
    metadata = [("authorization", f"Bearer {token}")] if token else None
    # A web proxy does not lead to the cluster; Ray does not use it, either.
    with grpc.insecure_channel(place, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            channel.unary_unary(_METHOD_OF_A_HEAD)(b"", timeout=_SECONDS_TO_ANSWER, metadata=metadata)
        except grpc.RpcError as error:
            status: object = error.code()
            return status
    return None


def _refuses(status: object) -> bool:
    """Whether the status is that of a head that rejects our token."""
    import grpc

    return status is grpc.StatusCode.UNAUTHENTICATED and not _is_set("RAY_ENABLE_K8S_TOKEN_AUTH")


def _speaks_http(endpoint: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(endpoint, timeout=_SECONDS_TO_CONNECT) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in ("1", "true")


def _refused(name: str) -> ClusterError:
    if token_mode() == "token" and known_token() is not None:
        return ClusterError(
            f"the Ray cluster at {name} has a different token than this machine: put the cluster's token, which "
            "`ray get-auth-token` prints on its head, into RAY_AUTH_TOKEN or ~/.ray/auth_token"
        )
    return ClusterError(
        f"the Ray cluster at {name} requires a token: set RAY_AUTH_MODE=token, and put the cluster's token into "
        "RAY_AUTH_TOKEN or ~/.ray/auth_token"
    )


def _dashboard(name: str, head: str, dashboard: str) -> ClusterError:
    return ClusterError(
        f"{name} is the address of a dashboard, which only takes jobs: give that of the head, usually {head}, or "
        f"submit this command with `rayzc submit COMMAND --address {dashboard} -- ...`"
    )


def _absent(name: str, error: Exception) -> ClusterError:
    where = "runs on this machine: start one" if name == "auto" else f"at {name}: start one there"
    return ClusterError(
        f"no Ray {where} with `ray start --head`, give another --address, or leave it out to run on this machine "
        f"({first_line(error)})"
    )
