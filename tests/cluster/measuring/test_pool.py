"""The pool on real Ray: every answer once, equal to a direct measurement, and nothing measured without need."""

import contextlib
import itertools
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import ray

from rayzc.cluster.measuring import Measurement, MeasuringPool, Request, measuring_pool
from rayzc.errors import ClusterError, ProxyError, SpaceError
from rayzc.options import Setup
from rayzc.proxies import measure_detailed
from rayzc.spaces import search_space
from tests.cluster.measuring.networks import PROXIES, SETUP, SPACE, ask, direct, distinct, one_thread, twins


@pytest.fixture(scope="module")
def pool(ray_session: None) -> Iterator[MeasuringPool]:
    """A pool of two workers for the tests that leave it as it was."""
    with measuring_pool(SETUP, workers=2) as opened:
        yield opened


def test_a_worker_killed_halfway_through_two_hundred_requests(ray_session: None) -> None:
    networks = distinct(134)
    again = twins(networks[:66])
    requests = [ask(encoding) for encoding in [*networks, *again]]
    order = np.random.default_rng(1).permutation(len(requests))
    answers: list[tuple[Request, Measurement]] = []
    with measuring_pool(SETUP, workers=2) as pool:
        for answer in pool.measure(requests[index] for index in order):
            answers.append(answer)
            if len(answers) == 100:
                os.kill(pool.statistics().processes[0], signal.SIGKILL)
        statistics = pool.statistics()
    assert len(requests) == 200
    assert sum(first != second for first, second in zip(networks, again, strict=False)) > 30
    assert Counter(request for request, _ in answers) == Counter(requests)
    assert statistics.lost == 1
    assert statistics.measured == 134
    assert statistics.cached + statistics.joined == 66
    assert statistics.failed == statistics.outstanding == 0
    expected = {search_space(SPACE).key(search_space(SPACE).parse(one)): direct(ask(one)) for one in networks}
    for request, answer in answers:
        right = expected[search_space(SPACE).key(search_space(SPACE).parse(request.encoding))]
        assert answer.scores == right.scores
        assert answer.failures == right.failures == {}


@pytest.mark.parametrize(
    "space", ["nasbench101", "nasbench301", "transbench101_micro", "transbench101_macro"]
)
def test_other_spaces(pool: MeasuringPool, space: str) -> None:
    chosen = search_space(space)
    task = {"transbench101_micro": "jigsaw", "transbench101_macro": "jigsaw"}.get(space, "cifar10")
    encoding = chosen.format(chosen.sample(np.random.default_rng(4)))
    request = Request(space, encoding, task, ("params", "nwot"), seed=3)
    (answer,) = pool.measure_all([request])
    assert answer.scores == direct(request).scores
    assert list(answer.scores) == ["params", "nwot"]


def test_only_what_is_missing_is_measured(pool: MeasuringPool) -> None:
    (encoding,) = distinct(1, seed=11)
    before = pool.statistics()
    (first,) = pool.measure_all([ask(encoding, ("nwot",))])
    (second,) = pool.measure_all([ask(encoding, ("synflow", "nwot"))])
    (third,) = pool.measure_all([ask(encoding, ("nwot", "synflow"))])
    (fourth,) = pool.measure_all([ask(encoding, ("nwot",), seed=1)])
    after = pool.statistics()
    assert after.measured - before.measured == 3
    assert after.cached - before.cached == 1
    assert not first.cached
    assert not second.cached
    assert third.cached
    assert third.seconds == 0
    assert second.scores == third.scores == direct(ask(encoding, ("nwot", "synflow"))).scores
    assert fourth.scores == direct(ask(encoding, ("nwot",), seed=1)).scores
    assert fourth.scores != first.scores


def test_answers_in_the_order_of_the_requests(pool: MeasuringPool) -> None:
    first, second, third = (ask(encoding, ("params",)) for encoding in distinct(3, seed=21))
    requests = [second, first, third, first]
    answers = pool.measure_all(requests)
    assert [answer.scores for answer in answers] == [direct(request).scores for request in requests]
    assert len({answer.scores["params"] for answer in answers}) == 3
    assert pool.measure_all([]) == []


def test_a_proxy_that_fails_is_a_reason_and_the_others_go_on(pool: MeasuringPool) -> None:
    request = Request("transbench101_micro", "(1, 1, 1, 1, 1, 1)", "jigsaw", ("synflow", "zico"))
    (answer,) = pool.measure_all([request])
    right = direct(request)
    assert answer.scores == pytest.approx(right.scores, nan_ok=True)
    assert answer.failures == right.failures


def test_requests_are_drawn_as_answers_are_taken(ray_session: None, pool: MeasuringPool) -> None:
    networks = distinct(40, seed=5)
    drawn = itertools.count(1)
    count = 0

    def endless() -> Iterator[Request]:
        nonlocal count
        for encoding in itertools.cycle(networks):
            count = next(drawn)
            yield ask(encoding, ("params",))

    few = MeasuringPool(pool._actor, pool.setup, pool.device, pool.proxies, 4, pool.shapes)
    answers = few.measure(endless())
    taken = list(itertools.islice(answers, 10))
    assert len(taken) == 10
    assert count <= 10 + 4
    answers.close()  # type: ignore[attr-defined]
    assert pool.statistics().outstanding == 0


def test_submitting_more_than_a_client_may_have_waits_and_loses_nothing(ray_session: None) -> None:
    space = search_space("nasbench301")
    impossible = Request(
        space.name, space.format(space.sample(np.random.default_rng(0))), "cifar10", ("params",)
    )
    requests = [impossible, *(ask(encoding, ("params",)) for encoding in distinct(20, seed=6))]
    with measuring_pool(Setup(batch=4, width=5, depth=1), workers=1, outstanding=3) as narrow:
        narrow.submit(requests)
        assert narrow.statistics().outstanding <= 3
        assert narrow.outstanding == 21
        found: list[tuple[Request, Measurement]] = []
        while narrow.outstanding:
            found += narrow.answers()
        assert narrow.answers() == []
        statistics = narrow.statistics()
    answers = dict(found)
    assert Counter(request for request, _ in found) == Counter(requests)
    assert "width is 5" in answers[impossible].failures["params"]
    assert (statistics.failed, statistics.measured, statistics.lost) == (1, 20, 0)


def test_clients_in_other_processes_share_what_is_measured(pool: MeasuringPool) -> None:
    requests = [ask(encoding) for encoding in distinct(12, seed=7)]

    @ray.remote(num_cpus=0)
    def trial(shared: MeasuringPool) -> list[tuple[Request, Measurement]]:
        return list(shared.measure(requests))

    before = pool.statistics().measured
    groups = ray.get([trial.remote(pool) for _ in range(3)])
    assert pool.statistics().measured - before == 12
    for answers in groups:
        assert Counter(request for request, _ in answers) == Counter(requests)
        for request, answer in answers:
            assert answer.scores == direct(request).scores


def test_what_is_kept_is_not_measured_again(ray_session: None, tmp_path: Path) -> None:
    requests = [ask(encoding) for encoding in distinct(6, seed=8)]
    cache = tmp_path / "cache"
    with measuring_pool(SETUP, workers=2, cache=cache) as first:
        expected = first.measure_all(requests)
    (cache / "torn.parquet").write_bytes(next(cache.glob("*.parquet")).read_bytes()[:-9])
    with contextlib.ExitStack() as stack:
        with pytest.warns(UserWarning, match=r"torn.parquet: skipped"):
            second = stack.enter_context(measuring_pool(SETUP, workers=1, cache=cache))
        answers = second.measure_all(requests)
        statistics = second.statistics()
    assert [answer.scores for answer in answers] == [answer.scores for answer in expected]
    assert all(answer.cached and answer.seconds == 0 for answer in answers)
    assert not any(answer.cached for answer in expected)
    assert all(answer.seconds > 0 for answer in expected)
    assert (statistics.measured, statistics.cached) == (0, 6)


def test_images_of_a_file(ray_session: None, tmp_path: Path) -> None:
    images = np.random.default_rng(2).normal(size=(6, 3, 32, 32)).astype(np.float32)
    file = tmp_path / "batch.npz"
    np.savez(file, images=images, labels=np.arange(6) + 10)
    setup = Setup(batch=5, images=str(file), width=4, depth=1)
    request = Request(SPACE, distinct(1)[0], "cifar100", PROXIES)
    with measuring_pool(setup, workers=1) as opened:
        (answer,) = opened.measure_all([request])
        with pytest.raises(ProxyError, match="there is a label 14, but the task has only 10 classes"):
            opened.submit([ask(request.encoding)])
        assert opened.outstanding == 0
    assert answer.scores == _on_images(request, images[:5])


def _on_images(request: Request, images: np.ndarray) -> dict[str, float]:
    import torch

    space = search_space(request.space)
    torch.manual_seed(request.seed)
    network = space.build_for(space.canonical(space.parse(request.encoding)), request.task, width=4, depth=1)
    batch = torch.from_numpy(images.copy()), torch.arange(len(images)) + 10
    with one_thread():
        return dict(
            measure_detailed(network, *batch, request.proxies, seed=request.seed, device="cpu").scores
        )


def test_mistakes_are_reported_before_anything_is_measured(pool: MeasuringPool) -> None:
    before = pool.statistics()
    with pytest.raises(ProxyError, match="the pool has no proxy 'nwott'; did you mean 'nwot'"):
        list(pool.measure([ask("(0, 0, 0, 0, 0, 0)", ("nwott",))]))
    with pytest.raises(SpaceError, match="did you mean 'nasbench201'"):
        pool.submit([Request("nasbench210", "(0, 0, 0, 0, 0, 0)", "cifar10", PROXIES)])
    with pytest.raises(SpaceError, match="has no task 'cifar1'"):
        pool.submit([Request(SPACE, "(0, 0, 0, 0, 0, 0)", "cifar1", PROXIES)])
    with pytest.raises(SpaceError, match="has operation 9"):
        pool.submit([ask("(9, 0, 0, 0, 0, 0)")])
    assert pool.outstanding == 0
    assert pool.statistics() == before


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Request(SPACE, "()", "cifar10", "nwot"), "names in a tuple"),  # type: ignore[arg-type]
        (lambda: Request(SPACE, "()", "cifar10", ()), r"no proxies to measure on \(\): name at least one"),
        (lambda: Request(SPACE, "()", "cifar10", ("nwot",), seed=2**64), "64 bits"),
        (lambda: Setup(batch=0), "batch is 0; it must be 1 or more"),
        (lambda: Setup(device="tpu"), "unknown device 'tpu'; did you mean 'cpu'"),
        (lambda: Setup(time_limit=0), "time_limit is 0; it must be greater than 0"),
        (lambda: Setup(cpus=0), "cpus is 0; it must be greater than 0"),
    ],
)
def test_impossible_requests_and_setups(made: "type", message: str) -> None:
    with pytest.raises(ProxyError, match=message):
        made()


def test_a_pool_that_is_gone(ray_session: None) -> None:
    with measuring_pool(SETUP, workers=1) as opened:
        pass
    with pytest.raises(ClusterError, match="the measuring pool is gone, closed or lost with its machine"):
        list(opened.measure([ask("(0, 0, 0, 0, 0, 0)")]))
    opened.close()
    opened.leave()


def test_a_pool_whose_actor_dies(ray_session: None, tmp_path: Path) -> None:
    requests = [ask(encoding, ("params",)) for encoding in distinct(200, seed=13)]
    answers: list[tuple[Request, Measurement]] = []
    with measuring_pool(SETUP, workers=1, outstanding=4, cache=tmp_path) as opened:
        measuring = opened.measure(requests)
        answers.append(next(measuring))
        ray.kill(opened._actor)
        with pytest.raises(ClusterError, match="open another with the same cache"):
            answers += measuring
    assert 0 < len(answers) < 200


def test_a_cluster_without_gpus(ray_session: None) -> None:
    with pytest.raises(ClusterError, match="the cluster has no GPU"):
        with measuring_pool(Setup(device="cuda")):
            pass
