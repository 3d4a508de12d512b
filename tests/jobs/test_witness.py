import importlib.util
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.cluster.heads import RAY, started_head

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def witness() -> Iterator[ModuleType]:
    """The job as a module."""
    spec = importlib.util.spec_from_file_location("witness", ROOT / "jobs" / "witness.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["witness"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["witness"]


def columns(**scores: list[float]) -> dict[str, np.ndarray]:
    return {proxy: np.array(column, dtype=float) for proxy, column in scores.items()}


def once(**scores: list[float]) -> dict[str, np.ndarray]:
    return {proxy: column[None] for proxy, column in columns(**scores).items()}


def test_correlations_are_those_of_the_ranks(witness: ModuleType) -> None:
    recorded = columns(zen=[1, 2, 3, 4], nwot=[1, 2, 3, 4], params=[1, 2, 2, 3])
    ours = once(zen=[-1e8, 5, 7, 6], nwot=[-math.inf, 0, 1, 2], params=[10, 20, 20, 30])
    found = {agreement.proxy: agreement for agreement in witness.agreements(recorded, ours)}
    assert list(found) == ["nwot", "params", "zen"]
    assert found["zen"].spearman == pytest.approx(0.8)
    assert found["zen"].kendall == pytest.approx(4 / 6)
    assert found["nwot"].spearman == pytest.approx(1)
    assert found["params"].spearman == pytest.approx(1)
    assert found["params"].holds
    assert not found["zen"].holds
    assert math.isnan(found["zen"].repeated)


def test_repeats_are_averaged_and_compared_with_each_other(witness: ModuleType) -> None:
    ours = {"zen": np.array([[1.0, 2, 3, 4], [4.0, 3, 2, 1], [1.0, 3, 2, 4]])}
    (found,) = witness.agreements(columns(zen=[1, 2, 3, 4]), ours)
    assert found.spearman == pytest.approx((1 - 1 + 0.8) / 3)
    assert found.kendall == pytest.approx((1 - 1 + 4 / 6) / 3)
    assert found.repeated == pytest.approx((-1 + 0.8 - 0.8) / 3)


@pytest.mark.parametrize(
    ("proxy", "spearman", "holds"),
    [
        *[("params", 1.0, True), ("params", 1 - 1e-15, True), ("params", 0.9999, False)],
        *[("snip", 0.96, True), ("snip", 0.9599, False), ("snip", math.nan, False), ("snip", -1.0, False)],
        *[("plain", 0.0, True), ("plain", -1.0, True)],
    ],
)
def test_floors(witness: ModuleType, proxy: str, spearman: float, holds: bool) -> None:
    assert witness.Agreement(proxy, spearman, spearman).holds is holds


def test_the_floors_are_those_that_were_promised(witness: ModuleType) -> None:
    assert dict(witness.FLOORS) == {
        **dict.fromkeys(["params", "flops"], 1.0),
        **dict.fromkeys(["synflow", "zen"], 0.99),
        **dict.fromkeys(["snip", "grad_norm"], 0.96),
        "nwot": 0.94,
        "l2_norm": 0.92,
    }


@pytest.mark.parametrize("scores", [[1.0, math.nan, 3.0], [2.0, 2.0, 2.0]])
def test_what_cannot_be_ranked_reaches_no_floor(witness: ModuleType, scores: list[float]) -> None:
    recorded = columns(snip=[1, 2, 3], params=[1, 2, 3])
    first, last = witness.agreements(recorded, once(snip=scores, params=[1, 2, 3]))
    assert (first.proxy, last.proxy) == ("params", "snip")
    assert math.isnan(last.spearman)
    assert not last.holds


def test_the_table_in_markdown(witness: ModuleType) -> None:
    found = [witness.Agreement("zen", 0.98, 0.9, 0.97), witness.Agreement("plain", 0.2, 0.1)]
    assert witness.markdown(found) == (
        "| proxy | Spearman | Kendall | repeatability | floor | reached |\n"
        "| --- | ---: | ---: | ---: | ---: | --- |\n"
        "| zen | 0.9800 | 0.9000 | 0.9700 | 0.99 | NO |\n"
        "| plain | 0.2000 | 0.1000 |  |  |  |\n"
    )


@pytest.mark.slow
def test_networks_of_the_real_suite_as_a_submitted_job(
    witness: ModuleType, nbsz_path: Path, tmp_path: Path
) -> None:
    """Of a few networks params and flops agree; what falls below its floor is told by the exit code."""
    table = tmp_path / "new" / "table.md"
    job = ["jobs/witness.py", "--suite", str(nbsz_path.resolve()), "--number", "3", "--repeats", "2"]
    job += ["--batch", "2", "--markdown", str(table), "--cache", str(tmp_path / "cache")]
    with started_head() as head:
        submit = [RAY, "job", "submit", "--address", head.dashboard, "--working-dir", str(ROOT)]
        submit += ["--runtime-env", "jobs/runtime_env.yaml", "--", sys.executable, *job]
        ended = subprocess.run(
            submit, env=head.environment(), cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
        )
    shown = ended.stdout + ended.stderr
    assert table.exists(), shown
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.read_text().splitlines()[2:]]
    assert {row[0] for row in rows} == set(witness.PROXIES)
    assert all(row[1] == row[3] == "1.0000" for row in rows if row[0] in ("params", "flops"))
    missed = [row[0] for row in rows if row[5] == "NO"]
    assert ended.returncode == (1 if missed else 0), shown


@pytest.fixture
def _unmeasured(witness: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three networks have scores 0, 1 and 2, whatever the proxy."""
    scores = {proxy: np.arange(3.0)[None] for proxy in witness.PROXIES}
    monkeypatch.setattr(witness, "measured", lambda problem, options: scores)


@pytest.mark.usefixtures("_unmeasured")
def test_what_falls_below_its_floor_is_named(
    witness: ModuleType, nbsz_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert witness.main(["--suite", str(nbsz_path), "--number", "3"]) == 1
    shown = capsys.readouterr()
    assert "3 architectures of nasbench201/cifar10, 32 images" in shown.out
    rows = {line.split()[0]: line.split() for line in shown.out.splitlines() if len(line.split()) > 2}
    assert set(witness.PROXIES) < set(rows)
    missed = [proxy for proxy, row in rows.items() if row[-1] == "NO"]
    assert set(missed) <= set(witness.FLOORS)
    assert f"witness: below the floor: {', '.join(missed)}\n" in shown.err


@pytest.mark.usefixtures("_unmeasured")
def test_a_table_that_cannot_be_written(witness: ModuleType, nbsz_path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    arguments = [
        "--suite",
        str(nbsz_path),
        "--number",
        "3",
        "--markdown",
        str(tmp_path / "file" / "table.md"),
    ]
    assert witness.main(arguments) == 2


def test_more_architectures_than_there_are(
    witness: ModuleType, nbsz_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        witness.main(["--suite", str(nbsz_path), "--number", "800"])
    assert left.value.code == 2
    assert "--number 800: nasbench201/cifar10 has all proxies for 2 to 724" in capsys.readouterr().err


def test_a_problem_that_is_not_there(
    witness: ModuleType, nbsz_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert witness.main(["--suite", str(nbsz_path), "--problem", "nasbench201/cifar11"]) == 2
    assert (
        "has no problem 'nasbench201/cifar11'; did you mean 'nasbench201/cifar10" in capsys.readouterr().err
    )
