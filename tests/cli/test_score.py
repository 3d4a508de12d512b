"""``rayzc score``: the table, the document, and what goes wrong."""

import io
import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from rayzc.cli.score import _tables
from rayzc.evolution import assess, assess_pools, best_single_proxies
from rayzc.formula import Formula
from rayzc.problems import Suite, load_suite, write_suite
from tests.cli.conftest import Command
from tests.evolution import samples

FORMULA = "flops - 0.05 * jacov"


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    """The small suite, as a file."""
    path = tmp_path / "small.parquet"
    write_suite(samples.suite(), path)
    return path


@pytest.fixture
def uneven(tmp_path: Path) -> Path:
    """A suite of which one problem lacks nwot."""
    path = tmp_path / "uneven.parquet"
    parts = (samples.problem("a"), samples.problem("b", seed=1, proxies=("flops", "jacov", "snip")))
    write_suite(Suite("uneven", parts), path)
    return path


class TestTable:
    def test_lines_up(self, command: Command, parquet: Path) -> None:
        ended = command("score", FORMULA, "--suite", parquet, "--bootstrap", 50)
        assert (ended.code, ended.err) == (0, "")
        *lines, top = (line for line in ended.out.splitlines() if line.strip())
        assert len({len(line) for line in lines}) == 1
        header, _, *rows, mean = lines
        assert header.split("  ")[1] == "problem"
        assert " ".join(header.split()) == (
            "problem architectures Kendall's tau Spearman's rho tau of flops tau of -jacov tau of nwot"
        )
        assert [row.split()[0] for row in rows] == ["own/task-0", "own/task-1", "own/task-2"]
        expected = assess(Formula.parse(FORMULA), samples.suite(), bootstrap=50)
        measured = expected.mean_top
        assert measured is not None
        assert top.startswith(f"top: the network ranked first is within the best {measured.first:.1%}, ")
        for row, one in zip(rows, expected.problems.values(), strict=True):
            assert one.kendall_interval is not None
            low, high = one.kendall_interval
            assert row.split()[1] == "40"
            assert f"{one.kendall:.3f} [{low:6.3f}, {high:6.3f}]" in row
            assert f"{one.spearman:.3f} [" in row
            # Points stand below points.
            assert [k for k, c in enumerate(row) if c == "."] == [
                k for k, c in enumerate(rows[0]) if c == "."
            ]
        assert mean.split()[:2] == ["mean", f"{expected.mean_kendall:.3f}"]
        assert mean.index(".") == rows[0].index(".")

    @pytest.mark.parametrize("width", [60, 80, 100, 150, 200])
    def test_names_and_numbers_are_whole_in_a_narrow_terminal(self, nbsz_path: Path, width: int) -> None:
        suite = load_suite(nbsz_path).for_fitting(None)
        result, singles = assess(Formula.parse("jacov + log(flops)"), suite, 10), best_single_proxies(suite)
        screen = io.StringIO()
        console = Console(file=screen, width=width, highlight=False)
        tables = _tables(result, singles, console)
        for table in tables:
            console.print(table, crop=False)
        text = screen.getvalue()
        assert "…" not in text
        # The name and the interval together need 62 columns.
        assert all(len(line.rstrip()) <= max(width, 62) for line in text.splitlines())
        assert len(tables) == (1 if width >= 152 else 2)
        for name, one in result.problems.items():
            rows = [line for line in text.splitlines() if line.split()[:1] == [name]]
            assert len(rows) == len(tables)
            assert one.kendall_interval is not None
            low, high = one.kendall_interval
            assert f" {one.kendall:.3f} [{low:6.3f}, {high:6.3f}]" in rows[0]
            taus = [f"{single.problems[name].kendall:.3f}" for single in singles]
            assert rows[-1].split()[-len(taus) :] == taus
            assert ("[" in rows[0].partition("]")[2]) is (width >= 90)

    def test_a_formula_that_ties_much_is_told_of(self, command: Command, parquet: Path) -> None:
        ended = command("score", "min(flops, 0)", "--suite", parquet, "--bootstrap", 0)
        one = assess(Formula.parse("min(flops, 0)"), samples.suite()).problems
        most = max(one, key=lambda name: one[name].ties)
        assert ended.code == 0
        assert ended.err == (
            f"the formula ties up to {one[most].ties:.0%} of a problem's pairs ({most}): tau-b rewards that, but a "
            "search needs an order\n"
        )

    def test_without_intervals(self, command: Command, parquet: Path) -> None:
        ended = command("score", FORMULA, "--suite", parquet, "--bootstrap", 0)
        assert ended.code == 0
        assert "[" not in ended.out

    def test_a_seed_gives_the_same_intervals(self, command: Command, parquet: Path) -> None:
        first, same, other = (
            command("score", FORMULA, "--suite", parquet, "--bootstrap", 20, "--seed", seed).out
            for seed in (1, 1, 2)
        )
        assert first == same != other

    def test_on_the_real_suite(self, command: Command, nbsz_path: Path) -> None:
        ended = command("score", "log(flops) + jacov", "--suite", nbsz_path, "--bootstrap", 10)
        assert (ended.code, ended.err) == (0, "")
        *lines, top = (line for line in ended.out.splitlines() if line.strip())
        assert top.startswith("top: ")
        assert len({len(line) for line in lines}) == 1
        assert len(lines) == 2 + 13 + 1
        assert "tau of flops" in lines[0]


class TestJson:
    def test_the_document(self, command: Command, parquet: Path) -> None:
        ended = command("score", FORMULA, "--suite", parquet, "--bootstrap", 20, "--json")
        assert (ended.code, ended.err) == (0, "")
        document = json.loads(ended.out)
        assert set(document) == {"expression", "mean_kendall", "mean_top", "problems", "single_proxies"}
        assert document["expression"] == FORMULA
        expected = assess(Formula.parse(FORMULA), samples.suite(), bootstrap=20)
        assert document["mean_kendall"] == expected.mean_kendall
        assert list(document["problems"]) == list(expected.problems)
        for name, one in document["problems"].items():
            theirs = expected.problems[name]
            assert theirs.top is not None
            assert one == {
                "top": asdict(theirs.top),
                "kendall": theirs.kendall,
                "spearman": theirs.spearman,
                "architectures": 40,
                "ties": 0.0,
                "kendall_interval": list(theirs.kendall_interval or ()),
                "spearman_interval": list(theirs.spearman_interval or ()),
            }
        assert list(document["single_proxies"]) == ["flops", "-jacov", "nwot"]

    def test_rankings_of_pools_where_a_suite_has_their_proxies(self, command: Command) -> None:
        asked = ("score", "nwot", "--suite", "mini-13", "--problems", "nasbench201/digits", "--bootstrap", 0)
        document = json.loads(command(*asked, "--json").out)
        expected = assess_pools(load_suite("mini-13").select(["nasbench201/digits"]).for_fitting())
        tau = expected["az_nas"]["nasbench201/digits"]
        assert document["pool_rankings"] == {"az_nas": tau}
        line = f"az_nas, which ranks each problem as a whole, has a mean tau of {tau:.3f}"
        assert line in command(*asked).out.splitlines()

    def test_on_the_real_suite(self, command: Command, nbsz_path: Path) -> None:
        ended = command("score", "flops", "--suite", nbsz_path, "--bootstrap", 0, "--json")
        document = json.loads(ended.out)
        assert len(document["problems"]) == 13
        assert document["problems"]["nasbench201/cifar100"]["architectures"] == 725
        assert (
            document["mean_kendall"] == document["single_proxies"]["flops"] == pytest.approx(0.437, abs=1e-3)
        )


class TestFormulas:
    @pytest.mark.parametrize("text", ["-jacov", "-(flops + tanh(jacov))", "-2 * jacov", "-.5 * jacov"])
    def test_may_begin_with_a_minus(self, command: Command, parquet: Path, text: str) -> None:
        for arguments in (
            ("score", text, "--suite", parquet, "--json", "--bootstrap", 0),
            ("score", "--bootstrap", 0, "--json", "--suite", parquet, text),
            ("score", "--bootstrap", 0, "--json", "--suite", parquet, "--", text),
        ):
            ended = command(*arguments)
            assert (ended.code, ended.err) == (0, "")
            assert json.loads(ended.out)["expression"] == str(Formula.parse(text))

    def test_may_be_longer_than_a_file_name(self, command: Command, parquet: Path) -> None:
        text = "flops" + " + log(snip)" * 60
        ended = command("score", text, "--suite", parquet, "--json", "--bootstrap", 0)
        assert (ended.code, ended.err) == (0, "")
        assert json.loads(ended.out)["expression"] == text

    def test_may_stand_in_a_run_or_a_file(self, command: Command, parquet: Path, tmp_path: Path) -> None:
        (tmp_path / "run").mkdir()
        hall = json.dumps({"best": [{"expression": FORMULA}]})
        (tmp_path / "run" / "hall_of_fame.json").write_text(hall)
        (tmp_path / "formula.json").write_text(Formula.parse(FORMULA).to_json())
        for given in ("run", "run/hall_of_fame.json", "formula.json", tmp_path / "run"):
            ended = command("score", given, "--suite", parquet, "--json", "--bootstrap", 0)
            assert json.loads(ended.out)["expression"] == FORMULA


class TestProblems:
    @pytest.mark.parametrize(
        "choice",
        [
            ("--problems", "own/task-0,own/task-2"),
            ("--problems", "own/task-0, task-2"),
            ("--problems", "task-0", "--problems", "own/*-2"),
        ],
    )
    def test_are_chosen_with_commas_or_again(
        self, command: Command, parquet: Path, choice: tuple[str, ...]
    ) -> None:
        ended = command("score", "flops", "--suite", parquet, "--json", "--bootstrap", 0, *choice)
        assert list(json.loads(ended.out)["problems"]) == ["own/task-0", "own/task-2"]

    def test_one_that_lacks_a_proxy_is_left_out_and_said_so(self, command: Command, uneven: Path) -> None:
        ended = command("score", "flops + nwot", "--suite", uneven, "--json", "--bootstrap", 0)
        assert ended.code == 0
        assert ended.err == "own/b is left out: it lacks nwot\n"
        assert list(json.loads(ended.out)["problems"]) == ["own/a"]

    def test_none_is_left_out_without_need(self, command: Command, uneven: Path) -> None:
        ended = command("score", "flops", "--suite", uneven, "--json", "--bootstrap", 0)
        assert ended.err == ""
        assert list(json.loads(ended.out)["problems"]) == ["own/a", "own/b"]


class TestMistakes:
    def fails(self, command: Command, message: str, *arguments: object) -> None:
        ended = command("score", *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err == f"rayzc: {message}\n"

    def test_a_formula_that_does_not_parse(self, command: Command, parquet: Path) -> None:
        message = (
            "cannot parse formula at position 8: expected a proxy, a number or '(', found the end\n"
            "  flops +\n"
            "         ^"
        )
        self.fails(command, message, "flops +", "--suite", parquet)

    def test_an_unknown_proxy(self, command: Command, parquet: Path) -> None:
        message = "suite small has no proxy 'flop'; did you mean 'flops'?"
        self.fails(command, message, "flop + jacov", "--suite", parquet)

    def test_a_suite_that_is_not_there(self, command: Command) -> None:
        self.fails(command, "nothing.parquet: no such file or folder", "flops", "--suite", "nothing.parquet")

    def test_a_suite_that_was_cut_off(self, command: Command, parquet: Path) -> None:
        parquet.write_bytes(parquet.read_bytes()[:-100])
        message = f"{parquet}: the Parquet file ends too early, it was cut off; import or fetch it again"
        self.fails(command, message, "flops", "--suite", parquet)

    def test_an_empty_suite(self, command: Command, tmp_path: Path) -> None:
        write_suite(Suite("void", ()), tmp_path / "void.parquet")
        message = "suite void is empty: it has no problems"
        self.fails(command, message, "flops", "--suite", tmp_path / "void.parquet")

    @pytest.mark.parametrize(
        ("rows", "constant", "message"),
        [
            (1, False, "problem own/a has 1 architecture; at least two are needed to rank: leave it out"),
            (
                9,
                True,
                "problem own/a has the same accuracy, 5, for all of its 9 architectures: there is nothing to "
                "rank; leave it out",
            ),
        ],
    )
    def test_a_problem_that_cannot_be_ranked(
        self, command: Command, tmp_path: Path, rows: int, constant: bool, message: str
    ) -> None:
        part = samples.problem("a", rows=rows)
        if constant:
            part = replace(part, accuracy=np.full(rows, 5.0))
        write_suite(Suite("poor", (part,)), tmp_path / "poor.parquet")
        self.fails(command, message, "flops", "--suite", tmp_path / "poor.parquet")

    def test_an_unknown_problem(self, command: Command, parquet: Path) -> None:
        message = "no problem of suite small matches 'own/task-9'; did you mean 'own/task-2'?"
        self.fails(command, message, "flops", "--suite", parquet, "--problems", "own/task-9")

    def test_a_formula_file_that_is_not_there(self, command: Command, parquet: Path) -> None:
        self.fails(
            command,
            "best.json: there is no such file or folder, and it is not a formula",
            "best.json",
            "--suite",
            parquet,
        )

    def test_a_seed_below_zero(self, command: Command, parquet: Path) -> None:
        ended = command("score", "flops", "--suite", parquet, "--seed", "-1")
        assert ended.code == 2
        assert ended.err == "rayzc: --seed is -1; it must be 0 or more\n"

    def test_no_traceback_from_the_program_itself(self, parquet: Path) -> None:
        ended = subprocess.run(
            [sys.executable, "-c", "from rayzc.cli import main; main()", "score", "flop", "--suite", parquet],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr == "rayzc: suite small has no proxy 'flop'; did you mean 'flops'?\n"
