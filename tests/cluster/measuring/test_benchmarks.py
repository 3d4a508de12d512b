"""Measuring by a suite's benchmark: its tasks, images, width and depth, and nothing mixed with other measurements."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import ray

from rayzc.cluster.measuring import MeasuringPool, Request, fill_suite, measuring_pool
from rayzc.cluster.measuring.batches import Batches
from rayzc.cluster.measuring.cache import ScoreCache
from rayzc.cluster.measuring.ledger import Target
from rayzc.errors import SpaceError
from rayzc.measurement import Measurement
from rayzc.options import Setup
from rayzc.problems import Benchmark, Shapes
from rayzc.proxies.architectures import measure_architecture
from rayzc.spaces import Task, search_space
from tests.cluster.measuring.networks import one_thread
from tests.problems.benchmarks import SPACE, benchmark, built_suite, image_set, task

SETUP = Setup(batch=6)
PROXIES = ("params", "nwot", "synflow", "snip")
BENCHMARK = benchmark()


def request(name: str = "shapes", seed: int = 0, proxies: tuple[str, ...] = PROXIES) -> Request:
    return Request(SPACE, "(2, 1, 0, 1, 1, 1)", name, proxies, seed)


def direct(asked: Request, width: int = 4, depth: int = 1, form: Benchmark = BENCHMARK) -> Measurement:
    space, shown = search_space(SPACE), form.tasks[asked.task]
    canonical = replace(asked, encoding=space.key(space.parse(asked.encoding)))
    with one_thread():
        batch = shown.batch(SETUP.batch, asked.seed)
        return measure_architecture(
            canonical, batch=batch, width=width, depth=depth, task=shown.task, device="cpu"
        )


@pytest.fixture(scope="module")
def pool(ray_session: None) -> Iterator[MeasuringPool]:
    with measuring_pool(SETUP, workers=1, benchmark=BENCHMARK) as opened:
        yield opened


def test_a_measurement_is_that_of_the_benchmark(pool: MeasuringPool) -> None:
    asked = [
        request("shapes"),
        request("shapes", seed=1),
        request("turned"),
        request("puzzle"),
        request("own"),
    ]
    for each, measurement in zip(asked, pool.measure_all(asked), strict=True):
        assert measurement.failures == {}
        assert measurement.scores == direct(each).scores


def test_tasks_of_the_space_are_not_those_of_the_benchmark(pool: MeasuringPool) -> None:
    with pytest.raises(SpaceError, match="the suite's benchmark has no task 'cifar10'; known: shapes"):
        pool.measure_all([request("cifar10")])


def test_the_setup_goes_first(ray_session: None, tmp_path: Path) -> None:
    images = np.random.default_rng(5).normal(size=(6, 3, 8, 8)).astype(np.float32)
    np.savez(tmp_path / "other.npz", images=images, labels=np.arange(6) % 3)
    setup = Setup(batch=6, width=8, images=str(tmp_path / "other.npz"))
    with measuring_pool(setup, workers=1, benchmark=BENCHMARK) as opened:
        (found,) = opened.measure_all([request()])
    space = search_space(SPACE)
    asked = replace(request(), encoding=space.key(space.parse(request().encoding)))
    with one_thread():
        expected = measure_architecture(
            asked, batch=(images, np.arange(6) % 3), width=8, depth=1, task=Task(3, 8), device="cpu"
        )
    assert found.scores == expected.scores


def test_the_cache_tells_benchmarks_apart(ray_session: None, tmp_path: Path) -> None:
    """Three tasks of one name: other images, and the same batch with another number of classes."""
    other = Benchmark({SPACE: (4, 1)}, {"shapes": task(images=image_set(side=4))})
    for form, known in ((BENCHMARK, False), (other, False), (BENCHMARK, True), (other, True)):
        with measuring_pool(SETUP, workers=1, cache=tmp_path / "cache", benchmark=form) as opened:
            (found,) = opened.measure_all([request()])
        assert found.cached == known
        assert found.scores == direct(request(), form=form).scores


def test_the_number_of_classes_is_part_of_a_batch(ray_session: None) -> None:
    async def identities() -> list[str]:
        batches, shown = Batches(SETUP), BENCHMARK.tasks["shapes"]
        found = [await batches.identity(Task(classes, 8), 0, shown) for classes in (3, 4)]
        for identity in found:
            images, labels = await batches.reference(identity)
            assert np.array_equal(images, shown.batch(6, 0)[0])
            assert np.array_equal(labels, shown.batch(6, 0)[1])
        return [*found, await batches.identity(Task(3, 8), 1, shown)]

    assert len(set(asyncio.run(identities()))) == 3
    assert ray.is_initialized()


def test_the_cache_tells_scales_apart(tmp_path: Path) -> None:
    target = Target(SPACE, "x", "shapes", 0, "images")
    versions = {"zen": "1"}
    scaled = Shapes({}, {SPACE: (8, 2)})
    cache = ScoreCache(tmp_path, Setup(), "cpu", versions, scaled)
    cache.add(target, {"zen": 1.0})
    cache.flush()
    for setup, shapes, known in (
        (Setup(), scaled, True),
        (Setup(width=8, depth=2), Shapes(), True),
        (Setup(), Shapes(), False),
        (Setup(width=4), scaled, False),
        (Setup(), Shapes({}, {SPACE: (8, 1)}), False),
    ):
        assert bool(ScoreCache(tmp_path, setup, "cpu", versions, shapes).read()) == known


def test_a_suite_is_filled_by_its_benchmark(ray_session: None, tmp_path: Path) -> None:
    suite = built_suite(rows=3)
    result = fill_suite(suite, proxies=["params", "nwot"], setup=SETUP, workers=1)
    assert result.failures == ()
    assert result.suite.benchmark is suite.benchmark
    for problem in result.suite.problems:
        assert problem.repeats is not None
        for row, encoding in enumerate(problem.architectures):
            asked = Request(SPACE, encoding, problem.task, ("params", "nwot"))
            expected = direct(asked).scores
            assert [problem.column(name)[row] for name in asked.proxies] == list(expected.values())
    assert "6 images of the suite's benchmark, seed 0" in result.suite.metadata["origin"]
