"""Where the tests find the data that are not part of the project, and one Ray for all tests that a process runs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rayzc.problems import Suite, load_suite
from tests.s3 import Server, served

ROOT = Path(__file__).parent.parent


def _given(variable: str, default: str) -> Path:
    path = Path(os.environ.get(variable, ROOT.parent / "shared" / default))
    if not path.is_dir():
        pytest.skip(f"{path} is not there; set {variable} to run this test")
    return path


@pytest.fixture(scope="session")
def nbsz_path() -> Path:
    """The folder of NAS-Bench-Suite-Zero files."""
    return _given("RAYZC_NBSZ", "nbsz")


@pytest.fixture(scope="session")
def golden_path() -> Path:
    """The folder of reference measurements."""
    return _given("RAYZC_GOLDEN", "golden")


@pytest.fixture(scope="session")
def real_suite(nbsz_path: Path) -> Suite:
    """The 13 real problems."""
    return load_suite(nbsz_path)


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """A local Ray with room for four workers, which what the tests run finds and uses."""
    from rayzc.cluster import connected

    with connected(workers=4):
        yield


@pytest.fixture(scope="module")
def s3() -> Iterator[Server]:
    """An S3 server of our own, with a bucket."""
    with served() as server:
        yield server
