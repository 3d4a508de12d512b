"""Checkpoints: whole, the last three, and never one that is damaged."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rayzc.errors import RunError
from rayzc.evolution import Island, Judge, emigrants, initialise, step
from rayzc.options import Settings
from rayzc.runs import read_newest, restore, write_checkpoint
from tests.evolution import samples
from tests.evolution.samples import BREEDING


def archipelago(epochs: int, settings: Settings = BREEDING, judge: Judge | None = None) -> list[Island]:
    """Islands of a ring at one epoch."""
    judge = judge or samples.judge(settings.correlation)
    islands = [initialise(index, judge, settings) for index in range(settings.islands)]
    for _ in range(epochs):
        islands = advanced(islands, judge, settings)
    return islands


def advanced(islands: list[Island], judge: Judge, settings: Settings) -> list[Island]:
    return [
        step(island, emigrants(islands[island.index - 1], settings), judge, settings) for island in islands
    ]


@pytest.fixture(scope="module")
def islands() -> list[Island]:
    """Four islands after three epochs."""
    return archipelago(3)


def write(folder: Path, islands: list[Island], epoch: int) -> Path:
    return write_checkpoint(
        folder, [replace(island, epoch=epoch) for island in islands], "0.1.0", 1.5 + epoch
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestRoundTrip:
    @pytest.mark.parametrize(
        "settings",
        [
            BREEDING,
            BREEDING.replaced(
                correlation="spearman", objective="min", seeds=("tanh(flops) * 1e-300 + 5e-324",)
            ),
            BREEDING.replaced(correlation="weighted_kendall", objective="cvar", constants=0.5, max_size=200),
        ],
    )
    def test_islands_come_back_equal(self, tmp_path: Path, settings: Settings) -> None:
        before = archipelago(6, settings)
        write_checkpoint(tmp_path, before, "0.1.0", 12.5)
        document = read_newest(tmp_path, pytest.fail)
        assert document is not None
        assert document["seconds"] == 12.5
        after = restore(document, samples.judge(settings.correlation), settings)
        assert after == tuple(before)

    def test_what_is_restored_evolves_as_what_was_never_stored(
        self, tmp_path: Path, islands: list[Island]
    ) -> None:
        write_checkpoint(tmp_path, islands, "0.1.0", 0.0)
        document = read_newest(tmp_path, pytest.fail)
        assert document is not None
        judge = samples.judge()
        restored = list(restore(document, judge, BREEDING))
        assert advanced(restored, judge, BREEDING) == advanced(islands, samples.judge(), BREEDING)

    def test_the_file_holds_formulas_as_text(self, tmp_path: Path, islands: list[Island]) -> None:
        document = json.loads(write_checkpoint(tmp_path, islands, "0.1.0", 1.5).read_text())
        assert set(document) == {"schema_version", "rayzc", "seconds", "sha256", "epoch", "islands"}
        assert (document["schema_version"], document["rayzc"], document["epoch"]) == (1, "0.1.0", 3)
        assert [set(one) for one in document["islands"]] == [
            {"index", "evaluations", "population", "front"}
        ] * 4
        assert all(isinstance(text, str) for one in document["islands"] for text in one["population"])

    def test_the_epoch_of_the_last_gain(self, tmp_path: Path, islands: list[Island]) -> None:
        write_checkpoint(tmp_path, islands, "0.1.0", 1.5, improved=2)
        document = read_newest(tmp_path, pytest.fail)
        assert document is not None
        assert document["improved"] == 2
        assert restore(document, samples.judge(), BREEDING) == tuple(islands)

    def test_another_version_is_readable(self, tmp_path: Path, islands: list[Island]) -> None:
        path = write_checkpoint(tmp_path, islands, "0.1.0", 1.5)
        path.write_text(json.dumps(json.loads(path.read_text()) | {"rayzc": "7.8.9", "new_in_it": 1}))
        document = read_newest(tmp_path, pytest.fail)
        assert document is not None
        assert restore(document, samples.judge(), BREEDING) == tuple(islands)


def test_no_checkpoint_yet(tmp_path: Path) -> None:
    assert read_newest(tmp_path, pytest.fail) is None
    assert read_newest(tmp_path / "not there", pytest.fail) is None


def test_the_last_three_are_kept_and_the_newest_is_read(tmp_path: Path, islands: list[Island]) -> None:
    (tmp_path / "notes.txt").write_text("of the user")
    for epoch in (0, 9, 10, 99, 100):
        assert write(tmp_path, islands, epoch).name == f"epoch-{epoch:08d}.json"
    kept = [f"epoch-{epoch:08d}.json" for epoch in (10, 99, 100)]
    assert names(tmp_path) == [*kept, "notes.txt"]
    document = read_newest(tmp_path, pytest.fail)
    assert document is not None
    assert (document["epoch"], document["seconds"]) == (100, 101.5)


class TestDamage:
    def test_a_torn_and_a_damaged_checkpoint_give_way(self, tmp_path: Path, islands: list[Island]) -> None:
        paths = [write(tmp_path, islands, epoch) for epoch in range(3)]
        paths[2].write_bytes(paths[2].read_bytes()[:100])
        paths[1].write_text(paths[1].read_text().replace("jacov", "jakov", 1))
        warnings: list[str] = []
        document = read_newest(tmp_path, warnings.append)
        assert document is not None
        assert document["epoch"] == 0
        assert warnings == [
            "epoch-00000002.json is incomplete (JSONDecodeError); going back to the checkpoint before it",
            "epoch-00000001.json is damaged (its hash differs); going back to the checkpoint before it",
        ]
        assert restore(document, samples.judge(), BREEDING)[0].population == islands[0].population

    def test_wherever_it_is_torn(self, tmp_path: Path, islands: list[Island]) -> None:
        write(tmp_path, islands[:1], 1)
        newest = write(tmp_path, islands[:1], 2)
        content = newest.read_bytes()
        for length in [0, 1, 2, *range(3, len(content), 97), len(content) - 1]:
            newest.write_bytes(content[:length])
            warnings: list[str] = []
            document = read_newest(tmp_path, warnings.append)
            assert document is not None
            assert document["epoch"] == 1
            assert len(warnings) == 1
            assert warnings[0].startswith("epoch-00000002.json is incomplete (")

    def test_whichever_byte_is_flipped(self, tmp_path: Path, islands: list[Island]) -> None:
        """Nothing that a run is resumed from is taken from a damaged file."""
        small = [replace(islands[0], population=islands[0].population[:2], front=islands[0].front[:1])]
        write(tmp_path, small, 1)
        newest = write(tmp_path, small, 2)
        content = newest.read_bytes()
        whole = json.loads(content)
        version_digit = content.index(b"1", content.index(b"schema_version"))
        passed_over, refused = 0, []
        for place in range(len(content)):
            for bit in (0, 3, 6):
                flipped = bytearray(content)
                flipped[place] ^= 1 << bit
                newest.write_bytes(flipped)
                warnings: list[str] = []
                try:
                    document = read_newest(tmp_path, warnings.append)
                except RunError as error:
                    refused.append((place, "has checkpoint schema" in str(error)))
                    continue
                assert document is not None
                if warnings:
                    passed_over += 1
                    assert document["epoch"] == 1
                else:  # the version of rayzc, or a blank
                    for key in ("epoch", "seconds", "islands"):
                        assert document[key] == whole[key]
        assert passed_over > 2.7 * len(content)
        assert set(refused) == {(version_digit, True)}

    @pytest.mark.parametrize("content", ["[]", "7", "null", "{}", '{"epoch": 2}', "\x00" * 50, "\ud800"])
    def test_json_that_is_no_checkpoint(self, tmp_path: Path, islands: list[Island], content: str) -> None:
        write(tmp_path, islands, 1)
        (tmp_path / "epoch-00000002.json").write_bytes(content.encode("utf-8", "surrogatepass"))
        warnings: list[str] = []
        document = read_newest(tmp_path, warnings.append)
        assert document is not None
        assert document["epoch"] == 1
        assert len(warnings) == 1

    def test_a_run_goes_on_beside_a_damaged_checkpoint(self, tmp_path: Path, islands: list[Island]) -> None:
        write(tmp_path, islands, 1)
        write(tmp_path, islands, 5).write_text("{")
        write(tmp_path, islands, 3)
        warnings: list[str] = []
        document = read_newest(tmp_path, warnings.append)
        assert document is not None
        assert (document["epoch"], len(warnings)) == (3, 1)
        write(tmp_path, islands, 5)  # the same epoch again takes its place
        document = read_newest(tmp_path, pytest.fail)
        assert document is not None
        assert document["epoch"] == 5

    def test_none_that_can_be_read(self, tmp_path: Path, islands: list[Island]) -> None:
        for epoch in range(3):
            write(tmp_path, islands, epoch).write_text("{")
        warnings: list[str] = []
        message = f"{tmp_path}: none of the 3 checkpoints can be read; start a new run"
        with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
            read_newest(tmp_path, warnings.append)
        assert len(warnings) == 3


@pytest.mark.parametrize("version", [0, 2, 99, "1", None])
def test_another_schema_is_refused_with_a_reason(tmp_path: Path, islands: list[Island], version: Any) -> None:
    write(tmp_path, islands, 1)
    path = write_checkpoint(tmp_path, islands, "9.0.0", 1.5)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": version}))
    message = (
        f"{path} has checkpoint schema {version}, written by rayzc 9.0.0; this version reads schema 1: resume with "
        "the version that wrote it"
    )
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        read_newest(tmp_path, pytest.fail)


class TestRestore:
    def document(self, islands: list[Island], tmp_path: Path, text: str) -> dict[str, Any]:
        write_checkpoint(tmp_path, islands, "0.1.0", 0.0)
        document = read_newest(tmp_path, pytest.fail)
        assert document is not None
        document["islands"][1]["front"].append(text)
        return document

    def test_a_proxy_that_the_tables_lack(self, tmp_path: Path, islands: list[Island]) -> None:
        document = self.document(islands, tmp_path, "flops + zen - apple")
        message = "the checkpoint of epoch 3 cannot be used: flops + zen - apple needs apple, zen"
        with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
            restore(document, samples.judge(), BREEDING)

    def test_a_formula_that_does_not_parse(self, tmp_path: Path, islands: list[Island]) -> None:
        document = self.document(islands, tmp_path, "sin(flops)")
        message = (
            r"^the checkpoint of epoch 3 cannot be used: cannot parse formula at position 1: unknown function"
        )
        with pytest.raises(RunError, match=message):
            restore(document, samples.judge(), BREEDING)


class TestAtomicity:
    @pytest.mark.parametrize("victim", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.write_text"])
    def test_a_crash_while_writing_leaves_the_ones_before(
        self, tmp_path: Path, islands: list[Island], monkeypatch: pytest.MonkeyPatch, victim: str
    ) -> None:
        for epoch in range(3):
            write(tmp_path, islands, epoch)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

        def crash(*args: object, **kwargs: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(victim, crash)
            with pytest.raises(KeyboardInterrupt):
                write(tmp_path, islands, 3)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
        document = read_newest(tmp_path, pytest.fail)
        assert document is not None
        assert document["epoch"] == 2

    def test_what_a_killed_writer_leaves_is_no_checkpoint(
        self, tmp_path: Path, islands: list[Island]
    ) -> None:
        write(tmp_path, islands, 1)
        (tmp_path / ".epoch-00000002.json.x1y2.tmp").write_text('{"schema_ver')
        document = read_newest(tmp_path, pytest.fail)
        assert document is not None
        assert document["epoch"] == 1
