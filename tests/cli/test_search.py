"""``rayzc search``: mistakes are one line, told before Ray is started; a whole search, its report, and resuming it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rayzc.nas import Results
from rayzc.problems import Suite, write_suite
from rayzc.runs import RunFolder
from rayzc.spaces import search_space
from tests.cli.conftest import Command
from tests.nas.samples import planted

FEW = ("--formula", "good + noise / 100", "--budget", 20, "--proposals", 5)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Two tables of ninety architectures each in a file."""
    path = tmp_path / "toy.parquet"
    tables = (planted(90), planted(90, "transbench101_micro", 1))
    write_suite(Suite("toy", tables), path)
    return path


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                ("--problems", "nasbench201/plante"),
                "no problem of suite toy matches 'nasbench201/plante'; did you mean 'nasbench201/planted'?",
            ),
            (
                ("--algorithm", "genetics"),
                "unknown algorithm 'genetics'; did you mean 'genetic'?",
            ),
            (
                ("--constraint", "cost < 0"),
                "nasbench201/planted: none of the 81 candidates meets the constraint 'cost < 0': "
                "cost ranges from 1 to 20",
            ),
            (
                ("--formula", "good + synflw"),
                "nasbench201/planted: the formula needs proxy 'synflw', which is neither in the table nor can be "
                "measured; did you mean 'synflow'?",
            ),
            (
                ("--problems", "planted,nasbench201/cifar10"),
                "suite toy has no problem 'nasbench201/cifar10'; --suite none (in Python suite=None) measures it "
                "without a suite",
            ),
            (("--budget", 0), "--budget is 0; it must be 1 or more"),
            (("--seeds", 0), "--seeds is 0; it must be 1 or more"),
            (("--proposals", 0), "--proposals is 0; it must be 1 or more"),
            (("--seed", -1), "--seed is -1; it must be 0 or more"),
            (("--candidates", "tables"), "unknown candidates 'tables'; did you mean 'table'?"),
            (
                ("--constraint", "cost"),
                "constraint 'cost' has no comparison: put one of < <= > >= between two formulas",
            ),
            (("--log", "cvs"), "unknown log 'cvs'; did you mean 'csv'?"),
            (("--time-limit", "soon"), "--time-limit: 'soon' is not a duration: write 90s, 3m or 1h30m"),
            (("--time-limit", "0s"), "--time-limit is 0; it must be greater than 0"),
            (("--device", "tpu"), "unknown device 'tpu'; did you mean 'cpu'?"),
            (("--batch-size", 0), "--batch-size is 0; it must be 1 or more"),
            (
                ("--width", 8),
                "the scores of a suite are those of full-size networks and cannot be mixed with those of another width "
                "or depth: measure without a suite, --suite none (in Python suite=None), or leave out width and depth",
            ),
            (("--formula", "3"), "'3' names no proxy: it has the same value for every architecture"),
            (
                ("--formula", "lost.json"),
                "lost.json: there is no such file or folder, and it is not a formula",
            ),
        ],
    )
    def test_with_a_suite(
        self, command: Command, suite: Path, arguments: tuple[object, ...], message: str
    ) -> None:
        ended = command("search", "--suite", suite, *FEW, "--out", "run", *arguments)
        assert (ended.code, ended.out, ended.err) == (2, "", f"rayzc: {message}\n")
        assert not Path("run").exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((), "nothing to search: name a suite, or problems such as nasbench201/cifar10"),
            (
                ("--problems", "nasbench201/cifar11"),
                "there is no problem 'nasbench201/cifar11'; did you mean 'nasbench201/cifar10'?",
            ),
            (
                ("--problems", "nasbench2001/cifar10"),
                "there is no search space 'nasbench2001'; did you mean 'nasbench201'?",
            ),
            (
                ("--problems", "nasbench201/cifar10", "--formula", "nwott"),
                "nasbench201/cifar10: the formula needs proxy 'nwott', which is neither in the table nor can be "
                "measured; did you mean 'nwot'?",
            ),
            (
                ("--problems", "nasbench201/cifar10", "--candidates", "table"),
                "without a suite there is no table to search: name a suite, or use --candidates space",
            ),
        ],
    )
    def test_without_a_suite(self, command: Command, arguments: tuple[object, ...], message: str) -> None:
        ended = command("search", "--suite", "none", "--formula", "nwot", "--out", "run", *arguments)
        assert (ended.code, ended.out, ended.err) == (2, "", f"rayzc: {message}\n")
        assert not Path("run").exists()

    def test_a_formula_that_does_not_parse(self, command: Command, suite: Path) -> None:
        ended = command("search", "--suite", suite, "--formula", "good +")
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith(
            "rayzc: cannot parse formula at position 7: expected a proxy, a number or '('"
        )

    def test_storage_that_cannot_be_written(self, command: Command, suite: Path) -> None:
        Path("file").write_text("")
        ended = command("search", "--suite", suite, *FEW, "--out", "run", "--storage", "file/below")
        assert ended.code == 2
        assert ended.err.startswith("rayzc: the storage file/below cannot be written: ")
        assert ended.err.count("\n") == 1
        assert not Path("run").exists()

    def test_a_folder_to_export_to_that_is_a_file(self, command: Command, suite: Path) -> None:
        Path("file").write_text("")
        ended = command("search", "--suite", suite, *FEW, "--export", "file")
        message = "rayzc: --export file cannot be written: File exists; name another folder\n"
        assert (ended.code, ended.err) == (2, message)

    def test_a_run_folder_that_exists(self, command: Command, suite: Path) -> None:
        RunFolder.create(Path("run")).write_config({"kind": "search"})
        Path("run/checkpoints/attempt-1").mkdir()
        ended = command("search", "--suite", suite, *FEW, "--out", "run")
        assert (ended.code, ended.err) == (
            2,
            "rayzc: run exists and is not empty: choose another --out, add --force to overwrite it, or continue it "
            "with `rayzc resume run`\n",
        )


class TestResuming:
    def test_a_kind_that_is_not_known(self, command: Command) -> None:
        RunFolder.create(Path("run")).write_config({"kind": "dance"})
        ended = command("resume", "run")
        assert ended.code == 2
        assert ended.err.startswith(
            "rayzc: run/config.json is the configuration of a 'dance' run; this version of rayzc resumes discover, "
            "search, run, train, study\n"
        )

    @pytest.mark.parametrize(
        ("kind", "option"),
        [
            ("discover", "--details"),
            ("search", "--epochs=3"),
            ("search", "--plateau=3"),
            ("study", "--export=x"),
        ],
    )
    def test_options_of_another_kind(self, command: Command, kind: str, option: str) -> None:
        RunFolder.create(Path("run")).write_config({"kind": kind} if kind != "discover" else {})
        ended = command("resume", "run", option)
        name = option.partition("=")[0]
        message = f"rayzc: {name} does not apply to a run of `rayzc {kind}`: leave it out\n"
        assert (ended.code, ended.err) == (2, message)


class TestSearching:
    def test_from_tables_to_a_module_that_needs_torch_alone(
        self, command: Command, suite: Path, ray_session: None
    ) -> None:
        ended = command(
            *("search", "--suite", suite, *FEW, "--seeds", 2, "--problems", "nasbench201"),
            *("--constraint", "cost <= 15", "--out", "run", "--export", "nets", "--log", "csv", "--details"),
        )
        assert ended.code == 0, ended.err
        found = Results.from_text(json.dumps(json.loads(Path("run/result.json").read_text())["results"]))
        best = found.best("nasbench201/planted")
        assert len(found.outcomes) == 2
        assert all(one.proxies["cost"] <= 15 for each in found.outcomes for one in each.shortlist)
        assert f"nasbench201/planted  {best.found.score:#.5g}  {best.found.encoding}\n" in ended.out
        assert best.found.description in ended.out
        assert best.found.description in Path("run/report.txt").read_text(encoding="utf-8")
        assert "exported   nets/nasbench201-planted/network.py\n" in ended.out
        assert list(Path("run/checkpoints").rglob("progress.csv"))

        code = (
            "import sys; sys.modules['rayzc'] = None\n"
            "from network import load\n"
            "print(sum(weights.numel() for weights in load().parameters()))"
        )
        loaded = subprocess.run(
            [sys.executable, "-c", code],
            cwd="nets/nasbench201-planted",
            capture_output=True,
            text=True,
            check=False,
        )
        assert loaded.returncode == 0, loaded.stderr
        space = search_space("nasbench201")
        network = space.build(space.parse(best.found.encoding))
        assert int(loaded.stdout) == sum(weights.numel() for weights in network.parameters())

    def test_json_is_alone_on_standard_output_and_resuming_what_is_over_gives_it_again(
        self, command: Command, suite: Path, ray_session: None
    ) -> None:
        ended = command("search", "--suite", suite, *FEW, "--seeds", 1, "--out", "run", "--json", "--quiet")
        assert (ended.code, ended.err) == (0, "")
        document = json.loads(ended.out)
        assert document == json.loads(Path("run/result.json").read_text())
        assert {one["problem"] for one in document["results"]["outcomes"]} == {
            "nasbench201/planted",
            "transbench101_micro/planted",
        }
        Path("run/report.txt").unlink()
        again = command("resume", "run", "--json", "--quiet", "--export", "nets")
        assert again.code == 0, again.err
        assert json.loads(again.out)["results"] == document["results"]
        assert Path("run/report.txt").exists()
        assert "nets/transbench101_micro-planted/network.py" in again.err

    def test_on_demand_with_images_of_one_s_own(
        self, command: Command, tmp_path: Path, ray_session: None
    ) -> None:
        rng = np.random.default_rng(0)
        images = rng.normal(size=(8, 3, 32, 32)).astype(np.float32)
        np.savez("batch.npz", images=images, labels=np.arange(8))
        ended = command(
            *(
                "search",
                "--suite",
                "none",
                "--formula",
                "-log(params) + l2_norm",
                "--problems",
                "nasbench201/cifar10",
                "--workers",
                1,
            ),
            *(
                "--width",
                8,
                "--depth",
                1,
                "--images",
                "batch.npz",
                "--budget",
                6,
                "--proposals",
                3,
                "--seeds",
                1,
            ),
            *("--out", "run", "--minimise", "params"),
        )
        assert ended.code == 0, ended.err
        assert "regret" not in ended.out
        assert "searched   6 architectures in 1 search" in ended.out
        # From wherever it is resumed, the images are found.
        assert json.loads(Path("run/config.json").read_text())["setup"]["images"] == str(
            tmp_path / "batch.npz"
        )
        assert "Pareto front" in Path("run/report.txt").read_text(encoding="utf-8")
