"""The configuration of a run, as its ``config.json`` holds it: the options, and what they were applied to."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

from rayzc.documents import SCHEMA_VERSION, require_schema
from rayzc.errors import RayzcError, RunError, SearchError
from rayzc.options import DiscoverOptions, RunOptions, SearchOptions, Settings, StudyOptions, TrainOptions
from rayzc.problems import Suite
from rayzc.runs.files import AnyPath

__all__ = [
    "Config",
    "DiscoverConfig",
    "PipelineConfig",
    "SearchConfig",
    "StudyConfig",
    "TrainConfig",
    "require_unchanged",
    "split",
]


class Config:
    """What the configurations of all kinds of runs share: a document that says what it is."""

    __slots__ = ()
    kind: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """The configuration as a JSON object."""
        options: Any = self
        return {"schema_version": SCHEMA_VERSION, "kind": self.kind, **options.to_document()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], path: AnyPath) -> Self:
        """Reads a configuration of :meth:`to_json`.

        Raises:
            RunError: another schema, an unknown or missing key, or a value that cannot be used.
        """
        require_schema(document, str(path))
        kind = document.get("kind", DiscoverConfig.kind)
        if kind != cls.kind:
            raise RunError(
                f"{path} is the configuration of a '{kind}' run, not of a '{cls.kind}' run: continue it with "
                "`rayzc resume`"
            )
        options: Any = cls
        found: Self = options.from_document(document, str(path), RunError)
        return found


class DiscoverConfig(DiscoverOptions, Config, frozen=True, kw_only=True):
    """The configuration of a discovery: the problems and proxies are those that were chosen, by name.

    Attributes:
        rayzc: version of rayzc that began the run.
        suite: where the suite is: a path, a name, or the run's own folder.
        suite_hash: hash of its content.
    """

    kind: ClassVar[str] = "discover"

    rayzc: str
    suite: str
    suite_hash: str

    @property
    def provenance(self) -> dict[str, Any]:
        """What a hall of fame depends on: all but the version, the place and the limits."""
        own = {
            "suite_hash": self.suite_hash,
            "problems": list(self.problems),
            "proxies": list(self.proxies or ()),
            "holdout": self.holdout,
            "settings": self.settings.to_document(),
        }
        # Without cross-validation, it is as it has always been.
        return own | ({"cross_validate": self.cross_validate} if self.cross_validate else {})

    def chosen(self, load: Callable[[str], Suite]) -> Suite:
        """Loads the suite again, and chooses the problems and proxies of the run.

        Args:
            load: loads a suite from its path or name.

        Raises:
            RunError: the suite has changed since the run began.
        """
        return _chosen(self, load)

    def fitting_and_validation(self, load: Callable[[str], Suite]) -> tuple[Suite, Suite | None]:
        """Loads the suite again and splits it as the run did.

        Args:
            load: loads a suite from its path or name.

        Raises:
            RunError: the suite has changed since the run began.
        """
        return split(self.chosen(load), self.holdout, self.settings.seed)


class SearchConfig(SearchOptions, Config, frozen=True, kw_only=True):
    """The configuration of a run of searches.

    Attributes:
        rayzc: version of rayzc that began the run.
        suite: where the suite is; None for searches without tables.
        suite_hash: hash of its content.
        space: the search space that was named, ``module:attribute`` if it is the user's own; None if none was.
    """

    kind: ClassVar[str] = "search"
    earlier: ClassVar[Mapping[str, Any]] = {**SearchOptions.earlier, "space": None}

    rayzc: str
    suite: str | None = None
    suite_hash: str | None = None
    space: str | None = None

    def __post_init__(self) -> None:
        """Checks the options together.

        Raises:
            SearchError: candidates of a table, without a suite.
        """
        super().__post_init__()
        if self.candidates == "table" and self.suite is None:
            raise SearchError(
                "without a suite there is no table to search: name a suite, or use --candidates space"
            )

    @property
    def trials(self) -> tuple[tuple[str, int], ...]:
        """Problem and seed of every search."""
        first = self.plan.seed
        return tuple((name, seed) for seed in range(first, first + self.seeds) for name in self.problems)


class PipelineConfig(RunOptions, Config, frozen=True, kw_only=True):
    """The configuration of a run from a suite to architectures.

    Attributes:
        rayzc: version of rayzc that began the run.
        suite: where the suite is.
        formula: text of the formula to search with; None to breed one first.
    """

    kind: ClassVar[str] = "run"

    rayzc: str
    suite: str
    formula: str | None = None

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], where: str | Path, error: type[RayzcError] = RunError
    ) -> "PipelineConfig":
        """As :meth:`Options.from_document`; version 0.1.0 kept the few options of its searches in one flat object."""
        search = document.get("search")
        if isinstance(search, Mapping) and "algorithm" in search:
            known = SearchOptions().to_document()
            plan = known["plan"] | {key: value for key, value in search.items() if key != "seeds"}
            document = {**document, "search": known | {"seeds": search["seeds"], "plan": plan}}
        return super().from_document(document, where, error)


class StudyConfig(StudyOptions, Config, frozen=True, kw_only=True):
    """The configuration of a study: the problems and proxies are those that were chosen, by name.

    Attributes:
        rayzc: version of rayzc that began the study.
        suite: where the suite is: a path, a name, or the study's own folder.
        suite_hash: hash of its content.
    """

    kind: ClassVar[str] = "study"

    rayzc: str
    suite: str
    suite_hash: str

    def chosen(self, load: Callable[[str], Suite]) -> Suite:
        """Loads the suite, and chooses the problems and proxies of the study.

        Args:
            load: loads a suite from its path or name.

        Raises:
            RunError: the suite has changed since the study began.
        """
        return _chosen(self, load)

    def of_member(self, problems: tuple[str, ...], settings: Settings, suite: str) -> DiscoverConfig:
        """The configuration of a discovery of the study.

        Args:
            problems: what it is bred on.
            settings: how formulas are bred.
            suite: where the suite is for the folder of the discovery.
        """
        return DiscoverConfig(
            problems=problems,
            proxies=self.proxies,
            holdout=self.holdout,
            settings=settings,
            limits=self.limits,
            cross_validate=0.0,
            rayzc=self.rayzc,
            suite=suite,
            suite_hash=self.suite_hash,
        )


class TrainConfig(TrainOptions, Config, frozen=True, kw_only=True):
    """The configuration of a run of trainings.

    Attributes:
        rayzc: version of rayzc that began the run.
        networks: names of the networks, ``space:encoding`` or ``module:factory``.
        data: where the images are: a path, a name, or :data:`rayzc.runs.paths.OWN_IMAGES`.
        data_hash: hash of their content.
    """

    kind: ClassVar[str] = "train"

    rayzc: str
    networks: tuple[str, ...]
    data: str
    data_hash: str

    @property
    def trainings(self) -> tuple[tuple[int, int], ...]:
        """Place of the network and seed of every training, all networks under one seed before the next seed."""
        seeds = range(self.seed, self.seed + self.seeds)
        return tuple((place, seed) for seed in seeds for place in range(len(self.networks)))


def require_unchanged(suite: Suite, place: str, content_hash: str | None) -> None:
    """Checks that a suite is the one that a run began with.

    Raises:
        RunError: its content hash differs.
    """
    if suite.content_hash != content_hash:
        raise RunError(
            f"suite {place} has changed since the run began (content hash {suite.content_hash[:12]}, was "
            f"{str(content_hash)[:12]}): restore the earlier suite, or start a new run"
        )


def _chosen(config: DiscoverConfig | StudyConfig, load: Callable[[str], Suite]) -> Suite:
    """The problems and proxies of a configuration, and the networks that have all of them."""
    suite = load(config.suite)
    require_unchanged(suite, config.suite, config.suite_hash)
    # The hash does not cover the order of problems, but all arrays are in the order of the configuration.
    chosen = replace(suite, problems=tuple(suite.problem(name) for name in config.problems))
    return chosen.for_fitting(config.proxies)


def split(suite: Suite, holdout: float | None, seed: int) -> tuple[Suite, Suite | None]:
    """The part to fit on, and the part held out, if there is one."""
    return suite.split(holdout, seed) if holdout else (suite, None)
