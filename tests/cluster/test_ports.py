"""The ports of a local run: all of them are on loopback, those of Ray's daemons and workers, too."""

import ipaddress
import os
import re
import struct
from contextlib import suppress
from pathlib import Path

import ray

from tests.cluster.faults.drivers import descendants

_LISTENS = "0A"
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def listening(process: int) -> set[tuple[_Address, int]]:
    """The addresses and ports on which a process listens."""
    sockets = set()
    for link in Path(f"/proc/{process}/fd").glob("*"):
        with suppress(OSError):
            sockets |= set(re.findall(r"^socket:\[(\d+)\]$", os.readlink(link)))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == _LISTENS and rest[5] in sockets:
                address, _, port = local.partition(":")
                found.add((_address(address), int(port, 16)))
    return found


def _address(text: str) -> _Address:
    """An address as the kernel writes it: words of four bytes, each in the order of the machine."""
    words = struct.unpack(f">{len(text) // 8}I", bytes.fromhex(text))
    packed = struct.pack(f"={len(words)}I", *words)
    if len(packed) == 4:
        return ipaddress.IPv4Address(packed)
    long = ipaddress.IPv6Address(packed)
    return long.ipv4_mapped or long


@ray.remote
class _Actor:
    def process(self) -> int:
        return os.getpid()


def test_a_local_ray_listens_on_loopback_alone(ray_session: None) -> None:
    actor = _Actor.remote()  # type: ignore[attr-defined]  # Ray's decorator
    worker = ray.get(actor.process.remote())
    processes = [os.getpid(), *descendants(os.getpid())]
    assert worker in processes
    names = {process: Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0] for process in processes}
    found = {process: listening(process) for process in processes}
    ray.kill(actor)
    for daemon in (b"gcs_server", b"raylet"):
        assert any(found[process] for process, name in names.items() if name.endswith(daemon)), daemon
    assert found[worker]
    elsewhere = {
        (names[process].decode(), str(address), port)
        for process, places in found.items()
        for address, port in places
        if not address.is_loopback
    }
    assert not elsewhere


def test_an_address_on_all_interfaces_is_told_apart() -> None:
    import socket

    with socket.create_server(("0.0.0.0", 0)) as everywhere, socket.create_server(("127.0.0.1", 0)) as here:
        found = listening(os.getpid())
        assert (ipaddress.IPv4Address("0.0.0.0"), everywhere.getsockname()[1]) in found
        assert (ipaddress.IPv4Address("127.0.0.1"), here.getsockname()[1]) in found
