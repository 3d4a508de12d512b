import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rayzc.errors import SuiteError
from rayzc.problems.formats import SUITE_FILES
from rayzc.problems.nas_bench_suite_zero import read_json
from tests.problems.samples import entry, write_json

WEB_PAGE = (
    "a web page, not the file itself: a server sends a page if it requires a login or a confirmation, or if the file "
    "has moved; open the address in a browser, and save the file from there"
)
CELL, OTHER = "(2, 1, 1, 1, 0, 1)", "(3, 3, 1, 1, 0, 1)"


def read_one(path: Path, document: Any, name: str = "zc_nasbench201.json") -> Any:
    file = read_json(write_json(path / name, document))
    assert len(file.problems) == 1
    return file.problems[0]


def test_scored_entries_task_first(tmp_path: Path) -> None:
    problem = read_one(
        tmp_path, {"cifar10": {CELL: entry(90.5, flops=1.5, zen=2.0), OTHER: entry(80.0, flops=3.0)}}
    )
    assert problem.name == "nasbench201/cifar10"
    assert problem.architectures == (CELL, OTHER)
    assert problem.proxies == ("flops", "zen")
    assert problem.accuracy.tolist() == [90.5, 80.0]
    np.testing.assert_array_equal(problem.scores, [[1.5, 2.0], [3.0, np.nan]])


def test_bare_numbers_space_first(tmp_path: Path) -> None:
    """The space comes from the nesting, whatever the file is called."""
    document = {"nasbench201": {"cifar10": {CELL: {"flops": 1.5, "synflow": 2, "val_accuracy": 93.1}}}}
    problem = read_one(tmp_path, document, "old.json")
    assert problem.name == "nasbench201/cifar10"
    assert problem.scores.tolist() == [[1.5, 2.0]]
    assert problem.accuracy.tolist() == [93.1]


def test_all_four_dialects_are_one_problem(tmp_path: Path) -> None:
    bare = {"flops": 1.5, "zen": -1e8, "val_accuracy": 93.1}
    scored = entry(93.1, flops=1.5, zen=-1e8)
    problems = [
        read_one(
            tmp_path, {"nasbench201": {"cifar10": {CELL: form}}} if space_first else {"cifar10": {CELL: form}}
        )
        for form in (bare, scored)
        for space_first in (True, False)
    ]
    assert {problem.name for problem in problems} == {"nasbench201/cifar10"}
    assert {problem.scores.tobytes() for problem in problems} == {problems[0].scores.tobytes()}
    assert {problem.proxies for problem in problems} == {("flops", "zen")}


def test_spaces_and_tasks_of_one_file(tmp_path: Path) -> None:
    table = {CELL: entry(flops=1.0)}
    document = {
        "nasbench201": {"cifar100": table, "cifar10": table},
        "own": {"task": {"x": entry(flops=1.0)}},
    }
    file = read_json(write_json(tmp_path / "all.json", document))
    names = [problem.name for problem in file.problems]
    assert names == ["nasbench201/cifar10", "nasbench201/cifar100", "own/task"]


def test_sentinels_infinities_and_nan(tmp_path: Path) -> None:
    path = tmp_path / "zc_own.json"
    path.write_text(
        '{"t": {"a": {"nwot": {"score": -Infinity}, "zen": {"score": -1e8}, "grasp": NaN, "snip": null,'
        ' "flops": {"time": 0.1}, "synflow": Infinity, "jacov": -0.0, "val_accuracy": 1},'
        ' "b": {"flops": {"score": 1, "time": 2, "device": "cpu"}, "val_accuracy": {"score": 2}}}}'
    )
    problem = read_json(path).problems[0]
    first = dict(zip(problem.proxies, problem.scores[0].tolist(), strict=True))
    assert first["nwot"] == -math.inf
    assert first["zen"] == -1e8
    assert first["synflow"] == math.inf
    assert math.copysign(1.0, first["jacov"]) == -1.0
    assert all(math.isnan(first[proxy]) for proxy in ("grasp", "snip", "flops"))
    assert problem.column("flops")[1] == 1.0
    assert problem.accuracy.tolist() == [1.0, 2.0]
    assert problem.has == {"nwot", "zen", "synflow", "jacov", "flops"}


def test_fields_that_are_no_proxies(tmp_path: Path) -> None:
    fields = {
        "idx": 3,
        "arch": "x",
        "id": "7",
        "train_time": 5.0,
        "test_accuracy": 80.0,
        "val_loss": 0.2,
        "cost": {},
    }
    problem = read_one(tmp_path, {"cifar10": {CELL: {**entry(flops=1.0), **fields}}})
    assert problem.proxies == ("flops",)


def test_zero_padding_of_macro_encodings(tmp_path: Path) -> None:
    document = {"jigsaw": {"(4, 3, 3, 2, 0, 0)": entry(flops=1.0), "(4, 3, 3, 2, 4, 1)": entry(flops=2.0)}}
    problem = read_one(tmp_path, document, "zc_transbench101_macro.json")
    assert problem.architectures == ("(4, 3, 3, 2)", "(4, 3, 3, 2, 4, 1)")


def test_entries_without_accuracy_are_dropped_and_counted(tmp_path: Path) -> None:
    table = {CELL: entry(flops=1.0), OTHER: entry(None, flops=2.0), "(0, 0, 0, 0, 0, 0)": entry(float("nan"))}
    file = read_json(write_json(tmp_path / "zc_nasbench201.json", {"cifar10": table}))
    assert file.problems[0].architectures == (CELL,)
    assert file.dropped == 2


def test_unknown_space_keeps_its_encodings(tmp_path: Path) -> None:
    problem = read_one(tmp_path, {"t": {"any text": entry(flops=1.0)}}, "zc_own.json")
    assert problem.architectures == ("any text",)
    assert problem.name == "own/t"


def test_byte_order_mark_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "zc_own.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"t": {"a": entry(flops=1.0)}}).encode())
    assert read_json(path).problems[0].architectures == ("a",)


FINE = entry(flops=1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"t": {"a": {"flops":',
            ", line 1, column 22: the file ends too early, it was cut off; fetch or copy the file again",
        ),
        (
            '{"t":\n {"a": {"fl',
            ", line 2, column 9: the file ends too early, it was cut off; fetch or copy the file again",
        ),
        ("", ", line 1, column 1: the file ends too early, it was cut off; fetch or copy the file again"),
        (
            '{"t": {"a" 1}}',
            ", line 1, column 12: not JSON: Expecting ':' delimiter; fetch or copy the file again",
        ),
        ("nothing", ", line 1, column 1: not JSON: Expecting value; fetch or copy the file again"),
        ("<html>", f": {WEB_PAGE}"),
        ("\n <!DOCTYPE html><html></html>", f": {WEB_PAGE}"),
        ("\ufeff<?xml version='1.0'?><html></html>", f": {WEB_PAGE}"),
        ("[1]", ": expected an object with tasks or search spaces, not [1]"),
        ("{}", ": expected an object with tasks or search spaces, not {}"),
        ('{"t": {}}', ": 't' should hold architectures, but is {}"),
        ('{"t": 7}', ": 't' should hold architectures, but is 7"),
        (
            '{"own": {"t": {"a": {"flops": 1, "val_accuracy": 1}}, "u": {}}}',
            ": 'own', 'u' should hold architectures, but is {}",
        ),
        ('{"t": {"a": 7}}', ": own/t: entry 'a' is 7, expected an object of scores"),
        (
            '{"t": {"a": {"flops": {"score": "x"}, "val_accuracy": 1}}}',
            ": own/t, entry 'a', key 'flops': \"x\" is not a number",
        ),
        (
            '{"t": {"a": {"flops": "1.5", "val_accuracy": 1}}}',
            ": own/t, entry 'a', key 'flops': \"1.5\" is not a number",
        ),
        (
            '{"t": {"a": {"flops": true, "val_accuracy": 1}}}',
            ": own/t, entry 'a', key 'flops': true is not a number",
        ),
        (
            '{"t": {"a": {"flops": [1], "val_accuracy": 1}}}',
            ": own/t, entry 'a', key 'flops': [1] is not a number",
        ),
        (
            '{"t": {"a": {"flops": 1, "val_accuracy": "9"}}}',
            ": own/t, entry 'a', key 'val_accuracy': \"9\" is not a number",
        ),
        (
            '{"t": {"a": {"flops": 1, "val_accuracy": 1e999}}}',
            ": own/t, entry 'a', key 'val_accuracy': inf is not finite",
        ),
        (
            '{"t": {"a": {"flops": 1' + "0" * 400 + ', "val_accuracy": 1}}}',
            ": own/t, entry 'a', key 'flops': the number is too large",
        ),
        (
            '{"t": {"a": {"flops": 1}}}',
            ": own/t: its only entry has no 'val_accuracy'; add the accuracy of each network under this key",
        ),
        (
            '{"t": {"a": {"flops": 1}, "b": {"flops": 2}}}',
            ": own/t: none of its 2 entries has a 'val_accuracy'; add the accuracy of each network under this key",
        ),
        (
            '{"t": {"a": {"flops": 1, "flops": 2, "val_accuracy": 1}}}',
            ": key 'flops' appears twice in an object; remove one of them",
        ),
        (
            '{"t": {"a": {"flops": 1, "val_accuracy": 1}, "a": {"flops": 1, "val_accuracy": 1}}}',
            ": key 'a' appears twice in an object; remove one of them",
        ),
        (
            '{"t": {"\\ud800": {"flops": 1, "val_accuracy": 1}}}',
            ": own/t: '\\ud800' in a name is not a Unicode character; rename it in the file",
        ),
        ("[" * 100_000, f": objects are nested too deep for a suite; {SUITE_FILES}"),
    ],
)
def test_bad_files_are_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "zc_own.json"
    path.write_text(text)
    with pytest.raises(SuiteError) as error:
        read_json(path)
    assert str(error.value) == f"{path}{message}"


def test_bad_encoding_is_refused_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as error:
        read_one(tmp_path, {"cifar10": {"(9, 1, 1, 1, 1, 1)": FINE}})
    assert str(error.value).startswith(
        f"{tmp_path}/zc_nasbench201.json: nasbench201/cifar10: nasbench201 encoding '(9, 1, 1, 1, 1, 1)': edge 0->1"
    )


def test_two_texts_of_one_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as error:
        read_one(
            tmp_path,
            {"jigsaw": {"(4, 3, 3, 2)": FINE, "(4, 3, 3, 2, 0)": FINE}},
            "zc_transbench101_macro.json",
        )
    assert str(error.value) == (
        f"{tmp_path}/zc_transbench101_macro.json: transbench101_macro/jigsaw: architecture '(4, 3, 3, 2)' appears "
        "twice, once as '(4, 3, 3, 2, 0)'"
    )


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as error:
        read_json(tmp_path / "zc_own.json")
    assert str(error.value) == f"{tmp_path}/zc_own.json: no such file"


def test_binary_file(tmp_path: Path) -> None:
    path = tmp_path / "zc_own.json"
    path.write_bytes(b"{\xff\xfe")
    with pytest.raises(SuiteError) as error:
        read_json(path)
    assert str(error.value) == f"{path}: byte 1 is not UTF-8, so this is not a JSON file; {SUITE_FILES}"


def test_file_that_does_not_say_its_space(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as error:
        read_one(tmp_path, {"cifar10": {CELL: FINE}}, "scores.json")
    assert str(error.value) == (
        f"{tmp_path}/scores.json: the search space is neither in the file nor in its name; name it "
        "zc_<space>.json, for example zc_nasbench201.json"
    )
