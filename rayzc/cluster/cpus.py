"""How many CPUs this process may use, which is often fewer than the machine has."""

import os
from contextlib import suppress
from math import inf
from pathlib import Path, PurePosixPath

__all__ = ["usable_cpus"]

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


def usable_cpus() -> int:
    """The number of CPUs that this process may use, by its affinity and the quotas of its control groups."""
    affine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    cpus = len(affine) or os.cpu_count() or 1
    return max(1, int(min(cpus, _quota())))


def _quota() -> float:
    """The number of CPUs by the control groups (version 2 or 1) that the process is in; infinite without a quota."""
    quota = inf
    with suppress(OSError, ValueError):
        for line in _OWN_CGROUPS.read_text().splitlines():
            _, controllers, place = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            root = _CGROUPS / "cpu" if controllers else _CGROUPS
            # A group has at most what those around it have. In a container the names may be those of the host.
            path = PurePosixPath(place.lstrip("/"))
            for group in (path, *path.parents):
                quota = min(quota, _quota_of(root / group, 1 if controllers else 2))
    return quota


def _quota_of(group: Path, version: int) -> float:
    try:
        if version == 2:
            used, period = (group / "cpu.max").read_text().split()
        else:
            used, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return int(used) / int(period) if int(used) > 0 else inf
    except (OSError, ValueError, ZeroDivisionError):  # no such file, or "max"
        return inf
