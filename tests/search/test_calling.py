"""``rayzc.search`` is a package and a function, in whatever order it is come by."""

import importlib
import inspect
import subprocess
import sys

import pytest

import rayzc
import rayzc.search as package
from rayzc.errors import SearchError
from rayzc.search.calling import CallablePackage


def test_the_name_is_the_package_whatever_was_imported_before() -> None:
    code = (
        "import sys, rayzc; first = rayzc.search; import rayzc.search; from rayzc.search import Results; "
        "assert first is rayzc.search is sys.modules['rayzc.search'] and first.Results is Results; "
        "assert 'ray' not in sys.modules"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_calling_it_is_calling_the_search_of_the_cluster() -> None:
    from rayzc.cluster.searches import search

    assert isinstance(package, CallablePackage)
    assert inspect.signature(package) == inspect.signature(search)
    with pytest.raises(SearchError, match="a budget of 0 architectures finds nothing: give at least 1"):
        rayzc.search("synflow", budget=0)


def test_functions_that_use_it_travel_to_workers() -> None:
    from ray import cloudpickle

    assert cloudpickle.loads(cloudpickle.dumps(package)) is package
    assert importlib.import_module("rayzc.search") is package
