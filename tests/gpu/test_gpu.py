"""``make gpu`` where there is no GPU: it says what it skips, and its parts run on the CPU."""

import time

import pytest
import torch

from tests.gpu.__main__ import main, rows
from tests.gpu.parts import PARTS, Machine


def test_without_a_gpu_every_part_is_skipped_and_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main([]) == 0
    table = capsys.readouterr().out.rpartition("\n\n")[2].splitlines()
    assert table[0] == "| part | what | found |  |"
    assert table[2:] == [f"| {name} |  | no GPU: torch sees no CUDA device | skipped |" for name in PARTS]


def test_a_part_without_time_is_skipped() -> None:
    late = Machine("cpu", time.monotonic() - 1)
    found = list(rows(["golden"], late))
    assert [(row.found, row.state) for row in found] == [("0 s are left, and it takes up to 20 s", "skipped")]


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = list(rows(["shares", "whole"], Machine("cpu", time.monotonic() + 600)))
    assert [(row.part, row.found, row.state) for row in found] == [
        (name, "Ray is not installed", "skipped") for name in ("shares", "whole")
    ]


@pytest.mark.parametrize("name", ["golden", "architectures", "memory", "throughput"])
def test_a_part_on_the_cpu_agrees_with_the_cpu(name: str) -> None:
    found = list(rows([name], Machine("cpu", time.monotonic() + 600)))
    assert found
    assert {row.state for row in found} <= {"ok", "measured"}, found
