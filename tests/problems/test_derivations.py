"""Tasks made of image sets: what each label means, pixel by pixel, and nothing of testing in training."""

from typing import Any

import numpy as np
import pytest

from rayzc.errors import SuiteError
from rayzc.problems import Derivation, ImageSet, ImageTask, derive
from rayzc.problems.derivations import KINDS, permutations_far_apart
from tests.problems.benchmarks import image_set, task

SET = image_set()
PARAMETERS: dict[str, dict[str, Any]] = {
    "classes": {},
    "groups": {"groups": [["circle"], ["square", "star"]]},
    "rotation": {"copies": 2},
    "jigsaw": {"permutations": 5, "copies": 3},
    "quadrant": {"copies": 2},
}


def test_all_kinds_are_here() -> None:
    assert set(PARAMETERS) == set(KINDS)


@pytest.mark.parametrize("kind", PARAMETERS)
def test_a_task_follows_from_its_derivation(kind: str) -> None:
    first, again = (derive("x", Derivation(SET, kind, PARAMETERS[kind], 3)) for _ in range(2))
    assert first.fingerprint == again.fingerprint
    assert first.derivation is not None
    other = derive("x", Derivation(SET, kind, PARAMETERS[kind], 4))
    assert (first.fingerprint == other.fingerprint) == (kind in ("classes", "groups"))


@pytest.mark.parametrize("kind", PARAMETERS)
def test_test_images_are_made_of_test_images_alone(kind: str) -> None:
    """Training images are even, test images odd: then so are all that is made of them."""
    levels = np.where(np.arange(36) < 24, 100, 101)
    images = np.broadcast_to(levels[:, None, None, None], (36, 3, 8, 8))
    parts = ImageSet("x", images, np.arange(36) % 3, 24, SET.classes, "")
    made = derive("x", Derivation(parts, kind, PARAMETERS[kind]))
    assert (made.images[: made.training] == 100).all()
    assert (made.images[made.training :] == 101).all()
    assert 0 < made.training < len(made.images)


def test_classes_as_they_are() -> None:
    made = task(images=SET)
    assert made.images is SET.images
    assert np.array_equal(made.labels, SET.labels)
    assert (made.training, made.classes, made.input_size, made.patches) == (24, 3, 8, 1)


def test_groups() -> None:
    made = task("x", "groups", SET, groups=[["star"], ["circle"]])
    kept = np.flatnonzero(SET.labels != 1)
    assert np.array_equal(made.images, SET.images[kept])
    assert np.array_equal(made.labels, np.where(SET.labels[kept] == 2, 0, 1))
    assert (made.training, made.classes) == (16, 2)
    numbers = ImageSet("x", SET.images, SET.labels, 24, ("0", "1", "2"), "")
    by_number = task("x", "groups", numbers, groups=[[2], [0]])
    assert by_number.fingerprint == made.fingerprint


def test_rotation() -> None:
    made = task("x", "rotation", SET, copies=2)
    assert len(made.images) == 72
    assert (made.training, made.classes) == (48, 4)
    places = [*range(24), *range(24), *range(24, 36), *range(24, 36)]
    for place, image, label in zip(places, made.images, made.labels, strict=True):
        assert np.array_equal(np.rot90(SET.images[place], int(label), axes=(1, 2)), image)
    assert (made.labels[:24] != made.labels[24:48]).all()
    assert np.bincount(made.labels[:24]).tolist() == [6, 6, 6, 6]
    assert np.bincount(made.labels[48:60]).tolist() == [3, 3, 3, 3]


def test_jigsaw() -> None:
    made = task("x", "jigsaw", SET, grid=2, permutations=6, seed=2)
    ways = permutations_far_apart(4, 6, 2)
    assert made.images.shape == (36, 4, 3, 4, 4)
    assert (made.patches, made.input_size, made.classes, made.training) == (4, 4, 6, 24)
    assert made.task.input_shape == (4, 3, 4, 4)
    for image, patches, label in zip(SET.images, made.images, made.labels, strict=True):
        for position, cell in enumerate(ways[label]):
            y, x = 4 * (cell // 2), 4 * (cell % 2)
            assert np.array_equal(patches[position], image[:, y : y + 4, x : x + 4])
    assert np.bincount(made.labels[:24]).tolist() == [4] * 6


def test_quadrant() -> None:
    """Images that are one level all over, different for each image, so that each quadrant says where it is from."""
    levels = np.arange(36) * 7
    images = np.broadcast_to(levels[:, None, None, None], (36, 3, 8, 8))
    parts = ImageSet("x", images, np.arange(36) % 3, 24, SET.classes, "")
    made = task("x", "quadrant", parts, copies=2)
    assert made.images.shape == (72, 3, 8, 8)
    assert (made.training, made.classes) == (48, 4)
    sources = made.images[:, 0, ::4, ::4].reshape(72, 4) // 7
    assert (
        made.images.reshape(72, 3, 2, 4, 2, 4) == made.images[:, :, ::4, ::4][:, :, :, None, :, None]
    ).all()
    for row, (quadrants, label) in enumerate(zip(parts.labels[sources], made.labels, strict=True)):
        others = np.delete(quadrants, label)
        assert len(set(others.tolist())) == 1
        assert quadrants[label] != others[0]
        place = [*range(24), *range(24), *range(24, 36), *range(24, 36)][row]
        assert place in sources[row]
    assert np.bincount(made.labels[:24]).tolist() == [6, 6, 6, 6]


def test_quadrants_are_halved_images() -> None:
    made = task("x", "quadrant", SET)
    blocks = SET.images.reshape(36, 3, 4, 2, 4, 2).sum(axis=(3, 5), dtype=int)
    halves = {((block + 2) // 4).astype(np.uint8).tobytes() for block in blocks}
    for image in made.images:
        for y, x in ((0, 0), (0, 4), (4, 0), (4, 4)):
            assert image[:, y : y + 4, x : x + 4].tobytes() in halves


@pytest.mark.parametrize(("length", "count", "apart"), [(4, 4, 4), (4, 8, 2), (4, 24, 2), (9, 30, 7)])
def test_permutations_are_far_apart(length: int, count: int, apart: int) -> None:
    ways = permutations_far_apart(length, count, seed=0)
    assert ways.shape == (count, length)
    assert (np.sort(ways, axis=1) == np.arange(length)).all()
    differ = (ways[:, None] != ways[None]).sum(axis=2)[~np.eye(count, dtype=bool)]
    assert differ.min() >= apart
    assert np.array_equal(ways, permutations_far_apart(length, count, seed=0))


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        ("rotations", {}, r"there is no kind 'rotations'; did you mean 'rotation'\?"),
        ("rotation", {"copy": 2}, r"the kind rotation has no 'copy'; did you mean 'copies'\?"),
        ("classes", {"copies": 2}, "the kind classes has no 'copies'; it takes none"),
        ("rotation", {"copies": 5}, "copies is 5, but only 4 labels tell them apart"),
        ("rotation", {"copies": 0}, "copies is 0; give a whole number, at least 1"),
        ("jigsaw", {"grid": 3}, "images of 8 pixels cannot be cut into 3 by 3 patches"),
        ("jigsaw", {"permutations": 25}, "permutations is 25; it must lie between 2 and 24"),
        ("jigsaw", {"permutations": 1}, "permutations is 1; it must lie between 2 and 24"),
        ("groups", {"groups": [["circle"]]}, "there must be at least two groups"),
        ("groups", {"groups": ["circle", "star"]}, "give lists of classes"),
        ("groups", {"groups": [["circel"], ["star"]]}, r"no class 'circel'; did you mean 'circle'\?"),
        ("groups", {"groups": [["star"], ["star"]]}, "class 'star' is in two groups"),
    ],
)
def test_what_cannot_be_made(kind: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SuiteError, match=f"task x: .*{message}"):
        derive("x", Derivation(SET, kind, parameters))


def test_what_does_not_fit() -> None:
    with pytest.raises(SuiteError, match="seed is -1"):
        derive("x", Derivation(SET, "rotation", {}, -1))
    with pytest.raises(SuiteError, match="images of 7 pixels cannot be halved"):
        derive("x", Derivation(image_set(side=7), "quadrant"))
    alone = ImageSet("alone", SET.images, np.zeros(36), 24, ("all",), "")
    with pytest.raises(SuiteError, match="image set alone has one class alone; quadrants need two"):
        derive("x", Derivation(alone, "quadrant"))


def test_a_task_of_its_own() -> None:
    own = ImageTask("own", SET.images, SET.labels, 24)
    assert own.derivation is None
    assert own.fingerprint == SET.fingerprint
