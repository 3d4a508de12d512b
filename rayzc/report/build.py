"""From the record of a run to the page of its report, for every kind of run."""

import math
from collections.abc import Sequence
from typing import Any

from rayzc.formula import is_proxy_name
from rayzc.options import DiscoverOptions
from rayzc.report.content import Block, Chapter, Facts, Page, Section, Words
from rayzc.report.measures import Taus, formula_values, taus
from rayzc.report.parts.about import again_section, config_section
from rayzc.report.parts.breeding import front_section, hall_section, islands_section
from rayzc.report.parts.commands import command_line
from rayzc.report.parts.formulas import formula_section, worth_section
from rayzc.report.parts.rankings import fit_section, proxy_taus, ranks_section, taus_section
from rayzc.report.parts.sizes import agreement_section, sizes_section
from rayzc.report.records import Bred, Record
from rayzc.version import __version__

__all__ = ["page_of"]


def page_of(record: Record, samples: int) -> Page:
    """The report of a run.

    Args:
        record: what it recorded.
        samples: number of bootstrap samples for the intervals.
    """
    assert isinstance(record, Bred)
    return _discovery(record, samples)


def _discovery(bred: Bred, samples: int) -> Page:
    best, held = bred.result["best"], bred.result.get("held_out")
    facts = [("mean tau, fitted", f"{best['mean_kendall']:.3f}")]
    if held:
        facts.insert(0, ("mean tau, held out", f"{held['mean_kendall']:.3f}"))
    facts += [
        ("problems", f"{len(bred.config.problems)}"),
        ("formulas bred", f"{int(bred.result['evaluations']):,}"),
        ("time", _clock(float(bred.result["seconds"]))),
    ]
    chapters = [
        Chapter("formula", "Formula", tuple(formula_chapter(bred, samples))),
        Chapter("breeding", "Breeding", breeding_chapter(bred)),
        Chapter("run", "Run", tuple(about_discovery(bred))),
    ]
    return Page(
        _name(bred),
        f"A discovery on {len(bred.config.problems)} problems",
        Facts(tuple(facts), large=True),
        tuple(chapters),
        __version__,
    )


def formula_chapter(bred: Bred, samples: int, left_out: dict[str, float] | None = None) -> list[Section]:
    """All that is said of a formula."""
    formula, judged = bred.formula, bred.judged
    sections = [formula_section(formula, judged)]
    fitted = bred.result["best"]["kendall"]
    held = (bred.result.get("held_out") or {}).get("kendall")
    if judged is None or bred.fitting is None:
        sections.append(fit_section(fitted, held, left_out))
        words: tuple[Block, ...] = (Words(f"{bred.missing}. What follows from its tables is left out."),)
        return [*sections, Section("missing", "The suite is not there", words)]
    own = own_taus(bred, samples)
    proxies = proxy_taus(judged, samples)
    whole = bred.config.fitting_and_validation
    del whole
    names = tuple(name for name in judged.common_proxies if is_proxy_name(name))
    sections += [
        taus_section(own, proxies, bred.judged_on),
        fit_section(fitted, held, left_out),
        ranks_section(formula, bred.fitting, bred.validation),
        worth_section(formula, judged, own, samples, bred.judged_on),
    ]
    sizes = sizes_section(formula, judged)
    return [*sections, *([sizes] if sizes else []), agreement_section(formula, judged, names)]


def own_taus(bred: Bred, samples: int) -> Taus:
    """How the formula of a discovery ranks the networks to judge on."""
    assert bred.judged is not None
    values = {problem.name: formula_values(bred.formula, problem) for problem in bred.judged.problems}
    return taus(values, bred.judged, samples)


def breeding_chapter(bred: Bred) -> tuple[Section, ...]:
    """How a formula was bred."""
    return front_section(bred), islands_section(bred), hall_section(bred)


def about_discovery(bred: Bred) -> Sequence[Section]:
    """How a discovery went, and how to repeat it."""
    result = bred.result
    more = [
        ("rayzc", bred.config.rayzc),
        ("time", _clock(float(result["seconds"]))),
        ("stopped by", str(result["stopped"])),
        ("epochs", f"{int(result['epochs']):,}"),
        ("formulas bred", f"{int(result['evaluations']):,}"),
        ("workers lost and replaced", str(result.get("workers_lost", 0))),
    ]
    line = command_line(
        "discover",
        DiscoverOptions,
        bred.config,
        {"--suite": _suite(bred.config.suite)},
        {"time_limit", "evaluations", "plateau", "epochs", *(["problems"] if _all_problems(bred) else [])},
    )
    line += f" --epochs {result['epochs']}"
    document: dict[str, Any] = bred.config.to_json()
    return (
        again_section([line], "The same hall of fame, byte for byte, with any number of workers:"),
        config_section(document, more),
    )


def _all_problems(bred: Bred) -> bool:
    """Whether a discovery was of all problems of its suite, as far as can be told."""
    return False


def _name(record: Record) -> str:
    return record.folder.path.name or "run"


def _suite(place: str) -> str:
    return place.rpartition("/")[2] if "/" in place else place


def _clock(seconds: float) -> str:
    whole = math.floor(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
