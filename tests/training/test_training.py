import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from rayzc.errors import TrainingError
from rayzc.options import Recipe
from rayzc.training import Epoch, Trained, train_network
from rayzc.training.chance import generator
from rayzc.training.descent import learning_rate
from tests.training import samples

RECIPE = Recipe(epochs=4, batch_size=16, learning_rate=0.05)
ALL = RECIPE.replaced(
    augment=("flip", "crop", "shift", "cutout", "brightness"),
    label_smoothing=0.1,
    clip=1.0,
    warmup=1,
    nesterov=True,
)
NETWORKS = {
    "narrow": lambda: samples.cell(4),
    "wide": lambda: samples.cell(8),
    "dropping": samples.dropping,
    "darts": lambda: samples.built("nasbench301", samples.DARTS, 4),
}


class StoppedError(Exception):
    """What ends a training in the middle."""


def weights(network: nn.Module) -> list[torch.Tensor]:
    return [value.clone() for value in network.state_dict().values()]


def same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_it_learns() -> None:
    trained = train_network(samples.cell(8), samples.data(), RECIPE.replaced(epochs=12), seed=0, device="cpu")
    assert trained.accuracy > 0.9
    assert trained.training_accuracy > 0.9
    assert trained.losses[-1] < trained.losses[0] / 2
    assert trained.epochs == len(trained.losses) == 12
    assert trained.seconds > 0
    assert trained.finished
    assert trained.diverged is None
    assert trained.notes == ()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_seed_gives_the_same_result(name: str) -> None:
    recipe = ALL.replaced(drop_path=0.3, auxiliary=0.4, epochs=3)
    state = torch.random.get_rng_state()
    found = []
    for seed in (5, 5, 6):
        network = NETWORKS[name]()
        trained = train_network(network, samples.data(), recipe, seed=seed, device="cpu")
        found.append((trained.accuracy, trained.losses, weights(network)))
    assert found[0][:2] == found[1][:2]
    assert same(found[0][2], found[1][2])
    assert found[0][1] != found[2][1]
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_that_was_interrupted_gives_the_same_result(name: str, tmp_path: Path) -> None:
    recipe = ALL.replaced(drop_path=0.3, auxiliary=0.4)
    whole, broken = NETWORKS[name](), NETWORKS[name]()
    expected = train_network(whole, samples.data(), recipe, seed=5, device="cpu", report=lambda epoch: None)

    def fail(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise StoppedError

    path = tmp_path / "training.pt"
    with pytest.raises(StoppedError):
        train_network(broken, samples.data(), recipe, seed=5, device="cpu", checkpoint=path, report=fail)
    heard: list[int] = []
    again = NETWORKS[name]()
    found = train_network(
        again,
        samples.data(),
        recipe,
        seed=5,
        device="cpu",
        checkpoint=path,
        report=lambda epoch: heard.append(epoch.number),
    )
    assert heard == [3, 4]
    assert found.accuracy == expected.accuracy
    assert found.losses == expected.losses
    assert same(weights(again), weights(whole))
    once_more = train_network(NETWORKS[name](), samples.data(), recipe, seed=5, device="cpu", checkpoint=path)
    assert (once_more.accuracy, once_more.losses) == (expected.accuracy, expected.losses)


def samples_of(name: str) -> nn.Module:
    return NETWORKS[name]()


@pytest.mark.parametrize("width", [4, 8])
def test_the_steps_are_those_of_gradient_descent(width: int) -> None:
    """Width 8 is trained in channels-last, whose layout torch's fused optimiser must not mistake."""
    data, network, twin = samples.data(), samples.cell(width), samples.cell(width).train()
    recipe = RECIPE.replaced(epochs=1, batch_size=20)
    trained = train_network(network, data, recipe, seed=7, device="cpu")
    velocity = [torch.zeros_like(parameter) for parameter in twin.parameters()]
    order = torch.randperm(60, generator=generator(7, 0, "order"))
    losses = []
    for step in range(3):
        rows = order[20 * step : 20 * step + 20]
        loss = cross_entropy(twin(data.images[rows]), data.labels[rows])
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, list(twin.parameters()))
        with torch.no_grad():
            for parameter, gradient, moving in zip(twin.parameters(), gradients, velocity, strict=True):
                moving.mul_(0.9).add_(gradient + 0.0005 * parameter)
                parameter.sub_(learning_rate(recipe, step / 3) * moving)
    assert trained.losses[0] == pytest.approx(sum(losses) / 3, rel=1e-4)
    for ours, theirs in zip(network.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_a_network_is_left_in_eval_mode_without_hooks() -> None:
    network = samples.built("nasbench301", samples.DARTS, 4)
    train_network(
        network, samples.data(), RECIPE.replaced(epochs=1, drop_path=0.5, auxiliary=0.4), seed=0, device="cpu"
    )
    assert not network.training
    assert not any(module._forward_hooks for module in network.modules())


def test_stop_ends_after_an_epoch(tmp_path: Path) -> None:
    asked = iter([False, True])
    found = train_network(
        samples.cell(), samples.data(), RECIPE, seed=0, device="cpu", stop=lambda: next(asked)
    )
    assert found.epochs == 2
    assert not found.finished


def test_a_loss_that_is_not_finite() -> None:
    network = samples.cell()
    with torch.no_grad():
        next(iter(network.parameters())).fill_(math.nan)
    found = train_network(network, samples.data(), RECIPE, seed=0, device="cpu")
    assert found.diverged == "the loss is not finite after epoch 1"
    assert found.epochs == 1
    assert math.isnan(found.accuracy)
    assert found.finished
    assert found.to_json()["accuracy"] is None


class Blind(nn.Module):
    """A network that looks at nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(len(images), 3)


@pytest.mark.parametrize(("give_up", "warmup", "epochs"), [(None, 0, 6), (2, 0, 2), (2, 1, 3)])
def test_no_better_than_guessing(give_up: int | None, warmup: int, epochs: int) -> None:
    found = train_network(
        Blind(),
        samples.data(),
        RECIPE.replaced(epochs=6, warmup=warmup),
        seed=0,
        device="cpu",
        give_up=give_up,
    )
    assert found.epochs == epochs
    assert found.finished
    assert found.diverged is not None
    assert f"no better than guessing after epoch {epochs}" in found.diverged
    assert "the share of the most common class is 0.333" in found.diverged
    assert 0 < found.accuracy < 0.5


def test_the_last_batch_may_not_be_a_single_image() -> None:
    data = samples.data(images=33)
    trained = train_network(
        samples.built("nasbench201", samples.CELL, 4), data, RECIPE.replaced(epochs=1), seed=0, device="cpu"
    )
    assert math.isfinite(trained.losses[0])


def test_the_learning_rate() -> None:
    recipe = Recipe(epochs=10, warmup=2, learning_rate=0.4)
    assert learning_rate(recipe, 0) == 0
    assert learning_rate(recipe, 1) == pytest.approx(0.2)
    assert learning_rate(recipe, 2) == pytest.approx(0.4)
    assert learning_rate(recipe, 6) == pytest.approx(0.2)
    assert learning_rate(recipe, 10) == pytest.approx(0)
    assert learning_rate(Recipe(), 0) == Recipe().learning_rate


def test_notes_say_what_a_network_does_not_have() -> None:
    found = train_network(
        samples.dropping(),
        samples.data(),
        RECIPE.replaced(epochs=1, drop_path=0.2, auxiliary=0.4, precision="mixed"),
        seed=0,
        device="cpu",
    )
    assert [note.partition(":")[0] for note in found.notes] == [
        "no drop path",
        "no auxiliary head",
        "not in mixed precision",
    ]


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            lambda: nn.Sequential(nn.Flatten(), nn.Linear(5, 3)),
            r"cannot be trained on images \(3, 8, 8\) with 3",
        ),
        (
            lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 2)),
            "cannot be trained .*with 3 classes: Target",
        ),
        (lambda: nn.Identity(), "has no parameters to train"),
    ],
)
def test_networks_that_do_not_fit(network: Callable[[], nn.Module], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        train_network(network(), samples.data(), RECIPE, seed=0, device="cpu")


def test_a_square_that_blanks_whole_images() -> None:
    with pytest.raises(TrainingError, match="cutout is 8, which blanks whole images of 8 pixels"):
        train_network(
            samples.cell(), samples.data(), Recipe(augment=("cutout",), cutout=8), seed=0, device="cpu"
        )


def kept(path: Path, **changes: object) -> Trained:
    options = {"seed": 0, "recipe": RECIPE.replaced(epochs=2), "network": samples.cell(), **changes}
    return train_network(
        options["network"],  # type: ignore[arg-type]
        samples.data(),
        options["recipe"],  # type: ignore[arg-type]
        seed=options["seed"],  # type: ignore[arg-type]
        device="cpu",
        checkpoint=path,
    )


@pytest.mark.parametrize(
    "changes",
    [{"seed": 1}, {"recipe": RECIPE}, {"network": samples.dropping()}],
    ids=["seed", "recipe", "network"],
)
def test_a_checkpoint_of_another_training(changes: dict[str, object], tmp_path: Path) -> None:
    kept(tmp_path / "a.pt")
    with pytest.raises(TrainingError, match=r"a\.pt is the checkpoint of another training"):
        kept(tmp_path / "a.pt", **changes)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 torn"])
def test_a_checkpoint_that_cannot_be_read(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(TrainingError, match=r"a\.pt cannot be read as a checkpoint .*remove it"):
        kept(tmp_path / "a.pt")


class Evil:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("called",)


def test_a_checkpoint_runs_no_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"schema_version": 1, "identity": Evil()}, tmp_path / "a.pt")
    with pytest.raises(TrainingError, match="cannot be read as a checkpoint"):
        kept(tmp_path / "a.pt")
    assert "called" not in capsys.readouterr().out


def test_a_checkpoint_of_another_version(tmp_path: Path) -> None:
    torch.save({"schema_version": 99}, tmp_path / "a.pt")
    with pytest.raises(TrainingError, match="schema 99; this version of rayzc reads schema 1"):
        kept(tmp_path / "a.pt")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be written: No such file"):
        kept(tmp_path / "none" / "a.pt")


def test_the_weights_are_in_the_checkpoint(tmp_path: Path) -> None:
    network = samples.cell()
    kept(tmp_path / "a.pt", network=network)
    state = torch.load(tmp_path / "a.pt", weights_only=True)
    twin = samples.cell(seed=1)
    twin.load_state_dict(state["model"])
    assert same(weights(twin), weights(network))
