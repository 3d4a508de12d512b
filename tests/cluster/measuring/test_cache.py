"""Scores on disk: bit for bit, under their conditions only, whatever happened to the files."""

import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rayzc.cluster.measuring import cache as cache_module
from rayzc.cluster.measuring.cache import ScoreCache
from rayzc.cluster.measuring.ledger import Target
from rayzc.errors import RunError
from rayzc.options import Setup
from rayzc.problems import Shapes

SETUP = Setup(width=4, depth=1)
ORIGINAL = Shapes()
VERSIONS = {"nwot": "1", "zen": "2"}
X = Target("nasbench201", "(0, 0, 0, 0, 0, 0)", "cifar10", 0, "images")
Y = Target("nasbench101", "y", "cifar10", -5, "images")
SCORES = {"nwot": -math.inf, "zen": 0.1 + 0.2}


def opened(
    folder: Path,
    setup: Setup = SETUP,
    device: str = "cpu",
    versions: dict[str, str] = VERSIONS,
    shapes: Shapes = ORIGINAL,
) -> ScoreCache:
    return ScoreCache(folder, setup, device, versions, shapes)


def written(folder: Path) -> ScoreCache:
    cache = opened(folder)
    cache.add(X, SCORES)
    cache.add(Y, {"zen": 5e-324})
    cache.flush()
    return cache


def test_scores_come_back_bit_for_bit(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    written(folder)
    cache = opened(folder)
    assert cache.read() == {X: SCORES, Y: {"zen": 5e-324}}
    assert cache.warnings == []


def test_nan_is_kept(tmp_path: Path) -> None:
    cache = opened(tmp_path)
    cache.add(X, {"nwot": math.nan})
    cache.flush()
    assert math.isnan(opened(tmp_path).read()[X]["nwot"])


def test_a_pool_has_one_file_until_it_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_ROWS_PER_FILE", 5)
    cache = written(tmp_path)
    cache.flush()
    assert len(list(tmp_path.iterdir())) == 1
    for seed in range(1, 5):
        cache.add(X._replace(seed=seed), {"nwot": float(seed)})
        cache.flush()
    assert len(list(tmp_path.iterdir())) == 2
    known = opened(tmp_path).read()
    assert [known[X._replace(seed=seed)]["nwot"] for seed in range(1, 5)] == [1.0, 2.0, 3.0, 4.0]
    assert known[X] == SCORES


def test_pools_share_a_folder(tmp_path: Path) -> None:
    first, second = written(tmp_path), opened(tmp_path)
    second.add(X, {"nwot": 1.0})
    second.add(Y._replace(seed=1), {"zen": 2.0})
    second.flush()
    first.add(Y._replace(seed=2), {"zen": 3.0})
    first.flush()
    assert len(opened(tmp_path).read()) == 4


@pytest.mark.parametrize(
    "other",
    [
        {"setup": SETUP.replaced(width=8)},
        {"setup": SETUP.replaced(depth=2)},
        {"setup": SETUP.replaced(width=None)},
        {"device": "cuda"},
        {"versions": {"nwot": "2", "zen": "2-user"}},
        {"versions": {}},
    ],
)
def test_other_conditions_know_nothing_of_it(tmp_path: Path, other: dict[str, object]) -> None:
    written(tmp_path)
    cache = opened(tmp_path, **other)  # type: ignore[arg-type]
    assert cache.read() == {}
    assert cache.warnings == []


def test_another_way_of_measuring_knows_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    monkeypatch.setattr(cache_module, "MEASURING_VERSION", 0)
    assert opened(tmp_path).read() == {}


def test_the_originals_width_and_depth_are_the_same_as_none_given(tmp_path: Path) -> None:
    cache = opened(tmp_path, Setup(width=16, depth=5))
    cache.add(X, SCORES)
    cache.flush()
    assert opened(tmp_path, Setup()).read() == {X: SCORES}


def _torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 8] ^= 0xFF
    path.write_bytes(bytes(content))


def _foreign(path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), path)


def _short_of_a_column(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["seed"]), path)


@pytest.mark.parametrize("harm", [_torn, _empty, _flipped, _foreign, _short_of_a_column])
def test_a_harmed_file_is_skipped_with_a_warning(tmp_path: Path, harm: object) -> None:
    written(tmp_path)
    (path,) = tmp_path.iterdir()
    harm(path)  # type: ignore[operator]
    other = opened(tmp_path)
    other.add(Y, {"nwot": 7.0})
    other.flush()
    cache = opened(tmp_path)
    assert cache.read() == {Y: {"nwot": 7.0}}
    (warning,) = cache.warnings
    assert warning.startswith(f"{path}: skipped")


def test_nothing_is_written_for_nothing(tmp_path: Path) -> None:
    opened(tmp_path / "none").flush()
    assert not (tmp_path / "none").exists()
    assert opened(tmp_path / "none").read() == {}


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="is a file; the cache of measurements must be a folder"):
        opened(tmp_path / "file")


def test_what_cannot_be_written_is_kept_for_the_next_flush(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    cache = opened(folder)
    cache.add(X, SCORES)
    folder.write_text("in the way")
    with pytest.raises(RunError, match="measurements cannot be written"):
        cache.flush()
    folder.unlink()
    cache.flush()
    assert opened(folder).read() == {X: SCORES}
