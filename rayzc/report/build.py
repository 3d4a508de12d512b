"""From the record of a run to the page of its report, for every kind of run."""

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rayzc.formula import is_proxy_name
from rayzc.options import DiscoverOptions, RunOptions, SearchOptions, StudyOptions, TrainOptions
from rayzc.report.content import Block, Chapter, Facts, Page, Section, Words
from rayzc.report.measures import Taus, formula_values, taus
from rayzc.report.parts.about import again_section, config_section
from rayzc.report.parts.architectures import architectures_section
from rayzc.report.parts.breeding import front_section, hall_section, islands_section
from rayzc.report.parts.commands import command_line
from rayzc.report.parts.comparisons import Compared, compared_sections
from rayzc.report.parts.formulas import formula_section, worth_section
from rayzc.report.parts.rankings import fit_section, proxy_taus, ranks_section, taus_section
from rayzc.report.parts.searches import (
    curves,
    curves_section,
    found_section,
    queries_section,
)
from rayzc.report.parts.sizes import agreement_section, sizes_section
from rayzc.report.parts.studies import matrix_section, members_section, seen_and_new
from rayzc.report.parts.trainings import finals_section, losses_section, networks_section
from rayzc.report.records import Bred, Record, Searched, Studied, TrainedRun, Whole
from rayzc.version import __version__

__all__ = ["comparison_of", "page_of"]

_STOPS = {"time_limit", "evaluations", "plateau", "epochs"}
"""Limits of a discovery: to repeat one, the number of its epochs takes their place."""


def page_of(record: Record, samples: int) -> Page:
    """The report of a run.

    Args:
        record: what it recorded.
        samples: number of bootstrap samples for the intervals.
    """
    chapters = [chapter for chapter in _chapters(record, samples) if chapter.sections]
    facts = Facts(tuple(_headline(record)), large=True)
    return Page(_name(record), _subtitle(record), facts, tuple(chapters), __version__)


def comparison_of(records: Sequence[Record], samples: int) -> Page:
    """The report of several runs, side by side.

    Args:
        records: two or more.
        samples: number of bootstrap samples for the intervals.
    """
    names = _distinct([_name(record) for record in records])
    compared = [_compared(record, name, samples) for record, name in zip(records, names, strict=True)]
    chapters = [Chapter("comparison", "Comparison", tuple(compared_sections(compared)))]
    for place, (record, name) in enumerate(zip(records, names, strict=True), start=1):
        bred = _bred_of(record)
        if bred is not None:
            sections = (formula_section(bred.formula, bred.judged), front_section(bred))
            chapters.append(Chapter(f"run-{place}", name, sections))
    facts = Facts((("runs", f"{len(records)}"),), large=True)
    return Page(" and ".join(names), "A comparison of runs", facts, tuple(chapters), __version__)


def _chapters(record: Record, samples: int) -> list[Chapter]:
    if isinstance(record, Bred):
        return [*_discovery(record, samples, _left_out(record)), Chapter("run", "Run", _about(record))]
    if isinstance(record, Searched):
        return [*_searches(record), Chapter("run", "Run", _about(record))]
    if isinstance(record, TrainedRun):
        networks = record.result.get("networks") or ()
        losses = losses_section(networks)
        sections = (networks_section(networks), *((losses,) if losses else ()))
        return [Chapter("trainings", "Trainings", sections), Chapter("run", "Run", _about(record))]
    if isinstance(record, Studied):
        rows, members = record.result.get("matrix") or (), record.result.get("members") or ()
        sections = (*((matrix_section(rows),) if rows else ()), members_section(members))
        return [Chapter("study", "Study", sections), Chapter("run", "Run", _about(record))]
    chapters = []
    if record.bred is not None:
        chapters += _discovery(record.bred, samples, _left_out(record))
    if record.searched is not None:
        chapters += _searches(record.searched)
    if record.finals:
        chapters.append(Chapter("finals", "Trainings", (finals_section(record.finals),)))
    return [*chapters, Chapter("run", "Run", _about(record))]


def _discovery(bred: Bred, samples: int, left_out: Mapping[str, float] | None) -> list[Chapter]:
    breeding = (front_section(bred), islands_section(bred), hall_section(bred))
    return [
        Chapter("formula", "Formula", tuple(_formula(bred, samples, left_out))),
        Chapter("breeding", "Breeding", breeding),
    ]


def _formula(bred: Bred, samples: int, left_out: Mapping[str, float] | None) -> list[Section]:
    """All that is said of a formula."""
    formula, judged = bred.formula, bred.judged
    held = (bred.result.get("held_out") or {}).get("kendall")
    first = formula_section(formula, judged)
    fit = fit_section(bred.result["best"]["kendall"], held, left_out)
    if judged is None or bred.fitting is None:
        words: tuple[Block, ...] = (Words(f"{bred.missing}. What follows from its tables is left out."),)
        return [first, fit, Section("missing", "The suite is not there", words)]
    own = _own_taus(bred, samples)
    sizes = sizes_section(formula, judged)
    names = tuple(name for name in judged.common_proxies if is_proxy_name(name))
    return [
        first,
        taus_section(own, proxy_taus(judged, samples), bred.judged_on),
        fit,
        ranks_section(formula, bred.fitting, bred.validation),
        worth_section(formula, judged, own, bred.judged_on),
        *([sizes] if sizes else []),
        agreement_section(formula, judged, names),
    ]


def _own_taus(bred: Bred, samples: int) -> Taus:
    """How the formula of a discovery ranks the networks to judge on."""
    assert bred.judged is not None
    values = {problem.name: formula_values(bred.formula, problem) for problem in bred.judged.problems}
    return taus(values, bred.judged, samples)


def _searches(searched: Searched) -> list[Chapter]:
    results = searched.results
    if not results.outcomes:
        words = Words("No search has found anything yet.")
        return [Chapter("searches", "Searches", (Section("found", "What was found", (words,)),))]
    found = curves(searched)
    queries = queries_section(found, searched.suite)
    sections = (found_section(results), curves_section(found), *((queries,) if queries else ()))
    return [
        Chapter("searches", "Searches", sections),
        Chapter("architectures", "Architectures", (architectures_section(results),)),
    ]


def _about(record: Record) -> tuple[Section, ...]:
    """How a run went, and how to repeat it."""
    result = record.result if not isinstance(record, Searched) else {}
    seconds = record.seconds if isinstance(record, Searched) else float(result.get("seconds") or 0.0)
    stopped = record.stopped if isinstance(record, Searched) else str(result.get("stopped"))
    more = [("rayzc", record.config.rayzc), ("time", _clock(seconds)), ("stopped by", stopped)]
    for key, name in (
        ("epochs", "epochs"),
        ("evaluations", "formulas bred"),
        ("workers_lost", "workers lost and replaced"),
        ("unfinished", "discoveries without a result"),
    ):
        if isinstance(result.get(key), int):
            more.append((name, f"{result[key]:,}"))
    note, line = _again(record)
    return again_section([line], note), config_section(record.config.to_json(), more)


def _again(record: Record) -> tuple[str, str]:
    """What to know about running it again, and the command."""
    if isinstance(record, Bred):
        first = {"--suite": record.config.suite}
        line = command_line("discover", DiscoverOptions, record.config, first, _STOPS)
        return (
            "The same hall of fame, byte for byte, with any number of workers:",
            f"{line} --epochs {record.result['epochs']}",
        )
    if isinstance(record, Searched):
        first = {"--formula": record.config.plan.formula, "--suite": record.config.suite or "none"}
        skip = {"formula", *(["problems"] if not record.config.problems else [])}
        return "", command_line("search", SearchOptions, record.config, first, skip)
    if isinstance(record, TrainedRun):
        line = command_line("train", TrainOptions, record.config, {"--data": record.config.data}, set())
        return "", f"{line} {_quoted(record.config.networks)}"
    if isinstance(record, Studied):
        return "", command_line("study", StudyOptions, record.config, {"--suite": record.config.suite}, set())
    first = {"--suite": record.config.suite}
    if record.config.formula is not None:
        first["--formula"] = record.config.formula
    return "", command_line("run", RunOptions, record.config, first, {"formula"})


def _headline(record: Record) -> list[tuple[str, str]]:
    """The numbers of a run that matter most, the first of all first."""
    facts: list[tuple[str, str]] = []
    bred = _bred_of(record)
    if bred is not None:
        best, held = bred.result["best"], bred.result.get("held_out")
        if held:
            facts.append(("mean tau, held out", f"{held['mean_kendall']:.3f}"))
        facts.append(("mean tau, fitted", f"{best['mean_kendall']:.3f}"))
        facts.append(("formulas bred", f"{int(bred.result['evaluations']):,}"))
    if isinstance(record, Whole | Bred):
        left = _left_out(record)
        if left:
            facts.insert(1, ("mean tau, space left out", f"{sum(left.values()) / len(left):.3f}"))
    searched = record.searched if isinstance(record, Whole) else record
    if isinstance(searched, Searched):
        top = searched.results.found().over_problems()
        if top is not None:
            facts.append(("found, mean top %", f"{top.mean:.1f}"))
        looked = sum(outcome.evaluated for outcome in searched.results.outcomes)
        facts.append(("architectures searched", f"{looked:,}"))
    if isinstance(record, TrainedRun):
        means = [each["mean"] for each in record.result.get("networks") or () if each.get("mean") is not None]
        if means:
            facts.append(("best test accuracy", f"{max(means):.4f}"))
        facts.append(("networks", f"{len(record.config.networks)}"))
    if isinstance(record, Studied):
        seen, new = seen_and_new(record.result.get("matrix") or ())
        known = (("mean tau, new problems", new), ("mean tau, known problems", seen))
        facts += [(name, f"{value:.3f}") for name, value in known if value is not None]
        facts.append(("discoveries", f"{len(record.result.get('members') or ())}"))
    seconds = record.seconds if isinstance(record, Searched) else record.result.get("seconds")
    return [*facts, ("time", _clock(float(seconds or 0.0)))]


def _subtitle(record: Record) -> str:
    if isinstance(record, Bred):
        return f"A discovery of a formula on {len(record.config.problems)} problems"
    if isinstance(record, Searched):
        return f"Searches for architectures on {len(record.results.problems)} problems"
    if isinstance(record, TrainedRun):
        return f"Trainings of {len(record.config.networks)} networks"
    if isinstance(record, Studied):
        return f"A study on {len(record.config.problems)} problems"
    return "A run of all stages, from a suite to architectures"


def _compared(record: Record, name: str, samples: int) -> Compared:
    bred = _bred_of(record)
    taus_, judged_on, formula = {}, "", None
    if bred is not None:
        formula = str(bred.formula)
        if bred.judged is not None:
            taus_, judged_on = dict(_own_taus(bred, samples).by_problem), bred.judged_on
    searched = record.searched if isinstance(record, Whole) else record
    tops = {}
    if isinstance(searched, Searched):
        formula = formula or searched.config.plan.formula
        found = searched.results.found()
        averages = {problem: found.over_seeds(problem) for problem in searched.results.problems}
        tops = {problem: each.mean for problem, each in averages.items() if each is not None}
    kind = str(record.config.kind)
    return Compared(
        name, kind, formula, dict(_headline(record)), taus_, judged_on, tops, record.config.to_json()
    )


def _left_out(record: Whole | Bred) -> Mapping[str, float] | None:
    """Tau by problem of the formulas that were bred without its search space, if any were."""
    if isinstance(record, Bred):
        checked = record.result.get("cross_validation") or {}
        numbers: Mapping[str, Any] = (checked.get("rows") or {}).get(checked.get("numbers")) or {}
        return numbers.get("left_out")
    transfer: Sequence[Mapping[str, Any]] = record.result.get("transfer") or ()
    found: Mapping[str, float] | None = transfer[0].get("left_out") if transfer else None
    return found


def _bred_of(record: Record) -> Bred | None:
    """The discovery of a run, if it has one."""
    return record if isinstance(record, Bred) else record.bred if isinstance(record, Whole) else None


def _name(record: Record) -> str:
    return record.folder.path.name or "run"


def _distinct(names: Sequence[str]) -> list[str]:
    """Names of which no two are alike."""
    found: list[str] = []
    for name in names:
        other, number = name, 2
        while other in found:
            other, number = f"{name} ({number})", number + 1
        found.append(other)
    return found


def _quoted(words: Sequence[Any]) -> str:
    return " ".join(shlex.quote(str(word)) for word in words)


def _clock(seconds: float) -> str:
    whole = math.floor(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
