"""Data sets of torchvision, which need not be installed for anything else."""

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rayzc.errors import RayzcError, first_line, nearest

__all__ = ["data_set", "data_set_class", "data_set_errors", "data_set_parts"]


def data_set_class(name: str, error: type[RayzcError], instead: str) -> Any:
    """The class of a torchvision data set.

    Args:
        name: its name, such as ``CIFAR10``.
        error: the kind of error to raise.
        instead: what else to do without torchvision, for the message.

    Raises:
        RayzcError: of that kind: torchvision is not installed, or has no such data set.
    """
    try:
        datasets: Any = importlib.import_module("torchvision.datasets")
    except ImportError as problem:
        raise error(
            f"'{name}' is not an .npz file, and data sets need torchvision, which is not installed: "
            f"run pip install torchvision, or {instead}"
        ) from problem
    if name not in datasets.__all__:
        raise error(f"torchvision has no data set '{name}'; {nearest(name, list(datasets.__all__))}")
    return getattr(datasets, name)


def data_set(kind: Any, folder: Path, **keywords: Any) -> Any:
    """A data set of torchvision, downloaded if it is missing.

    Args:
        kind: its class.
        folder: the folder of torchvision's data sets.
        **keywords: further keywords of the class.
    """
    download = {"download": True} if "download" in inspect.signature(kind).parameters else {}
    return kind(str(folder), **keywords, **download)


def data_set_parts(kind: Any, folder: Path) -> Iterator[Any]:
    """Yields the training part of a torchvision data set and then its test part, or the whole if it has no parts."""
    known = inspect.signature(kind).parameters
    choices: tuple[dict[str, Any], ...] = ({},)
    if "train" in known:
        choices = ({"train": True}, {"train": False})
    elif "split" in known:
        choices = ({"split": "train"}, {"split": "test"})
    for choice in choices:
        yield data_set(kind, folder, **choice)


@contextmanager
def data_set_errors(name: str, error: type[RayzcError]) -> Iterator[None]:
    """Reports errors in the block, which reads a torchvision data set.

    Args:
        name: name of the data set.
        error: the kind of error to raise.

    Raises:
        RayzcError: of that kind: torchvision cannot read or download the data set, or it has no images and classes.
    """
    try:
        yield
    except (TypeError, ValueError, RuntimeError, OSError) as problem:
        raise error(
            f"the data set '{name}' cannot be read as images and classes: {first_line(problem)}"
        ) from problem
