"""What a formula is judged on: problems, and suites of them.

A *problem* is a search space on a task: architectures, the scores of zero-cost proxies on them, and the
accuracy that they reached when trained. A *suite* is a set of problems; a formula is good if it ranks the
architectures well on all of them. One suite comes with rayzc and another is fetched by name; others are read from the
JSON files of NAS-Bench-Suite-Zero or from Parquet, all with :func:`load_suite`, or made of tables in Python. Rows
that are the same network form a group, and a split for validation never divides a group.

A suite that rayzc has built has a *benchmark*: how its networks are built, shown images and trained.
"""

from rayzc.options.shared import DEFAULT_SUITE
from rayzc.problems.benchmark import Benchmark, Derivation, ImageTask, Shapes
from rayzc.problems.derivations import derive
from rayzc.problems.fetch import FileReport, fetch_suite
from rayzc.problems.groups import network_groups
from rayzc.problems.images import ImageSet, read_images
from rayzc.problems.loading import load_suite, suite_warnings
from rayzc.problems.named import NAMED_SUITES, SHIPPED_SUITES, NamedSuite, ShippedSuite, data_folder
from rayzc.problems.nas_bench_suite_zero import import_json
from rayzc.problems.parquet import read_suite, write_suite
from rayzc.problems.problem import Problem
from rayzc.problems.sampling import sampled
from rayzc.problems.spec import BuildSpec, benchmark_of
from rayzc.problems.spec_file import read_spec
from rayzc.problems.suite import Suite

__all__ = [
    "DEFAULT_SUITE",
    "NAMED_SUITES",
    "SHIPPED_SUITES",
    "Benchmark",
    "BuildSpec",
    "Derivation",
    "FileReport",
    "ImageSet",
    "ImageTask",
    "NamedSuite",
    "Problem",
    "Shapes",
    "ShippedSuite",
    "Suite",
    "benchmark_of",
    "data_folder",
    "derive",
    "fetch_suite",
    "import_json",
    "load_suite",
    "network_groups",
    "read_images",
    "read_spec",
    "read_suite",
    "sampled",
    "suite_warnings",
    "write_suite",
]
