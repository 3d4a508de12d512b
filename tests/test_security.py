"""Planted files: nothing in them is run, whatever rayzc is asked to read them as."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rayzc.cli.formulas import read_formula
from rayzc.cluster.measuring.cache import ScoreCache
from rayzc.cluster.searches.storage import Storage
from rayzc.errors import RayzcError
from rayzc.formula import Formula
from rayzc.options import Setup
from rayzc.problems import Shapes, load_suite
from rayzc.runs import RunFolder, read_newest
from rayzc.training.checkpoints import read_checkpoint

TRIAL = ("nasbench201/cifar10", 0)


class Bomb:
    """Leaves a marker when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.marker,)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "marker"


@pytest.fixture
def bomb(marker: Path) -> bytes:
    """A pickle that leaves the marker, which one loading of it shows."""
    planted = pickle.dumps(Bomb(marker))
    pickle.loads(planted)
    assert marker.exists()
    marker.unlink()
    return planted


@pytest.mark.parametrize("name", ["suite.parquet", "suite.json", "suite.pkl", "zc_nasbench201.json"])
def test_a_suite(bomb: bytes, marker: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(bomb)
    with pytest.raises(RayzcError):
        load_suite(tmp_path / name)
    assert not marker.exists()


def test_a_cache_of_measurements(bomb: bytes, marker: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    for name in ("0.parquet", "0.pkl"):
        (folder / name).write_bytes(bomb)
    cache = ScoreCache(folder, Setup(), "cpu", {}, Shapes())
    assert cache.read() == {}
    (warning,) = cache.warnings
    assert "0.parquet: skipped" in warning
    assert not marker.exists()


def test_the_folder_of_a_run(bomb: bytes, marker: Path, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    for path in (folder.config, folder.events, folder.checkpoints / "epoch-00000001.json"):
        path.write_bytes(bomb)
    with pytest.raises(RayzcError, match="cannot be read"):
        folder.read_config()
    with pytest.raises(RayzcError, match="none of the 1 checkpoints can be read"):
        read_newest(folder.checkpoints, lambda text: None)
    assert not marker.exists()


def test_checkpoints_of_searches(bomb: bytes, marker: Path, tmp_path: Path) -> None:
    attempt = tmp_path / "attempt-1"
    trial = attempt / "nasbench201-cifar10-seed-0"
    checkpoint = trial / "checkpoint_000000"
    checkpoint.mkdir(parents=True)
    for path in (
        attempt / "tuner.pkl",
        attempt / "trainable.pkl",
        trial / "params.pkl",
        checkpoint / "search.json",
    ):
        path.write_bytes(bomb)
    assert Storage(tmp_path).newest(TRIAL) == (None, None)
    assert not marker.exists()


def test_the_checkpoint_of_a_training(bomb: bytes, marker: Path, tmp_path: Path) -> None:
    import torch

    path = tmp_path / "training-0001-seed-0.pt"
    for planted in (bomb, None):
        if planted is None:
            torch.save({"model": Bomb(marker)}, path)
        else:
            path.write_bytes(planted)
        content = read_checkpoint(path)
        if content is not None:
            from rayzc.training.checkpoints import trained_of

            with pytest.raises(RayzcError):
                trained_of(content, path)
        assert not marker.exists()


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch marker')",
        "(lambda: flops)()",
        "flops.__class__",
        "exec('import os')",
        "[x for x in flops]",
        'f"{flops}"',
        "flops if jacov else snip",
        "log(" * 10_000 + "flops" + ")" * 10_000,
    ],
)
def test_a_formula(text: str, marker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RayzcError):
        Formula.parse(text)
    (tmp_path / "formula.txt").write_text(text)
    with pytest.raises(RayzcError):
        read_formula("formula.txt")
    assert not marker.exists()


def test_the_file_of_a_formula(bomb: bytes, marker: Path, tmp_path: Path) -> None:
    for name in ("formula.json", "formula.txt", "hall_of_fame.json"):
        (tmp_path / name).write_bytes(bomb)
        with pytest.raises(RayzcError):
            read_formula(str(tmp_path / name))
    document = {"tokens": ["__import__('os').system('true')"], "best": [{"expression": "__import__('os')"}]}
    (tmp_path / "hall_of_fame.json").write_text(json.dumps(document))
    with pytest.raises(RayzcError):
        read_formula(str(tmp_path / "hall_of_fame.json"))
    assert not marker.exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "nasbench201/../../x"])
def test_names_stay_in_the_folder_of_a_run(name: str, tmp_path: Path) -> None:
    from rayzc.cluster.searches.storage import trial_folder

    made = trial_folder((name, 0))
    assert "/" not in made
    assert (tmp_path / made).resolve().parent == tmp_path.resolve()
