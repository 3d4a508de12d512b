"""Tune's loggers by name."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rayzc.errors import SearchError, nearest

__all__ = ["LOGGERS", "loggers_named"]


def _of(module: str, name: str, **arguments: Any) -> Callable[[], Any]:
    return lambda: getattr(importlib.import_module(module), name)(**arguments)


LOGGERS: Mapping[str, Callable[[], Any]] = {
    "csv": _of("ray.tune.logger", "CSVLoggerCallback"),
    "json": _of("ray.tune.logger", "JsonLoggerCallback"),
    "tensorboard": _of("ray.tune.logger", "TBXLoggerCallback"),
    "mlflow": _of("ray.air.integrations.mlflow", "MLflowLoggerCallback", experiment_name="rayzc"),
    "wandb": _of("ray.air.integrations.wandb", "WandbLoggerCallback", project="rayzc"),
}
"""What makes each logger. The last two need packages of their own, and take their servers from the environment."""


def loggers_named(names: Sequence[str]) -> list[Any]:
    """Callbacks of Tune's.

    Raises:
        SearchError: a name is not known, or its package is not installed.
    """
    made = []
    for name in names:
        if name not in LOGGERS:
            raise SearchError(f"there is no logger '{name}'; {nearest(name, list(LOGGERS))}")
        try:
            made.append(LOGGERS[name]())
        except (ImportError, RuntimeError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise SearchError(f"the logger {name} cannot be used: {reason}") from None
    return made
