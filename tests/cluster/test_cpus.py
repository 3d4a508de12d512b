"""The CPUs that a process may use: by affinity, and by the quotas of control groups of both versions."""

import os
from pathlib import Path

import pytest

from rayzc.cluster import cpus
from rayzc.cluster.cpus import usable_cpus


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the control groups of a process that may use all eight CPUs of its machine."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    monkeypatch.setattr(cpus, "_CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(cpus, "_OWN_CGROUPS", tmp_path / "own")
    return tmp_path / "groups"


def write(group: Path, **files: str) -> None:
    group.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (group / name.replace("__", ".")).write_text(text)


def test_affinity(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert usable_cpus() == 8
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {5})
    assert usable_cpus() == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("max 100000\n", 8), ("300000 100000\n", 3), ("150000 100000\n", 1), ("50000 100000\n", 1), ("?", 8)],
)
def test_a_quota_of_version_2(groups: Path, text: str, expected: int) -> None:
    (groups.parent / "own").write_text("0::/job.slice/task\n")
    write(groups / "job.slice" / "task", cpu__max=text)
    assert usable_cpus() == expected


def test_the_least_quota_of_the_groups_around_counts(groups: Path) -> None:
    (groups.parent / "own").write_text("0::/job.slice/task\n")
    write(groups / "job.slice" / "task", cpu__max="600000 100000")
    write(groups / "job.slice", cpu__max="200000 100000")
    write(groups, cpu__max="max 100000")
    assert usable_cpus() == 2


@pytest.mark.parametrize(("quota", "expected"), [("400000\n", 4), ("-1\n", 8)])
def test_a_quota_of_version_1(groups: Path, quota: str, expected: int) -> None:
    (groups.parent / "own").write_text("9:name=systemd:/\n4:memory:/box\n2:cpu,cpuacct:/box\n0::/\n")
    # In a container the name is that of the host, and the files are at the top.
    write(groups / "cpu", cpu__cfs_quota_us=quota, cpu__cfs_period_us="100000\n")
    assert usable_cpus() == expected
