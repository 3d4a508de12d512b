"""Images and their classes as arrays; data sets and files that are not fit are in the tests of those who read them."""

from pathlib import Path

import numpy as np
import pytest

from rayzc.errors import ProxyError, SuiteError
from rayzc.image_files import image_folder, picture, read_arrays


def test_arrays_as_they_are(tmp_path: Path) -> None:
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2)
    np.savez(tmp_path / "x.npz", images=images, labels=np.array([3, 1], np.int32))
    found, labels = read_arrays(tmp_path / "x.npz", SuiteError)
    assert found.dtype == np.uint8
    assert np.array_equal(found, images)
    assert labels.dtype == np.int64
    assert labels.tolist() == [3, 1]


@pytest.mark.parametrize("error", [SuiteError, ProxyError])
def test_errors_are_of_the_kind_that_is_asked_for(tmp_path: Path, error: type[SuiteError]) -> None:
    with pytest.raises(error, match="there is no such file"):
        read_arrays(tmp_path / "x.npz", error)


def test_pictures() -> None:
    pillow = pytest.importorskip("PIL.Image", reason="pictures need Pillow")
    grey = pillow.fromarray(np.full((4, 6), 9, np.uint8))
    assert picture(grey, 2, 3).tolist() == [[[9, 9, 9], [9, 9, 9]]]
    colour = pillow.new("RGB", (5, 5), (1, 2, 3))
    assert picture(colour, 1, 1).tolist() == [[[1]], [[2]], [[3]]]


def test_a_folder(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.JPG", "a/x.jpeg", ".hidden/x.png", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files, labels, classes = image_folder(tmp_path, SuiteError)
    assert [str(file.relative_to(tmp_path)) for file in files] == ["a/x.jpeg", "b/10.JPG", "b/2.png"]
    assert labels.tolist() == [0, 1, 1]
    assert classes == ("a", "b")
    with pytest.raises(SuiteError, match="it has no folders; make a folder for each class"):
        image_folder(tmp_path / "a", SuiteError)
