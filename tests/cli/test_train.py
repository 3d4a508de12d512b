"""``rayzc train`` and resuming it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cluster.training.samples import NETWORKS
from tests.training import samples

SMALL = ("--epochs", "2", "--batch-size", "16", "--width", "4", "--depth", "1", "--seeds", "2")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    samples.labelled_images().write(tmp_path / "images.npz")
    return tmp_path / "images.npz"


def test_a_run(command: Command, images: Path, ray_session: None, tmp_path: Path) -> None:
    ended = command(
        "train", *NETWORKS, "--data", images, *SMALL, "--augment", "flip,crop", "--json", "--out", "run"
    )
    assert ended.code == 0, ended.err
    document = json.loads(ended.out)
    assert document == json.loads((tmp_path / "run" / "result.json").read_text()) | {"run": "run"}
    assert [network["network"] for network in document["networks"]] == list(NETWORKS)
    assert [len(network["trainings"]) for network in document["networks"]] == [2, 2]

    again = command("resume", "run")
    assert again.code == 0, again.err
    for network in document["networks"]:
        accuracies = " ".join(f"{training['accuracy']:.4f}" for training in network["trainings"])
        assert f"{network['network']}" in again.out
        assert accuracies in again.out
    assert "all trainings ended" in again.out

    refused = command("train", NETWORKS[0], "--data", images, *SMALL, "--out", "run")
    assert refused.code == 2
    assert "run exists and is not empty" in refused.err
    forced = command(
        "train", NETWORKS[0], "--data", images, *SMALL, "--seeds", "1", "--out", "run", "--force", "-q"
    )
    assert forced.code == 0, forced.err
    assert forced.err == ""
    assert len(list((tmp_path / "run" / "checkpoints").iterdir())) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nasbench201:(4, 3)", "--data", "IMAGES"), "nasbench201 encoding"),
        (("nothing", "--data", "IMAGES"), "'nothing' is neither a folder nor the name of a network"),
        (("nasbench21:(1)", "--data", "IMAGES"), "did you mean 'nasbench201'?"),
        ((NETWORKS[0], "--data", "none.npz"), "none.npz: there is no such file"),
        ((NETWORKS[0], "--data", "IMAGES", "--recipe", "quik"), "did you mean 'quick'?"),
        (
            (NETWORKS[0], "--data", "IMAGES", "--epochs", "0"),
            "--epochs is 0; it must lie between 1 and 100,000",
        ),
        ((NETWORKS[0], "--data", "IMAGES", "--augment", "flop"), "did you mean 'flip'?"),
        (
            (NETWORKS[0], "--data", "IMAGES", "--recipe", "darts"),
            "cutout is 16, which blanks whole images of 8 pixels: set cutout to a smaller number",
        ),
        ((NETWORKS[0], "--data", "IMAGES", "--gpus", "2"), "--gpus is 2"),
        ((NETWORKS[0], "--data", "IMAGES", "--width", "0"), "--width is 0; it must be 1 or more"),
        (("no_such_module:make", "--data", "IMAGES"), "there is no module 'no_such_module'"),
    ],
)
def test_mistakes(
    command: Command, images: Path, arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    ended = command(
        "train", *(str(images) if text == "IMAGES" else text for text in arguments), "--out", "run"
    )
    assert ended.code == 2
    assert ended.err.startswith("rayzc: ")
    assert ended.err.count("\n") == 1
    assert message in ended.err
    assert not (tmp_path / "run").exists()


def test_data_are_needed(command: Command) -> None:
    assert command("train", NETWORKS[0]).code == 2


@pytest.mark.parametrize("flag", [("--epochs", "3"), ("--details",), ("--export", "x"), ("--plateau", "2")])
def test_what_does_not_apply_to_trainings(command: Command, flag: tuple[str, ...], tmp_path: Path) -> None:
    from rayzc.runs import RunFolder

    RunFolder.create(tmp_path / "run").write_config({"kind": "train"})
    ended = command("resume", tmp_path / "run", *flag)
    assert ended.code == 2
    assert f"{flag[0]} does not apply to a run of `rayzc train`" in ended.err
