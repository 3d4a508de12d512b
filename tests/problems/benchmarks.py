"""Small image sets, tasks and benchmarks of images that are made up, and a suite that has one."""

from typing import Any

import numpy as np

from rayzc.problems import Benchmark, Derivation, ImageSet, ImageTask, Problem, Suite, derive
from rayzc.spaces import search_space

SPACE = "nasbench201"


def image_set(
    name: str = "shapes", side: int = 8, training: int = 24, testing: int = 12, grey: bool = False
) -> ImageSet:
    """Three classes of random images, all different; the first pixel of each is its own number."""
    count = training + testing
    rng = np.random.default_rng(len(name))
    images = rng.integers(0, 256, (count, 1 if grey else 3, side, side), np.uint8)
    images[:, :, 0, 0] = np.arange(count)[:, None]
    classes = ("circle", "square", "star")
    return ImageSet(
        name,
        images.repeat(3 if grey else 1, axis=1),
        np.arange(count) % 3,
        training,
        classes,
        "made up",
        "CC0",
    )


def task(
    name: str = "shapes", kind: str = "classes", images: ImageSet | None = None, **parameters: Any
) -> ImageTask:
    seed = parameters.pop("seed", 0)
    return derive(name, Derivation(images or image_set(), kind, parameters, seed))


def benchmark() -> Benchmark:
    """Two tasks of one image set, one of another, and one of none; patches, too."""
    shapes, grey = image_set(), image_set("grey shapes", grey=True)
    rng = np.random.default_rng(8)
    own = ImageTask("own", rng.integers(0, 256, (10, 3, 8, 8), np.uint8), np.arange(10) % 2, 6)
    tasks = (
        task(images=shapes),
        task("turned", "rotation", shapes, copies=2),
        task("puzzle", "jigsaw", grey, permutations=4),
        own,
    )
    return Benchmark(
        {SPACE: (4, 1)}, {each.name: each for each in tasks}, {"epochs": 2, "augment": ["flip"]}, (3, 5)
    )


def built_suite(rows: int = 6, proxies: tuple[str, ...] = ("params",)) -> Suite:
    """A suite of two problems with a benchmark and two trainings; its proxies are not measured."""
    space, rng = search_space(SPACE), np.random.default_rng(1)
    keys = dict.fromkeys(space.key(space.sample(rng)) for _ in range(4 * rows))
    problems = []
    for name in ("shapes", "puzzle"):
        repeats = rng.random((rows, 2))
        empty = np.full((rows, len(proxies)), np.nan)
        architectures = tuple(keys)[:rows]
        problems.append(
            Problem(SPACE, name, architectures, proxies, empty, repeats.mean(axis=1), repeats=repeats)
        )
    return Suite("built", tuple(problems), {"origin": "a test"}, benchmark())
