"""Result files as text: what is packed, what stays, and that nothing leads out of the folder."""

import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rayzc.errors import RunError
from rayzc.runs.archive import packed, unpacked


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder of a run, with what stays and what is packed."""
    files = {
        "config.json": "{}",
        "result.json": '{"best": 1}',
        "search/report.txt": "two networks\n",
        "checkpoints/epoch-1.json": "large",
        "search/cache/scores": "large",
        "filled.measurements/scores": "large",
        "suite.parquet": "large",
        "images.npz": "large",
        ".lock": "",
        ".owner": "me",
    }
    for name, text in files.items():
        path = tmp_path / "job" / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "job" / "run"


def text_of(entries: dict[str, bytes], sha256: str | None = None) -> str:
    """An archive of any content."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    data = content.getvalue()
    head = json.dumps({"sha256": sha256 or hashlib.sha256(data).hexdigest(), "left_out": []})
    return f"rayzc-archive {head}\nrayzc-data {base64.b64encode(data).decode()}\nrayzc-archive-end\n"


def test_results_come_back_as_they_were(run: Path, tmp_path: Path) -> None:
    (run.parent / "export").mkdir()
    (run.parent / "export" / "weights.pt").write_bytes(bytes(range(256)) * 50)
    text = packed([(run, ""), (run.parent / "export", "export")])
    within = text.replace("rayzc-data", "a warning in between\nrayzc-data", 1)
    found = unpacked(f"Ray says something\n{within}and more\n", tmp_path / "back")
    assert found.files == ("config.json", "export/weights.pt", "result.json", "search/report.txt")
    assert found.left_out == ()
    for name in found.files[2:]:
        assert (tmp_path / "back" / name).read_bytes() == (run / name).read_bytes()
    assert (tmp_path / "back" / "export" / "weights.pt").read_bytes() == bytes(range(256)) * 50


def test_a_suite_that_is_the_result_is_packed(tmp_path: Path) -> None:
    (tmp_path / "suite.parquet").write_text("rows")
    assert unpacked(packed([(tmp_path, "")]), tmp_path / "back").files == ("suite.parquet",)


def test_the_largest_files_stay_where_the_limit_is_reached(run: Path, tmp_path: Path) -> None:
    (run / "large.bin").write_bytes(b"x" * 1000)
    found = unpacked(packed([(run, "")], most=500), tmp_path / "back")
    assert "result.json" in found.files
    assert found.left_out == (("large.bin", 1000),)


def test_links_are_not_followed(run: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("secret")
    (run / "link").symlink_to(tmp_path / "token")
    (run / "folder").symlink_to(tmp_path / "elsewhere")
    found = unpacked(packed([(run, "")]), tmp_path / "back")
    assert found.files == ("config.json", "result.json", "search/report.txt")


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out", "a\\..\\out"])
def test_no_file_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="outside its folder"):
        unpacked(text_of({"fine": b"1", name: b"2"}), tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_an_archive_that_swells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="more than 1,000 bytes"):
        unpacked(text_of({"zeros": bytes(2000)}), tmp_path / "back", most=1000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing\n", "no complete archive"),
        (text_of({"a": b"1"}).replace("rayzc-archive-end", ""), "no complete archive"),
        (text_of({"a": b"1"}, sha256="0" * 64), "damaged"),
        ("rayzc-archive {}\nrayzc-data AA==\nrayzc-archive-end\n", "cannot be read"),
        (text_of({"a": b"1"}).replace("rayzc-data ", "rayzc-data *"), "cannot be read"),
    ],
)
def test_what_is_damaged_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=message):
        unpacked(text, tmp_path / "back")


def test_the_command_of_the_cluster(run: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rayzc.runs.archive"]
    ran = subprocess.run([*command, str(run.parent)], capture_output=True, text=True, check=True)
    assert unpacked(ran.stdout, tmp_path / "back").files[0] == "config.json"
    lost = subprocess.run([*command, str(tmp_path / "lost")], capture_output=True, text=True, check=False)
    assert lost.returncode == 1
    assert lost.stderr.startswith(f"rayzc: {tmp_path}/lost/run: there is no such folder on ")
