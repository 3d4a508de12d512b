"""A suite: the problems on which a formula is bred and judged."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import SuiteError, counted, nearest
from rayzc.problems.benchmark import Benchmark, Shapes
from rayzc.problems.problem import Problem

__all__ = ["FEW_NETWORKS", "Suite"]

FEW_NETWORKS = 10
"""On fewer networks, a rank correlation says little."""


@dataclass(frozen=True, eq=False, repr=False)
class Suite:
    """Problems, and where they come from.

    Attributes:
        name: name of the suite.
        problems: the problems, each ``space/task`` once.
        metadata: where the data come from and when they were imported: ``origin``, ``date``, and counts.
        benchmark: how the networks were built, shown images and trained; None where that was done elsewhere.

    Raises:
        SuiteError: a problem appears twice, or the benchmark does not have its task or the scale of its networks.
    """

    name: str
    problems: tuple[Problem, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    benchmark: Benchmark | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "problems", tuple(self.problems))
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))
        for name in self.names:
            if self.names.count(name) > 1:
                raise SuiteError(f"suite {self.name}: problem {name} appears twice")
        if self.benchmark is not None:
            for problem in self.problems:
                self.benchmark.task(problem.task)
                if problem.space not in self.benchmark.scales:
                    raise SuiteError(
                        f"suite {self.name}: its benchmark does not say which width and depth networks of "
                        f"{problem.space} have"
                    )

    def __len__(self) -> int:
        """Number of problems."""
        return len(self.problems)

    def __repr__(self) -> str:
        return f"<Suite {self.name}: {', '.join(self.names) or 'empty'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the fields alone; a read-only mapping cannot be pickled."""
        return type(self), (self.name, self.problems, dict(self.metadata), self.benchmark)

    @property
    def shapes(self) -> Shapes:
        """How large its networks are and what they are shown."""
        return Shapes() if self.benchmark is None else self.benchmark.shapes

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The problems' names, in order."""
        return tuple(problem.name for problem in self.problems)

    def problem(self, name: str) -> Problem:
        """The problem of this name.

        Raises:
            SuiteError: the suite does not have the problem.
        """
        try:
            return self.problems[self.names.index(name)]
        except ValueError:
            raise SuiteError(
                f"suite {self.name} has no problem '{name}'; {nearest(name, self.names)}"
            ) from None

    @cached_property
    def proxies(self) -> tuple[str, ...]:
        """The proxies that at least one problem has, sorted."""
        return tuple(sorted(set[str]().union(*(problem.has for problem in self.problems))))

    @cached_property
    def common_proxies(self) -> tuple[str, ...]:
        """The proxies that all problems have, sorted."""
        return tuple(p for p in self.proxies if all(p in problem.has for problem in self.problems))

    @cached_property
    def left_out(self) -> Mapping[str, tuple[str, ...]]:
        """The proxies that are not common, each with the problems that lack it."""
        return MappingProxyType(
            {
                proxy: tuple(problem.name for problem in self.problems if proxy not in problem.has)
                for proxy in self.proxies
                if proxy not in self.common_proxies
            }
        )

    @cached_property
    def small_problems(self) -> Mapping[str, int]:
        """The problems with fewer than :data:`FEW_NETWORKS` different networks, each with their number.

        A rank correlation on a few networks is close to 1 by chance, and yet a mean over the suite counts it as much as
        that on thousands.
        """
        networks = {problem.name: len(np.unique(problem.groups)) for problem in self.problems}
        return MappingProxyType({name: count for name, count in networks.items() if count < FEW_NETWORKS})

    def renamed(self, names: Mapping[str, str]) -> "Suite":
        """The suite with proxies under other names.

        Args:
            names: new name by old name, ``{"jacob-cov": "jacov"}``.

        Raises:
            SuiteError: no problem has a proxy of an old name, or a problem would have two proxies of the same name.
        """
        known = sorted({proxy for problem in self.problems for proxy in problem.proxies})
        for old in names:
            if old not in known:
                raise SuiteError(f"suite {self.name} has no proxy '{old}' to rename; {nearest(old, known)}")
        problems = []
        for problem in self.problems:
            proxies = [names.get(proxy, proxy) for proxy in problem.proxies]
            for old, new in zip(problem.proxies, proxies, strict=True):
                if old != new and proxies.count(new) > 1:
                    raise SuiteError(
                        f"problem {problem.name} would have two proxies '{new}' with '{old}' renamed; choose another "
                        "name"
                    )
            problems.append(replace(problem, proxies=tuple(proxies)))
        return replace(self, problems=tuple(problems))

    def select(self, problems: Sequence[str] = (), leave_out: Sequence[str] = ()) -> "Suite":
        """The suite with fewer problems, in the same order.

        Args:
            problems: names or shell patterns such as ``nasbench201/*``; also a search space or a task alone.
                Empty: all.
            leave_out: the same, for the problems to drop.

        Raises:
            SuiteError: a name matches no problem, or no problem is left.
        """
        keep = [self._matching(pattern) for pattern in problems] or [set(self.names)]
        drop = [self._matching(pattern) for pattern in leave_out]
        chosen = set[str]().union(*keep) - set[str]().union(*drop)
        if not chosen and self.problems:
            raise SuiteError(f"no problem of suite {self.name} is left; it has {', '.join(self.names)}")
        return replace(self, problems=tuple(p for p in self.problems if p.name in chosen))

    def _matching(self, pattern: str) -> set[str]:
        found = {
            problem.name
            for problem in self.problems
            if any(
                name == pattern or fnmatchcase(name, pattern)
                for name in (problem.name, problem.space, problem.task)
            )
        }
        if not found:
            parts = {
                part for problem in self.problems for part in (problem.name, problem.space, problem.task)
            }
            raise SuiteError(
                f"no problem of suite {self.name} matches '{pattern}'; {nearest(pattern, sorted(parts))}"
            )
        return found

    def for_fitting(self, proxies: Iterable[str] | None = None) -> "Suite":
        """The suite as a formula is fitted on it: these proxies only, and rows with all of them.

        Args:
            proxies: names of proxies; by default those that all problems have.

        Raises:
            SuiteError: the suite is empty, a proxy is unknown or missing on a problem, or a problem is left with
                fewer than two architectures or with the same accuracy for all.
        """
        if not self.problems:
            raise SuiteError(f"suite {self.name} is empty: it has no problems")
        for problem in self.problems:
            if len(problem) < 2:
                size = counted(len(problem), "architecture")
                raise SuiteError(
                    f"problem {problem.name} has {size}; at least two are needed to rank: leave it out"
                )
        chosen = tuple(self.common_proxies if proxies is None else dict.fromkeys(proxies))
        if not chosen:
            if len(self) == 1:
                raise SuiteError(
                    f"problem {self.names[0]} has no proxy; measure some with `rayzc suite fill`"
                )
            raise SuiteError(
                f"suite {self.name} has no proxy that all of its {len(self):,} problems have; choose fewer problems"
            )
        for proxy in chosen:
            if proxy not in self.proxies:
                raise SuiteError(f"suite {self.name} has no proxy '{proxy}'; {nearest(proxy, self.proxies)}")
            if proxy in self.left_out:
                raise SuiteError(
                    f"proxy '{proxy}' is missing on {', '.join(self.left_out[proxy])}; leave out the proxy "
                    "or these problems"
                )
        fitted = tuple(p.complete(chosen).with_proxies(chosen) for p in self.problems)
        for before, problem in zip(self.problems, fitted, strict=True):
            _check_rankable(before, problem)
        return replace(self, problems=fitted)

    def split(self, holdout: float, seed: int) -> tuple["Suite", "Suite"]:
        """Two suites: one to fit on, one to validate on.

        Whole networks are held out (see :func:`rayzc.problems.network_groups`), and a network that is held
        out in one problem is held out in all problems of its search space, so that nothing of it is seen.

        Args:
            holdout: share of the rows to hold out, between 0 and 1; met as closely as networks allow, over
                the problems of a search space together.
            seed: the same seed gives the same split, whatever the order of rows and problems.

        Returns:
            The suites for fitting and for validation, each with all problems.

        Raises:
            SuiteError: `holdout` is not between 0 and 1, or a problem would be left with fewer than two rows on a
                side.
        """
        if not 0 < holdout < 1:
            raise SuiteError(f"holdout is {holdout}; it must be greater than 0 and less than 1")
        held = {space: self._held_out(space, holdout, seed) for space in {p.space for p in self.problems}}
        fit: list[Problem] = []
        validate: list[Problem] = []
        for problem in self.problems:
            mask = np.isin(problem.groups, held[problem.space])
            for side, rows, where in ((fit, ~mask, "fitting"), (validate, mask, "validation")):
                if rows.sum() < 2:
                    networks = counted(len(np.unique(problem.groups)), "network")
                    raise SuiteError(
                        f"problem {problem.name} has {counted(len(problem), 'row')} of {networks}: a holdout of "
                        f"{holdout} leaves {rows.sum()} for {where}, and 2 are needed; choose another holdout or "
                        "leave out the problem"
                    )
                side.append(problem.take(rows))
        return replace(self, problems=tuple(fit)), replace(self, problems=tuple(validate))

    def _held_out(self, space: str, holdout: float, seed: int) -> NDArray[np.int64]:
        """The networks of a search space to hold out: the first in a random order, as many as are needed."""
        rows = np.concatenate([problem.groups for problem in self.problems if problem.space == space])
        networks, counts = np.unique(rows, return_counts=True)
        salt = int.from_bytes(hashlib.sha256(space.encode()).digest()[:8], "big")
        order = np.random.default_rng([seed, salt]).permutation(networks.size)
        taken = np.cumsum(counts[order])
        wanted = holdout * rows.size
        return networks[order[: int(np.argmin(np.abs(taken - wanted))) + 1]]

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the problems, hex: equal for equal tables, whatever file they came from.

        It covers names, encodings, accuracies (those of single trainings, too), groups and the scores of measured
        proxies bit for bit (nan is one value), in any order of problems and proxies, and the benchmark; not the suite's
        name and metadata.
        """
        digest = hashlib.sha256(b"rayzc suite 1\n")
        for problem in sorted(self.problems, key=lambda problem: problem.name):
            proxies = sorted(problem.has)
            header = "\0".join([problem.space, problem.task, str(len(problem)), *proxies])
            for part in (header, "\0".join(problem.architectures)):
                data = part.encode()
                digest.update(len(data).to_bytes(8, "little") + data)
            digest.update(problem.accuracy.astype("<f8").tobytes())
            digest.update(problem.groups.astype("<i8").tobytes())
            for proxy in proxies:
                column = problem.column(proxy)
                digest.update(np.where(np.isnan(column), np.nan, column).astype("<f8").tobytes())
            if problem.repeats is not None:
                digest.update(f"repeats {problem.repeats.shape[1]}\n".encode())
                digest.update(problem.repeats.astype("<f8").tobytes())
        if self.benchmark is not None:
            digest.update(f"benchmark {self.benchmark.fingerprint}\n".encode())
        return digest.hexdigest()


def _check_rankable(before: Problem, problem: Problem) -> None:
    proxies = ", ".join(problem.proxies)
    if len(problem) < 2:
        raise SuiteError(
            f"problem {problem.name} has {counted(len(problem), 'architecture')} with all of {proxies}, of "
            f"{len(before):,}; at least two are needed to rank: choose fewer proxies or leave out the problem"
        )
    if (problem.accuracy == problem.accuracy[0]).all():
        raise SuiteError(
            f"problem {problem.name} has the same accuracy, {problem.accuracy[0]:g}, for all of its "
            f"{counted(len(problem), 'architecture')}: there is nothing to rank; leave it out"
        )
