"""Which passes serve a set of needs, and what is done when one of them fails."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rayzc.passes.failures import OUT_OF_MEMORY, is_out_of_memory, reason_of
from rayzc.passes.replica import LayoutRefusedError
from rayzc.passes.separate import count_operations, flow, gaussian_answer, half_gradients
from rayzc.passes.shared import BACKWARD, FORWARD, SharedPass
from rayzc.passes.subject import Subject

__all__ = ["Outcome", "measure_needs"]

COUPLED = "out of memory; batch norm couples the images, so that smaller batches would give another score"
ALONE = "out of memory, even with one image at a time"


@dataclass
class Outcome:
    """What the passes left.

    Attributes:
        results: by-products by need.
        failures: the reasons why needs were not met, by need.
        notes: what a reader of the scores should know.
    """

    results: dict[str, Any] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def measure_needs(subject: Subject, needs: frozenset[str]) -> Outcome:
    """Runs the fewest passes that meet the needs.

    One forward pass of the batch serves everything that is read off its activations and every backward pass
    that starts at its end: one to the images, one to the weights, and that one's own. It stays away if nobody
    asks, and shrinks to a single image if only operations are to be counted. Where images do not influence each
    other it runs in halves if half gradients are asked for, which then cost nothing; else the halves are run
    by themselves. Linearised and Gaussian networks have other weights, hence passes of their own.

    Where memory runs out, the shared and the Gaussian pass are run again with half as many images at once,
    down to one, provided that images do not influence each other; otherwise the needs that the failed pass
    would have met fail, and less demanding ones are tried without it.

    Raises:
        LayoutRefusedError: see :class:`~rayzc.passes.replica.Replica`.
    """
    outcome = Outcome()
    shared = needs & (FORWARD | BACKWARD)
    if subject.coupled:
        shared -= {"half_gradients"}
    if shared == {"operations"}:
        _single(outcome, subject, "operations", lambda: count_operations(subject))
    elif shared:
        _run_shared(outcome, subject, shared)
    if "half_gradients" in needs - shared:
        _single(outcome, subject, "half_gradients", lambda: half_gradients(subject))
    if "flow" in needs:
        _single(outcome, subject, "flow", lambda: flow(subject, batch_norm=False))
    if "flow_bn" in needs:
        _single(outcome, subject, "flow_bn", lambda: flow(subject, batch_norm=True))
    if "gaussian" in needs:
        _single(
            outcome,
            subject,
            "gaussian",
            lambda: _in_micro_batches(outcome, subject, lambda size: gaussian_answer(subject, size)),
        )
    return outcome


def _single(outcome: Outcome, subject: Subject, need: str, run: Callable[[], Any]) -> None:
    try:
        outcome.results[need] = run()
    except LayoutRefusedError:
        raise
    except Exception as error:
        outcome.failures[need] = _reason(subject, reason_of(error))


def _reason(subject: Subject, reason: str) -> str:
    if reason != OUT_OF_MEMORY:
        return reason
    return COUPLED if subject.coupled else ALONE


def _run_shared(outcome: Outcome, subject: Subject, needs: frozenset[str]) -> None:
    try:
        finished = _in_micro_batches(outcome, subject, lambda size: _shared(subject, needs, size))
    except LayoutRefusedError:
        raise
    except Exception as error:
        reason = _reason(subject, reason_of(error))
        out_of_memory = is_out_of_memory(error)
    else:
        outcome.results |= finished.results
        outcome.failures |= {
            need: _reason(subject, reason) for need, reason in finished.failures.items() if need in needs
        }
        return
    lighter = needs & FORWARD
    outcome.failures |= dict.fromkeys(needs if lighter == needs else needs - lighter, reason)
    if lighter and lighter != needs:
        if out_of_memory:  # the forward pass may fit when it keeps no graph
            _run_shared(outcome, subject, lighter)
        else:
            outcome.failures |= dict.fromkeys(lighter, reason)


def _shared(subject: Subject, needs: frozenset[str], size: int) -> SharedPass:
    shared = SharedPass(subject, needs, size)
    shared.run()
    return shared


def _in_micro_batches(outcome: Outcome, subject: Subject, run: Callable[[int], Any]) -> Any:
    """Runs with all images at once, and with half as many for as long as memory runs out and it is allowed."""
    images = size = len(subject.images)
    while True:
        try:
            result = run(size)
        except Exception as error:
            if not is_out_of_memory(error) or subject.coupled or size == 1:
                raise
        else:
            if size < images:
                note = f"out of memory with {images} images at once: measured {size} at a time, the same sums"
                if note not in outcome.notes:
                    outcome.notes.append(note)
            return result
        # Outside the handler, whose traceback keeps the failed pass and its memory alive.
        size = -(-size // 2)
        if subject.device.type == "cuda":
            import torch

            torch.cuda.empty_cache()
