"""Which passes meet a set of needs, and what is done when a pass fails."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from rayzc.passes.by_products import NEEDS, Need
from rayzc.passes.replica import RestartError
from rayzc.passes.results import OUT_OF_MEMORY, PassResults, is_out_of_memory, reason_of
from rayzc.passes.separate import cancels, half_gradients
from rayzc.passes.shared import run_shared
from rayzc.passes.stages import Way
from rayzc.passes.subject import Subject

__all__ = ["measure_needs"]

COUPLED = "out of memory; batch norm couples the images, so that smaller batches would give another score"
ALONE = "out of memory, even with one image at a time"


def measure_needs(subject: Subject, needs: frozenset[str]) -> PassResults:
    """Runs the fewest passes that meet the needs.

    One forward pass of the batch serves everything that is read off its activations and every backward pass
    that starts at its end: to the images, to the weights, and from the gradients once more. It does not run if nothing
    needs it, and shrinks to a single image if only operations are to be counted. Where images do not influence each
    other it runs in halves if half gradients are needed, which then cost nothing; else the halves are run
    by themselves; and once more in float64 where they are so close that float32 cancels. Linearised and Gaussian
    networks have other weights, hence passes of their own.

    Where memory runs out, the shared and the Gaussian pass are run again with half as many images at once,
    down to one, provided that images do not influence each other; otherwise the needs that the failed pass
    would have met fail, and less demanding ones are tried without it.

    Raises:
        RestartError: see :class:`~rayzc.passes.replica.Replica`.
    """
    found = PassResults()
    shared = frozenset(need for need in needs if NEEDS[need].stage)
    if subject.coupled:
        shared -= {"half_gradients"}
    if subject.loose or shared == {"operations"}:
        # What is computed from parameters alone, as in attention with learned queries, does not grow with the batch.
        shared -= {"operations"}
    if shared:
        _run_shared(found, subject, shared)
        if "operations" in found.failures:
            # A single image may go through where the batch does not, as batch norm then stands still.
            del found.failures["operations"]
            shared -= {"operations"}
    for name, need in NEEDS.items():
        if name in needs - shared:
            _run_alone(found, subject, need)
    if not subject.tabulated and cancels(found.results.get("half_gradients", ())):
        found.results["half_gradients"] = _in_float64(subject) or found.results["half_gradients"]
    return found


def _in_float64(subject: Subject) -> Any:
    """The gradients of both halves in float64, or nothing if there is no memory for it or no such kernel."""
    try:
        return half_gradients(subject, torch.float64)
    except RestartError:
        raise
    except Exception:
        return ()


def _run_alone(found: PassResults, subject: Subject, need: Need[Any]) -> None:
    """Runs the separate pass of a need."""
    assert need.alone is not None, f"need '{need.name}' has no separate pass"
    try:
        if need.in_parts:
            result = _in_micro_batches(found, subject, partial(need.alone, subject))
        else:
            result = need.alone(subject)
    except RestartError:
        raise
    except Exception as error:
        found.failures[need.name] = _explained(subject, reason_of(error))
    else:
        found.results[need.name] = result


def _run_shared(found: PassResults, subject: Subject, needs: frozenset[str]) -> None:
    """Runs the shared pass; if its graph does not fit into memory, runs it again for the needs without a graph."""
    try:
        finished = _in_micro_batches(found, subject, partial(run_shared, subject, needs))
    except RestartError:
        raise
    except Exception as error:
        reason = _explained(subject, reason_of(error))
        out_of_memory = is_out_of_memory(error)
    else:
        found.results |= finished.results
        found.failures |= {need: _explained(subject, why) for need, why in finished.failures.items()}
        return
    lighter = frozenset(need for need in needs if _way(need) is Way.FORWARD)
    if out_of_memory and lighter and lighter != needs:
        found.failures |= dict.fromkeys(needs - lighter, reason)
        _run_shared(found, subject, lighter)
    else:
        found.failures |= dict.fromkeys(needs, reason)


def _way(need: str) -> Way | None:
    stage = NEEDS[need].stage
    return None if stage is None else stage.way


def _explained(subject: Subject, reason: str) -> str:
    """Says of a lack of memory why smaller batches do not help."""
    if reason != OUT_OF_MEMORY:
        return reason
    return COUPLED if subject.coupled else ALONE


def _in_micro_batches(found: PassResults, subject: Subject, run: Callable[[int], Any]) -> Any:
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
                if note not in found.notes:
                    found.notes.append(note)
            return result
        # Outside the handler, whose traceback keeps the failed pass and its memory alive.
        size = -(-size // 2)
        if subject.device.type == "cuda":
            torch.cuda.empty_cache()
