"""Suites with a benchmark, and with the accuracy of each training, as Parquet files of schema 2."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rayzc.errors import SuiteError
from rayzc.problems import Problem, Suite, load_suite, read_suite, write_suite
from tests.problems.benchmarks import benchmark, built_suite
from tests.problems.samples import identical, problem, suite

RECORDED = Path(__file__).parent.parent / "recorded" / "v0.1.0" / "suite.parquet"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "built.parquet"
    write_suite(built_suite(), path)
    return path


def rewritten(path: Path, changes: Mapping[bytes, bytes | None]) -> None:
    """The same table under other metadata of the file."""
    with pq.ParquetFile(path) as file:
        table, metadata = file.read(), dict(file.metadata.metadata)
    images = metadata[b"rayzc_images"]
    header = changes.get(b"rayzc_suite") or table.schema.metadata[b"rayzc_suite"]
    table = table.replace_schema_metadata({b"rayzc_suite": header})
    with pq.ParquetWriter(path, table.schema) as writer:
        writer.write_table(table)
        given = changes.get(b"rayzc_images", images)
        if given is not None:
            writer.add_key_value_metadata({b"rayzc_images": given})


def with_trainings(*counts: int) -> Suite:
    """A suite without a benchmark, whose problems have as many trainings each."""
    rng = np.random.default_rng(0)
    problems = []
    for number, count in enumerate(counts):
        base = problem(f"task{number}", seed=number)
        repeats = rng.random((len(base), count)) if count else None
        accuracy = base.accuracy if repeats is None else repeats.mean(axis=1)
        problems.append(replace(base, accuracy=accuracy, repeats=repeats))
    return suite(*problems)


def test_a_built_suite_comes_back(written: Path) -> None:
    made, back = built_suite(), load_suite(written)
    assert identical(back, made)
    assert back.content_hash == made.content_hash
    assert back.benchmark is not None
    assert back.benchmark.fingerprint == benchmark().fingerprint
    for before, after in zip(made.problems, back.problems, strict=True):
        assert before.repeats is not None
        assert after.repeats is not None
        assert np.array_equal(before.repeats, after.repeats)
        assert before.ceiling == after.ceiling


def test_equal_suites_are_equal_files(written: Path, tmp_path: Path) -> None:
    write_suite(load_suite(written), tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == written.read_bytes()


def test_the_schema(written: Path) -> None:
    with pq.ParquetFile(written) as file:
        table, metadata = file.read(), file.metadata.metadata
    assert table.column_names == [
        *("space", "task", "architecture", "accuracy", "group"),
        *("accuracy:0", "accuracy:1", "proxy:params"),
    ]
    header = json.loads(metadata[b"rayzc_suite"])
    assert header["schema_version"] == 2
    assert header["problems"][0]["trainings"] == 2
    assert header["benchmark"]["recipe"] == {"epochs": 2, "augment": ["flip"]}
    assert header["benchmark"]["seeds"] == [3, 5]
    assert header["benchmark"]["tasks"]["turned"]["parameters"] == {"copies": 2}
    images = metadata[b"rayzc_images"]
    assert base64.b85decode(images).startswith(b"PK")
    assert images not in metadata[b"ARROW:schema"]
    assert written.read_bytes().count(images) == 1


@pytest.mark.parametrize("counts", [(2, 2), (3, 0), (0, 1)])
def test_trainings_without_a_benchmark(tmp_path: Path, counts: tuple[int, ...]) -> None:
    made = with_trainings(*counts)
    write_suite(made, tmp_path / "s.parquet")
    back = read_suite(tmp_path / "s.parquet")
    assert back.content_hash == made.content_hash
    assert back.benchmark is None
    for before, after, count in zip(made.problems, back.problems, counts, strict=True):
        assert (after.repeats is None) == (count == 0)
        if before.repeats is not None and after.repeats is not None:
            assert np.array_equal(before.repeats, after.repeats)


def test_suites_with_neither_are_written_as_before(tmp_path: Path) -> None:
    write_suite(load_suite(RECORDED), tmp_path / "again.parquet")
    written = (tmp_path / "again.parquet").read_bytes()
    with pq.ParquetFile(RECORDED) as file:
        same_writer = (
            file.metadata.created_by == pq.ParquetFile(tmp_path / "again.parquet").metadata.created_by
        )
    assert load_suite(tmp_path / "again.parquet").content_hash == load_suite(RECORDED).content_hash
    if same_writer:  # another pyarrow writes other bytes
        assert written == RECORDED.read_bytes()


def test_the_hash_covers_trainings_and_benchmark() -> None:
    made = built_suite()
    first = made.problems[0]
    assert first.repeats is not None
    swapped = replace(first, repeats=first.repeats[:, ::-1])
    others = [
        replace(made, benchmark=None),
        replace(made, problems=(swapped, made.problems[1])),
        replace(made, problems=(replace(first, repeats=None), made.problems[1])),
    ]
    assert len({made.content_hash, *(other.content_hash for other in others)}) == 4


def test_missing_images(written: Path) -> None:
    rewritten(written, {b"rayzc_images": None})
    with pytest.raises(SuiteError) as error:
        read_suite(written)
    assert str(error.value) == (
        f"{written}: the images of its benchmark are missing; import, build or fetch the suite again"
    )


@pytest.mark.parametrize("images", [b"", b"\x01\x02", b"VPRom", b"0" * 100])
def test_damaged_images(written: Path, images: bytes) -> None:
    rewritten(written, {b"rayzc_images": images})
    with pytest.raises(
        SuiteError, match=r"built\.parquet: the images are damaged \(.*\); import, build or fetch"
    ):
        read_suite(written)


def test_another_recipe_is_noticed(written: Path) -> None:
    header = json.loads(pq.read_table(written).schema.metadata[b"rayzc_suite"])
    header["benchmark"]["recipe"]["epochs"] = 200
    rewritten(written, {b"rayzc_suite": json.dumps(header).encode()})
    with pytest.raises(SuiteError, match="the content does not match its recorded hash"):
        read_suite(written)


def test_a_malformed_benchmark(written: Path) -> None:
    header = json.loads(pq.read_table(written).schema.metadata[b"rayzc_suite"])
    del header["benchmark"]["tasks"]["turned"]["seed"]
    rewritten(written, {b"rayzc_suite": json.dumps(header).encode()})
    with pytest.raises(SuiteError, match="not a well-formed suite of schema 2: 'seed'"):
        read_suite(written)


def test_a_column_of_accuracies_that_is_missing(written: Path) -> None:
    with pq.ParquetFile(written) as file:
        images = file.metadata.metadata[b"rayzc_images"]
    table = pq.read_table(written).drop_columns(["accuracy:1"])
    assert isinstance(table, pa.Table)
    with pq.ParquetWriter(written, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({b"rayzc_images": images})
    with pytest.raises(SuiteError, match=r"not a well-formed suite of schema 2: .*accuracy:1"):
        read_suite(written)


def test_any_flipped_byte_is_noticed_or_harmless(written: Path) -> None:
    data, content = written.read_bytes(), built_suite().content_hash
    for place in range(4, len(data) - 4, max(1, len(data) // 150)):
        flipped = bytearray(data)
        flipped[place] ^= 0x55
        written.write_bytes(flipped)
        try:
            back = read_suite(written)
        except SuiteError:
            continue
        assert back.content_hash == content


def test_a_problem_without_rows(tmp_path: Path) -> None:
    empty = Problem("own", "t", (), (), np.empty((0, 0)), np.empty(0), repeats=np.empty((0, 2)))
    write_suite(Suite("none", (empty,)), tmp_path / "s.parquet")
    back = read_suite(tmp_path / "s.parquet").problems[0]
    assert back.repeats is not None
    assert back.repeats.shape == (0, 2)
    assert back.ceiling is None
