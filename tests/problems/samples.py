"""Small problems and suites."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rayzc.problems import Problem, Suite, network_groups


def problem(
    task: str = "cifar10",
    rows: int = 8,
    proxies: tuple[str, ...] = ("flops", "jacov", "params"),
    space: str = "own",
    seed: int = 0,
) -> Problem:
    """A problem of an unknown space with random scores, all measured, each row a network."""
    rng = np.random.default_rng(seed)
    architectures = tuple(f"net-{i}" for i in range(rows))
    scores = rng.normal(size=(rows, len(proxies)))
    groups = network_groups(space, architectures, proxies, scores)
    return Problem(space, task, architectures, proxies, scores, rng.random(rows), groups)


def suite(*problems: Problem, name: str = "small") -> Suite:
    return Suite(name, problems or (problem(), problem("svhn", seed=1)), {"origin": "a test"})


def write_json(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document))
    return path


def entry(accuracy: float | None = 90.0, **scores: Any) -> dict[str, Any]:
    """An entry in the dialect of the released files."""
    scored = {proxy: {"score": score, "time": 0.1} for proxy, score in scores.items()}
    return {"idx": "7", "arch": "ignored", **scored} | (
        {} if accuracy is None else {"val_accuracy": accuracy}
    )


floats = st.floats(allow_nan=False, width=64)
names = st.text(alphabet="abcdefgh_0123456789é -", min_size=1, max_size=8)


@st.composite
def problems(draw: st.DrawFn, task: str) -> Problem:
    rows = draw(st.integers(0, 6))
    proxies = tuple(draw(st.lists(names, unique=True, max_size=4)))
    return Problem(
        draw(names),
        task,
        tuple(draw(st.lists(st.text(max_size=12), min_size=rows, max_size=rows))),
        proxies,
        draw(arrays.arrays(np.float64, (rows, len(proxies)), elements=floats | st.just(np.nan))),
        draw(arrays.arrays(np.float64, (rows,), elements=st.floats(allow_nan=False, allow_infinity=False))),
        draw(arrays.arrays(np.int64, (rows,))),
    )


@st.composite
def suites(draw: st.DrawFn) -> Suite:
    tasks = draw(st.lists(names, unique=True, max_size=4))
    metadata = draw(st.dictionaries(names, st.text(max_size=10), max_size=3))
    return Suite(draw(names), tuple(draw(problems(task)) for task in tasks), metadata)


def identical(left: Suite, right: Suite) -> bool:
    """Bit for bit."""
    return (left.name, left.names, dict(left.metadata)) == (
        right.name,
        right.names,
        dict(right.metadata),
    ) and all(
        (a.architectures, a.proxies) == (b.architectures, b.proxies)
        and a.scores.shape == b.scores.shape
        and np.array_equal(np.isnan(a.scores), np.isnan(b.scores))
        and np.array_equal(
            a.scores[~np.isnan(a.scores)].view(np.int64), b.scores[~np.isnan(b.scores)].view(np.int64)
        )
        and np.array_equal(a.accuracy.view(np.int64), b.accuracy.view(np.int64))
        and np.array_equal(a.groups, b.groups)
        for a, b in zip(left.problems, right.problems, strict=True)
    )
