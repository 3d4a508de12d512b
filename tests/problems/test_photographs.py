"""Patches of photographs in the public domain: what is for testing is nowhere in what is for training."""

import numpy as np
import pytest

from rayzc.errors import SuiteError
from rayzc.problems import photographs
from rayzc.problems.photographs import GRID, LEAST_CONTRAST, PHOTOGRAPHS, cells_of, patches_of, scaled_down

data = pytest.importorskip("skimage.data", reason="photographs need scikit-image")


@pytest.fixture
def numbered(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """A photograph of 64 by 96 pixels, in which red and green say where a pixel is."""
    y, x = np.mgrid[0:64, 0:96]
    pixels = np.stack([y, x, (y * 7 + x * 13) % 256]).astype(np.uint8)
    monkeypatch.setattr(photographs, "photograph", lambda name: pixels)
    return pixels


def test_all_are_in_the_public_domain() -> None:
    for name in PHOTOGRAPHS:
        words = " ".join((getattr(data, name).__doc__ or "").split())
        assert "CC0" in words or "public domain" in words, name
        assert "motorcycle" not in name
        assert "lfw" not in name
    assert "coins" not in PHOTOGRAPHS  # no known copyright restrictions
    assert "moon" not in PHOTOGRAPHS  # nothing is said


@pytest.mark.parametrize("name", ["astronaut", "brick", "chelsea"])
def test_a_photograph(name: str) -> None:
    pixels = photographs.photograph(name)
    assert pixels.dtype == np.uint8
    assert pixels.shape[0] == 3
    assert (pixels[0] == pixels[1]).all() == (name == "brick")


def test_cells_are_disjoint_and_one_of_each_row_is_for_testing() -> None:
    seen = np.zeros((64, 96), int)
    cells = cells_of(64, 96, "x", 3)
    for use in (True, False):
        for place in cells[use]:
            seen[place] += 1 if use else 100
    assert set(np.unique(seen)) == {1, 100}
    assert len(cells[False]) == GRID
    assert len({place[0].start for place in cells[False]}) == GRID
    assert len({place[1].start for place in cells[False]}) == GRID
    assert cells == cells_of(64, 96, "x", 3)
    assert any(cells_of(64, 96, "x", seed) != cells for seed in range(5))


def test_no_pixel_is_in_training_and_testing(numbered: np.ndarray) -> None:
    training, testing = patches_of("x", 8, [1], 40, 20, seed=0)
    assert training.shape == (40, 3, 8, 8)
    assert testing.shape == (20, 3, 8, 8)
    pixels = [
        {tuple(pixel) for pixel in part.transpose(0, 2, 3, 1).reshape(-1, 3)} for part in (training, testing)
    ]
    assert not pixels[0] & pixels[1]
    for part in (training, testing):
        assert len({patch.tobytes() for patch in part}) == len(part)
        for patch in part:  # each is where its first pixel says
            y, x = int(patch[0, 0, 0]), int(patch[1, 0, 0])
            assert np.array_equal(patch, numbered[:, y : y + 8, x : x + 8])


def test_the_seed_alone_decides(numbered: np.ndarray) -> None:
    first, again = (patches_of("x", 8, [1, 2], 10, 6, seed=4) for _ in range(2))
    assert all(np.array_equal(*parts) for parts in zip(first, again, strict=True))
    assert not np.array_equal(first[0], patches_of("x", 8, [1, 2], 10, 6, seed=5)[0])


def test_a_patch_shows_something(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.full((3, 64, 64), 100, np.uint8)
    pixels[:, :, ::2] += LEAST_CONTRAST - 1
    monkeypatch.setattr(photographs, "photograph", lambda name: pixels)
    with pytest.raises(SuiteError, match="it has 0 patches of 8 pixels for training at scale 1, not 3"):
        patches_of("x", 8, [1], 3, 3, seed=0)
    pixels[:, ::2] += 1
    assert len(patches_of("x", 8, [1], 3, 3, seed=0)[0]) == 3


def test_a_photograph_that_is_too_small(numbered: np.ndarray) -> None:
    with pytest.raises(
        SuiteError, match="at scale 2 a cell has 12 by 8 pixels, which has no room for a patch of 9"
    ):
        patches_of("x", 9, [2], 1, 1, seed=0)


def test_scaling_down_takes_means() -> None:
    pixels = np.array([[[0, 1, 9], [2, 4, 9], [9, 9, 9]]], np.uint8)
    assert scaled_down(pixels, 2).tolist() == [[[2]]]  # 7/4
    assert np.array_equal(scaled_down(pixels, 1), pixels)


def test_others_are_refused() -> None:
    with pytest.raises(
        SuiteError, match=r"no photograph 'astronut' in the public domain.*did you mean 'astronaut'\?"
    ):
        photographs.photograph("astronut")
    with pytest.raises(SuiteError, match="no photograph 'coins'"):
        photographs.photograph("coins")
