"""The discoveries of a study: what each is bred on, with which settings and seed, in which folder."""

import re
from dataclasses import replace

import pytest

from rayzc.errors import RunError
from rayzc.evolution.studies import Kind, Member, members
from rayzc.options import Settings, StudyOptions
from rayzc.problems import Suite
from tests.evolution import samples


def two_spaces() -> Suite:
    """Two problems of one space, and one of another."""
    own = samples.suite()
    return replace(own, problems=(*own.problems[:2], replace(own.problems[2], space="other")))


def test_every_way_to_choose_problems() -> None:
    a, b, c = two_spaces().names
    assert (a, b, c) == ("own/task-0", "own/task-1", "other/task-2")
    expected = {
        "all": {"all": (a, b, c)},
        "each-problem": {a: (a,), b: (b,), c: (c,)},
        "each-space": {"own": (a, b), "other": (c,)},
        "all-but-one-problem": {f"all but {a}": (b, c), f"all but {b}": (a, c), f"all but {c}": (a, b)},
        "all-but-one-space": {"all but own": (c,), "all but other": (a, b)},
    }
    for breed_on, choices in expected.items():
        planned = members(two_spaces(), StudyOptions(breed_on=(breed_on,)))
        assert {member.kind.bred_on: member.kind.problems for member in planned} == choices
        assert [member.place for member in planned] == [*range(len(choices))]
    together = members(two_spaces(), StudyOptions(breed_on=(*expected, "all")))
    assert len(together) == sum(map(len, expected.values()))


def test_every_combination_of_settings_and_seeds() -> None:
    options = StudyOptions(
        breed_on=("all",),
        vary=("parsimony=0,0.001", "selection=lexicase,tournament+lexicase"),
        repeats=2,
        settings=Settings(seed=7, islands=3),
    )
    planned = members(samples.suite(), options)
    assert [(m.settings.parsimony, m.settings.selection, m.settings.seed) for m in planned] == [
        (parsimony, selection, seed)
        for parsimony in (0.0, 0.001)
        for selection in (("lexicase",), ("tournament", "lexicase"))
        for seed in (7, 8)
    ]
    assert {member.settings.islands for member in planned} == {3}
    assert planned[-1].title == "all, parsimony 0.001, selection tournament+lexicase, seed 8"
    assert planned[-1].folder == "008-all-parsimony-0.001-selection-tournament-lexicase-seed-8"
    assert len({member.kind for member in planned}) == 4


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/..", ".hidden", "space of mine", "ünï/çödé", "a" * 300]
)
def test_a_folder_is_harmless_whatever_a_problem_is_called(name: str) -> None:
    folder = Member(0, Kind("each-problem", name, (name,), ()), Settings()).folder
    assert re.fullmatch(r"001-[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", folder)
    assert len(folder) <= 110


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("parsimony", "vary is 'parsimony'; write a setting and values, such as parsimony=0,0.001"),
        ("parsimony=", "vary is 'parsimony='; write a setting and values, such as parsimony=0,0.001"),
        ("parsimony=0,,1", "vary is 'parsimony=0,,1'; write a setting and values, such as parsimony=0,0.001"),
        ("parsimny=0,1", "there is no setting 'parsimny' to vary; did you mean 'parsimony'?"),
        ("seed=0,1", "there is no setting 'seed' to vary; "),
        ("islands=2,2.5", "vary: islands cannot be '2.5'; it must be a whole number"),
        ("parsimony=a", "vary: parsimony cannot be 'a'; it must be a number"),
        ("parsimony=0,0.0", "vary is 'parsimony=0,0.0': a value is there twice"),
        ("parsimony=0,2", "parsimony is 2; it must lie between 0 and 1"),
        ("topology=ring,rng", "unknown topology 'rng'; did you mean 'ring'?"),
    ],
)
def test_mistakes(given: str, message: str) -> None:
    with pytest.raises(RunError, match=f"^{re.escape(message)}"):
        members(samples.suite(), StudyOptions(vary=(given,), breed_on=("all",)))


def test_a_setting_twice() -> None:
    with pytest.raises(RunError, match="a setting is varied twice"):
        members(samples.suite(), StudyOptions(vary=("islands=2", "islands=3"), breed_on=("all",)))


def test_nothing_is_left_of_one_space() -> None:
    with pytest.raises(RunError, match="leaves nothing to breed on: suite small has only own here"):
        members(samples.suite(), StudyOptions())
