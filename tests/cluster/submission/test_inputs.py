"""What is uploaded: a wheel that pip installs, and files that are neither too large nor forgotten."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rayzc.cluster.submission.inputs import (
    MANIFEST,
    MOST_BYTES,
    Input,
    check_size,
    digest_of,
    requirements,
    write_inputs,
    write_wheel,
)
from rayzc.errors import ClusterError
from rayzc.version import __version__


def test_the_wheel_is_installed_without_anything_else(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path)
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-index",
        "--quiet",
        "--target",
        str(tmp_path / "there"),
    ]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, timeout=120)
    code = "import rayzc, rayzc.cli.submitted; print(rayzc.__file__); print(rayzc.__version__)"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path / "there")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines() == [str(tmp_path / "there" / "rayzc" / "__init__.py"), __version__]
    assert (tmp_path / "there" / "rayzc" / "suites" / "mini-13.parquet").is_file()
    assert {path.name for path in (tmp_path / "there").iterdir()} == {
        "rayzc",
        f"rayzc-{__version__}.dist-info",
    }


def test_equal_code_gives_an_equal_wheel_and_other_code_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    one, two = write_wheel(tmp_path / "one"), write_wheel(tmp_path / "two")
    assert (one.name, one.read_bytes()) == (two.name, two.read_bytes())
    with zipfile.ZipFile(one) as archive:
        assert not [name for name in archive.namelist() if "__pycache__" in name]
    monkeypatch.setattr("rayzc.cluster.submission.inputs._python", lambda: ["Requires-Python: >=4"])
    assert write_wheel(tmp_path / "three").name != one.name


def test_what_to_install_leaves_ray_as_the_cluster_has_it() -> None:
    names = requirements()
    assert any(text.startswith("numba") for text in names)
    assert not [text for text in names if text.startswith("ray") or "extra" in text]


def test_the_size_is_checked_and_the_largest_files_named(tmp_path: Path) -> None:
    for name, size in (("small.txt", 1), ("middle.npz", 3000), ("large.npz", 5000)):
        (tmp_path / name).write_bytes(b"x" * size)
    given = (Input(tmp_path, "folder"),)
    assert check_size(given) == 8001
    with pytest.raises(ClusterError) as refused:
        check_size(given, most=4 * 1024)
    text = str(refused.value)
    assert text.index("large.npz") < text.index("middle.npz")
    assert "--on-cluster PATH" in text
    with pytest.raises(ClusterError, match="no-such-file cannot be read"):
        check_size((Input(tmp_path / "no-such-file", "x"),))


def test_the_limit_is_the_one_of_ray() -> None:
    from ray._private.ray_constants import DASHBOARD_CLIENT_MAX_SIZE

    assert DASHBOARD_CLIENT_MAX_SIZE - 1024**2 < MOST_BYTES < DASHBOARD_CLIENT_MAX_SIZE


def test_the_upload_has_all_files_and_a_list_of_them(tmp_path: Path) -> None:
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / "state.json").write_text("large")
    (tmp_path / "run" / "config.json").write_text("{}")
    (tmp_path / "module" / "__pycache__").mkdir(parents=True)
    (tmp_path / "module" / "__pycache__" / "old.pyc").write_text("old")
    (tmp_path / "module" / "__init__.py").write_text("")
    (tmp_path / "one.txt").write_text("one")
    given = [Input(tmp_path / name, name) for name in ("run", "module", "one.txt")]
    write_inputs(given, tmp_path / "first.zip")
    write_inputs(given[::-1], tmp_path / "second.zip")
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        names = ["module/__init__.py", "one.txt", "run/config.json"]
        assert sorted(archive.namelist()) == sorted([MANIFEST, *names])
        assert json.loads(archive.read(MANIFEST)) == names
        assert archive.read("one.txt") == b"one"


def test_the_digest_tells_changed_files(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("one")
    before = digest_of([Input(tmp_path, "there")])
    assert digest_of([Input(tmp_path, "there")]) == before
    assert digest_of([Input(tmp_path, "elsewhere")]) != before
    (tmp_path / "one.txt").write_text("two")
    assert digest_of([Input(tmp_path, "there")]) != before
