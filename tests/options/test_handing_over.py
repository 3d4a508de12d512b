"""What commands hand over to functions."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rayzc.cli.app import app
from rayzc.options import (
    Cluster,
    DiscoverOptions,
    FillOptions,
    Place,
    RunOptions,
    SearchOptions,
    TrainOptions,
)


class CalledError(Exception):
    """Instead of the run itself."""


@pytest.mark.parametrize(
    ("arguments", "target", "expected"),
    [
        (
            ("discover", "--suite", "SUITE"),
            "rayzc.cluster.discover",
            {"options": DiscoverOptions(), "cluster": Cluster(), "place": Place()},
        ),
        (
            ("search", "--suite", "SUITE", "--formula", "flops"),
            "rayzc.cluster.searches.search",
            {"options": SearchOptions(), "cluster": Cluster(), "place": Place()},
        ),
        (
            ("run", "--suite", "SUITE"),
            "rayzc.cluster.pipeline.run",
            {"options": RunOptions(), "cluster": Cluster(), "place": Place(), "formula": None},
        ),
        (
            ("suite", "fill", "SUITE", "--out", "out.parquet", "--proxies", "nwot"),
            "rayzc.cluster.measuring.filling.fill_suite",
            {"options": FillOptions(proxies=("nwot",)), "cluster": Cluster()},
        ),
        (
            ("train", "nasbench201:(4, 3, 3, 3, 2, 3)", "--data", "images.npz"),
            "rayzc.cluster.training.running.train",
            {"options": TrainOptions(), "cluster": Cluster(), "place": Place()},
        ),
    ],
)
def test_what_a_command_hands_over(
    arguments: tuple[str, ...],
    target: str,
    expected: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from rayzc.problems import write_suite
    from tests.evolution import samples

    write_suite(samples.suite(), tmp_path / "small.parquet")
    monkeypatch.chdir(tmp_path)
    given: dict[str, Any] = {}

    def called(*values: Any, **keywords: Any) -> None:
        given.update(keywords)
        raise CalledError

    monkeypatch.setattr(target, called)
    with pytest.raises(CalledError):
        CliRunner().invoke(
            app, [text.replace("SUITE", "small.parquet") for text in arguments], catch_exceptions=False
        )
    assert {name: given[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("discover", "rayzc.cluster.resume"),
        ("search", "rayzc.cluster.searches.resume_search"),
        ("run", "rayzc.cluster.pipeline.resume_run"),
        ("train", "rayzc.cluster.training.running.resume_train"),
    ],
)
def test_what_resume_hands_over(
    kind: str, target: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from rayzc.runs import RunFolder

    RunFolder.create(tmp_path / "run").write_config({"kind": kind})
    given: dict[str, Any] = {}

    def called(*values: Any, **keywords: Any) -> None:
        given.update(keywords)
        raise CalledError

    monkeypatch.setattr(target, called)
    for arguments, limit, workers in (
        ((), None, None),
        (("--time-limit", "1h", "--workers", "3"), 3600.0, 3),
    ):
        given.clear()
        with pytest.raises(CalledError):
            CliRunner().invoke(app, ["resume", str(tmp_path / "run"), *arguments], catch_exceptions=False)
        assert given["cluster"] == Cluster(workers=workers)
        time_limit = given["limits"].time_limit if kind == "discover" else given["time_limit"]
        assert time_limit == limit
