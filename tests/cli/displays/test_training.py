"""The display of ``rayzc train``."""

import math
from dataclasses import replace
from pathlib import Path
from signal import Signals

import pytest
from rich.console import Console

from rayzc.cli.displays.training import TrainDisplay
from rayzc.cli.options import Output
from rayzc.cluster.training import TrainingProgress, TrainProgress
from rayzc.cluster.training.progress import ProgressReporter, State
from rayzc.ending import Ending, Reason
from rayzc.training.results import Trained, TrainedNetwork, TrainResults

NAME = "nasbench201:(4, 3, 3, 3, 2, 3)"
HALF = Trained(0.5, 0.75, (2.0, 1.0), 4.0, 2, finished=False)
WHOLE = Trained(0.625, 0.875, (2.0, 1.0, 0.5, 0.25), 8.0, 4)
ROWS = (
    TrainingProgress(NAME, 0, 4, State.ENDED, WHOLE),
    TrainingProgress(NAME, 1, 4, State.TRAINING, HALF),
    TrainingProgress("mine:make", 0, 4, State.FAILED),
    TrainingProgress("mine:make", 1, 4),
)
PROGRESS = TrainProgress(65.0, 125.0, ROWS, 1)


def printed(width: int = 120, **changes: object) -> str:
    networks = (
        TrainedNetwork(NAME, {0: WHOLE, 1: replace(WHOLE, accuracy=0.75)}, {0: Path("a"), 1: Path("b")}, {}),
        TrainedNetwork(
            "mine:make",
            {
                0: Trained(
                    math.nan,
                    0.1,
                    (math.nan,),
                    1.0,
                    1,
                    "the loss is not finite after epoch 1",
                    notes=("no head",),
                )
            },
            {0: Path("c")},
            {1: "out of memory"},
        ),
    )
    result = TrainResults(networks, Path("runs/x"), Ending(Reason.ALL_TRAINED), 75.0, 2)
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    TrainDisplay(Output()).print_result(replace(result, **changes), console)  # type: ignore[arg-type]
    return console.export_text()


def test_the_line() -> None:
    display = TrainDisplay(Output())
    assert display.line(PROGRESS).split("  ") == [
        "",
        " 1:05",
        "6 of 16 epochs",
        "1 of 4 trainings ended",
        "accuracy 0.500",
        "1 failed",
        "1 restarted",
        "2:05 left",
    ]
    assert "starting 1 training" in display.line(TrainProgress(3.0, None, ROWS[3:], 0))


def test_the_dashboard() -> None:
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    many = replace(PROGRESS, trainings=ROWS[:2] + 30 * ROWS[3:])
    console.print(TrainDisplay(Output()).dashboard(many))
    lines = console.export_text().splitlines()
    (row,) = [line for line in lines if "2/4" in line]
    assert row.split()[-6:] == ["1", "2/4", "1.000", "0.750", "0.500", "training"]
    assert lines.index(row) < next(place for place, line in enumerate(lines) if "4/4" in line)
    assert lines[-1] == "and 12 more"


def test_the_result() -> None:
    text = printed()
    assert f"{NAME}  0.6875 ± 0.0884  0.6250 0.7500       8  0:16" in text
    assert "note: mine:make, seed 0: the loss is not finite after epoch 1" in text
    assert "note: mine:make, seed 0: no head" in text
    assert "failed: mine:make, seed 1: out of memory" in text
    assert "runs/x, 1:15, all trainings ended; 2 workers lost and replaced" in text


def test_a_narrow_terminal_keeps_the_accuracy() -> None:
    assert "0.6875 ± 0.0884" in printed(width=50)
    assert "0:16" not in printed(width=50)


def test_json_has_no_nan() -> None:
    diverged = Trained(math.nan, 0.1, (math.nan,), 1.0, 1, "the loss is not finite after epoch 1")
    assert diverged.to_json()["accuracy"] is None
    assert diverged.to_json()["losses"] == [None]


def test_the_results_of_a_run_that_was_interrupted() -> None:
    result = TrainResults((), Path("runs/x"), Ending.interrupted_by(Signals.SIGTERM), 1.0)
    assert result.interrupted is Signals.SIGTERM
    assert result.best is None
    assert result.to_table().num_rows == 0


def test_the_time_that_is_left() -> None:
    heard: list[TrainProgress] = []
    reporter = ProgressReporter(ROWS, 0.0, None, heard.append)
    reporter.parallel = 2
    reporter.report(always=True)
    # Two epochs of two seconds are left of one, four of the last; two run at a time, but none is divided.
    assert heard[-1].seconds_left == pytest.approx(8.0)
    reporter.parallel = 1
    reporter.report(always=True)
    assert heard[-1].seconds_left == pytest.approx(12.0)
