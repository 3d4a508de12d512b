import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rayzc.cli import main
from rayzc.errors import RayzcError
from rayzc.problems import NAMED_SUITES, Suite, load_suite, write_suite
from tests.performance.suite_files import write_suite_files
from tests.problems.benchmarks import built_suite
from tests.problems.mirror import serving
from tests.problems.samples import entry, suite, write_json


class Result:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Run = Callable[..., Result]


@pytest.fixture
def rayzc(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command in an empty folder, with an empty data folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAYZC_DATA", str(tmp_path / "data"))

    def run(*arguments: object) -> Result:
        monkeypatch.setattr("sys.argv", ["rayzc", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return Result(int(left.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tasks, one of them without zen and with an entry that has no accuracy."""
    path = tmp_path / "json"
    path.mkdir()
    write_json(
        path / "zc_nasbench201.json",
        {
            "cifar10": {
                "(2, 1, 1, 1, 0, 1)": entry(90.0, flops=1.0, zen=2.0),
                "(1, 2, 1, 1, 1, 0)": entry(91.0, flops=1.5, zen=2.5),
                "(3, 3, 1, 1, 0, 1)": entry(80.0, zen=3.0),
            },
            "cifar100": {"(2, 1, 1, 1, 0, 1)": entry(70.0, flops=1.0), "(0, 0, 0, 0, 0, 0)": entry(None)},
        },
    )
    return path


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name of a host is known."""

    def unknown(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "no network in tests")

    monkeypatch.setattr("socket.getaddrinfo", unknown)


def few(problem: str, networks: str) -> str:
    return (
        f"problem {problem} has {networks}; on fewer than 10, a rank correlation says little, and it counts as much in "
        f"the mean as any other; leave it out: --leave-out {problem}"
    )


def test_proxies_are_renamed_on_import(rayzc: Run, folder: Path, tmp_path: Path) -> None:
    text = (folder / "zc_nasbench201.json").read_text()
    (folder / "zc_nasbench201.json").write_text(text.replace('"flops"', '"jacob-cov"'))
    result = rayzc("suite", "import", folder, "--out", "a.parquet")
    assert "rename it: --rename jacob-cov=jacob_cov, in Python" in result.out
    again = ("suite", "import", folder, "--out", "b.parquet", "--rename")
    result = rayzc(*again, "jacob-cov=jacov")
    assert result.code == 0
    assert "rename it" not in result.out
    assert "jacov" in load_suite(tmp_path / "b.parquet").proxies
    refused = rayzc(*again, "jacob-cov", "--force")
    assert refused.code == 2
    assert refused.err.startswith("rayzc: --rename 'jacob-cov': write OLD=NEW, such as jacob-cov=jacov")


def test_import_makes_a_parquet_file(rayzc: Run, folder: Path, tmp_path: Path) -> None:
    result = rayzc("suite", "import", folder, "--out", "mine.parquet")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "mine.parquet: 2 problems, 4 rows",
        "left out: 1 entry without an accuracy",
        "zen is missing on nasbench201/cifar100",
        few("nasbench201/cifar10", "2 networks"),
        few("nasbench201/cifar100", "1 network"),
    ]
    loaded = load_suite(tmp_path / "mine.parquet")
    assert loaded.name == "mine"
    assert loaded.content_hash == load_suite(folder).content_hash


def test_import_takes_a_name(rayzc: Run, folder: Path, tmp_path: Path) -> None:
    assert rayzc("suite", "import", folder, "--out", "a.parquet", "--name", "two cells").code == 0
    assert load_suite(tmp_path / "a.parquet").name == "two cells"


def test_import_never_overwrites_unasked(rayzc: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.parquet"
    out.write_text("precious")
    result = rayzc("suite", "import", folder, "--out", "mine.parquet")
    assert (result.code, result.out) == (2, "")
    assert result.err == "rayzc: mine.parquet exists: use --force to overwrite it\n"
    assert out.read_text() == "precious"
    assert rayzc("suite", "import", folder, "--out", "mine.parquet", "--force").code == 0
    assert len(load_suite(out)) == 2


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("json", "json exists: it is a folder; name a file"),
        ("a.json", "a.json: a suite is written as Parquet; give a name that ends in .parquet"),
        ("gone/a.parquet", "gone/a.parquet: the folder gone does not exist; create it first"),
    ],
)
def test_import_to_a_bad_place(rayzc: Run, folder: Path, out: str, message: str) -> None:
    result = rayzc("suite", "import", folder, "--out", out, "--force")
    assert (result.code, result.err) == (2, f"rayzc: {message}\n")


def test_import_of_a_cut_file_is_one_line(rayzc: Run, folder: Path) -> None:
    file = folder / "zc_nasbench201.json"
    file.write_text(file.read_text()[:100])
    result = rayzc("suite", "import", file, "--out", "a.parquet")
    assert result.code == 2
    assert result.err == (
        f"rayzc: {file}, line 1, column 101: the file ends too early, it was cut off; fetch or copy the file again\n"
    )
    assert not Path("a.parquet").exists()


def test_info_lines_up(rayzc: Run, folder: Path) -> None:
    result = rayzc("suite", "info", folder)
    assert result.code == 0
    lines = result.out.splitlines()
    head = next(line for line in lines if line.startswith("problem"))
    first, second = (line for line in lines if line.startswith("nasbench201/"))
    assert first.split() == ["nasbench201/cifar10", "3", "2", "2", "1", "-"]
    assert second.split() == ["nasbench201/cifar100", "1", "1", "1", "1", "zen"]
    for header, value in (("architectures", "3"), ("complete rows", "2")):
        end = head.index(header) + len(header)
        assert first[:end].endswith(f" {value}")
    assert second.index("zen") == first.rindex("-") == head.index("proxies missing")
    assert lines[-4] == "proxies on all problems (1): flops"
    assert lines[-2:] == [few("nasbench201/cifar10", "2 networks"), few("nasbench201/cifar100", "1 network")]


def test_info_as_json(rayzc: Run, folder: Path) -> None:
    result = rayzc("suite", "info", folder, "--json")
    document = json.loads(result.out)
    assert document["name"] == "json"
    assert document["content_hash"] == load_suite(folder).content_hash
    assert document["common_proxies"] == ["flops"]
    assert document["left_out"] == {"zen": ["nasbench201/cifar100"]}
    assert document["problems"][0] == {
        "problem": "nasbench201/cifar10",
        "architectures": 3,
        "networks": 2,
        "complete": 2,
        "complete_networks": 1,
        "proxies": ["flops", "zen"],
        "missing": [],
        "ceiling": None,
    }
    assert document["benchmark"] is None


def test_info_of_a_suite_with_a_benchmark(rayzc: Run, tmp_path: Path) -> None:
    built = built_suite()
    write_suite(built, tmp_path / "built.parquet")
    document = json.loads(rayzc("suite", "info", "built.parquet", "--json").out)
    assert document["problems"][0]["ceiling"] == built.problems[0].ceiling
    assert document["benchmark"]["scales"] == {"nasbench201": {"width": 4, "depth": 1}}
    assert document["benchmark"]["tasks"]["puzzle"] == {
        "classes": 4,
        "input_shape": [4, 3, 4, 4],
        "training": 24,
        "testing": 12,
    }
    assert document["benchmark"]["trainings"] == [3, 5]
    lines = rayzc("suite", "info", "built.parquet").out.splitlines()
    rows = [line.split() for line in lines]
    assert ["puzzle", "4", "4", "of", "4x4", "24", "12"] in rows
    first = built.problems[0]
    numbers = (first.accuracy.min(), np.median(first.accuracy), first.accuracy.max())
    shown = [f"{number:.3f}" for number in numbers]
    assert [first.name, "6", *shown, f"{first.ceiling:.3f}"] in rows
    assert "shapes: made up; 24 for training, 12 for testing; licence: CC0" in lines


def test_info_of_an_empty_suite(rayzc: Run, tmp_path: Path) -> None:
    write_suite(Suite("none", ()), tmp_path / "none.parquet")
    result = rayzc("suite", "info", "none.parquet")
    assert result.code == 0
    assert result.out.startswith("none: 0 problems")
    assert "proxies on all problems (0): -" in result.out


def test_info_of_the_real_suite(rayzc: Run, real_suite: Suite, tmp_path: Path) -> None:
    write_suite(real_suite, tmp_path / "real.parquet")
    rows = [line.split() for line in rayzc("suite", "info", "real.parquet").out.splitlines()]
    assert ["nasbench101/cifar10", "500", "292", "500", "292", "nwot,", "zen"] in rows
    assert ["transbench101_macro/jigsaw", "3,256", "3,256", "725", "725", "-"] in rows
    assert ["transbench101_micro/jigsaw", "4,096", "1,376", "711", "343", "-"] in rows


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gone.parquet", "gone.parquet: no such file or folder"),
        ("nbsz_13", "'nbsz_13' is neither a file, nor a folder, nor a named suite; did you mean 'nbsz-13'?"),
    ],
)
def test_info_of_nothing(rayzc: Run, source: str, message: str) -> None:
    result = rayzc("suite", "info", source)
    assert (result.code, result.out, result.err) == (2, "", f"rayzc: {message}\n")


def test_fetch_from_a_mirror(rayzc: Run, tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    write_suite_files(served, scale=0.005)
    with serving(served) as mirror:
        result = rayzc("suite", "fetch", "nbsz-13", "--mirror", mirror.address)
    assert (result.code, result.err) == (0, "")
    lines = [line.rstrip() for line in result.out.splitlines()]
    parquet = f"{tmp_path}/data/suites/nbsz-13.parquet"
    assert f"nbsz-13: 13 problems in {parquet}" in lines
    assert lines[-1] == f"{parquet} is ready: --suite nbsz-13"
    head = next(number for number, line in enumerate(lines) if line.startswith("file "))
    assert lines[head].split() == ["file", "from", "size", "checked,", "or", "why", "not", "found"]
    assert lines[head + 1].split()[:2] == ["zc_nasbench101.json", "mirror"]
    assert lines[head + 1].endswith("kB  1 problem, 50 architectures, 13 proxies, ranges")
    assert lines[head + 2].strip() == "smaller than published: all scores on 50 of 10,000"
    assert rayzc("suite", "info", "nbsz-13").out.startswith("nbsz-13: 13 problems")


def test_fetch_from_a_folder(rayzc: Run, tmp_path: Path, no_network: None) -> None:
    folder = tmp_path / "NASLib" / "naslib" / "data"
    folder.mkdir(parents=True)
    write_suite_files(folder, scale=0.005)
    result = rayzc("suite", "fetch", "nbsz-13", "--from", "NASLib")
    assert (result.code, result.err) == (0, "")
    assert result.out.count("  disk  ") == 5
    assert "differs from published: zc_nasbench101.json: smaller" in rayzc("suite", "info", "nbsz-13").out
    again = rayzc("suite", "fetch", "nbsz-13")
    parquet = f"{tmp_path}/data/suites/nbsz-13.parquet"
    assert again.out == f"nbsz-13: already in {parquet}; remove this file to make the suite again\n"


def test_fetch_offline_tells_what_to_do(
    rayzc: Run, monkeypatch: pytest.MonkeyPatch, no_network: None
) -> None:
    monkeypatch.setitem(sys.modules, "gdown", None)
    result = rayzc("suite", "fetch", "nbsz-13")
    assert result.code == 2
    assert result.err.startswith("rayzc: 5 of the 5 files of nbsz-13 could not be had:\n")
    assert (
        "  Google Drive: a download from Google Drive needs gdown: run `pip install 'rayzc[fetch]'`\n"
        in result.err
    )
    assert "  GitHub: no connection to raw.githubusercontent.com (no network in tests)\n" in result.err
    assert f"or put them into {NAMED_SUITES['nbsz-13'].folder}\n" in result.err
    for file in NAMED_SUITES["nbsz-13"].files:
        assert f"  {file.name}\n    {file.mirrors[0]}\n    {file.mirrors[1]}\n" in result.err
        row = next(line for line in result.out.splitlines() if line.startswith(f"{file.name}  "))
        assert row.split()[1:6] == ["-", "-", "Google", "Drive,", str(len(file.mirrors) - 1)]


def test_help_lists_the_commands(rayzc: Run) -> None:
    result = rayzc("suite", "--help")
    assert result.code == 0
    for command in ("import", "info", "fetch"):
        assert command in result.out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['rayzc', 'suite', '--help']\n"
        "from rayzc.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('numpy', 'pyarrow', 'numba', 'torch', 'ray') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_errors_are_of_the_family() -> None:
    with pytest.raises(RayzcError):
        suite().problem("gone")
