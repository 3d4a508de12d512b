"""Connecting to Ray: to a cluster that is named, or to one of our own on this machine."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import ray
import ray.exceptions

from rayzc.errors import ClusterError

__all__ = ["connected"]

_OBJECT_STORE_BYTES = 256 * 1024 * 1024
_KNOCK_SECONDS = 5.0
_ANY_METHOD = "/ray.rpc.NodeInfoGcsService/GetClusterId"


@contextmanager
def connected(address: str | None = None, workers: int | None = None) -> Iterator[None]:
    """Connects to Ray for the length of the block.

    A connection that is there already is used and left as it is. A cluster that we connect to is left running; one
    that we start on this machine is ended with the block.

    Args:
        address: of the head, ``host:port``, or ``auto``; by default ``RAY_ADDRESS``, and where that is not set, a
            Ray of our own on this machine.
        workers: how many workers a Ray of our own must have room for, at least one for every core.

    Raises:
        ClusterError: no Ray at the address, or it refuses us; with what to do.
    """
    if ray.is_initialized():
        yield
        return
    address = address or os.environ.get("RAY_ADDRESS")
    # Steps that are lost with a worker are handed out again, which nobody needs to read about.
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    # Searches are many processes that mostly wait; Ray warns of so many, and starts them two by two.
    os.environ.setdefault("RAY_worker_maximum_startup_concurrency", "10")
    try:
        if address is None:
            ray.init(
                address="local",
                num_cpus=max(workers or 1, os.cpu_count() or 1),
                object_store_memory=_OBJECT_STORE_BYTES,
                include_dashboard=False,
                logging_level=logging.ERROR,
                log_to_driver=False,
            )
        else:
            _knock(address)
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except ray.exceptions.AuthenticationError:
        raise _refused(address) from None
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        if address and _asks_for_token(address):
            raise _refused(address) from None
        raise ClusterError(
            f"no Ray at {_place(address)}: start one there with `ray start --head`, name another --address, or "
            f"leave it out to run on this machine ({_line(error)})"
        ) from None
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Fails at once where nobody listens, or where we cannot get in; Ray itself waits for up to minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_KNOCK_SECONDS).close()
        if os.environ.get("RAY_AUTH_MODE", "").lower() != "token" and _asks_for_token(address):
            raise _refused(address)


def _asks_for_token(address: str) -> bool:
    """Whether the head at an address turns away those who show no token."""
    import grpc

    with grpc.insecure_channel(address.rpartition("://")[2]) as channel:
        try:
            channel.unary_unary(_ANY_METHOD)(b"", timeout=_KNOCK_SECONDS)
        except grpc.RpcError as error:
            return bool(error.code() is grpc.StatusCode.UNAUTHENTICATED)
    return False


def _refused(address: str | None) -> ClusterError:
    return ClusterError(
        f"{_place(address)} refuses us; the cluster asks for a token: set RAY_AUTH_MODE=token, and put the cluster's "
        "token into RAY_AUTH_TOKEN or ~/.ray/auth_token"
    )


def _place(address: str | None) -> str:
    return address or "this machine"


def _line(error: Exception) -> str:
    """The first line of an error's text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
