"""The schedule of stages: their order, what a failure costs, and that nothing is left behind."""

import pytest
import torch
from torch import nn

from rayzc.passes import NEEDS, Stage, Subject, subject_of
from rayzc.passes.gradients import Curvatures, Gradients, Jacobian
from rayzc.passes.saliencies import Saliencies
from rayzc.passes.shared import run_shared
from rayzc.passes.stages import Part, Way
from tests.proxies.nets import Unnormed

ALL = frozenset(name for name, need in NEEDS.items() if need.stage)


def subject() -> Subject:
    images = torch.randn(6, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    return subject_of(
        Unnormed(),
        images,
        torch.arange(6) % 4,
        loss=nn.functional.cross_entropy,
        seed=0,
        device="cpu",
        classes=None,
        channels_last=False,
    )


def fails(stage: Stage, *_: object) -> None:
    raise ValueError("broken on purpose")


def test_the_table_is_in_the_order_of_memory() -> None:
    stages = list(dict.fromkeys(need.stage for need in NEEDS.values() if need.stage))
    ways = [stage.way for stage in stages]
    assert ways == sorted(ways, key=list(Way).index)
    assert all(stages.index(stage.reads) < stages.index(stage) for stage in stages if stage.reads)


@pytest.mark.parametrize("size", [6, 3, 2])
def test_every_stage_gives_its_needs(size: int) -> None:
    measured = subject()
    found = run_shared(measured, ALL, size)
    assert not found.failures
    assert set(found.results) >= ALL
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in measured.model.modules())


def test_stages_that_no_need_takes_do_not_run() -> None:
    measured = subject()
    found = run_shared(measured, frozenset({"saliencies"}), 6)
    assert set(found.results) == {"logits", "classes", "gradients", "saliencies", "unseen"}
    assert measured.passes == {"forward": 1, "backward": 1}


@pytest.mark.parametrize("method", ["run", "results"])
@pytest.mark.parametrize(
    ("stage", "lost"),
    [
        (Jacobian, {"jacobian"}),
        (Saliencies, {"saliencies"}),
        (Curvatures, {"curvatures"}),
        (Gradients, {"gradients", "half_gradients", "saliencies", "curvatures"}),
    ],
)
@pytest.mark.parametrize("size", [6, 2])
def test_a_failure_costs_the_stage_and_those_that_read_it(
    monkeypatch: pytest.MonkeyPatch, stage: type[Stage], lost: set[str], method: str, size: int
) -> None:
    monkeypatch.setattr(stage, method, fails)
    found = run_shared(subject(), ALL, size)
    assert found.failures == dict.fromkeys(lost, "ValueError: broken on purpose")
    assert set(found.results) >= ALL - lost
    assert not lost & set(found.results)


def test_a_stage_that_failed_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[range] = []

    def run(stage: Stage, part: Part) -> None:
        runs.append(part.images)
        raise ValueError("broken on purpose")

    monkeypatch.setattr(Jacobian, "run", run)
    run_shared(subject(), frozenset({"jacobian", "kernel"}), 2)
    assert runs == [range(2)]


def test_a_lack_of_memory_ends_a_pass_that_can_be_split(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(stage: Stage, part: Part) -> None:
        raise MemoryError

    monkeypatch.setattr(Jacobian, "run", run)
    with pytest.raises(MemoryError):
        run_shared(subject(), ALL, 6)
