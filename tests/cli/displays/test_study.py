"""What a user sees of a study."""

import io
from dataclasses import replace
from pathlib import Path
from signal import Signals

import numpy as np
import pytest
from rich.console import Console

from rayzc.cli.displays.study import StudyDisplay
from rayzc.cli.options import Output
from rayzc.cluster.studies import StudyProgress
from rayzc.ending import Ending, Reason
from rayzc.evolution.matrix import Judgement, Matrix
from rayzc.evolution.studies import Member, members
from rayzc.options import StudyOptions
from rayzc.problems import Suite
from rayzc.runs import Study
from tests.cli.displays.test_discovery import PROGRESS
from tests.evolution import samples

RESULT = {
    "best": {"expression": "flops"},
    "evaluations": 1000,
    "epochs": 5,
    "seconds": 9.0,
    "stopped": "epochs",
}


def suite() -> Suite:
    """Two problems of one space, and one of another."""
    own = samples.suite()
    return replace(own, problems=(*own.problems[:2], replace(own.problems[2], space="other")))


def study(options: StudyOptions, bootstrap: int = 4, fitted: bool = False) -> Study:
    """A study in which a formula has tau 0.1 times its place, plus 0.01 times the problem's."""
    planned = members(suite(), options)

    def judgement(member: Member) -> Judgement:
        taus = {name: 0.1 * member.place + 0.01 * place for place, name in enumerate(suite().names)}
        drawn = {name: tau + np.linspace(-0.1, 0.1, bootstrap) for name, tau in taus.items()}
        return Judgement(taus, drawn, frozenset(member.kind.problems) if fitted else frozenset())

    return Study(
        run=Path("runs/my study"),
        ending=Ending(Reason.ALL_BRED),
        members=planned,
        results=(RESULT,) * len(planned),
        matrix=Matrix(planned, [judgement(member) for member in planned]),
        unfinished=0,
        seconds=75.2,
        busy=0.973,
    )


def printed(result: Study, width: int = 200) -> list[str]:
    """The lines of a result."""
    screen = io.StringIO()
    console = Console(file=screen, width=width, color_system=None)
    StudyDisplay(Output()).print_result(result, console)
    return [line.rstrip() for line in screen.getvalue().splitlines()]


def test_a_matrix_by_space() -> None:
    assert printed(study(StudyOptions())) == [
        "Kendall's tau on networks that are new to the formulas; in brackets: what was left out",
        "bred on                   own           other         known           new",
        "─────────────────────────────────────────────────────────────────────────",
        "all but own    [0.005 ±0.095]    0.020 ±0.095  0.020 ±0.095  0.005 ±0.095",
        "all but other    0.105 ±0.095  [0.120 ±0.095]  0.105 ±0.095  0.120 ±0.095",
        "",
        "mean                                           0.077 ±0.095  0.043 ±0.095",
        "known, new: means over the problems that were bred on, and over those that were not",
        "",
        "±          half of the 95 % bootstrap interval over networks and seeds",
        "bred       2,000 formulas in 2 discoveries and 1:15, workers 97.3% busy",
        "stopped    all discoveries ended",
        "run        runs/my study",
    ]


def test_a_matrix_by_problem_with_settings_without_samples() -> None:
    options = StudyOptions(breed_on=("each-problem",), vary=("parsimony=0,0.001",))
    lines = printed(study(options, bootstrap=0, fitted=True))
    assert lines[0].endswith("; in brackets: what they were bred on")
    assert lines[1].split() == ["bred", "on", "1", "2", "3", "known", "new"]
    assert lines[4].split() == [
        *("1", "own/task-0,", "parsimony", "0.001", "[0.100*]", "0.110", "0.120", "0.100", "0.115")
    ]
    means = [line.split() for line in lines if line.startswith("mean")]
    assert means == [
        ["mean,", "parsimony", "0", "0.210", "0.210"],
        ["mean,", "parsimony", "0.001", "0.310", "0.310"],
    ]
    assert "*  on the networks that were bred on, as no others are left" in lines
    assert not any(line.startswith("±") for line in lines)


def test_all_problems_together_leave_nothing_new() -> None:
    lines = printed(study(StudyOptions(breed_on=("all",))))
    assert lines[0] == "Kendall's tau on networks that are new to the formulas"
    assert lines[3].split()[-1] == "-"
    assert not any(line.startswith("mean") for line in lines)


def test_no_name_and_no_number_is_cut_on_a_narrow_terminal() -> None:
    lines = printed(study(StudyOptions(breed_on=("all-but-one-problem",))), width=60)
    assert "…" not in "".join(lines)
    assert sum(line.startswith(" 1  all but own/task-0") for line in lines) == 3
    assert max(map(len, lines[1:8])) <= 60


def test_what_is_missing_after_a_signal(capsys: pytest.CaptureFixture[str]) -> None:
    part = replace(
        study(StudyOptions()), ending=Ending.interrupted_by(Signals.SIGINT), unfinished=3, busy=None
    )
    with pytest.raises(SystemExit) as ended:
        StudyDisplay(Output()).conclude(part)
    assert ended.value.code == 130
    captured = capsys.readouterr()
    assert "missing    3 discoveries without a result\n" in captured.out
    assert "and 1:15\n" in captured.out
    assert captured.err == "interrupted by SIGINT; to continue: rayzc resume 'runs/my study'\n"


class TestProgress:
    def progress(self, count: int) -> StudyProgress:
        planned = members(suite(), StudyOptions(repeats=count // 2))
        states = tuple((member, replace(PROGRESS, epoch=7 + member.place)) for member in planned)
        return StudyProgress(75.2, 104.9, states, 3, count + 3, 4321.9, (11, 12), 0.972)

    def test_a_line(self) -> None:
        assert StudyDisplay(Output()).line(self.progress(2)) == (
            "   1:15  3 of 5 discoveries ended  epoch 7 to 8    4,322 formulas/s  2 workers 97% busy  1:44 left"
        )

    def test_the_live_table_shows_those_furthest_behind(self) -> None:
        screen = io.StringIO()
        Console(file=screen, width=120, color_system=None).print(
            StudyDisplay(Output()).dashboard(self.progress(30))
        )
        text = screen.getvalue()
        assert text.count("all but ") == 20
        assert "all but own, seed 0 " in text
        assert "and 10 more" in text
