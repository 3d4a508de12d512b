"""Image sets from every source: division, order, licences, and errors that say what to do."""

import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from rayzc.errors import SuiteError
from rayzc.problems import ImageSet, read_images
from rayzc.problems.image_sources import SOURCES, in_turn
from rayzc.problems.images import source_keys
from tests.problems.benchmarks import image_set

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (12, 3, 4, 4), np.uint8)
LABELS = np.repeat([0, 1], [8, 4])


def saved(folder: Path, images: Any = IMAGES, labels: Any = LABELS) -> Path:
    np.savez(folder / "mine.npz", images=images, labels=labels)
    return folder


def test_a_set_is_checked() -> None:
    parts: dict[str, Any] = {"labels": LABELS, "training": 8, "classes": ("a", "b"), "about": ""}
    for change, message in (
        ({"images": IMAGES[:, :2]}, r"shape \(12, 2, 4, 4\); it must be \(images, 3, side, side\)"),
        ({"images": IMAGES[..., :3]}, "the images have shape"),
        ({"images": IMAGES[:, None]}, "which is several patches each"),
        ({"labels": LABELS[1:]}, r"there are 12 images, and labels of shape \(11,\)"),
        ({"labels": LABELS - 1}, "there is a label -1"),
        ({"training": 12}, "12 of 12 images are for training"),
        ({"training": 0}, "0 of 12 images are for training"),
        ({"classes": ("a",)}, "there is a label 1, but only 1 class"),
    ):
        with pytest.raises(SuiteError, match=message):
            ImageSet("x", **{"images": IMAGES, **parts, **change})


def test_a_set_is_read_only_and_can_be_sent() -> None:
    images = image_set()
    back: ImageSet = pickle.loads(pickle.dumps(images))
    assert back.fingerprint == images.fingerprint
    for array in (images.images, images.labels, back.images, back.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_fingerprint_is_of_the_content() -> None:
    prints = {
        image_set().fingerprint,
        image_set(training=23, testing=13).fingerprint,
        image_set(side=4).fingerprint,
    }
    assert len(prints) == 3
    assert image_set().fingerprint == image_set().fingerprint


def test_every_beginning_has_each_class_by_its_share() -> None:
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    order = in_turn(labels, seed=1)
    assert np.array_equal(np.sort(order), np.arange(100))
    for count in (10, 20, 50, 90):
        assert (
            np.abs(np.bincount(labels[order[:count]], minlength=3) - count * np.array([0.6, 0.3, 0.1])).max()
            <= 1
        )
    assert not np.array_equal(order, in_turn(labels, seed=2))


def test_arrays_of_a_file(tmp_path: Path) -> None:
    found = read_images("mine", "npz:mine.npz", training=6, testing=3, folder=saved(tmp_path), licence="CC0")
    assert found.images.shape == (9, 3, 4, 4)
    assert np.bincount(found.labels[:6]).tolist() == [4, 2]
    assert np.bincount(found.labels[6:]).tolist() == [2, 1]
    places = [int(np.flatnonzero((image == IMAGES).all(axis=(1, 2, 3)))[0]) for image in found.images]
    assert len(set(places)) == 9
    assert np.array_equal(found.labels, LABELS[places])
    assert found.description == "images of mine.npz; 6 for training, 3 for testing; licence: CC0"
    again = read_images("mine", "npz:mine.npz", training=6, testing=3, folder=tmp_path)
    assert again.fingerprint == found.fingerprint
    assert again.description.endswith("licence: not stated")


def test_grey_and_floating_point_arrays(tmp_path: Path) -> None:
    folder = saved(tmp_path, IMAGES[:, :1] / 255)
    found = read_images("mine", "npz:mine.npz", training=6, testing=6, folder=folder)
    assert found.images.shape == (12, 3, 4, 4)
    whole = {image.tobytes() for image in IMAGES[:, :1].repeat(3, axis=1)}
    assert {image.tobytes() for image in found.images} == whole
    with pytest.raises(
        SuiteError, match=r"mine.npz are floating-point numbers that do not lie between 0 and 1"
    ):
        read_images("mine", "npz:mine.npz", training=6, testing=6, folder=saved(tmp_path, IMAGES / 1.0))


def test_digits() -> None:
    pytest.importorskip("sklearn", reason="the digits need scikit-learn")
    small = read_images("d", "scikit-learn:digits", training=1000, testing=797)
    large = read_images("d", "scikit-learn:digits", training=1000, testing=797, side=16)
    assert small.images.shape == (1797, 3, 8, 8)
    assert small.images.max() == 240
    assert np.array_equal(large.images[:, :, ::2, 1::2], small.images)
    assert np.bincount(small.labels[:1000]).min() >= 95
    assert "licence: CC BY 4.0" in small.description
    with pytest.raises(SuiteError, match="side is 12; the digits have 8 pixels, so give a multiple of 8"):
        read_images("d", "scikit-learn:digits", training=10, testing=10, side=12)


def test_photographs() -> None:
    pytest.importorskip("skimage", reason="photographs need scikit-image")
    found = read_images(
        "p", "scikit-image:brick,grass, coffee", training=30, testing=14, side=12, scales=[1, 2]
    )
    assert found.images.shape == (44, 3, 12, 12)
    assert found.classes == ("brick", "grass", "coffee")
    assert np.bincount(found.labels[:30]).tolist() == [10, 10, 10]
    assert np.bincount(found.labels[30:]).tolist() == [5, 5, 4]
    assert "Rachel Michetti, CC0" in found.licence
    with pytest.raises(SuiteError, match="name different photographs"):
        read_images("p", "scikit-image:brick,brick", training=3, testing=3)
    with pytest.raises(SuiteError, match=r"scales is \[0\]; give a list of whole numbers"):
        read_images("p", "scikit-image:brick,grass", training=3, testing=3, scales=[0])


def test_a_folder_of_class_folders(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image", reason="image files need Pillow")
    for number, name in enumerate(("cats", "dogs")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for index in range(5):
            level = 100 * number + index
            kind, colour = ("L", level) if index else ("RGBA", (level, level, level, 255))
            pillow.new(kind, (6, 9), colour).save(tmp_path / "pets" / name / f"{index}.png")
    (tmp_path / "pets" / "dogs" / "notes.txt").write_text("not an image")
    found = read_images("pets", "folder:pets", training=6, testing=4, folder=tmp_path, side=4)
    assert found.classes == ("cats", "dogs")
    assert found.images.shape == (10, 3, 4, 4)
    assert np.bincount(found.labels[:6]).tolist() == [3, 3]
    assert np.array_equal(found.images.max(axis=(1, 2, 3)) >= 100, found.labels == 1)
    (tmp_path / "pets" / "dogs" / "0.png").write_bytes(b"torn")
    with pytest.raises(SuiteError, match=r"0\.png cannot be read as an image"):
        read_images("pets", "folder:pets", training=6, testing=4, folder=tmp_path, side=4)
    (tmp_path / "pets" / "birds").mkdir()
    with pytest.raises(SuiteError, match="birds has no images: remove the folder, or add images"):
        read_images("pets", "folder:pets", training=6, testing=4, folder=tmp_path)
    with pytest.raises(SuiteError, match="there is no such folder"):
        read_images("pets", "folder:gone", training=6, testing=4, folder=tmp_path)


def test_only_the_chosen_files_of_a_folder_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        for index in range(50):
            (tmp_path / name / f"{index}.jpg").touch()
    opened: list[Path] = []

    def read(file: Path, error: type[SuiteError]) -> Shown:
        opened.append(file)
        return Shown(len(opened))

    monkeypatch.setattr("rayzc.problems.image_sources.read_image", read)
    monkeypatch.setattr("rayzc.problems.image_sources.pixels", lambda image, size: np.zeros((3, *size)))
    found = read_images("pets", f"folder:{tmp_path}", training=4, testing=2, side=4)
    assert len(opened) == 6
    assert [file.parent.name for file in opened] == [found.classes[label] for label in found.labels]


class Shown:
    """Stands in for a grey image of Pillow's."""

    def __init__(self, level: int) -> None:
        self.level = level

    def resize(self, size: tuple[int, int]) -> np.ndarray:
        return np.full(size[::-1], self.level, np.uint8)


def test_a_data_set_of_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    class Parted(list[Any]):
        def __init__(self, root: str, download: bool, train: bool) -> None:
            super().__init__((Shown(level), level % 2) for level in (range(10) if train else range(100, 110)))
            self.targets = [label for _, label in self]
            self.classes = ["even", "odd"]

    def plain(root: str, download: bool) -> list[tuple[Shown, int]]:
        return [(Shown(level), level % 2) for level in range(10)]

    package, datasets = ModuleType("torchvision"), ModuleType("torchvision.datasets")
    datasets.__dict__.update(Parted=Parted, Plain=plain, __all__=["Parted", "Plain"])
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)
    found = read_images("t", "torchvision:Parted", training=8, testing=4, side=4)
    assert found.images.shape == (12, 3, 4, 4)
    assert (found.images[:8] < 100).all()
    assert (found.images[8:] >= 100).all()
    assert found.classes == ("even", "odd")
    assert np.array_equal(found.images[:, 0, 0, 0] % 2, found.labels)
    whole = read_images("t", "torchvision:Plain", training=6, testing=4, side=4)
    assert sorted(whole.images[:, 0, 0, 0].tolist()) == list(range(10))
    with pytest.raises(SuiteError, match=r"no data set 'Plan'; did you mean 'Plain'\?"):
        read_images("t", "torchvision:Plan", training=6, testing=4)
    with pytest.raises(SuiteError, match="which is fewer than 9 for training and 4 for testing"):
        read_images("t", "torchvision:Plain", training=9, testing=4)


@pytest.mark.parametrize(
    ("source", "package", "message"),
    [
        ("scikit-learn:digits", "sklearn.datasets", "the digits need scikit-learn, which is not installed"),
        ("scikit-image:brick", "skimage.data", "photographs need scikit-image, which is not installed"),
        ("torchvision:CIFAR10", "torchvision.datasets", "need torchvision, which is not installed"),
    ],
)
def test_what_is_not_installed(
    source: str, package: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SuiteError, match=f"{message}: run pip install"):
        read_images("x", source, training=2, testing=2)


@pytest.mark.parametrize(
    ("source", "keywords", "message"),
    [
        ("sklearn:digits", {}, r"no source of images 'sklearn:digits'; did you mean 'scikit-learn'\?"),
        ("npz", {}, "the source 'npz' does not say what to read"),
        ("scikit-learn:iris", {}, "write scikit-learn:digits"),
        ("scikit-learn:digits", {"sides": 8}, r"scikit-learn:digits has no 'sides'; did you mean 'side'\?"),
        ("scikit-learn:digits", {"side": 0}, "side is 0; give a number of pixels, at least 1"),
        ("npz:gone.npz", {}, "there is no such file"),
        ("npz:gone.npz", {"licence": 3}, "licence is 3; give text"),
        ("npz:gone.npz", {"training": 0}, "training is 0; give a number of images, at least 1"),
        ("npz:gone.npz", {"seed": -1}, "seed is -1; give a whole number, at least 0"),
    ],
)
def test_what_cannot_be_read(source: str, keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        read_images("x", source, **{"training": 2, "testing": 2, **keywords})


def test_the_keys_of_sources() -> None:
    assert source_keys("scikit-image:brick") == ("training", "testing", "seed", "side", "scales")
    for kind in SOURCES:
        assert {"training", "testing", "seed"} <= set(source_keys(f"{kind}:x"))
