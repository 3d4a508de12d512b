"""Files that are not suites are told apart, and what the message says works."""

import gzip
import json
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rayzc.errors import SuiteError
from rayzc.problems import load_suite
from rayzc.problems.formats import FROM_TABLE, HEAD, described

TABLE = pd.DataFrame({"net": ["a", "b"], "flops": [1.5, 2.5], "top1": [90.0, 91.0]})


def written(path: Path) -> Path:
    if path.suffix == ".csv":
        TABLE.to_csv(path, index=False)
    elif path.suffix == ".tsv":
        TABLE.to_csv(path, index=False, sep="\t")
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("zc_own.json", "{}")
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(b"{}"))
    elif path.suffix == ".pickle":
        path.write_bytes(pickle.dumps({"a": 1}))
    elif path.suffix == ".parquet":
        TABLE.to_parquet(path)
    else:
        path.write_text("<html></html>")
    return path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("scores.csv", f"a CSV table; {FROM_TABLE}"),
        ("scores.tsv", f"a TSV table; {FROM_TABLE}"),
        ("scores.parquet", f"a Parquet file, but not a suite; {FROM_TABLE}"),
        ("scores.pickle", f"a Python pickle, which rayzc does not load; {FROM_TABLE}"),
        (
            "suite.zip",
            "a zip or another packed file; unpack it, and give the file or the folder that it contains",
        ),
        (
            "zc_own.json.gz",
            "a zip or another packed file; unpack it, and give the file or the folder that it contains",
        ),
        ("suite.html", "a web page, not the file itself: "),
    ],
)
def test_what_a_file_is_and_what_to_do(tmp_path: Path, name: str, message: str) -> None:
    path = written(tmp_path / name)
    with pytest.raises(SuiteError) as error:
        load_suite(path)
    assert str(error.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("content", ["scores.csv", "suite.zip", "scores.pickle", "page.html"])
def test_a_wrong_name_hides_nothing(tmp_path: Path, content: str) -> None:
    what = described(written(tmp_path / content).read_bytes()[:HEAD])
    for name in ("zc_own.json", "own.parquet"):
        path = tmp_path / name
        path.write_bytes((tmp_path / content).read_bytes())
        with pytest.raises(SuiteError) as error:
            load_suite(path)
        assert str(error.value) == f"{path}: {what}"


@pytest.mark.parametrize("head", [b"", b"{", b'{"a, b": 1}', b"[1, 2]", b"PAR1", b"nothing", b"\x00,\x01"])
def test_everything_else_is_left_to_the_readers(head: bytes) -> None:
    assert described(head) is None


def test_a_line_that_is_cut_off_in_a_character_is_text() -> None:
    assert described(("é" * 10 + ",").encode() + "é".encode()[:1]) == f"a CSV table; {FROM_TABLE}"


def test_the_advice_for_a_table_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word, from a CSV file to a suite."""
    monkeypatch.chdir(tmp_path)
    code = FROM_TABLE.partition(": ")[2]
    assert re.fullmatch(r"from rayzc\.problems import .*; write_suite\(.*\)", code)
    table = pd.read_csv(written(tmp_path / "scores.csv"))
    given = {
        "name": "mine",
        "space": "own",
        "task": "photos",
        "architectures": table["net"],
        "proxies": ["flops"],
        "scores": table[["flops"]],
        "accuracy": table["top1"],
    }
    exec(code, given)
    [problem] = load_suite("mine.parquet").problems
    assert (problem.name, problem.architectures, problem.proxies) == ("own/photos", ("a", "b"), ("flops",))
    assert problem.column("flops").tolist() == [1.5, 2.5]
    assert problem.accuracy.tolist() == [90.0, 91.0]
    assert len(np.unique(problem.groups)) == 2


def test_one_named_json_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "zc_own.json"
    path.write_text("  " + json.dumps({"t": {"a": {"flops": 1.0, "val_accuracy": 90.0}}}))
    assert load_suite(path).names == ("own/t",)
