"""A problem: one search space on one task, tabulated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
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
        repeats: ``(architectures, trainings)`` float64, the accuracy of each training, of which `accuracy` is the
            mean; None where only that is known.

    Raises:
        SuiteError: the shapes do not agree, an accuracy is not finite or not the mean of the repeats, or a name is not
            text or comes twice.
        SpaceError: the search space is known, `groups` are left out, and an encoding is not one of its networks.
    """

    space: str
    task: str
    architectures: tuple[str, ...]
    proxies: tuple[str, ...]
    scores: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    groups: NDArray[np.int64] = field(default=None)  # type: ignore[arg-type]
    repeats: NDArray[np.float64] | None = None

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
        if self.repeats is not None:
            object.__setattr__(
                self, "repeats", self._checked_repeats(np.array(self.repeats, np.float64, order="C"))
            )

    def _checked_repeats(self, repeats: NDArray[np.float64]) -> NDArray[np.float64]:
        if repeats.ndim != 2 or repeats.shape[0] != len(self) or repeats.shape[1] < 1:
            raise SuiteError(
                f"problem {self.name}: repeats has shape {repeats.shape}, expected ({len(self)}, trainings)"
            )
        means = repeats.mean(axis=1)
        bad = np.flatnonzero(~np.isclose(means, self.accuracy, rtol=1e-9, atol=1e-12))
        if bad.size:
            raise SuiteError(
                f"problem {self.name}: the accuracy of {self.architectures[bad[0]]} is {self.accuracy[bad[0]]:g}, but "
                f"the mean of its trainings is {means[bad[0]]:g}"
            )
        repeats.flags.writeable = False
        return repeats

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

    @cached_property
    def ceiling(self) -> float | None:
        """Kendall's tau-b between the accuracies of the first two trainings: how well the truth agrees with itself.

        None where there are fewer than two trainings, or nothing to rank.
        """
        if self.repeats is None or self.repeats.shape[1] < 2 or len(self) < 2:
            return None
        from scipy.stats import kendalltau

        tau = float(kendalltau(self.repeats[:, 0], self.repeats[:, 1]).statistic)
        return tau if np.isfinite(tau) else None

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
            None if self.repeats is None else self.repeats[index],
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
        return replace(self, proxies=names, scores=self.scores[:, columns])

    def _index(self, proxy: str) -> int:
        try:
            return self.proxies.index(proxy)
        except ValueError:
            raise SuiteError(
                f"problem {self.name} has no proxy '{proxy}'; {nearest(proxy, self.proxies)}"
            ) from None
