"""The fixtures of several files of tests."""

from tests.problems.public import data, files, mirror

__all__ = ["data", "files", "mirror"]
