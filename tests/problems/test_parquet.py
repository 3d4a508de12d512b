import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from rayzc.documents import replacing
from rayzc.errors import SuiteError
from rayzc.problems import Suite, read_suite, write_suite
from rayzc.problems.formats import SUITE_FILES
from tests.problems.samples import identical, problem, suite, suites


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "small.parquet"
    write_suite(suite(), path)
    return path


def rewritten(path: Path, **header: object) -> Path:
    """The same table, its header changed."""
    table = pq.read_table(path)
    changed = json.loads(table.schema.metadata[b"rayzc_suite"]) | header
    pq.write_table(table.replace_schema_metadata({b"rayzc_suite": json.dumps(changed).encode()}), path)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(original=suites())
def test_round_trip_bit_for_bit(tmp_path: Path, original: Suite) -> None:
    write_suite(original, tmp_path / "s.parquet")
    back = read_suite(tmp_path / "s.parquet")
    assert identical(back, original)
    assert back.content_hash == original.content_hash


def test_signed_zero_infinities_and_missing(tmp_path: Path) -> None:
    base = problem(rows=4, proxies=("nwot",))
    scores = np.array([[-0.0], [-np.inf], [np.nan], [5e-324]])
    original = suite(
        type(base)("own", "t", base.architectures, ("nwot",), scores, base.accuracy, base.groups)
    )
    write_suite(original, tmp_path / "s.parquet")
    back = read_suite(tmp_path / "s.parquet").problems[0].scores
    assert back.view(np.int64)[[0, 1, 3]].tolist() == scores.view(np.int64)[[0, 1, 3]].tolist()
    assert np.isnan(back[2, 0])
    column = pq.read_table(tmp_path / "s.parquet").column("proxy:nwot")
    assert column.null_count == 1


def test_schema_is_plain_and_described(written: Path) -> None:
    table = pq.read_table(written)
    assert table.column_names == [
        *("space", "task", "architecture", "accuracy", "group"),
        *("proxy:flops", "proxy:jacov", "proxy:params"),
    ]
    header = json.loads(table.schema.metadata[b"rayzc_suite"])
    assert header["schema_version"] == 1
    assert header["name"] == "small"
    assert header["metadata"] == {"origin": "a test"}
    assert header["content_hash"] == suite().content_hash
    first = {"space": "own", "task": "cifar10", "architectures": 8, "proxies": ["flops", "jacov", "params"]}
    assert header["problems"][0] == first
    assert pq.ParquetFile(written).metadata.row_group(0).column(0).compression == "ZSTD"


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as error:
        read_suite(tmp_path / "gone.parquet")
    assert str(error.value) == f"{tmp_path}/gone.parquet: no such file"


def test_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "suite.parquet"
    path.write_bytes(b"\x00\x01\x02")
    with pytest.raises(SuiteError) as error:
        read_suite(path)
    assert str(error.value) == f"{path}: not a Parquet file; {SUITE_FILES}"


def test_foreign_parquet(tmp_path: Path) -> None:
    path = tmp_path / "suite.parquet"
    pq.write_table(pa.table({"x": [1, 2]}), path)
    with pytest.raises(SuiteError) as error:
        read_suite(path)
    assert str(error.value) == (
        f"{path}: a Parquet file, but not a suite; make a suite of it in Python: from rayzc.problems import Problem, "
        "Suite, write_suite; write_suite(Suite(name, [Problem(space, task, architectures, proxies, scores, "
        "accuracy)]), 'mine.parquet')"
    )


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_file(written: Path, share: float) -> None:
    data = written.read_bytes()
    written.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(SuiteError) as error:
        read_suite(written)
    assert str(error.value) == (
        f"{written}: the Parquet file ends too early, it was cut off; import or fetch it again"
    )


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "s.parquet").touch()
    with pytest.raises(SuiteError, match="not a Parquet file"):
        read_suite(tmp_path / "s.parquet")


def test_any_flipped_byte_is_noticed_or_harmless(written: Path) -> None:
    data = written.read_bytes()
    noticed = 0
    for place in range(4, len(data) - 4, max(1, len(data) // 150)):
        flipped = bytearray(data)
        flipped[place] ^= 0x55
        written.write_bytes(flipped)
        try:
            back = read_suite(written)
        except SuiteError:
            noticed += 1
        else:
            assert back.content_hash == suite().content_hash
    assert noticed > 50


def test_altered_content_is_refused(written: Path) -> None:
    rewritten(written, content_hash="0" * 64)
    with pytest.raises(SuiteError) as error:
        read_suite(written)
    assert str(error.value) == (
        f"{written}: the content does not match its recorded hash, so the file was altered or damaged; import or "
        "fetch the suite again"
    )


def test_newer_schema_is_refused_with_reason(written: Path) -> None:
    rewritten(written, schema_version=3)
    with pytest.raises(SuiteError) as error:
        read_suite(written)
    assert str(error.value) == (
        f"{written}: written under schema 3 by a newer rayzc; this version reads up to schema 2: upgrade rayzc, or "
        "import the suite again"
    )


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"schema_version": "1"}, ": the suite's metadata are malformed: schema version '1'"),
        (
            {"problems": []},
            ": not a well-formed suite of schema 1: the table has 16 rows, the problems have 0",
        ),
        ({"problems": [{}]}, ": not a well-formed suite of schema 1: 'space'"),
        ({"problems": 7}, ": not a well-formed suite of schema 1: 'int' object is not iterable"),
        (
            {"problems": [{"space": "own", "task": "x", "architectures": 16, "proxies": []}]},
            ": not a well-formed suite of schema 1: rows 0 to 16 are not all of own/x",
        ),
    ],
)
def test_malformed_metadata_are_refused(written: Path, header: dict[str, object], message: str) -> None:
    rewritten(written, **header)
    with pytest.raises(SuiteError) as error:
        read_suite(written)
    assert str(error.value) == f"{written}{message}"


def test_missing_column_is_refused(written: Path) -> None:
    table = pq.read_table(written)
    pq.write_table(table.drop_columns(["accuracy"]), written)
    with pytest.raises(SuiteError, match=r"not a well-formed suite of schema 1: .*accuracy"):
        read_suite(written)


def test_a_failed_write_leaves_the_old_file(written: Path) -> None:
    before = written.read_bytes()

    def interrupted() -> None:
        with replacing(written) as temporary:
            temporary.write_bytes(b"half")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        interrupted()
    assert written.read_bytes() == before
    assert [file.name for file in written.parent.iterdir()] == [written.name]


def test_a_new_file_has_the_usual_permissions(written: Path) -> None:
    plain = written.with_name("plain")
    plain.touch()
    assert written.stat().st_mode == plain.stat().st_mode


def test_unwritable_place(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="cannot be written: No such file or directory"):
        write_suite(suite(), tmp_path / "gone" / "s.parquet")


def test_real_suite_comes_back(tmp_path: Path, real_suite: Suite) -> None:
    path = tmp_path / "real.parquet"
    write_suite(real_suite, path)
    assert identical(read_suite(path), real_suite)
