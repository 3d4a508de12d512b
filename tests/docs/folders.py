"""What the blocks of the documentation find in their folder: a suite, runs, images, and modules of a user's own."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import rayzc
from tests.problems.samples import entry, write_json
from tests.report import samples

__all__ = ["RUNS", "fill", "names"]

FORMULA = "jacov + log(flops)"
_MODULE = """import torch


def make_model(classes=10):
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, {width}, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear({width}, classes),
    )


make_a = make_b = make_c = make_model
"""


def fill(folder: Path) -> None:
    """Puts there all but the runs."""
    shipped = Path(rayzc.__file__).parent / "suites" / "mini-13.parquet"
    shutil.copy(shipped, folder / "mine.parquet")
    rng = np.random.default_rng(0)
    np.savez(folder / "images.npz", images=rng.random((60, 3, 8, 8), np.float32), labels=np.arange(60) % 10)
    for name in ("cats", "dogs"):
        (folder / "pictures" / name).mkdir(parents=True)
        for number in range(8):
            pixels = rng.integers(0, 255, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(folder / "pictures" / name / f"{number}.png")
    (folder / "folder").mkdir()
    for place, width in (("my_module.py", 4), ("my_models.py", 6), ("folder/file.py", 8)):
        (folder / place).write_text(_MODULE.format(width=width))
    (folder / "FOLDER").mkdir()
    entries = {
        f"({a}, {b}, 1, 1, 0, 1)": entry(50.0 + a + b, flops=1.0 + a) for a in range(4) for b in range(4)
    }
    write_json(folder / "FOLDER" / "zc_nasbench201.json", {"cifar10": entries})


def _discovered(place: Path) -> None:
    suite = rayzc.load_suite("mini-13").select(["nasbench201/digits", "transbench101_macro/large_digits"])
    samples.discovery(place, FORMULA, own=suite.for_fitting(), front=("flops", FORMULA))


RUNS: Mapping[str, Callable[[Path], object]] = {
    "runs/first": _discovered,
    "runs/second": _discovered,
    "runs/found": samples.searches,
}
"""Runs that blocks name, for those that do not come to make them first."""


def names() -> dict[str, Any]:
    """What README's three lines are given."""
    networks = {"mine": rayzc.build("nasbench201", "(4, 3, 3, 3, 2, 3)", classes=10, width=4, depth=1)}
    generator = torch.Generator().manual_seed(0)
    return {
        "__name__": "__main__",
        "networks": networks,
        "images": torch.randn(8, 3, 16, 16, generator=generator),
        "labels": torch.arange(8),
    }
