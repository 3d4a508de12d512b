"""The user's own code is run again only where it is what the run recorded, or where it is named again."""

import sys
from pathlib import Path

import pytest

from rayzc.cluster import discover, resume
from rayzc.cluster.own_code import networks_code, objective_code, record_code, require_known_code
from rayzc.cluster.training import resume_train
from rayzc.errors import RunError
from rayzc.options import Settings
from rayzc.problems import Suite
from rayzc.runs import RunFolder

EVIL = "import pathlib\npathlib.Path('{marker}').write_text('run')\n\ndef f(taus):\n    return 0.0\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run's folder beside which the process works."""
    monkeypatch.chdir(tmp_path)
    made = RunFolder.create(tmp_path / "run")
    made.write_config({"schema_version": 1})
    return made


def planted(place: Path, name: str) -> Path:
    """A module that leaves a marker when it is run, and the marker."""
    marker = place / "marker"
    (place / f"{name}.py").write_text(EVIL.format(marker=marker))
    return marker


def test_only_what_is_not_rayzcs_own() -> None:
    assert objective_code(Settings(objective="cvar")) == ()
    assert objective_code(Settings(objective="a.b:f")) == ("a.b",)
    names = ("nasbench201:(0, 0, 0, 0, 0, 0)", "mine:f", "mine:g", "other.one:h")
    assert networks_code(names) == ("mine", "other.one")


def test_what_the_run_recorded(folder: RunFolder, tmp_path: Path) -> None:
    marker = planted(tmp_path, "harmless_objective")
    with pytest.raises(
        RunError, match="harmless_objective is not known to be that of the run: name it again"
    ):
        require_known_code(folder, ("harmless_objective",), ())
    record_code(folder, ("harmless_objective",))
    require_known_code(folder, ("harmless_objective",), ())
    with (tmp_path / "harmless_objective.py").open("a") as file:
        file.write("# changed\n")
    with pytest.raises(RunError, match="is not known to be that of the run"):
        require_known_code(folder, ("harmless_objective",), ())
    require_known_code(folder, ("harmless_objective",), ("harmless_objective",))
    assert not marker.exists()


def test_a_module_of_a_package(folder: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "harmless_package").mkdir()
    (tmp_path / "harmless_package" / "__init__.py").write_text("raise SystemExit\n")
    marker = planted(tmp_path / "harmless_package", "inner")
    record_code(folder, ("harmless_package.inner", "harmless_package.none"))
    require_known_code(folder, ("harmless_package.inner",), ())
    with pytest.raises(RunError, match="is not known to be that of the run"):
        require_known_code(folder, ("harmless_package.none",), ())
    assert not marker.exists()


def test_code_in_the_folder_of_the_run(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    marker = planted(folder.path, "evil_objective")
    monkeypatch.chdir(folder.path)
    record_code(folder, ("evil_objective",))  # whoever planted the module can plant its hash
    with pytest.raises(
        RunError, match=r"own code, .*evil_objective.py, which is not run unasked: .*--code evil"
    ):
        require_known_code(folder, ("evil_objective",), ())
    require_known_code(folder, ("evil_objective",), ("evil_objective",))
    assert not marker.exists()


def test_a_run_that_came_from_elsewhere(
    small_suite: Suite, ray_session: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its configuration names a module that lies beside it; ``rayzc resume .`` runs nothing of it."""
    import json

    from rayzc.options import Limits

    out = tmp_path / "run"
    discover(small_suite, islands=1, population=12, offspring=12, limits=Limits(epochs=1), workers=1, out=out)
    config = json.loads((out / "config.json").read_text())
    config["settings"]["objective"] = "evil_resumed:f"
    (out / "config.json").write_text(json.dumps(config))
    marker = planted(out, "evil_resumed")
    monkeypatch.chdir(out)
    with pytest.raises(RunError, match="which is not run unasked"):
        resume(".")
    assert not marker.exists()
    assert "evil_resumed" not in sys.modules


def test_networks_of_a_run_of_trainings(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from rayzc.runs import TrainConfig

    config = TrainConfig(rayzc="0", networks=("evil_network:f",), data="images.npz", data_hash="0")
    folder.write_config(config.to_json())
    marker = planted(folder.path, "evil_network")
    monkeypatch.chdir(folder.path)
    with pytest.raises(RunError, match="which is not run unasked"):
        resume_train(".")
    assert not marker.exists()
