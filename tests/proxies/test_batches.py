import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from rayzc.errors import ProxyError
from rayzc.proxies.batches import load_batch, random_batch

SHAPE = (3, 4, 5)


def saved(path: Path, **arrays: Any) -> str:
    np.savez(path / "batch.npz", **arrays)
    return str(path / "batch.npz")


def test_random_batches_come_from_their_seed() -> None:
    images, labels = random_batch(SHAPE, 7, 6, seed=1)
    assert images.shape == (6, 3, 4, 5)
    assert labels.dtype == torch.int64
    assert 0 <= labels.min() <= labels.max() < 7
    assert torch.equal(images, random_batch(SHAPE, 7, 6, seed=1)[0])
    assert not torch.equal(images, random_batch(SHAPE, 7, 6, seed=2)[0])


def test_no_images() -> None:
    with pytest.raises(ProxyError, match="in 7 classes is empty: give numbers of at least 1"):
        random_batch(SHAPE, 7, 0, seed=1)


def test_a_file(tmp_path: Path) -> None:
    images = np.random.default_rng(0).normal(size=(6, *SHAPE))
    file = saved(tmp_path, images=images, labels=np.arange(6, dtype=np.int32))
    found, labels = load_batch(file, SHAPE, 4, seed=0)
    assert np.array_equal(found.numpy(), images[:4].astype(np.float32))
    assert labels.tolist() == [0, 1, 2, 3]


def test_bytes_stand_for_0_to_1(tmp_path: Path) -> None:
    file = saved(tmp_path, images=np.full((2, *SHAPE), 255, np.uint8), labels=np.zeros(2, int))
    assert load_batch(file, SHAPE, 64, seed=0)[0].unique().tolist() == [1.0]


IMAGES, LABELS = np.zeros((2, *SHAPE)), np.zeros(2, int)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": IMAGES}, "array 'labels' is missing; found: images; write the file with numpy.savez"),
        ({"x": IMAGES, "labels": LABELS}, "array 'images' is missing; found: x, labels"),
        ({"images": IMAGES, "labels": np.zeros(3, int)}, "do not fit"),
        ({"images": IMAGES, "labels": np.zeros(2)}, "labels are float64"),
        ({"images": IMAGES.astype(int), "labels": LABELS}, "images are int64; save them as float32 or uint8"),
        ({"images": np.array([None, {}]), "labels": LABELS}, "not an .npz file of plain arrays"),
        (
            {"images": IMAGES[..., :2], "labels": LABELS},
            r"images are \(3, 4, 2\), but the network takes \(3, 4, 5\)",
        ),
        (
            {"images": IMAGES.transpose(0, 2, 3, 1), "labels": LABELS},
            "they have their channels last: transpose",
        ),
    ],
)
def test_files_that_are_not_fit(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(ProxyError, match=message):
        load_batch(saved(tmp_path, **arrays), SHAPE, 64, seed=0)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 torn"])
def test_a_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "batch.npz"
    path.write_bytes(content)
    with pytest.raises(ProxyError, match=r"not an \.npz file of plain arrays"):
        load_batch(str(path), SHAPE, 64, seed=0)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProxyError, match="there is no such file"):
        load_batch(str(tmp_path / "none.npz"), SHAPE, 64, seed=0)


def test_data_sets_need_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ProxyError, match=r"'CIFAR10' is not an \.npz file, and data sets need torchvision"):
        load_batch("CIFAR10", SHAPE, 64, seed=0)


class Picture:
    """Stands in for an image of PIL."""

    def __init__(self, value: int, grey: bool = False) -> None:
        self.value, self.grey, self.size = value, grey, (9, 9)

    def resize(self, size: tuple[int, int]) -> "Picture":
        self.size = size
        return self

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        width, height = self.size
        return np.full((height, width) if self.grey else (height, width, 3), self.value, dtype or np.uint8)


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torchvision with two data sets, one of which is broken."""
    package, datasets = ModuleType("torchvision"), ModuleType("torchvision.datasets")

    def tiny(root: str, download: bool) -> list[tuple[Picture, int]]:
        return [(Picture(index), index) for index in range(20)]

    def broken(root: str, download: bool) -> list[tuple[Picture, int]]:
        raise RuntimeError("not found or corrupted")

    datasets.__dict__.update(Tiny=tiny, Broken=broken, __all__=["Tiny", "Broken"])
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)


@pytest.mark.usefixtures("torchvision")
def test_a_data_set() -> None:
    images, labels = load_batch("Tiny", SHAPE, 8, seed=3)
    assert images.shape == (8, *SHAPE)
    assert torch.equal((images[:, 0, 0, 0] * 255).round().long(), labels)
    assert torch.equal(labels, load_batch("Tiny", SHAPE, 8, seed=3)[1])
    assert len(set(labels.tolist())) == 8


@pytest.mark.usefixtures("torchvision")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Tinny", r"no data set 'Tinny'; did you mean 'Tiny'\?"),
        ("Broken", "cannot be read as images and classes: .*corrupted"),
    ],
)
def test_data_sets_that_are_not_fit(name: str, message: str) -> None:
    with pytest.raises(ProxyError, match=message):
        load_batch(name, SHAPE, 8, seed=3)
