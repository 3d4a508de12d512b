from pathlib import Path

import pytest
import torch

from rayzc.errors import ProxyError, RayzcError, SpaceError, TrainingError
from rayzc.training import NetworkSource
from tests.training import samples

MODULE = """
from torch import nn

def make(classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(192, classes))
"""


def test_an_architecture() -> None:
    source = NetworkSource.named(" nasbench201:(4,3, 3,3,2,3)")
    assert source.name == "nasbench201:(4, 3, 3, 3, 2, 3)"
    assert source.space == "nasbench201"
    first, second, other = (
        source.build(samples.data(), width=4, depth=1, seed=seed).state_dict() for seed in (0, 0, 1)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["classifier.weight"], other["classifier.weight"])
    assert len(first["classifier.weight"]) == 3


def test_a_network_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nets_to_train.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    source = NetworkSource.named("nets_to_train:make")
    assert source.space is None
    assert source.build(samples.data(), seed=0)(torch.zeros(2, 3, 8, 8)).shape == (2, 3)
    with pytest.raises(TrainingError, match="width and depth apply to search spaces only"):
        source.build(samples.data(), width=4)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("nasbench201", TrainingError, "'nasbench201' is not the name of a network: write space:encoding"),
        (":x", TrainingError, "is not the name of a network"),
        ("nasbench21:(1, 2)", TrainingError, r"no search space 'nasbench21'; did you mean 'nasbench201'\?"),
        ("nasbench201:(4, 3)", SpaceError, "nasbench201 encoding"),
    ],
)
def test_names_that_are_none(name: str, kind: type[RayzcError], message: str) -> None:
    with pytest.raises(kind, match=message):
        NetworkSource.named(name)


def test_networks_that_cannot_be_built() -> None:
    with pytest.raises(ProxyError, match="there is no module 'no_such_module'"):
        NetworkSource.named("no_such_module:make").build(samples.data())
    with pytest.raises(SpaceError, match="input size is 10"):
        NetworkSource.named(f"nasbench201:{samples.CELL}").build(samples.data(side=10))


def test_images_that_a_space_does_not_take() -> None:
    data = samples.data()
    narrow = type(data)(data.images[..., :4], data.labels, data.test_images[..., :4], data.test_labels, 3)
    with pytest.raises(TrainingError, match=r"takes square images in colour or grey.*\(3, 8, 4\)"):
        NetworkSource.named(f"nasbench201:{samples.CELL}").build(narrow)
