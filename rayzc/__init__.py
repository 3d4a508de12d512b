"""rayzc breeds better zero-cost proxies and finds networks with them.

Zero-cost proxies rank untrained neural networks in seconds. A suite of problems tabulates them beside the true
accuracy of many architectures; :func:`discover` breeds a :class:`Formula` over them that ranks well on all problems::

    suite = rayzc.load_suite("mini-13")
    result = rayzc.discover(suite, time_limit=180)
    print(result.formula, result.best.mean_kendall)

and :func:`search` finds architectures under it::

    found = rayzc.search(result.formula, suite, budget=300)
    print(found.best("nasbench201/digits").found.encoding)

and :func:`train` trains these, or any other networks, on your own images::

    trained = rayzc.train([found.run, "nasbench201:(4, 3, 3, 3, 2, 3)"], "images.npz", seeds=3)
    print(trained.best.network, trained.best.mean)

Names are imported when they are used, so ``import rayzc`` itself is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rayzc.version import __version__

_HOMES = {
    "Choices": "rayzc.spaces",
    "DiscoverOptions": "rayzc.options",
    "Formula": "rayzc.formula",
    "Limits": "rayzc.options",
    "Problem": "rayzc.problems",
    "Repeat": "rayzc.spaces",
    "ReportOptions": "rayzc.options",
    "RunOptions": "rayzc.options",
    "SearchOptions": "rayzc.options",
    "RayzcError": "rayzc.errors",
    "Settings": "rayzc.options",
    "StudyOptions": "rayzc.options",
    "Suite": "rayzc.problems",
    "Task": "rayzc.spaces",
    "TrainOptions": "rayzc.options",
    "When": "rayzc.spaces",
    "build": "rayzc.spaces",
    "build_suite": "rayzc.cluster.building",
    "discover": "rayzc.cluster",
    "fill_suite": "rayzc.cluster.measuring",
    "kendall_tau": "rayzc.evolution",
    "load_suite": "rayzc.problems",
    "measure": "rayzc.proxies",
    "measuring_pool": "rayzc.cluster.measuring",
    "proxy": "rayzc.proxies",
    "resume": "rayzc.cluster",
    "resume_run": "rayzc.cluster.pipeline",
    "resume_search": "rayzc.cluster.searches",
    "resume_study": "rayzc.cluster.studies",
    "resume_train": "rayzc.cluster.training",
    "run": "rayzc.cluster.pipeline",
    "score": "rayzc.evolution",
    "search": "rayzc.cluster.searches",
    "space": "rayzc.spaces",
    "study": "rayzc.cluster.studies",
    "train": "rayzc.cluster.training",
    "write_report": "rayzc.report.writing",
}

__all__ = [
    "Choices",
    "DiscoverOptions",
    "Formula",
    "Limits",
    "Problem",
    "RayzcError",
    "Repeat",
    "ReportOptions",
    "RunOptions",
    "SearchOptions",
    "Settings",
    "StudyOptions",
    "Suite",
    "Task",
    "TrainOptions",
    "When",
    "__version__",
    "build",
    "build_suite",
    "discover",
    "fill_suite",
    "kendall_tau",
    "load_suite",
    "measure",
    "measuring_pool",
    "proxy",
    "resume",
    "resume_run",
    "resume_search",
    "resume_study",
    "resume_train",
    "run",
    "score",
    "search",
    "space",
    "study",
    "train",
    "write_report",
]

if TYPE_CHECKING:
    from rayzc.cluster import discover, resume
    from rayzc.cluster.building import build_suite
    from rayzc.cluster.measuring import fill_suite, measuring_pool
    from rayzc.cluster.pipeline import resume_run, run
    from rayzc.cluster.searches import resume_search, search
    from rayzc.cluster.studies import resume_study, study
    from rayzc.cluster.training import resume_train, train
    from rayzc.errors import RayzcError
    from rayzc.evolution import kendall_tau, score
    from rayzc.formula import Formula
    from rayzc.options import (
        DiscoverOptions,
        Limits,
        ReportOptions,
        RunOptions,
        SearchOptions,
        Settings,
        StudyOptions,
        TrainOptions,
    )
    from rayzc.problems import Problem, Suite, load_suite
    from rayzc.proxies import measure, proxy
    from rayzc.report.writing import write_report
    from rayzc.spaces import Choices, Repeat, Task, When, build, space


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rayzc' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
