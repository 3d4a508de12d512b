"""A small suite."""

import numpy as np
import pytest

from rayzc.problems import Problem, Suite

PROXIES = ("flops", "jacov", "noise", "params", "synflow")


@pytest.fixture(scope="session")
def small_suite() -> Suite:
    """See :func:`made_suite`."""
    return made_suite()


def made_suite() -> Suite:
    """Three problems of sixty architectures each, on which a combination of proxies ranks best."""
    rng = np.random.default_rng(5)
    problems = []
    for index in range(3):
        quality = rng.normal(size=60)
        weights = rng.uniform(0.2, 1.0, len(PROXIES))
        scores = quality[:, None] * weights + rng.normal(size=(60, len(PROXIES)))
        scores[:, :2] = np.exp(scores[:, :2])
        problems.append(
            Problem(
                space="toy",
                task=f"task{index}",
                architectures=tuple(f"a{row}" for row in range(60)),
                proxies=PROXIES,
                scores=scores,
                accuracy=np.round(quality, 2),
                groups=np.arange(60),
            )
        )
    return Suite("small", tuple(problems))
