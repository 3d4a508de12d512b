"""Checkpoints: whole, the last three, and never one that is damaged."""

import json
from pathlib import Path

import pytest

from rayzc.errors import RunError
from rayzc.evolution import Individual, Island
from rayzc.runs import read_newest, write_checkpoint


def island(epoch: int) -> Island:
    one = Individual(("log", "flops"), (0.5,), 0.5, 1)
    return Island(0, epoch, (one,), (one,), 10 * epoch)


def test_the_last_three_are_kept_and_the_newest_is_read(tmp_path: Path) -> None:
    for epoch in range(5):
        write_checkpoint(tmp_path, [island(epoch)], "0.1.0", 1.5)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"epoch-{e:08d}.json" for e in (2, 3, 4)]
    document = read_newest(tmp_path, pytest.fail)
    assert document is not None
    assert document["epoch"] == 4
    assert document["islands"][0]["population"] == ["log(flops)"]
    assert document["islands"][0]["evaluations"] == 40


def test_a_torn_and_a_damaged_checkpoint_give_way(tmp_path: Path) -> None:
    paths = [write_checkpoint(tmp_path, [island(epoch)], "0.1.0", 1.5) for epoch in range(3)]
    paths[2].write_bytes(paths[2].read_bytes()[:100])
    paths[1].write_text(paths[1].read_text().replace("log(flops)", "log(fl0ps)"))
    warnings: list[str] = []
    document = read_newest(tmp_path, warnings.append)
    assert document is not None
    assert document["epoch"] == 0
    assert warnings == [
        "epoch-00000002.json is torn (JSONDecodeError); going back to the checkpoint before it",
        "epoch-00000001.json is damaged (its hash differs); going back to the checkpoint before it",
    ]


def test_none_that_can_be_read(tmp_path: Path) -> None:
    assert read_newest(tmp_path, pytest.fail) is None
    write_checkpoint(tmp_path, [island(0)], "0.1.0", 1.5).write_text("{")
    with pytest.raises(RunError, match="none of the 1 checkpoints can be read; start the run anew"):
        read_newest(tmp_path, lambda text: None)


def test_a_newer_schema_is_refused_with_a_reason(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, [island(0)], "9.0.0", 1.5)
    document = json.loads(path.read_text()) | {"schema_version": 2}
    path.write_text(json.dumps(document))
    with pytest.raises(RunError) as caught:
        read_newest(tmp_path, pytest.fail)
    assert str(caught.value) == (
        f"{path} has checkpoint schema 2, written by rayzc 9.0.0; this version reads schema 1: resume with that "
        "version of rayzc"
    )
