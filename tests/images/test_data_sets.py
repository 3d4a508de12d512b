"""Images from torchvision's data sets."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from rayzc.errors import TrainingError
from rayzc.images import read_images


def samples_of(count: int, mode: str = "RGB") -> list[tuple[Any, int]]:
    value: Any = 5 if mode == "L" else (5, 6, 7)
    return [(Image.new(mode, (8, 8), value), number % 2) for number in range(count)]


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torchvision with data sets of the usual kinds."""
    package, datasets = ModuleType("torchvision"), ModuleType("torchvision.datasets")

    def parted(root: str, train: bool = True, download: bool = False) -> list[tuple[Any, int]]:
        assert download
        return samples_of(6 if train else 2, "L")

    def named(root: str, split: str = "train", download: bool = False) -> list[tuple[Any, int]]:
        return samples_of({"train": 4, "test": 3}[split])

    def whole(root: str) -> list[tuple[Any, int]]:
        return samples_of(5)

    def mixed(root: str) -> list[tuple[Any, int]]:
        return samples_of(2, "L") + samples_of(2)

    def broken(root: str) -> list[tuple[Any, int]]:
        raise RuntimeError("not found or corrupted")

    kinds = {"Parted": parted, "Named": named, "Whole": whole, "Mixed": mixed, "Broken": broken}
    datasets.__dict__.update(kinds, __all__=list(kinds))
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)


@pytest.mark.usefixtures("torchvision")
@pytest.mark.parametrize(
    ("name", "shape", "tested"),
    [("Parted", (6, 1, 8, 8), 2), ("Named", (4, 3, 8, 8), 3), ("Whole", (5, 3, 8, 8), 0)],
)
def test_data_sets(name: str, shape: tuple[int, ...], tested: int, tmp_path: Path) -> None:
    found = read_images(name, TrainingError, side=None, folder=tmp_path)
    assert found.images.shape == shape
    assert (0 if found.test_labels is None else len(found.test_labels)) == tested
    assert read_images(name, TrainingError, side=4, folder=tmp_path).images.shape[2:] == (4, 4)


@pytest.mark.usefixtures("torchvision")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Wole", r"no data set 'Wole'; did you mean 'Whole'\?"),
        ("Broken", "'Broken' cannot be read as images and classes: .*corrupted"),
        ("Mixed", "Mixed has grey and colour images"),
    ],
)
def test_data_sets_that_cannot_be_used(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=message):
        read_images(name, TrainingError, side=None, folder=tmp_path)


def test_torchvision_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(TrainingError, match=r"need torchvision, .*or give an \.npz file or a folder"):
        read_images("CIFAR10", TrainingError, side=None, folder=tmp_path)
