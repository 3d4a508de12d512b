"""Tasks as networks are shown them, benchmarks, and what stands in for one where a suite has none."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from rayzc.errors import SpaceError, SuiteError
from rayzc.problems import Benchmark, ImageTask, Shapes, Suite
from rayzc.spaces import Task, search_space
from tests.problems.benchmarks import SPACE, benchmark, built_suite, image_set, task
from tests.problems.samples import problem


def test_pixels_are_normalised_by_the_training_images() -> None:
    shown = task(images=image_set(training=20, testing=16))
    pixels = shown.pixels()
    assert pixels.dtype == np.float32
    assert pixels.shape == shown.images.shape
    training = shown.images[:20].astype(float)
    mean, deviation = training.mean(axis=(0, 2, 3)), training.std(axis=(0, 2, 3))
    expected = (shown.images - mean[:, None, None]) / deviation[:, None, None]
    assert np.abs(pixels - expected).max() < 1e-6


def test_pixels_of_patches_and_of_a_single_colour() -> None:
    patches = task("x", "jigsaw", permutations=3).pixels()
    assert patches.shape == (36, 4, 3, 4, 4)
    assert np.abs(patches[:24].mean(axis=(0, 1, 3, 4))).max() < 1e-6
    assert np.abs(patches[:24].std(axis=(0, 1, 3, 4)) - 1).max() < 1e-6
    plain = ImageTask("x", np.full((4, 3, 2, 2), 7, np.uint8), np.arange(4) % 2, 2)
    assert (plain.pixels() == 0).all()


def test_a_batch_has_all_classes_evenly() -> None:
    shown = task("x", "rotation", copies=2)
    images, labels = shown.batch(18, seed=1)
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    assert sorted(np.bincount(labels).tolist()) == [4, 4, 5, 5]
    assert len({image.tobytes() for image in images}) == 18
    training = {
        image.tobytes(): label for image, label in zip(shown.pixels()[:48], shown.labels, strict=False)
    }
    assert [training[image.tobytes()] for image in images] == labels.tolist()


def test_a_batch_comes_from_its_seed_alone() -> None:
    shown = task()
    again = pickle.loads(pickle.dumps(shown))
    for first, second in zip(shown.batch(9, 4), again.batch(9, 4), strict=True):
        assert np.array_equal(first, second)
    assert not np.array_equal(shown.batch(9, 4)[0], shown.batch(9, 5)[0])
    assert np.array_equal(shown.batch(5, 4)[0], shown.batch(9, 4)[0][:5])


def test_a_batch_may_be_larger_than_there_are_images() -> None:
    images, labels = task().batch(50, seed=0)
    assert np.array_equal(images[24:48], images[:24])
    assert np.bincount(labels).max() - np.bincount(labels).min() <= 1
    with pytest.raises(SuiteError, match="a batch of 0 images is empty"):
        task().batch(0, 0)


def test_classes_that_run_out() -> None:
    labels = np.array([0, 0, 0, 0, 0, 1, 0, 1])
    shown = ImageTask("x", np.arange(8 * 12, dtype=np.uint8).reshape(8, 3, 2, 2), labels, 6)
    assert np.bincount(shown.batch(4, 0)[1]).tolist() == [3, 1]


def test_the_task_as_spaces_know_it() -> None:
    assert task().task == Task(3, 8)
    assert task("x", "jigsaw", permutations=3).task == Task(3, 4, 4)


def test_a_benchmark_is_checked() -> None:
    known = {"shapes": task()}
    with pytest.raises(
        SuiteError, match="networks of nasbench101 cannot have width 6 and depth 1; the width must be a"
    ):
        Benchmark({"nasbench101": (6, 1)}, known)
    with pytest.raises(SuiteError, match="cannot have width 4 and depth 0"):
        Benchmark({SPACE: (4, 0)}, known)
    with pytest.raises(SuiteError, match="the task shapes is under the name other"):
        Benchmark({}, {"other": task()})
    with pytest.raises(SuiteError, match="the recipe is not a JSON object"):
        Benchmark({}, known, {"rate": {1, 2}})
    with pytest.raises(SuiteError, match="there are two image sets shapes; rename one"):
        Benchmark({}, {"a": task("a"), "b": task("b", images=image_set(side=4))})
    with pytest.raises(SuiteError, match=r"the benchmark has no task 'shape'; did you mean 'shapes'\?"):
        Benchmark({}, known).task("shape")


def test_a_benchmark_is_a_value() -> None:
    made = benchmark()
    assert made.fingerprint == benchmark().fingerprint == pickle.loads(pickle.dumps(made)).fingerprint
    assert made.images["shapes"] == "made up; 24 for training, 12 for testing; licence: CC0"
    parts = (dict(made.scales), dict(made.tasks), dict(made.recipe), made.seeds, dict(made.images))
    others = [
        Benchmark({SPACE: (8, 1)}, *parts[1:]),
        Benchmark(parts[0], {"own": made.tasks["own"]}, *parts[2:]),
        Benchmark(parts[0], parts[1], {"epochs": 3}, *parts[3:]),
        Benchmark(*parts[:3], (3,), parts[4]),
        Benchmark(*parts[:4], {"shapes": "other words"}),
        Benchmark(*parts, {SPACE: {"epochs": 5}}),
    ]
    assert len({made.fingerprint, *(other.fingerprint for other in others)}) == 7
    assert Benchmark(*parts, {SPACE: {}}).fingerprint == made.fingerprint


def test_the_recipe_of_a_space() -> None:
    made = replace(benchmark(), recipe={"epochs": 3, "clip": 1.0}, recipes={SPACE: {"clip": 0.5}})
    assert made.recipe_of(SPACE) == {"epochs": 3, "clip": 0.5}
    assert made.recipe_of("nasbench301") == {"epochs": 3, "clip": 1.0}
    again = pickle.loads(pickle.dumps(made))
    assert (again.fingerprint, again.recipe_of(SPACE)) == (made.fingerprint, made.recipe_of(SPACE))


def test_the_shapes_of_a_benchmark() -> None:
    shapes = pickle.loads(pickle.dumps(benchmark().shapes))
    assert shapes.task(SPACE, "puzzle") == Task(4, 4, 4)
    assert shapes.scale(SPACE) == (4, 1)
    assert shapes.scale(SPACE, depth=2) == (4, 2)
    assert shapes.scale("nasbench301") == (32, 2)
    with pytest.raises(SpaceError, match=r"the suite's benchmark has no task 'cifar10'; known: shapes, "):
        shapes.task(SPACE, "cifar10")


def test_the_shapes_of_the_spaces() -> None:
    shapes = Shapes()
    assert shapes.task(SPACE, "cifar10") is search_space(SPACE).tasks["cifar10"]
    assert shapes.scale(SPACE) == (16, 5)
    assert shapes.scale(SPACE, 4) == (4, 5)
    with pytest.raises(SpaceError, match=r"nasbench201 has no task 'cifar'; did you mean 'cifar10'\?"):
        shapes.task(SPACE, "cifar")


def test_a_suite_and_its_benchmark() -> None:
    suite = built_suite()
    assert suite.shapes == benchmark().shapes
    assert Suite("x", (problem(),)).shapes == Shapes()
    with pytest.raises(SuiteError, match="the benchmark has no task 'cifar10'"):
        Suite("x", (problem(),), {}, benchmark())
    with pytest.raises(SuiteError, match="does not say which width and depth networks of own have"):
        Suite("x", (problem("shapes"),), {}, benchmark())


def test_a_suite_keeps_its_benchmark_and_trainings() -> None:
    suite = built_suite(rows=20, proxies=("params", "flops"))
    measured = [
        type(each)(
            each.space,
            each.task,
            each.architectures,
            each.proxies,
            np.ones((20, 2)),
            each.accuracy,
            repeats=each.repeats,
        )
        for each in suite.problems
    ]
    suite = Suite("built", tuple(measured), {}, suite.benchmark)
    fit, held = suite.split(0.3, seed=0)
    for part in (
        suite.select(["*/shapes"]),
        suite.renamed({"params": "size"}),
        suite.for_fitting(["flops"]),
        fit,
        held,
        pickle.loads(pickle.dumps(suite)),
    ):
        assert part.benchmark is not None
        assert part.benchmark.fingerprint == benchmark().fingerprint
        for each in part.problems:
            assert each.repeats is not None
            assert np.allclose(each.repeats.mean(axis=1), each.accuracy)
            assert each.ceiling is not None
    assert suite.problems[0].with_proxies(["flops"]).repeats is not None
    assert suite.problems[0].complete(["flops"]).ceiling == suite.problems[0].ceiling
