"""Images in memory, and in an ``.npz`` file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rayzc.errors import ProxyError, RayzcError, SuiteError, TrainingError
from rayzc.images import LabelledImages, read_npz

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 255, (12, 3, 6, 6), dtype=np.uint8)
LABELS = np.arange(12) % 3


def test_what_is_written_is_read(tmp_path: Path) -> None:
    for source in (
        LabelledImages(IMAGES, LABELS),
        LabelledImages(
            IMAGES.astype(np.float32), LABELS, IMAGES[:4].astype(np.float32), LABELS[:4], ("a", "b", "c")
        ),
    ):
        source.write(tmp_path / "images.npz")
        found = read_npz(tmp_path / "images.npz", TrainingError)
        assert found.fingerprint == source.fingerprint
        assert found.classes == source.classes
        assert found.images.dtype == source.images.dtype


def test_arrays_of_other_types(tmp_path: Path) -> None:
    np.savez(tmp_path / "images.npz", images=IMAGES / 255, labels=LABELS.astype(np.int32))
    found = read_npz(tmp_path / "images.npz", SuiteError)
    assert found.images.dtype == np.float32
    assert found.labels.dtype == np.int64
    assert np.array_equal(found.labels, LABELS)


@pytest.mark.parametrize("error", [ProxyError, SuiteError])
def test_errors_are_of_the_kind_that_is_asked_for(tmp_path: Path, error: type[RayzcError]) -> None:
    with pytest.raises(error, match="there is no such file"):
        read_npz(tmp_path / "images.npz", error)
    np.save(tmp_path / "images.npy", IMAGES)
    with pytest.raises(error, match=r"not an \.npz file of plain arrays"):
        read_npz(tmp_path / "images.npy", error)


def test_fingerprints_differ() -> None:
    other = IMAGES.copy()
    other[0, 0, 0, 0] ^= 1
    sets = [
        LabelledImages(IMAGES, LABELS),
        LabelledImages(other, LABELS),
        LabelledImages(IMAGES, LABELS[::-1].copy()),
        LabelledImages(IMAGES, LABELS, IMAGES, LABELS),
        LabelledImages(IMAGES.astype(np.float32), LABELS),
    ]
    assert len({each.fingerprint for each in sets}) == len(sets)


def test_a_share_of_each_class_is_for_testing() -> None:
    found = LabelledImages(IMAGES, LABELS).split(0.25, seed=1)
    assert found.test_labels is not None
    assert sorted(found.test_labels.tolist()) == [0, 1, 2]
    assert len(found.labels) == 9
    assert found.fingerprint == LabelledImages(IMAGES, LABELS).split(0.25, seed=1).fingerprint
    assert found.fingerprint != LabelledImages(IMAGES, LABELS).split(0.25, seed=2).fingerprint
    assert found.split(0.5, seed=3) is found
    lonely = LabelledImages(IMAGES, np.array([0] * 11 + [1])).split(0.5, seed=0)
    assert lonely.test_labels is not None
    assert 1 in lonely.labels
    assert 1 not in lonely.test_labels


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"test_images": IMAGES}, r"array 'test_labels' is missing.*test_images=\.\.\., test_labels=\.\.\."),
        ({"test_images": IMAGES[..., :3], "test_labels": LABELS}, "both must have one shape"),
        ({"test_images": IMAGES, "test_labels": LABELS[:2]}, "test_images .* and test_labels .* do not fit"),
        ({"test_images": IMAGES, "test_labels": LABELS.astype(float)}, "test_labels are float64"),
    ],
)
def test_files_with_images_to_test_on_that_are_not_fit(
    arrays: dict[str, Any], message: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "images.npz", images=IMAGES, labels=LABELS, **arrays)
    with pytest.raises(TrainingError, match=message):
        read_npz(tmp_path / "images.npz", TrainingError)
