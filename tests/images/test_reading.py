"""Images from folders and data sets."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from rayzc.errors import TrainingError
from rayzc.images import read_folder, read_images


def picture(path: Path, size: tuple[int, int] = (6, 5), value: int = 9, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value, 0, 0)).save(path)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for place, name in enumerate(["cats", "dogs"]):
        for number in range(3):
            picture(tmp_path / name / f"{number}.png", value=10 * place + number)
    (tmp_path / "cats" / "notes.txt").write_text("no picture")
    return tmp_path


def test_a_folder_of_class_folders(pictures: Path) -> None:
    found = read_folder(pictures, TrainingError)
    assert found.classes == ("cats", "dogs")
    assert found.images.shape == (6, 3, 5, 6)
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.images[:, 0, 0, 0].tolist() == [0, 1, 2, 10, 11, 12]
    assert found.test_images is None
    scaled = read_images(pictures, TrainingError, side=4, folder=pictures)
    assert scaled.images.shape == (6, 3, 4, 4)


def test_folders_for_training_and_testing(tmp_path: Path) -> None:
    for part, count in (("train", 2), ("test", 1)):
        for name in ("a", "b"):
            for number in range(count):
                picture(tmp_path / part / name / f"{number}.jpg")
    found = read_folder(tmp_path, TrainingError)
    assert found.test_labels is not None
    assert (len(found.labels), found.test_labels.tolist()) == (4, [0, 1])
    picture(tmp_path / "test" / "aa" / "0.jpg")
    with pytest.raises(TrainingError, match=r"there is no class 'aa' in .*train; did you mean 'a'\?"):
        read_folder(tmp_path, TrainingError)


def test_pictures_of_two_sizes(pictures: Path) -> None:
    picture(pictures / "dogs" / "9.png", size=(7, 7))
    with pytest.raises(
        TrainingError, match=r"9\.png is 7x7 pixels and the first picture 6x5: .*--image-size"
    ):
        read_folder(pictures, TrainingError)


def test_a_picture_that_is_none(pictures: Path) -> None:
    (pictures / "dogs" / "0.png").write_bytes(b"no picture")
    with pytest.raises(TrainingError, match=r"dogs/0\.png is not a picture that can be read"):
        read_folder(pictures, TrainingError)


def test_a_folder_without_classes(tmp_path: Path) -> None:
    picture(tmp_path / "one" / "0.png")
    with pytest.raises(TrainingError, match="found 1 folder with pictures; put the pictures of each class"):
        read_folder(tmp_path, TrainingError)


def test_pillow_is_missing(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(TrainingError, match=r"pictures need Pillow.*pip install pillow"):
        read_folder(pictures, TrainingError)


@pytest.mark.parametrize("source", ["none.npz", "no/such/folder"])
def test_images_that_are_not_there(source: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there is no such file"):
        read_images(str(tmp_path / source), TrainingError, side=None, folder=tmp_path)


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

    def broken(root: str) -> list[tuple[Any, int]]:
        raise RuntimeError("not found or corrupted")

    kinds = {"Parted": parted, "Named": named, "Whole": whole, "Broken": broken}
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
def test_data_sets_that_are_not_fit(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no data set 'Wole'; did you mean 'Whole'\?"):
        read_images("Wole", TrainingError, side=None, folder=tmp_path)
    with pytest.raises(TrainingError, match=r"'Broken' cannot be read as images and classes: .*corrupted"):
        read_images("Broken", TrainingError, side=None, folder=tmp_path)


def test_torchvision_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(TrainingError, match=r"need torchvision, .*or name an \.npz file or a folder"):
        read_images("CIFAR10", TrainingError, side=None, folder=tmp_path)
