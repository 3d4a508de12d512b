"""The arguments of a job: which files they name, what the job is told instead, and mistakes before anything is sent."""

from pathlib import Path

import pytest

from rayzc.cli.job_arguments import job_arguments
from rayzc.errors import ClusterError, SuiteError
from rayzc.options.submitting import JOBS
from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with files, and a file beside it."""
    (tmp_path / "elsewhere.parquet").write_text("rows")
    folder = tmp_path / "here"
    (folder / "suites").mkdir(parents=True)
    for name in ("suites/mine.parquet", "mine.py", "nwot", "pictures.npz"):
        (folder / name).write_text("")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("RAYZC_DATA", str(tmp_path / "data"))
    return folder


def places(
    command: str, *given: str, include: tuple[str, ...] = (), on_cluster: tuple[str, ...] = ()
) -> list[str]:
    return [found.place for found in job_arguments(command, given, include, on_cluster).inputs]


def test_files_are_found_and_keep_their_places(here: Path) -> None:
    found = job_arguments(
        "discover", ["--suite", str(here / "suites" / "mine.parquet"), "--objective", "mine:score"]
    )
    assert found.arguments == ("--suite", "suites/mine.parquet", "--objective", "mine:score")
    assert [(one.place, one.path) for one in found.inputs] == [
        ("mine.py", here / "mine.py"),
        ("suites/mine.parquet", here / "suites" / "mine.parquet"),
    ]
    assert job_arguments("discover", ["--suite=suites/mine.parquet"]).arguments == (
        "--suite=suites/mine.parquet",
    )


def test_a_file_from_elsewhere() -> None:
    found = job_arguments("discover", ["--suite", "../elsewhere.parquet"])
    (only,) = found.inputs
    assert found.arguments == ("--suite", only.place)
    assert only.place.startswith("elsewhere/")
    assert only.place.endswith("/elsewhere.parquet")
    assert found == job_arguments("discover", ["--suite", str(Path("../elsewhere.parquet").resolve())])


def test_only_what_names_a_file_is_taken_for_one() -> None:
    assert places("discover", "--proxies", "nwot", "--problems", "suites") == []
    assert places("discover", "--suite", "mini-13") == []
    assert places("search", "--formula", "-nwot + log(flops)" * 50, "--suite", "none") == []
    assert places("search", "--formula", "nwot") == ["nwot"]
    assert places("search", "--formula", "nwot", on_cluster=("nwot",)) == []
    assert places("search", "--formula", "1 + nwot", "--images", "pictures.npz") == ["pictures.npz"]


def test_positional_arguments() -> None:
    given = (
        "nasbench201:(4, 3, 3, 3, 2, 3)",
        "mine:net",
        "suites",
        "--data",
        "pictures.npz",
        "--seeds",
        "2",
        "-q",
    )
    assert places("train", *given) == ["mine.py", "pictures.npz", "suites"]
    assert job_arguments("train", given).arguments == given
    assert places("fill", "suites/mine.parquet", "--proxies", "nwot,mine:own") == [
        "mine.py",
        "suites/mine.parquet",
    ]
    assert places("train", "--data", "pictures.npz", "--", "suites") == ["pictures.npz", "suites"]


def test_a_fetched_suite_goes_along(tmp_path: Path) -> None:
    assert places("discover", "--suite", "nbsz-13") == []
    (tmp_path / "data" / "suites").mkdir(parents=True)
    (tmp_path / "data" / "suites" / "nbsz-13.parquet").write_text("rows")
    (place,) = places("discover", "--suite", "nbsz-13")
    assert place.endswith("/nbsz-13.parquet")
    assert places("fill", "nbsz-13") == [place]
    assert places("discover", "--suite", "nbsz-13", on_cluster=("nbsz-13",)) == []


def test_a_specification_goes_with_its_images(here: Path) -> None:
    (here / "spec.toml").write_text(
        '[images.a]\nsource = "npz:pictures.npz"\n[images.b]\nsource = ["folder:suites", "scikit-learn:digits"]\n'
    )
    assert places("build-suite", "spec.toml") == ["pictures.npz", "spec.toml", "suites"]
    (here / "spec.toml").write_text('[images.a]\nsource = "npz:../elsewhere.parquet"\n')
    with pytest.raises(SuiteError, match="not below the folder of the specification"):
        places("build-suite", "spec.toml")
    assert places("build-suite", "spec.toml", on_cluster=("../elsewhere.parquet",)) == ["spec.toml"]
    (here / "spec.toml").write_text("[images")
    with pytest.raises(SuiteError, match=r"spec\.toml: cannot be read"):
        places("build-suite", "spec.toml")


def test_further_files() -> None:
    assert places("discover", include=("suites", "mine.py")) == ["mine.py", "suites"]
    with pytest.raises(ClusterError, match="--include lost: there is no such file"):
        places("discover", include=("lost",))
    for outside in ("..", ".", "../elsewhere.parquet"):
        with pytest.raises(ClusterError, match="is not below"):
            places("discover", include=(outside,))


def test_exports_go_where_results_are_fetched_from() -> None:
    given = ("--formula", "flops", "--export", "nets")
    assert job_arguments("search", given).arguments == ("--formula", "flops", "--export", "../export")
    assert job_arguments("search", ("--formula=flops", "--export=nets")).arguments[1] == "--export=../export"


@pytest.mark.parametrize("option", ["--out", "--address", "--cache", "--out=run"])
def test_options_that_the_job_sets(option: str) -> None:
    with pytest.raises(ClusterError, match=f"^{option.partition('=')[0]} is not for the arguments of a job"):
        job_arguments("fill", ["a.parquet", option, "x"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("discover", "--", "--epoch", "4"), "No such option: --epoch"),
        (("search", "--"), "Missing option '--formula'"),
        (("discover", "--", "--epochs", "four"), "Invalid value for '--epochs'"),
        (("discover", "--", "--epochs"), "requires an argument"),
        (("train", "--", "--data", "x.npz"), "Missing argument"),
        (("discover", "--epochs", "4"), "No such option: --epochs"),
        (("discovr",), "command 'discovr' does not run as a job; did you mean 'discover'?"),
        (("discover", "--name", "a b"), "--name 'a b': write letters"),
    ],
)
def test_mistakes_are_found_before_the_cluster_is_asked(
    command: Command, given: tuple[str, ...], said: str
) -> None:
    ended = command("submit", *given)
    assert (ended.code, ended.out) == (2, "")
    assert said in " ".join(ended.err.replace("│", " ").split())


@pytest.mark.parametrize("job", JOBS)
def test_the_help_of_a_job_is_that_of_its_command(command: Command, job: str) -> None:
    ended = command("submit", job, "--", "--help")
    assert (ended.code, ended.err) == (0, "")
    assert f"submit {job} --" in ended.out
    assert "--workers" in ended.out
