"""Outcomes and comparisons as a pyarrow Table: a row for each search."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rayzc.nas.baselines import Baseline, Comparison
from rayzc.nas.outcome import Finding, SearchOutcome

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["results_table"]

_TEXTS = ("problem", "space", "task", "algorithm", "formula", "ended", "encoding", "description", "drawing")
_COUNTS = (
    "seed",
    "budget",
    "evaluated",
    "cache_hits",
    "measured",
    "rank",
    "candidates",
    "rank_of_all",
    "all",
)


def results_table(
    outcomes: Sequence[SearchOutcome],
    comparisons: Iterable[Comparison],
    best_proxies: Mapping[str, str | None],
) -> "pa.Table":
    """The results of searches as a table.

    Columns: the plan (``problem``, ``space``, ``task``, ``seed``, ``algorithm``, ``formula``, ``budget``), what was
    done (``evaluated``, ``ended``, ``cache_hits``, ``measured``, ``measuring_seconds``), the found architecture
    (``encoding``, ``description``, ``drawing``, ``score``, ``proxies``), where a table knows its truth (``accuracy``,
    ``rank``, ``candidates``, ``top`` in percent, ``regret``, ``rank_of_all``, ``all``, ``regret_of_all``), the
    ``shortlist`` and the ``front`` as lists, the best of the shortlist (``shortlist_accuracy``, ``shortlist_rank``,
    ``shortlist_top``, ``shortlist_regret``), and the shortlists of the baselines in percent of the candidates
    (``random_search_top``, ``random_ten_top``, ``formula_sees_all_top``, ``best_proxy`` with ``best_proxy_top``,
    ``proxies_search_top`` and ``proxies_ten_best_top`` by proxy). Null where nothing is known.

    Args:
        outcomes: the rows.
        comparisons: with the baselines, of any of them.
        best_proxies: the best single proxy by problem.
    """
    import pyarrow as pa

    text, real, whole = pa.string(), pa.float64(), pa.int64()
    by_proxy = pa.map_(text, real)
    listed = pa.list_(
        pa.struct(
            {
                "encoding": text,
                "description": text,
                "score": real,
                "proxies": by_proxy,
                "accuracy": real,
                "rank": whole,
            }
        )
    )
    types: dict[str, Any] = (
        dict.fromkeys((*_TEXTS, "best_proxy"), text)
        | dict.fromkeys((*_COUNTS, "shortlist_rank"), whole)
        | {"proxies": by_proxy, "proxies_search_top": by_proxy, "proxies_ten_best_top": by_proxy}
        | {"shortlist": listed, "front": listed}
    )
    by_search: dict[tuple[str, int], list[Comparison]] = {}
    for comparison in comparisons:
        by_search.setdefault((comparison.problem, comparison.seed), []).append(comparison)
    rows = [
        _row(outcome, by_search.get((outcome.problem, outcome.seed), []), best_proxies.get(outcome.problem))
        for outcome in outcomes
    ]
    names = list(rows[0]) if rows else list(types)
    schema = pa.schema([(name, types.get(name, real)) for name in names])
    return pa.Table.from_pylist(rows, schema=schema)


def _row(outcome: SearchOutcome, comparisons: Sequence[Comparison], best_proxy: str | None) -> dict[str, Any]:
    found, best = outcome.found, outcome.shortlist_best
    standing = found.standing
    short = best.standing if best else None
    tops: dict[Baseline, dict[str | None, float]] = {baseline: {} for baseline in Baseline}
    for comparison in comparisons:
        tops[comparison.baseline][comparison.proxy] = comparison.shortlist.top
    searched, ten_best = tops[Baseline.PROXY_SEARCH], tops[Baseline.PROXY_TEN]
    return {
        "problem": outcome.problem,
        "space": outcome.space,
        "task": outcome.problem.removeprefix(f"{outcome.space}/"),
        "seed": outcome.seed,
        "algorithm": outcome.plan.options.algorithm,
        "formula": str(outcome.plan.formula),
        "budget": outcome.plan.options.budget,
        "evaluated": outcome.evaluated,
        "ended": outcome.ended.value,
        "cache_hits": outcome.cache_hits,
        "measured": outcome.measured,
        "measuring_seconds": outcome.measuring_seconds,
        "encoding": found.encoding,
        "description": found.description,
        "drawing": found.drawing,
        "score": found.score,
        "proxies": list(found.proxies.items()),
        "accuracy": standing.accuracy if standing else None,
        "rank": standing.rank if standing else None,
        "candidates": standing.candidates if standing else None,
        "top": standing.top if standing else None,
        "regret": standing.regret if standing else None,
        "rank_of_all": standing.rank_of_all if standing else None,
        "all": standing.all if standing else None,
        "regret_of_all": standing.regret_of_all if standing else None,
        "shortlist": [_listed(each) for each in outcome.shortlist],
        "front": [_listed(each) for each in outcome.front],
        "shortlist_accuracy": short.accuracy if short else None,
        "shortlist_rank": short.rank if short else None,
        "shortlist_top": short.top if short else None,
        "shortlist_regret": short.regret if short else None,
        "random_search_top": tops[Baseline.RANDOM_SEARCH].get(None),
        "random_ten_top": tops[Baseline.RANDOM_TEN].get(None),
        "formula_sees_all_top": tops[Baseline.FORMULA_ALL].get(None),
        "best_proxy": best_proxy,
        "best_proxy_top": searched.get(best_proxy) if best_proxy else None,
        "proxies_search_top": list(searched.items()) if comparisons else None,
        "proxies_ten_best_top": list(ten_best.items()) if comparisons else None,
    }


def _listed(found: Finding) -> dict[str, Any]:
    return {
        "encoding": found.encoding,
        "description": found.description,
        "score": found.score,
        "proxies": list(found.proxies.items()),
        "accuracy": found.standing.accuracy if found.standing else None,
        "rank": found.standing.rank if found.standing else None,
    }
