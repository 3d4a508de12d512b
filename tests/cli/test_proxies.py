"""``rayzc proxies`` and ``rayzc rank``, run as a user runs them."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from rayzc.cli.app import app
from rayzc.cli.proxies import lined_up
from rayzc.errors import ProxyError, RayzcError
from rayzc.proxies import registered

SOURCE = """
from torch import nn

def small(classes=10):
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, classes)
    )

def large(classes=10):
    return nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(16, classes)
    )

def deaf(classes=10):
    return nn.Sequential(nn.Flatten(), nn.Linear(192, classes))

def nothing():
    return 3
"""
SHAPE = ["--input", "3,8,8"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a module of networks, as the current one."""
    (tmp_path / "zoo_of_a_test.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("zoo_of_a_test", None)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def document(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_every_proxy_of_a_network() -> None:
    text = run("proxies", "zoo_of_a_test:small", *SHAPE, "--batch-size", "8")
    lines = text.splitlines()
    for name in registered():
        assert any(line.split()[:1] == [name] for line in lines), name
    assert "failed" not in text
    assert "8 images 3 x 8 x 8, seed 0" in text


def test_the_table_lines_up() -> None:
    text = run(
        "proxies", "zoo_of_a_test:small", *SHAPE, "--batch-size", "8", "--proxies", "swap,params,jacov,nwot"
    )
    rows = [line for line in text.splitlines() if line.split()[:1] in (["params"], ["jacov"], ["nwot"])]
    assert len(rows) == 3
    assert len({row.index(".") for row in rows}) == 1


def test_the_document() -> None:
    found = document("proxies", "zoo_of_a_test:small", *SHAPE, "--batch-size", "8", "--seed", "3")
    assert found["model"] == "zoo_of_a_test:small"
    assert set(found["scores"]) == set(registered())
    assert found["scores"]["params"] == pytest.approx((3 * 9 * 4 + 4 + 8 + 50) / 1e6)
    assert found["failures"] == {}
    assert found["images"] == [8, 3, 8, 8]
    assert found["seed"] == 3


def test_the_seed_gives_weights_images_and_scores() -> None:
    first, again, other = (
        document("proxies", "zoo_of_a_test:small", *SHAPE, "--batch-size", "8", "--seed", seed)["scores"]
        for seed in ("1", "1", "2")
    )
    assert first == again
    assert first["l2_norm"] != other["l2_norm"]
    assert first["nwot"] != other["nwot"]


def test_what_is_not_finite_has_a_name() -> None:
    assert document("proxies", "zoo_of_a_test:deaf", *SHAPE, "--proxies", "nwot")["scores"] == {
        "nwot": "-inf"
    }


def test_images_of_a_file(here: Path) -> None:
    images = np.random.default_rng(0).normal(size=(9, 3, 8, 8)).astype(np.float32)
    np.savez(here / "batch.npz", images=images, labels=np.arange(9) % 10)
    found = document("proxies", "zoo_of_a_test:small", *SHAPE, "--images", "batch.npz", "--proxies", "jacov")
    assert found["images"] == [9, 3, 8, 8]


def test_failures_are_told_and_the_rest_is_measured(here: Path) -> None:
    np.savez(here / "batch.npz", images=np.ones((4, 3, 8, 8), np.float32), labels=np.arange(4) + 50)
    text = run("proxies", "zoo_of_a_test:small", *SHAPE, "--images", "batch.npz", "--proxies", "snip,flops")
    assert "label 53 has no output, as the network has 10: give labels below 10" in text
    assert any(line.split()[:2] == ["snip", "failed"] for line in text.splitlines())
    assert any(line.split()[:1] == ["flops"] and "failed" not in line for line in text.splitlines())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere_of_a_test:make"], "there is no module 'nowhere_of_a_test'"),
        (["zoo_of_a_test:smal"], r"no attribute 'smal'; did you mean 'small'\?"),
        (["zoo_of_a_test:nothing"], "must be or return a torch.nn.Module, not an object of type int"),
        (
            ["zoo_of_a_test:small", "--input", "1,8,8"],
            "no proxy could be measured on images of shape 1,8,8: .*3 channels",
        ),
        (
            ["zoo_of_a_test:small", "--input", "big"],
            "--input big is not a shape: write channels,height,width",
        ),
        (["zoo_of_a_test:small", "--proxies", "zne"], r"there is no proxy 'zne'; did you mean 'zen'\?"),
        (["zoo_of_a_test:small", "--images", "no.npz"], "no.npz: there is no such file"),
        (["zoo_of_a_test:small", "--device", "tpu9000"], "there is no device 'tpu9000'"),
    ],
)
def test_mistakes(arguments: list[str], message: str) -> None:
    with pytest.raises(ProxyError, match=message):
        run("proxies", *arguments)


def test_a_mistake_is_one_line_without_a_traceback(here: Path) -> None:
    code = "import sys; from rayzc.cli import main; sys.argv = ['rayzc', 'proxies', 'nowhere:make']; main()"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=here, env=os.environ, check=False
    )
    assert found.returncode == 2
    assert found.stderr.startswith("rayzc: there is no module 'nowhere'")
    assert found.stderr.count("\n") == 1


def test_ranking() -> None:
    text = run("rank", "log(params) + 0 * nwot", "zoo_of_a_test:small", "zoo_of_a_test:large", *SHAPE)
    rows = [line.split() for line in text.splitlines() if "zoo_of_a_test" in line]
    assert [row[:2] for row in rows] == [["1", "zoo_of_a_test:large"], ["2", "zoo_of_a_test:small"]]


def test_ranking_as_a_document() -> None:
    networks = ["zoo_of_a_test:small", "zoo_of_a_test:large"]
    found = document("rank", "neg(params)", *networks, *SHAPE)
    assert [row["model"] for row in found["ranking"]] == networks
    assert [row["rank"] for row in found["ranking"]] == [1, 2]
    assert found["ranking"][0]["score"] == -found["ranking"][0]["proxies"]["params"]


def test_ranking_by_a_formula_file(here: Path) -> None:
    from rayzc.formula import Formula

    (here / "formula.json").write_text(Formula.parse("params * 2").to_json())
    found = document("rank", "formula.json", "zoo_of_a_test:small", *SHAPE)
    assert found["ranking"][0]["score"] == pytest.approx(2 * found["ranking"][0]["proxies"]["params"])


def test_what_is_not_finite_ranks_last() -> None:
    networks = ["zoo_of_a_test:deaf", "zoo_of_a_test:small"]
    found = document("rank", "nwot - 1e6", *networks, *SHAPE)
    assert [row["model"] for row in found["ranking"]] == networks[::-1]
    assert found["ranking"][1]["score"] == "-inf"


def test_models_of_a_file(here: Path) -> None:
    file = here / "models.py"
    file.write_text(SOURCE.replace("def nothing", "def _nothing"))
    found = document("rank", "params", "--models", str(file), *SHAPE)
    assert [row["model"] for row in found["ranking"]] == ["deaf", "large", "small"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["params"], "no networks to rank"),
        (["3", "zoo_of_a_test:small"], "has no proxy in it: it gives every network the same score"),
        (["sinflow", "zoo_of_a_test:small"], r"there is no proxy 'sinflow'; did you mean 'synflow'\?"),
        (["params +", "zoo_of_a_test:small"], "expected"),
        (["nowhere.json", "zoo_of_a_test:small"], "nowhere.json"),
    ],
)
def test_mistakes_in_ranking(arguments: list[str], message: str) -> None:
    with pytest.raises(RayzcError, match=message):
        run("rank", *arguments)


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (2240.0, "2240"),
        (-0.020893756, "-0.0208938"),
        (0.003922, "0.003922"),
        (1e-9, "1.00000e-09"),
        (math.inf, "inf"),
        (0.0, "0"),
        (123456789.0, "123456789"),
        (-1e8, "-100000000"),
        (1e61, "1.00000e+61"),
    ],
)
def test_six_digits(score: float, text: str) -> None:
    assert lined_up({"score": score}) == {"score": text}


def test_lined_up() -> None:
    assert lined_up({"a": 2240.0, "b": -0.5, "c": 1.25}) == {"a": "2240   ", "b": "  -0.5 ", "c": "   1.25"}


def test_networks_that_fail_are_listed_and_the_others_ranked(here: Path) -> None:
    (here / "more_of_a_test.py").write_text(
        "from torch import nn\ndef grey(): return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 10))\n"
    )
    networks = ["more_of_a_test.py:grey", "zoo_of_a_test:nothing", "zoo_of_a_test:small"]
    text = " ".join(run("rank", "snip", *networks, *SHAPE).split())
    assert "not ranked: more_of_a_test.py:grey: no proxy could be measured on images of shape 3,8,8" in text
    assert "not ranked: zoo_of_a_test:nothing: 'zoo_of_a_test:nothing' must be or return" in text
    found = document("rank", "snip", *networks, *SHAPE)
    assert [row["model"] for row in found["ranking"]] == networks[2:]
    assert set(found["failed"]) == set(networks[:2])
    with pytest.raises(ProxyError, match="no proxy could be measured"):
        run("rank", "snip", networks[0], *SHAPE)


def test_networks_of_one_score_share_a_rank_and_a_note_says_why(here: Path) -> None:
    (here / "flat_of_a_test.py").write_text(
        "from torch import nn\ndef one(): return nn.Sequential(nn.Flatten(), nn.Linear(192, 10))\n"
        "def two(): return nn.Sequential(nn.Flatten(), nn.Linear(192, 30), nn.Linear(30, 10))\n"
    )
    found = document("rank", "nwot", "flat_of_a_test:one", "flat_of_a_test:two", *SHAPE)
    assert [row["rank"] for row in found["ranking"]] == [1, 1]
    assert all(row["notes"][0].startswith("nwot: nothing to read") for row in found["ranking"])
    assert "flat_of_a_test:two: nwot: nothing to read" in run("rank", "nwot", "flat_of_a_test:two", *SHAPE)
