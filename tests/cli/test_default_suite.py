"""The suite of commands that name none: it comes with rayzc, and a line says that there is a better one."""

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import rayzc
from rayzc.errors import RunError
from rayzc.problems import DEFAULT_SUITE, load_suite
from tests.cli.conftest import Command
from tests.options.test_defaults import click_command

HINT = (
    "suite      mini-13, small networks on small images; for the public benchmark: --suite nbsz-13 "
    "(rayzc suite fetch nbsz-13)\n"
)
RUNS = {
    "discover": ("rayzc.cluster.discover", ()),
    "search": ("rayzc.cluster.searches.search", ("--formula", "flops")),
    "run": ("rayzc.cluster.pipeline.run", ()),
}
"""What a command calls, and what it cannot do without."""


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The suite that a command hands over: its run ends before it begins."""
    handed: dict[str, Any] = {}

    def called(*values: Any, **keywords: Any) -> None:
        handed["suite"] = values[-1]
        raise RunError("called")

    for target, _ in RUNS.values():
        monkeypatch.setattr(target, called)
    return handed


@pytest.mark.parametrize("name", RUNS)
class TestRuns:
    def test_use_the_suite_that_comes_with_rayzc_and_say_so(
        self, command: Command, given: Mapping[str, Any], name: str
    ) -> None:
        ended = command(name, *RUNS[name][1])
        assert given["suite"] == DEFAULT_SUITE
        assert (ended.out, ended.err) == ("", f"{HINT}rayzc: called\n")

    @pytest.mark.parametrize("option", ["--quiet", "--json"])
    def test_are_silent_when_asked_to_be(
        self, command: Command, given: Mapping[str, Any], name: str, option: str
    ) -> None:
        ended = command(name, *RUNS[name][1], option)
        assert given["suite"] == DEFAULT_SUITE
        assert (ended.out, ended.err) == ("", "rayzc: called\n")

    def test_say_nothing_of_a_suite_that_was_named(
        self, command: Command, given: Mapping[str, Any], name: str
    ) -> None:
        ended = command(name, *RUNS[name][1], "--suite", "mini-13")
        assert (given["suite"], ended.err) == ("mini-13", "rayzc: called\n")


def test_a_search_without_a_suite(command: Command, given: Mapping[str, Any]) -> None:
    ended = command("search", "--formula", "flops", "--suite", "none")
    assert (given["suite"], ended.err) == (None, "rayzc: called\n")


def test_a_problem_that_the_suite_lacks(command: Command) -> None:
    ended = command("search", "--formula", "flops", "--problems", "nasbench201/cifar10")
    assert ended.code == 2
    assert ended.err == (
        f"{HINT}rayzc: suite mini-13 has no problem 'nasbench201/cifar10'; --suite none (in Python suite=None) "
        "measures it without a suite\n"
    )


def test_a_search_of_networks_of_another_width(command: Command) -> None:
    ended = command("search", "--formula", "flops", "--width", 4)
    assert ended.code == 2
    assert ended.err == (
        f"{HINT}rayzc: the scores of a suite are those of its benchmark's networks and cannot be mixed with those of "
        "another width or depth: measure without a suite, --suite none (in Python suite=None), or leave out width and "
        "depth\n"
    )


def test_score(command: Command) -> None:
    names = set(load_suite(DEFAULT_SUITE).names)
    ended = command("score", "flops", "--bootstrap", 0)
    assert (ended.code, ended.err) == (0, HINT)
    assert names <= set(ended.out.split())
    ended = command("score", "flops", "--bootstrap", 0, "--json")
    assert (ended.code, ended.err) == (0, "")
    assert set(json.loads(ended.out)["problems"]) == names
    ended = command("score", "flops", "--bootstrap", 0, "--suite", DEFAULT_SUITE)
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize("arguments", [(), (DEFAULT_SUITE,)])
def test_info(command: Command, arguments: tuple[str, ...]) -> None:
    """What it is, how it was measured, when, with which versions, on which images, and its ceiling."""
    suite = load_suite(DEFAULT_SUITE)
    assert suite.benchmark is not None
    ended = command("suite", "info", *arguments)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("mini-13: 13 problems, content ")
    assert any(line.startswith("origin: built by rayzc ") and " with torch " in line for line in lines)
    assert any(line.startswith("date: 20") for line in lines)
    assert any(line.startswith("measured: ") and "training images of each task" in line for line in lines)
    assert any(line.startswith("recipe: epochs ") for line in lines)
    assert any(line.startswith("trainings of each network: ") for line in lines)
    for name, about in suite.benchmark.images.items():
        assert f"{name}: {about}" in lines
    for problem in suite.problems:
        assert any(line.split() and line.split()[0] == problem.name for line in lines)
        assert f"{problem.ceiling:.3f}" in ended.out


@pytest.mark.parametrize("function", [rayzc.discover, rayzc.search, rayzc.run, rayzc.score])
def test_functions_and_commands_have_one_suite_by_default(function: Callable[..., Any]) -> None:
    assert inspect.signature(function).parameters["suite"].default == DEFAULT_SUITE
    (option,) = [option for option in click_command(function.__name__).params if "--suite" in option.opts]
    assert option.help.endswith(f"\\[default: {DEFAULT_SUITE}][/dim]")
