"""What a file of a named suite must be, and what is said of one that is not."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rayzc.errors import SuiteError
from rayzc.problems import NAMED_SUITES, Suite
from rayzc.problems.checks import Checked, check
from rayzc.problems.nas_bench_suite_zero import SuiteFile, read_json
from tests.performance.suite_files import write_suite_files

NAMED = NAMED_SUITES["nbsz-13"]
FILES = {file.name: file for file in NAMED.files}
NB201 = "zc_nasbench201.json"
MICRO = "zc_transbench101_micro.json"

Tasks = dict[str, dict[str, dict[str, Any]]]
Change = Callable[[Tasks], None]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_suite_files(folder, scale=0.005)
    return folder


@pytest.fixture
def checked(files: Path, tmp_path: Path) -> Callable[[str, Change], Checked]:
    """Checks a file after a change."""

    def run(name: str, change: Change) -> Checked:
        tasks = json.loads((files / name).read_text())
        change(tasks)
        (tmp_path / name).write_text(json.dumps(tasks))
        return check(read_json(tmp_path / name), FILES[name], NAMED)

    return run


def each(task: str, change: Callable[[dict[str, Any]], object], most: int | None = None) -> Change:
    """Changes the entries of a task, or its first ones."""

    def changed(tasks: Tasks) -> None:
        for entry in list(tasks[task].values())[:most]:
            change(entry)

    return changed


def cut(task: str, rows: int) -> Change:
    def changed(tasks: Tasks) -> None:
        tasks[task] = dict(list(tasks[task].items())[:rows])

    return changed


def without(*proxies: str) -> Callable[[dict[str, Any]], object]:
    return lambda entry: [entry.pop(proxy) for proxy in proxies]


def disjoint(tasks: Tasks) -> None:
    """Takes one proxy from some architectures, and another from all others."""
    for number, entry in enumerate(tasks["cifar10"].values()):
        entry.pop("snip" if number < 40 else "zen")


def nothing(tasks: Tasks) -> None:
    return


@pytest.mark.parametrize("name", FILES)
def test_a_file_as_it_should_be(checked: Callable[[str, Change], Checked], name: str) -> None:
    result = checked(name, nothing)
    assert result.passed[2:] == ("13 proxies", "ranges")
    assert len(result.notes) == 1


def test_smaller_and_poorer_files_are_taken_and_noted(checked: Callable[[str, Change], Checked]) -> None:
    result = checked(NB201, each("cifar10", without("nwot", "zen")))
    assert result.passed == ("3 problems", "79 architectures", "11 proxies", "ranges")
    assert result.notes == ("smaller than published: all scores on 79 of 15,625", "without nwot, zen")
    result = checked(NB201, each("cifar10", without("snip"), most=60))
    assert result.notes == ("smaller than published: all scores on 19 of 15,625",)


def test_sentinels_and_strays_are_no_failure(checked: Callable[[str, Change], Checked]) -> None:
    def disconnected(entry: dict[str, Any]) -> None:
        entry.update({proxy: {"score": -1e8} for proxy in ("jacov", "zen", "fisher")})
        entry["nwot"] = {"score": float("-inf")}

    checked(NB201, each("cifar10", disconnected, most=40))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            NB201,
            lambda tasks: tasks.pop("cifar100"),
            "it lacks nasbench201/cifar100; it has nasbench201/ImageNet16-120, nasbench201/cifar10",
        ),
        (
            NB201,
            cut("cifar10", 9),
            "nasbench201/cifar10 has 9 architectures with an accuracy, at least 10 are needed",
        ),
        (
            NB201,
            each("cifar10", lambda entry: entry.update(val_accuracy=101.5), most=5),
            "nasbench201/cifar10: 5 of 79 accuracies are outside of 0 to 100 (they are ",
        ),
        (
            MICRO,
            each("room_layout", lambda entry: entry.update(val_accuracy=-entry["val_accuracy"])),
            "transbench101_micro/room_layout: 21 of 21 accuracies are outside of -100 to 0 (they are ",
        ),
        (
            NB201,
            each("cifar10", lambda entry: entry.update(val_accuracy=90.0)),
            "nasbench201/cifar10 has 1 different accuracy for 79 architectures, at least 10 are needed",
        ),
        (
            NB201,
            each("cifar100", lambda entry: entry["params"].update(score=entry["params"]["score"] * 1e6)),
            "nasbench201/cifar100: 79 of 79 scores of params are outside of 0.001 to 1000 (they are ",
        ),
        (
            NB201,
            each("cifar10", without("snip", "zen", "nwot", "plain", "grasp")),
            "nasbench201/cifar10 has 8 of 13 proxies on at least 10 architectures, at least 9 are needed; it lacks "
            "grasp, nwot, plain, snip, zen",
        ),
        (
            NB201,
            each("cifar10", without("snip"), most=74),
            None,
        ),
        (
            NB201,
            disjoint,
            "nasbench201/cifar10 has 0 architectures with scores of all of its 13 proxies, at least 10 are needed",
        ),
    ],
    ids=["problem", "size", "percent", "sign", "constant", "unit", "proxies", "missing", "rows"],
)
def test_what_is_refused_is_refused_with_numbers(
    checked: Callable[[str, Change], Checked], name: str, change: Change, message: str | None
) -> None:
    if message is None:
        assert checked(name, change).notes[-1] == "without snip"
        return
    with pytest.raises(SuiteError, match=f"^{re.escape(message)}"):
        checked(name, change)


def test_the_real_files_pass(real_suite: Suite) -> None:
    for name, file in FILES.items():
        problems = tuple(real_suite.problem(problem) for problem in NAMED.problems_of(file))
        result = check(SuiteFile(name, problems, 0), file, NAMED)
        assert result.passed[-1] == "ranges"
        assert result.notes[0].startswith("smaller than published: all scores on ")
