"""Images from files and folders."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rayzc.errors import ProxyError, RayzcError, SuiteError, TrainingError
from rayzc.images import SUFFIXES, class_folders, pixels, read_folder, read_image, read_images


def saved(path: Path, size: tuple[int, int] = (6, 5), value: int = 9, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value, 0, 0)).save(path)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    for place, name in enumerate(["cats", "dogs"]):
        for number in range(3):
            saved(tmp_path / name / f"{number}.png", value=10 * place + number)
    (tmp_path / "cats" / "notes.txt").write_text("no image")
    return tmp_path


def test_class_folders_are_listed_without_opening_files(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.JPG", "a/x.jpeg", ".hidden/x.png", "a/notes.txt", "c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = class_folders(tmp_path, SuiteError)
    assert [str(file.relative_to(tmp_path)) for file in found.files] == ["a/x.jpeg", "b/10.JPG", "b/2.png"]
    assert found.labels.dtype == np.int64
    assert found.labels.tolist() == [0, 1, 1]
    assert found.classes == ("a", "b")
    assert class_folders(tmp_path, SuiteError, ("b", "c", "a")).labels.tolist() == [2, 0, 0]


@pytest.mark.parametrize("error", [ProxyError, SuiteError, TrainingError])
def test_folders_that_have_no_classes(error: type[RayzcError], tmp_path: Path) -> None:
    (tmp_path / "0.png").touch()
    with pytest.raises(error, match="has no folders; make a folder for each class, such as cats/ and dogs/"):
        class_folders(tmp_path, error)
    (tmp_path / "cats").mkdir()
    with pytest.raises(error, match=r"cats has no images: remove the folder, or add images .*\.jpeg, \.jpg"):
        class_folders(tmp_path, error)


def test_a_folder_of_class_folders(pets: Path) -> None:
    found = read_folder(pets, TrainingError)
    assert found.classes == ("cats", "dogs")
    assert found.images.shape == (6, 3, 5, 6)
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.images[:, 0, 0, 0].tolist() == [0, 1, 2, 10, 11, 12]
    assert found.test_images is None
    scaled = read_images(pets, TrainingError, side=4, folder=pets)
    assert scaled.images.shape == (6, 3, 4, 4)


def test_folders_for_training_and_testing(tmp_path: Path) -> None:
    for part, count in (("train", 2), ("test", 1)):
        for name in ("a", "b"):
            for number in range(count):
                saved(tmp_path / part / name / f"{number}.jpg")
    found = read_folder(tmp_path, TrainingError)
    assert found.test_labels is not None
    assert (len(found.labels), found.test_labels.tolist()) == (4, [0, 1])
    saved(tmp_path / "test" / "aa" / "0.jpg")
    with pytest.raises(TrainingError, match=r"no class 'aa' among the training images; did you mean 'a'\?"):
        read_folder(tmp_path, TrainingError)


def test_images_of_two_sizes(pets: Path) -> None:
    saved(pets / "dogs" / "9.png", size=(7, 7))
    with pytest.raises(
        TrainingError, match=r"9\.png has 7x7 pixels, but the first image has 6x5: .*--image-size"
    ):
        read_folder(pets, TrainingError)


def test_one_class(tmp_path: Path) -> None:
    saved(tmp_path / "one" / "0.png")
    with pytest.raises(TrainingError, match="found only 1 class folder; make a folder for each class"):
        read_folder(tmp_path, TrainingError)


def test_every_image_is_read_in_colour(tmp_path: Path) -> None:
    saved(tmp_path / "grey.png", mode="L")
    assert pixels(read_image(tmp_path / "grey.png", SuiteError), (1, 1)).tolist() == [[[9]], [[9]], [[9]]]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_suffixes_of_images(suffix: str, tmp_path: Path) -> None:
    saved(tmp_path / f"image{suffix}")
    assert read_image(tmp_path / f"image{suffix}", SuiteError).size == (6, 5)


def test_a_file_that_is_not_an_image(pets: Path) -> None:
    (pets / "dogs" / "0.png").write_bytes(b"no image")
    with pytest.raises(TrainingError, match=r"dogs/0\.png cannot be read as an image: cannot identify"):
        read_folder(pets, TrainingError)


def test_pillow_is_missing(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(TrainingError, match=r"image files need Pillow, .*: run pip install pillow"):
        read_folder(pets, TrainingError)


def test_pixels() -> None:
    grey = Image.fromarray(np.full((4, 6), 9, np.uint8))
    assert pixels(grey, (3, 2)).tolist() == [[[9, 9, 9], [9, 9, 9]]]
    assert pixels(Image.new("RGB", (5, 5), (1, 2, 3)), (1, 1)).tolist() == [[[1]], [[2]], [[3]]]


@pytest.mark.parametrize("source", ["none.npz", "no/such/folder"])
def test_images_that_do_not_exist(source: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there is no such file"):
        read_images(str(tmp_path / source), TrainingError, side=None, folder=tmp_path)
