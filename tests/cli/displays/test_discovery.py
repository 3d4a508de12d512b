"""What a user sees of a discovery."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from signal import Signals

import pytest
from rich.console import Console

from rayzc.cli import output as output_module
from rayzc.cli.displays.discovery import DiscoveryDisplay as Display
from rayzc.cli.options import Output
from rayzc.cli.output import plain_console
from rayzc.cluster.islands.progress import Progress
from rayzc.evolution import assess
from rayzc.formula import Formula
from rayzc.problems import Suite
from rayzc.runs import Discovery, Ending, HallOfFame, Reason
from tests.evolution import samples

HALL = HallOfFame.of([samples.evolved(4)])
BEST = HALL.best[0]
PROGRESS = Progress(
    seconds=75.2,
    seconds_left=104.9,
    epoch=12,
    best=BEST,
    front=HALL.front,
    evaluations=123_456,
    scored=100_000,
    known=30_000,
    per_second=4321.9,
    processes=(11, 12),
    workers_lost=1,
    occupation=0.034,
)
DISCOVERY = Discovery(
    run=Path("runs/my run"),
    ending=Ending(Reason.TIME_LIMIT),
    best=assess(Formula(BEST.tokens), samples.suite()),
    held_out=None,
    hall_of_fame=HALL,
    problems=samples.suite().names,
    epochs=12,
    evaluations=123_456,
    scored=70_000,
    known=30_000,
    workers_lost=0,
    seconds=180.25,
)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal was sent."""
    screen = io.StringIO()

    def console(stderr: bool = False) -> Console:
        return Console(
            file=screen, force_terminal=True, width=120, height=40, color_system=None, legacy_windows=False
        )

    monkeypatch.setattr(output_module, "plain_console", console)
    return screen


class TestPlainLines:
    def test_a_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        with Display(Output(quiet=False, as_json=False)) as display:
            display.show(PROGRESS)
        captured = capsys.readouterr()
        assert captured.out == ""
        worst = min(BEST.correlations)
        assert captured.err == (
            f"   1:15  epoch   12  best {BEST.objective:.4f}  worst problem {worst:.3f}    123,456 formulas    4,322/s"
            "  2 workers  1:44 left\n"
        )

    def test_before_the_first_formula(self, capsys: pytest.CaptureFixture[str]) -> None:
        with Display(Output(quiet=False, as_json=False)) as display:
            display.show(replace(PROGRESS, best=None, epoch=-1, seconds=1.0))
        assert capsys.readouterr().err == "   0:01  starting, 2 workers ready\n"

    def test_one_of_a_kind_is_counted_as_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        with Display(Output()) as display:
            display.show(replace(PROGRESS, processes=(11,)))
        assert "  1 worker  " in capsys.readouterr().err
        Display(Output()).conclude(replace(DISCOVERY, epochs=1, evaluations=1, workers_lost=1))
        text = capsys.readouterr().out
        assert "bred       1 formula in 1 epoch and 3:00" in text
        assert text.count(", 1 worker lost and replaced\n") == 1

    def test_without_a_time_limit_no_time_is_left(self, capsys: pytest.CaptureFixture[str]) -> None:
        with Display(Output(quiet=False, as_json=False)) as display:
            display.show(replace(PROGRESS, seconds_left=None))
        assert "left" not in capsys.readouterr().err

    def test_a_line_every_five_seconds_is_enough(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = 1000.0
        monkeypatch.setattr("rayzc.cli.output.time.monotonic", lambda: now)
        with Display(Output(quiet=False, as_json=False)) as display:
            for _ in range(41):
                display.show(PROGRESS)
                now += 0.25
        assert len(capsys.readouterr().err.splitlines()) == 3

    def test_texts_are_printed_as_they_are(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = "[bold]zen[/bold] is not used: it is missing on " + ", ".join(
            f"space/task-{k}" for k in range(40)
        )
        Display(Output(quiet=False, as_json=False)).say(text)
        assert capsys.readouterr().err == text + "\n"


class TestTerminal:
    def test_the_live_table_says_everything(self, terminal: io.StringIO) -> None:
        with Display(Output(quiet=False, as_json=False)) as display:
            display.show(PROGRESS)
        text = terminal.getvalue()
        for fact in (
            "1:15",
            "1:44",
            "123,456",
            "4,322",
            "30,000",
            "2 (1 lost)",
            "3%",
            f"{BEST.objective:.4f}",
        ):
            assert fact in text
        assert f"{sum(BEST.correlations) / 3:.4f}" in text
        assert f"{min(BEST.correlations):.4f}" in text
        for one in HALL.front[-12:]:
            assert f"{one.objective:.4f}" in text
        assert str(Formula(HALL.front[0].tokens)) in text

    def test_long_formulas_leave_room_for_the_numbers(self, terminal: io.StringIO) -> None:
        long = replace(BEST, tokens=(*("+", "synflow") * 29, "*", "flops", "jacov"), objective=0.5432)
        with Display(Output(quiet=False, as_json=False)) as display:
            display.show(replace(PROGRESS, front=(long,)))
        (row,) = {line.rstrip() for line in terminal.getvalue().splitlines() if "synflow + (synflow" in line}
        assert row.split()[:2] == ["61", "0.5432"]
        assert row.endswith("…")
        assert len(row) <= 120

    @pytest.mark.parametrize(
        "change", [{"best": None, "front": (), "epoch": -1}, {"seconds_left": None, "workers_lost": 0}]
    )
    def test_the_live_table_with_less_to_say(self, terminal: io.StringIO, change: dict[str, object]) -> None:
        with Display(Output(quiet=False, as_json=False)) as display:
            display.show(replace(PROGRESS, **change))  # type: ignore[arg-type]
        assert "workers" in terminal.getvalue()
        assert "lost" not in terminal.getvalue().replace("(1 lost)", "")

    def test_quiet_is_quiet(self, terminal: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
        with Display(Output(quiet=True, as_json=True)) as display:
            display.say("something")
            display.show(PROGRESS)
        assert terminal.getvalue() == ""
        assert capsys.readouterr() == ("", "")


class TestWidths:
    """Names of problems are never cut, and no number ends in dots."""

    @pytest.mark.parametrize(
        ("width", "sizes"), [(60, False), (80, False), (96, False), (97, True), (120, True), (200, True)]
    )
    def test_the_table_of_real_names(self, width: int, sizes: bool) -> None:
        text = printed(result_of_real_names(), width)
        lines = [line for line in text.partition("formula    ")[0].splitlines() if line.strip()]
        assert "…" not in text.partition("formula    ")[0]
        assert max(map(len, lines)) <= max(width, 70)
        assert len({len(line) for line in lines}) == 1
        for name in NAMES:
            (row,) = [line.split() for line in lines if line.split()[:1] == [name]]
            kendall, held = (
                f"{one.problems[name].kendall:.3f}" for one in (result_of_real_names().best,) * 2
            )
            assert row[1:] == (["40", kendall, held, "40"] if sizes else [kendall, held])
        assert ("architectures" in lines[0]) is sizes
        assert lines[-1].split()[0] == "mean"

    def test_without_a_holdout_there_is_room_for_the_sizes(self) -> None:
        text = printed(replace(result_of_real_names(), held_out=None), 80)
        assert "architectures" in text
        assert "…" not in text


NAMES = tuple(
    f"{space}/{task}"
    for space in ("nasbench201", "transbench101_macro")
    for task in ("ImageNet16-120", "class_object", "room_layout")
)


def result_of_real_names() -> Discovery:
    problems = tuple(
        replace(samples.problem(name.partition("/")[2], seed=place), space=name.partition("/")[0])
        for place, name in enumerate(NAMES)
    )
    best = assess(DISCOVERY.formula, Suite("real names", problems))
    return replace(DISCOVERY, best=best, held_out=best, problems=NAMES)


def printed(result: Discovery, width: int) -> str:
    """The result in a terminal."""
    screen = io.StringIO()
    Display(Output()).print_result(result, Console(file=screen, width=width, highlight=False))
    return screen.getvalue()


class TestConclusion:
    def test_the_table_the_formula_and_the_run(self, capsys: pytest.CaptureFixture[str]) -> None:
        Display(Output(quiet=True, as_json=False)).conclude(DISCOVERY)
        captured = capsys.readouterr()
        assert captured.err == ""
        table, rest = captured.out.split("formula    ")
        lines = [line for line in table.splitlines() if line.strip()]
        assert len({len(line) for line in lines}) == 1
        assert [line.split()[0] for line in lines[2:]] == ["own/task-0", "own/task-1", "own/task-2", "mean"]
        for line, one in zip(lines[2:], DISCOVERY.best.problems.values(), strict=False):
            assert line.split()[1:] == ["40", f"{one.kendall:.3f}"]
        assert lines[-1].split() == ["mean", f"{DISCOVERY.best.mean_kendall:.3f}"]
        assert rest.splitlines() == [
            str(DISCOVERY.formula),
            "bred       123,456 formulas in 12 epochs and 3:00 (30% of the scores saved, as their ranking was known)",
            "stopped    time limit",
            "run        runs/my run",
        ]

    def test_more_formulas_than_were_asked_for_are_explained(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for asked, explained in ((None, False), (123_456, False), (12_000, True)):
            Display(Output(quiet=True)).conclude(replace(DISCOVERY, most_evaluations=asked))
            sentence = (
                "; the limit was 12,000 formulas, but all islands finish the epoch in which it is reached"
            )
            assert (sentence in capsys.readouterr().out) is explained

    def test_what_was_held_out_stands_beside(self, capsys: pytest.CaptureFixture[str]) -> None:
        held_out = assess(DISCOVERY.formula, samples.suite(rows=20, seed=7))
        Display(Output(quiet=False, as_json=False)).conclude(replace(DISCOVERY, held_out=held_out))
        lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
        assert "held out" in lines[0]
        for line, one, other in zip(
            lines[2:], DISCOVERY.best.problems.values(), held_out.problems.values(), strict=False
        ):
            assert line.split()[1:] == ["40", f"{one.kendall:.3f}", f"{other.kendall:.3f}", "20"]
        mean = next(line for line in lines if line.split()[0] == "mean")
        assert mean.split()[1:] == [f"{DISCOVERY.best.mean_kendall:.3f}", f"{held_out.mean_kendall:.3f}"]

    def test_a_long_formula_is_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        formula = Formula.parse("flops" + " + log(snip)" * 60)
        best = assess(formula, samples.suite())
        Display(Output(quiet=False, as_json=False)).conclude(replace(DISCOVERY, best=best))
        assert f"formula    {formula}\n" in capsys.readouterr().out

    def test_what_could_not_be_written_is_one_line_and_the_result_is_printed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        trouble = "runs/x/result.json cannot be written: No space left on device"
        Display(Output(quiet=True, as_json=True)).conclude(replace(DISCOVERY, trouble=trouble))
        captured = capsys.readouterr()
        assert json.loads(captured.out) == DISCOVERY.to_json()
        assert captured.err == f"rayzc: {trouble}\n"

    def test_lost_workers_are_told_of(self, capsys: pytest.CaptureFixture[str]) -> None:
        Display(Output(quiet=False, as_json=False)).conclude(replace(DISCOVERY, workers_lost=2))
        assert ", 2 workers lost and replaced\n" in capsys.readouterr().out

    def test_json_is_alone_on_standard_output(self, capsys: pytest.CaptureFixture[str]) -> None:
        with Display(Output(quiet=False, as_json=True)) as display:
            display.show(PROGRESS)
            print("what Ray prints")
        display.conclude(DISCOVERY)
        captured = capsys.readouterr()
        assert json.loads(captured.out) == DISCOVERY.to_json()
        assert "epoch   12" in captured.err
        assert "what Ray prints\n" in captured.err

    @pytest.mark.parametrize(("signal", "code"), [(Signals.SIGINT, 130), (Signals.SIGTERM, 143)])
    @pytest.mark.parametrize("as_json", [False, True])
    def test_an_interrupted_run_says_how_to_go_on(
        self, capsys: pytest.CaptureFixture[str], signal: Signals, code: int, as_json: bool
    ) -> None:
        interrupted = replace(DISCOVERY, ending=Ending.interrupted_by(signal))
        with pytest.raises(SystemExit) as left:
            Display(Output(quiet=True, as_json=as_json)).conclude(interrupted)
        assert left.value.code == code
        captured = capsys.readouterr()
        assert captured.err == f"interrupted by {signal.name}; to continue: rayzc resume 'runs/my run'\n"
        assert not as_json or json.loads(captured.out)["stopped"] == f"interrupted by {signal.name}"


def test_a_console_that_is_no_terminal_does_not_wrap(capsys: pytest.CaptureFixture[str]) -> None:
    prints: Callable[[str], None] = plain_console().print
    prints("x " * 95)
    assert len(capsys.readouterr().out.splitlines()) == 1
