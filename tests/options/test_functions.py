"""The functions of Python take options by keyword, as a class, and both together."""

from pathlib import Path
from typing import Any

import pytest

import rayzc
from rayzc.cluster.islands import discovery
from rayzc.options import DiscoverOptions, Limits, Settings
from rayzc.runs import DiscoverConfig, RunFolder
from tests.evolution import samples


@pytest.mark.parametrize(
    "given",
    [
        {"holdout": 0.25, "limits": rayzc.Limits(epochs=3), "settings": rayzc.Settings(islands=2, seed=5)},
        {"holdout": 0.25, "epochs": 3, "islands": 2, "seed": 5},
        {
            "options": DiscoverOptions(
                holdout=0.25, limits=Limits(epochs=3), settings=Settings(islands=2, seed=5)
            )
        },
        {
            "options": DiscoverOptions(holdout=0.5, settings=Settings(seed=5)),
            "holdout": 0.25,
            "islands": 2,
            "epochs": 3,
        },
        {
            "settings": Settings(seed=5),
            "holdout": 0.25,
            "islands": 2,
            "limits": Limits(plateau=9),
            "epochs": 3,
            "plateau": None,
        },
    ],
)
def test_discover(given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []
    monkeypatch.setattr(discovery, "_bred", lambda run, *rest: begun.append(run))
    suite = samples.suite()
    rayzc.discover(suite, **given, out=tmp_path / "run")
    assert len(begun) == 1
    folder = RunFolder(tmp_path / "run")
    config = DiscoverConfig.from_json(folder.read_config(), folder.config)
    assert config.holdout == 0.25
    assert config.limits == Limits(epochs=3)
    assert config.settings == Settings(islands=2, seed=5)
    assert config.problems == suite.names
