"""A problem: one search space on one task, tabulated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import SuiteError, counted, nearest
from rayzc.problems.groups import network_groups

__all__ = ["Problem"]


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """Architectures of one search space, the scores of zero-cost proxies on them, and their true accuracy.

    Any sequences and arrays are accepted, also columns of a DataFrame; arrays are copied and read-only.

    Attributes:
        space: search space, ``nasbench201``.
        task: task, ``cifar10``.
        architectures: encoding of each architecture, as the search space writes it.
        proxies: name of each proxy, the columns of `scores`.
        scores: ``(architectures, proxies)`` float64; nan where a proxy was not measured. Sentinels such as
            ``-1e8`` and ``-inf`` are measurements.
        accuracy: ``(architectures,)`` float64, finite; larger is better, whatever the task's unit.
        groups: ``(architectures,)`` int64; equal numbers mean one network. Comparable between the problems of
            one search space. By default those of :func:`rayzc.problems.network_groups`.

    Raises:
        SuiteError: the shapes do not agree, an accuracy is not finite, or a name is not text or comes twice.
        SpaceError: the search space is known, `groups` are left out, and an encoding is not one of its networks.
    """

    space: str
    task: str
    architectures: tuple[str, ...]
    proxies: tuple[str, ...]
    scores: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    groups: NDArray[np.int64] = field(default=None)  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        object.__setattr__(self, "architectures", tuple(self.architectures))
        object.__setattr__(self, "proxies", tuple(self.proxies))
        rows, columns = len(self.architectures), len(self.proxies)
        if len(set(self.proxies)) != columns:
            raise SuiteError(f"problem {self.name}: a proxy is named twice in {', '.join(self.proxies)}")
        for what, names in (("architecture", self.architectures), ("proxy", self.proxies)):
            for name in names:
                if not isinstance(name, str):
                    raise SuiteError(
                        f"problem {self.name}: the {what} {name!r} is of type {type(name).__name__}; write it as text"
                    )
        for name, dtype, shape in (
            ("scores", np.float64, (rows, columns)),
            ("accuracy", np.float64, (rows,)),
            ("groups", np.int64, (rows,)),
        ):
            value = getattr(self, name)
            if value is None:
                value = network_groups(self.space, self.architectures, self.proxies, self.scores)
            array: NDArray[Any] = np.array(value, dtype=dtype, order="C")
            if array.shape != shape:
                raise SuiteError(f"problem {self.name}: {name} has shape {array.shape}, expected {shape}")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        bad = np.flatnonzero(~np.isfinite(self.accuracy))
        if bad.size:
            raise SuiteError(
                f"problem {self.name}: the accuracy of {self.architectures[bad[0]]} is "
                f"{self.accuracy[bad[0]]}; leave out architectures without a finite accuracy"
            )

    def __len__(self) -> int:
        """Number of architectures."""
        return len(self.architectures)

    def __repr__(self) -> str:
        sizes = counted(len(self), "architecture"), counted(len(self.proxies), "proxy", "proxies")
        return f"<Problem {self.name}: {', '.join(sizes)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the fields alone, so that arrays are read-only again where it arrives."""
        return type(self), tuple(getattr(self, attribute.name) for attribute in fields(self))

    @property
    def name(self) -> str:
        """``space/task``."""
        return f"{self.space}/{self.task}"

    @cached_property
    def has(self) -> frozenset[str]:
        """The proxies measured on at least one architecture."""
        measured = np.any(~np.isnan(self.scores), axis=0).tolist()
        return frozenset(proxy for proxy, any_score in zip(self.proxies, measured, strict=True) if any_score)

    def column(self, proxy: str) -> NDArray[np.float64]:
        """The scores of one proxy, ``(architectures,)``, nan where not measured.

        Raises:
            SuiteError: the problem does not have the column.
        """
        return self.scores[:, self._index(proxy)]

    def take(self, rows: NDArray[np.integer[Any]] | NDArray[np.bool_] | Sequence[int]) -> "Problem":
        """The problem with only these rows, in this order; indices or a mask."""
        index = np.arange(len(self))[np.asarray(rows, dtype=None if len(rows) else np.int64)]
        return Problem(
            self.space,
            self.task,
            tuple(self.architectures[i] for i in index),
            self.proxies,
            self.scores[index],
            self.accuracy[index],
            self.groups[index],
        )

    def complete(self, proxies: Iterable[str]) -> "Problem":
        """The rows in which all of these proxies were measured; all columns are kept.

        Raises:
            SuiteError: the problem does not have the column.
        """
        columns = [self._index(proxy) for proxy in proxies]
        return self.take(np.flatnonzero(~np.isnan(self.scores[:, columns]).any(axis=1)))

    def with_proxies(self, proxies: Iterable[str]) -> "Problem":
        """The problem with only these columns, in this order.

        Raises:
            SuiteError: the problem does not have the column.
        """
        names = tuple(proxies)
        columns = [self._index(proxy) for proxy in names]
        return Problem(
            self.space,
            self.task,
            self.architectures,
            names,
            self.scores[:, columns],
            self.accuracy,
            self.groups,
        )

    def _index(self, proxy: str) -> int:
        try:
            return self.proxies.index(proxy)
        except ValueError:
            raise SuiteError(
                f"problem {self.name} has no proxy '{proxy}'; {nearest(proxy, self.proxies)}"
            ) from None
