"""Searches on tables, where their checkpoints go, and what is refused."""

import json
import os
import re
import signal
from pathlib import Path

import pytest
from ray import tune

from rayzc.cluster.searches import SearchProgress, resume_search, search
from rayzc.cluster.searches.storage import Storage
from rayzc.errors import RayzcError, SearchError
from rayzc.nas import SearchEnding
from rayzc.problems import write_suite
from tests.cluster.searches import samples
from tests.cluster.searches.samples import trajectories
from tests.s3 import Server

TABLE = {"budget": 30, "seeds": 2}


def test_every_problem_and_seed(ray_session: None, tmp_path: Path) -> None:
    told: list[SearchProgress] = []
    result = search("flops", samples.suite(), **TABLE, out=tmp_path / "run", listen=told.append)
    names = ("nasbench201/cifar10", "transbench101_micro/jigsaw")
    assert list(trajectories(result)) == [(name, seed) for seed in (0, 1) for name in names]
    assert result.measured == 0
    assert result.to_table().num_rows == 4
    assert {one.way for one in result.comparisons} >= {"random search", "search by flops"}
    last = told[-1]
    assert [one.problem for one in last.problems] == list(names)
    assert all(
        (one.evaluated, one.budget, one.ended, one.searches) == (60, 60, 2, 2) for one in last.problems
    )
    assert all(one.score is not None and one.accuracy is not None for one in last.problems)
    assert last.pool is None
    again = search("flops", samples.suite(), **TABLE, out=tmp_path / "again")
    assert trajectories(again) == trajectories(result)


def test_another_seed_is_another_search(ray_session: None, tmp_path: Path) -> None:
    one, other = (
        search("flops", samples.suite(), budget=30, seeds=1, seed=seed, out=tmp_path / str(seed))
        for seed in (0, 5)
    )
    assert {seed for _, seed in trajectories(other)} == {5}
    assert [*trajectories(one).values()] != [*trajectories(other).values()]


def test_what_the_table_lacks_is_measured(ray_session: None, tmp_path: Path) -> None:
    result = search(
        "flops + 0 * params",
        samples.suite(),
        problems=["nasbench201"],
        budget=12,
        seeds=1,
        workers=1,
        out=tmp_path / "run",
    )
    (outcome,) = result.outcomes
    assert result.measured == 12
    assert all(set(one.proxies) == {"flops", "params"} for one in outcome.shortlist)
    table = samples.suite().problem("nasbench201/cifar10")
    flops = dict(zip(table.architectures, table.column("flops").tolist(), strict=True))
    assert all(one.proxies["flops"] == flops[one.encoding] for one in outcome.shortlist)


def test_loggers_and_callbacks_of_tune_are_told(ray_session: None, tmp_path: Path) -> None:
    class Count(tune.Callback):
        completed = 0

        def on_trial_complete(self, iteration: int, trials: object, trial: object, **info: object) -> None:
            Count.completed += 1

    search(
        "flops",
        samples.suite(),
        budget=10,
        seeds=1,
        loggers=["csv", "json", "tensorboard"],
        callbacks=[Count()],
        out=tmp_path / "run",
    )
    folder = tmp_path / "run" / "checkpoints" / "attempt-1" / "nasbench201-cifar10-seed-0"
    assert "evaluated" in (folder / "progress.csv").read_text()
    assert '"evaluated": 10' in (folder / "result.json").read_text()
    assert list(folder.glob("events.out.tfevents.*"))
    assert Count.completed == 2


def test_interrupted_and_resumed(ray_session: None, tmp_path: Path) -> None:
    def interrupt(progress: SearchProgress) -> None:
        if not sent and any(one.ended for one in progress.problems):
            sent.append(progress)
            os.kill(os.getpid(), signal.SIGINT)

    sent: list[SearchProgress] = []
    few = {"budget": 60, "seeds": 6}
    whole = search("flops", samples.suite(), **few, out=tmp_path / "whole")
    part = search("flops", samples.suite(), **few, out=tmp_path / "part", listen=interrupt)
    assert part.stopped == "interrupted by SIGINT"
    assert part.interrupted is signal.SIGINT
    assert sum(one.ended is not SearchEnding.INTERRUPTED for one in part.outcomes) < 12
    rest = resume_search(tmp_path / "part")
    assert rest.stopped == "all searches ended"
    assert trajectories(rest) == trajectories(whole)
    assert rest.seconds > part.seconds


def test_a_time_limit_ends_with_what_there_is(ray_session: None, tmp_path: Path) -> None:
    short = search("flops", samples.suite(), **TABLE, time_limit=1e-3, out=tmp_path / "run")
    # However short the limit is, a search evaluates its first proposals.
    assert {(each.ended, each.evaluated) for each in short.outcomes} == {(SearchEnding.TIME_LIMIT, 10)}
    assert len(short.outcomes) == 4


def test_a_torn_checkpoint_gives_way(ray_session: None, tmp_path: Path) -> None:
    out = tmp_path / "run"
    whole = search("flops", samples.suite(), **TABLE, out=out)
    trial = out / "checkpoints" / "attempt-1" / "nasbench201-cifar10-seed-0"
    for file in trial.glob("checkpoint_*/*.json"):
        file.write_bytes(file.read_bytes()[:-20])
    assert Storage(out / "checkpoints").newest(("nasbench201/cifar10", 0)) == (None, None)
    again = resume_search(out)
    assert trajectories(again) == trajectories(whole)
    assert (out / "checkpoints" / "attempt-2" / "nasbench201-cifar10-seed-0").is_dir()


def test_an_unknown_key_of_a_checkpoint_is_named(ray_session: None, tmp_path: Path) -> None:
    out = tmp_path / "run"
    search("flops", samples.suite(), **TABLE, out=out)
    trial = out / "checkpoints" / "attempt-1" / "nasbench201-cifar10-seed-0"
    (file,) = sorted(trial.glob("checkpoint_*/search.json"))[-1:]
    file.write_text(file.read_text().replace('"batch"', '"batches"'))
    with pytest.raises(SearchError, match=f"^{re.escape(str(file))}, plan: unknown key 'batches'$"):
        resume_search(out)


def test_without_more_time_what_the_time_limit_ended_stays_as_it_is(
    ray_session: None, tmp_path: Path
) -> None:
    out, one = tmp_path / "run", {"problems": ["nasbench201"], "budget": 30, "seeds": 1}
    for attempt in (
        lambda: search("flops", samples.suite(), **one, time_limit=1e-3, out=out),
        lambda: resume_search(out),
    ):
        (outcome,) = attempt().outcomes
        assert (outcome.ended, outcome.evaluated) == (SearchEnding.TIME_LIMIT, 10)
    assert not (out / "checkpoints" / "attempt-2").exists()
    (outcome,) = resume_search(out, time_limit=600.0).outcomes
    assert (outcome.ended, outcome.evaluated) == (SearchEnding.BUDGET_SPENT, 30)


def test_checkpoints_on_s3(ray_session: None, tmp_path: Path, s3: Server) -> None:
    suite = tmp_path / "small.parquet"
    write_suite(samples.suite(), suite)
    place = s3.uri("searches", user="testing:testing@")
    whole = search("flops", suite, **TABLE, storage=place, out=tmp_path / "run")
    storage = Storage(place)
    found, results = storage.newest(("nasbench201/cifar10", 1))
    assert found is not None
    assert found.ended is SearchEnding.BUDGET_SPENT
    assert results is not None
    assert results.outcomes[0] in whole.outcomes
    assert not list((tmp_path / "run" / "checkpoints").iterdir())
    # The credentials were in the URI; from now on they come from the environment.
    assert json.loads((tmp_path / "run" / "config.json").read_text())["storage"] == s3.uri("searches")
    assert trajectories(resume_search(tmp_path / "run")) == trajectories(whole)


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"budget": 0}, "budget is 0; it must be 1 or more"),
            (
                {"algorithm": "regularised_evolution"},
                "unknown algorithm 'regularised_evolution'; did you mean 'regularized_evolution'?",
            ),
            (
                {"problems": ["nasbench201/cifar1"]},
                "no problem of suite small matches 'nasbench201/cifar1'; did you mean 'nasbench201/cifar10'?",
            ),
            (
                {"constraints": ["flops < 0.5"]},
                "nasbench201/cifar10: none of the 98 candidates meets the constraint 'flops < 0.5': flops ranges from "
                "1.00525 to 8.99545",
            ),
            (
                {"formula": "flops + nwott"},
                "nasbench201/cifar10: the formula needs proxy 'nwott', which is neither in the table nor can be "
                "measured; did you mean 'nwot'?",
            ),
            ({"seeds": 0}, "seeds is 0; it must be 1 or more"),
            ({"candidates": "tables"}, "unknown candidates 'tables'; did you mean 'table'?"),
            ({"loggers": ["cvs"]}, "unknown logger 'cvs'; did you mean 'csv'?"),
        ],
    )
    def test_are_told_before_anything_is_started(
        self, arguments: dict[str, object], message: str, tmp_path: Path
    ) -> None:
        given = {"formula": "flops", "suite": samples.suite(), "out": tmp_path / "run", **arguments}
        with pytest.raises(RayzcError, match=f"^{re.escape(message)}$"):
            search(**given)  # type: ignore[arg-type]
        assert not (tmp_path / "run").exists()

    def test_storage_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        place = tmp_path / "file" / "below"
        with pytest.raises(SearchError, match=f"^the storage {re.escape(str(place))} cannot be written: "):
            search("flops", samples.suite(), storage=str(place), out=tmp_path / "run")

    def test_storage_of_another_run(self, tmp_path: Path) -> None:
        place = tmp_path / "checkpoints"
        (place / "attempt-1" / "nasbench201-cifar10-seed-0").mkdir(parents=True)
        message = f"the storage {place} holds the searches of another run: give another, or resume that run"
        with pytest.raises(SearchError, match=f"^{re.escape(message)}$"):
            search("flops", samples.suite(), storage=str(place), out=tmp_path / "run")
        assert not (tmp_path / "run").exists()

    def test_nothing_to_search(self) -> None:
        with pytest.raises(
            SearchError, match=r"^nothing to search: name a suite, or problems such as nasbench201"
        ):
            search("flops", None)

    def test_a_task_that_is_none(self) -> None:
        with pytest.raises(SearchError, match=r"^there is no problem 'nasbench201/cifar'; did you mean "):
            search("flops", None, problems=["nasbench201/cifar"])
