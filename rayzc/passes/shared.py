"""The shared pass: one forward pass of the batch, and every backward pass that starts where it ends."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

import torch

from rayzc.passes.activations import Logits
from rayzc.passes.by_products import NEEDS
from rayzc.passes.gradients import Curvatures
from rayzc.passes.overrides import RefuseBatchStatistics
from rayzc.passes.replica import CoupledError, Replica, RestartError, random_states, randomness_from
from rayzc.passes.results import PassResults, is_out_of_memory, reason_of
from rayzc.passes.second_order import SecondOrder
from rayzc.passes.stages import Batch, Part, Stage, Way
from rayzc.passes.subject import Subject
from rayzc.passes.watching import Watch

__all__ = ["run_shared"]

Failed = dict[type[Stage], str]


def run_shared(subject: Subject, needs: frozenset[str], size: int) -> PassResults:
    """Sends the batch through the network, whole or in parts, and gathers by-products on the way.

    The stages run in the order of the table of needs, which is that of the memory they take: what is read off
    activations is done, and its memory free, before the first backward pass; the last one frees the graph.

    Args:
        subject: what is measured.
        needs: names of :data:`~rayzc.passes.by_products.NEEDS` that have a stage.
        size: images to run at once; fewer than the batch has only where they do not influence each other.

    Raises:
        Exception: the forward pass failed, or smaller parts may help against a lack of memory.
    """
    kinds = _stages(needs)
    replica = Replica(subject)
    batch = Batch(
        subject=subject,
        needs=needs,
        replica=replica,
        weights=replica.differentiable() if any(kind.way is Way.LOSS for kind in kinds) else [],
        halves=_halves(len(subject.images), size, halved="half_gradients" in needs),
    )
    stages = [kind(batch) for kind in kinds]
    failed: Failed = {}
    randomness_from(subject.seed, subject.device)
    halved = size == len(subject.images) and batch.split and not subject.tabulated
    before = random_states(subject.device) if halved else None
    for half, parts in enumerate(batch.halves):
        for images in parts:
            _run_part(batch, stages, failed, images, half)
    if halved and random_states(subject.device) != before:
        raise CoupledError
    of_needs = {need: failed.get(stage) for need in needs if (stage := NEEDS[need].stage)}
    return PassResults(
        batch.results, {need: reason for need, reason in of_needs.items() if reason is not None}
    )


def _stages(needs: frozenset[str]) -> list[type[Stage]]:
    """The stages that meet the needs, with those that they read, in the order of the table."""
    meeting = {stage for need in needs if (stage := NEEDS[need].stage)}
    used = {Logits, *meeting, *(stage.reads for stage in meeting)}
    return [
        stage for stage in dict.fromkeys(need.stage for need in NEEDS.values()) if stage and stage in used
    ]


def _halves(images: int, size: int, *, halved: bool) -> tuple[tuple[range, ...], ...]:
    """Cuts a batch into its halves if these are needed, and each into parts of at most `size` images."""
    middle = images // 2 if halved else 0
    halves = [range(middle), range(middle, images)] if middle else [range(images)]
    return tuple(
        tuple(range(start, min(start + size, half.stop)) for start in range(half.start, half.stop, size))
        for half in halves
    )


def _run_part(batch: Batch, stages: Sequence[Stage], failed: Failed, images: range, half: int) -> None:
    """Sends some of the images forward and lets every stage take what it needs; those that fail join `failed`."""
    part = _forward(batch, [stage for stage in stages if type(stage) not in failed], images, half)
    for stage in stages:
        kind = type(stage)
        if kind.reads in failed:
            failed.setdefault(kind, failed[kind.reads])
        if kind in failed:
            continue
        with _costing(kind, failed, batch.subject):
            stage.run(part)
            if images == batch.halves[-1][-1]:
                batch.results.update(stage.results())


@contextmanager
def _costing(kind: type[Stage], failed: Failed, subject: Subject) -> Iterator[None]:
    """Limits a failure to its stage, unless smaller parts may prevent it."""
    try:
        yield
    except RestartError:
        raise
    except Exception as error:
        if is_out_of_memory(error) and not subject.coupled:
            raise
        failed[kind] = reason_of(error)


def _forward(batch: Batch, stages: Sequence[Stage], images: range, half: int) -> Part:
    """Runs the network on some of the images, with the hooks of the stages."""
    batch.subject.passes["forward"] += 1
    ways = {stage.way for stage in stages}
    shown = batch.shown(images)
    shown.requires_grad_(Way.IMAGES in ways)
    once = not batch.split and any(isinstance(stage, Curvatures) for stage in stages)
    second_order = SecondOrder(batch.weights, batch.purpose) if once else None
    mode: AbstractContextManager[object] = second_order or nullcontext()
    if batch.split:
        # Halves that are there for their gradients alone can be run by themselves instead.
        mode = RefuseBatchStatistics(None if len(batch.halves) == 1 else CoupledError)
    with ExitStack() as hooks:
        for stage in stages:
            for handle in stage.hooks(batch.subject.model, images):
                hooks.callback(handle.remove)
        listeners = [listener for stage in stages if (listener := stage.listener()) is not None]
        watch = Watch(listeners) if listeners else nullcontext()
        with torch.set_grad_enabled(ways != {Way.FORWARD}), mode, watch:
            logits = batch.replica.logits(shown)
    return Part(images, half, shown, logits, second_order)
