"""A study: its discoveries begun, or continued from the folders that they have, and judged once they have ended."""

import json
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray

from rayzc.cluster.connection import check_address, connected
from rayzc.cluster.islands.breeding import DiscoveryRun, breed
from rayzc.cluster.islands.discovery import continued_run, with_islands
from rayzc.cluster.islands.files import RunFiles, warn_by_default
from rayzc.cluster.islands.workers import IslandWorkers
from rayzc.cluster.own_code import objective_code, record_code, require_known_code
from rayzc.cluster.studies.progress import StudyClock, StudyProgress
from rayzc.ending import Ending, Reason
from rayzc.errors import RunError, counted
from rayzc.evolution import check_settings
from rayzc.evolution.matrix import Judgement, Matrix, judge
from rayzc.evolution.studies import Member, members
from rayzc.formula import Formula
from rayzc.options import Cluster, Limits, Place, StudyOptions, takes
from rayzc.options.runs import DEFAULT_SECONDS
from rayzc.problems import DEFAULT_SUITE, Suite, load_suite
from rayzc.runs import AnyPath, RunFolder, Study, StudyConfig, at, lasting_place, split, unused_folder
from rayzc.version import __version__

__all__ = ["resume_study", "study"]

Listener = Callable[[StudyProgress], None]
Warn = Callable[[str], None]


@takes(options=StudyOptions, cluster=Cluster, place=Place)
def study(
    suite: Suite | str | Path = DEFAULT_SUITE,
    *,
    options: StudyOptions,
    cluster: Cluster,
    place: Place,
    listen: Listener | None = None,
    warn: Warn = warn_by_default,
) -> Study:
    """Runs many discoveries side by side, and judges each formula on the networks that it was not bred on.

    The discoveries share the workers equally, and each gives the same formulas as if it ran alone. Every option below
    can be given by keyword.

    Args:
        suite: a suite, or what :func:`rayzc.load_suite` takes.
        options: what to compare; limits are those of every discovery.
        cluster: where to compute.
        place: where to keep the study.
        listen: called with the progress, a few times per second.
        warn: called with a line if a folder cannot be written; by default Python warns.

    Raises:
        SuiteError: the suite cannot be read or is not fit for use.
        RunError: the folder exists, or an option cannot be used.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    check_address(cluster.address)
    options = options.replaced(settings=with_islands(options.settings, cluster))
    whole = suite if isinstance(suite, Suite) else load_suite(suite)
    chosen = whole.select(options.problems, options.leave_out).for_fitting(options.proxies)
    planned = members(chosen, options)
    for member in planned:
        check_settings(member.settings, chosen.problems[0].proxies)
        split(member.kind.part(chosen), options.holdout, member.settings.seed)
    # Together they take as long as one after the other, each with the default.
    unlimited = Limits(time_limit=DEFAULT_SECONDS * len(planned))
    folder = RunFolder.create(place.out or unused_folder("study"), place.force)
    with folder.locked(warn):
        config = StudyConfig(
            **{
                **{name: getattr(options, name) for name in options.__struct_fields__},
                "problems": chosen.names,
                "proxies": chosen.problems[0].proxies,
                "limits": options.limits.or_else(unlimited),
            },
            rayzc=__version__,
            suite=folder.keep_suite(suite),
            suite_hash=whole.content_hash,
        )
        folder.write_config(config.to_json())
        record_code(folder, _own_code(planned))
        return _studied(folder, config, chosen, planned, Limits(), cluster, listen, warn)


@takes(limits=Limits, cluster=Cluster)
def resume_study(
    run: str | Path,
    *,
    limits: Limits,
    cluster: Cluster,
    listen: Listener | None = None,
    warn: Warn = warn_by_default,
    code: Sequence[str] = (),
) -> Study:
    """Continues a study: what has ended is kept, all else goes on from its newest checkpoint.

    Args:
        run: the study's folder.
        limits: when each discovery stops; by default as the study was asked to. With others, all discoveries go on.
        cluster: where to compute; the number of workers may be another.
        listen: called with the progress.
        warn: called with a line for every checkpoint that cannot be read and is passed over, and if a folder cannot be
            written; by default Python warns.
        code: your own modules that the study names, and that may be imported even if they have changed or lie in its
            folder.

    Raises:
        RunError: there is no such study, its suite has changed, another process has it, or its own objective is not
            known to be that of the study.
        ClusterError: Ray cannot be reached or started, or refuses the connection.
    """
    folder = RunFolder.open(run)
    with folder.locked(warn):
        config = StudyConfig.from_json(folder.read_config(), folder.config)
        chosen = config.chosen(folder.load_suite)
        planned = members(chosen, config)
        require_known_code(folder, _own_code(planned), code)
        folder.record("resumed")
        return _studied(folder, config, chosen, planned, limits, cluster, listen, warn)


def _own_code(planned: Sequence[Member]) -> tuple[str, ...]:
    """The user's own modules that the discoveries name."""
    return tuple(dict.fromkeys(name for member in planned for name in objective_code(member.settings)))


def _studied(
    folder: RunFolder,
    config: StudyConfig,
    chosen: Suite,
    planned: Sequence[Member],
    limits: Limits,
    cluster: Cluster,
    listen: Listener | None,
    warn: Warn,
) -> Study:
    """Breeds what has not ended, and judges all formulas.

    Raises:
        RunError: a signal came before any discovery had a result.
    """
    places = {member: folder.path / "members" / member.folder for member in planned}
    before = _seconds(folder)
    with ExitStack() as held, connected(cluster.address, cluster.workers, folder.again):
        left: dict[DiscoveryRun, Member] = {}
        for member, place in places.items():
            if limits != Limits() or _result(place) is None:
                run = _begun(place, member, config, chosen, folder, limits, held, warn)
                left[run] = member
        received, busy = None, None
        with IslandWorkers(cluster.workers) as workers:
            clock = StudyClock(left, len(planned), workers, before)

            def tell(under_way: Sequence[DiscoveryRun]) -> None:
                progress = clock.progress(under_way)
                if listen:
                    listen(progress)

            if left:
                received = breed([*left], workers, tell)
                busy = clock.busy
        results = {member: result for member in planned if (result := _document(places[member]))}
        if not results:
            assert received is not None
            raise RunError(
                f"{received.name} came before the end of the first epoch: there is no result to keep"
            )
        judgements = _judged(chosen, config, results)
        seconds = round(clock.seconds, 3)
    done = Study(
        run=folder.path,
        ending=_ending(received),
        members=tuple(results),
        results=tuple(results.values()),
        matrix=Matrix([*results], judgements),
        unfinished=len(planned) - len(results),
        seconds=seconds,
        busy=busy,
    )
    trouble = folder.write_or_say(folder.result, done.to_json())
    folder.record("stopped", why=done.stopped, discoveries=counted(len(results), "discovery", "discoveries"))
    return replace(done, trouble=trouble)


def _begun(
    place: AnyPath,
    member: Member,
    config: StudyConfig,
    chosen: Suite,
    study_folder: RunFolder,
    limits: Limits,
    held: ExitStack,
    warn: Warn,
) -> DiscoveryRun:
    """A discovery of the study, from the start or from its newest checkpoint; its folder is locked."""
    if (place / "config.json").exists():
        folder = RunFolder.open(place)
        held.enter_context(folder.locked(warn))
        return continued_run(folder, limits, warn)
    with suppress(OSError):  # what was left before it had a configuration
        at(place).remove()
    folder = RunFolder.create(place)
    held.enter_context(folder.locked(warn))
    suite = lasting_place(study_folder.suite(config.suite))
    own = config.of_member(member.kind.problems, member.settings, suite)
    own = own.replaced(limits=limits.or_else(own.limits))
    folder.write_config(own.to_json())
    record_code(folder, objective_code(own.settings))
    fitting, validation = split(member.kind.part(chosen), config.holdout, member.settings.seed)
    return DiscoveryRun(RunFiles(folder, warn), own, fitting, validation)


def _judged(
    chosen: Suite, config: StudyConfig, results: Mapping[Member, Mapping[str, Any]]
) -> list[Judgement]:
    """Judges the formulas of the discoveries, on the cluster."""
    suite = ray.put(chosen)
    references = [
        _judge.remote(suite, result["best"]["expression"], member, config.holdout, config.bootstrap)
        for member, result in results.items()
    ]
    judged: list[Judgement] = ray.get(references)
    return judged


@ray.remote(num_cpus=1, max_retries=3)
def _judge(suite: Suite, expression: str, member: Member, holdout: float | None, samples: int) -> Judgement:
    fitting, _ = split(member.kind.part(suite), holdout, member.settings.seed)
    return judge(Formula.parse(expression), suite, fitting, samples)


def _ending(received: signal.Signals | None) -> Ending:
    return Ending(Reason.ALL_BRED) if received is None else Ending.interrupted_by(received)


def _result(place: AnyPath) -> dict[str, Any] | None:
    """The result of a discovery that has ended by itself; None if it has not."""
    document = _document(place)
    if document is None or Ending.read(document["stopped"]).signal is not None:
        return None
    return document


def _document(place: AnyPath) -> dict[str, Any] | None:
    """The result of a discovery, or that of the signal that interrupted it; None if there is none."""
    try:
        document = json.loads((place / "result.json").read_text(encoding="utf-8"))
        Ending.read(document["stopped"])
        document["best"]["expression"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return document if isinstance(document, dict) else None


def _seconds(folder: RunFolder) -> float:
    """Seconds that the study took before."""
    try:
        return float(json.loads(folder.result.read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
