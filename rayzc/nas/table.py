"""Results as a pyarrow Table: a row for each problem and seed."""

from typing import TYPE_CHECKING, Any

from rayzc.nas.comparison import FORMULA_SEES_ALL, RANDOM_SEARCH, RANDOM_TEN
from rayzc.nas.outcome import Finding, Outcome

if TYPE_CHECKING:
    import pyarrow as pa

    from rayzc.nas.results import Results

__all__ = ["results_table"]

_WAYS = {"random_search": RANDOM_SEARCH, "random_ten": RANDOM_TEN, "formula_sees_all": FORMULA_SEES_ALL}


def results_table(results: "Results") -> "pa.Table":
    """The results as a table.

    Columns: the plan (``problem``, ``space``, ``task``, ``seed``, ``algorithm``, ``formula``, ``budget``), what was
    done (``evaluated``, ``ended``, ``cache_hits``, ``measured``, ``measuring_seconds``), the found architecture
    (``encoding``, ``description``, ``drawing``, ``score``, ``proxies``), where a table knows its truth (``accuracy``,
    ``rank``, ``candidates``, ``top`` in percent, ``regret``, ``rank_of_all``, ``all``, ``regret_of_all``), the
    ``shortlist`` and the ``front`` as lists, the best of the shortlist (``shortlist_accuracy``, ``shortlist_rank``,
    ``shortlist_top``, ``shortlist_regret``), and the shortlists of the other ways in percent of the candidates
    (``random_search_top``, ``random_ten_top``, ``formula_sees_all_top``, ``best_proxy`` with ``best_proxy_top``,
    ``proxies_search_top`` and ``proxies_ten_best_top`` by proxy). Null where nothing is known.
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
    texts = (
        "problem",
        "space",
        "task",
        "algorithm",
        "formula",
        "ended",
        "encoding",
        "description",
        "drawing",
    )
    counts = (
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
    types: dict[str, Any] = (
        dict.fromkeys((*texts, "best_proxy"), text)
        | dict.fromkeys((*counts, "shortlist_rank"), whole)
        | {"proxies": by_proxy, "proxies_search_top": by_proxy, "proxies_ten_best_top": by_proxy}
        | {"shortlist": listed, "front": listed}
    )
    rows = [_row(one, results) for one in results.outcomes]
    names = list(rows[0]) if rows else list(types)
    schema = pa.schema([(name, types.get(name, real)) for name in names])
    return pa.Table.from_pylist(rows, schema=schema)


def _row(one: Outcome, results: "Results") -> dict[str, Any]:
    standing, short = one.found.standing, one.shortlist_best
    best = short.standing if short else None
    others = [
        other for other in results.comparisons if (other.problem, other.seed) == (one.problem, one.seed)
    ]
    tops = {other.way: other.shortlist.top for other in others}
    searched = {
        other.proxy: other.shortlist.top for other in others if other.way == f"search by {other.proxy}"
    }
    seen = {other.proxy: other.shortlist.top for other in others if other.way == f"ten best by {other.proxy}"}
    proxy = results.best_proxy(one.problem)
    return {
        "problem": one.problem,
        "space": one.space,
        "task": one.problem.removeprefix(f"{one.space}/"),
        "seed": one.seed,
        "algorithm": one.plan.algorithm,
        "formula": str(one.plan.formula),
        "budget": one.plan.budget,
        "evaluated": one.evaluated,
        "ended": one.ended,
        "cache_hits": one.cache_hits,
        "measured": one.measured,
        "measuring_seconds": one.measuring_seconds,
        "encoding": one.found.encoding,
        "description": one.found.description,
        "drawing": one.found.drawing,
        "score": one.found.score,
        "proxies": list(one.found.proxies.items()),
        "accuracy": standing.accuracy if standing else None,
        "rank": standing.rank if standing else None,
        "candidates": standing.candidates if standing else None,
        "top": standing.top if standing else None,
        "regret": standing.regret if standing else None,
        "rank_of_all": standing.rank_of_all if standing else None,
        "all": standing.all if standing else None,
        "regret_of_all": standing.regret_of_all if standing else None,
        "shortlist": [_listed(each) for each in one.shortlist],
        "front": [_listed(each) for each in one.front],
        "shortlist_accuracy": best.accuracy if best else None,
        "shortlist_rank": best.rank if best else None,
        "shortlist_top": best.top if best else None,
        "shortlist_regret": best.regret if best else None,
        **{f"{column}_top": tops.get(way) for column, way in _WAYS.items()},
        "best_proxy": proxy,
        "best_proxy_top": searched.get(proxy) if proxy else None,
        "proxies_search_top": list(searched.items()) if others else None,
        "proxies_ten_best_top": list(seen.items()) if others else None,
    }


def _listed(one: Finding) -> dict[str, Any]:
    return {
        "encoding": one.encoding,
        "description": one.description,
        "score": one.score,
        "proxies": list(one.proxies.items()),
        "accuracy": one.standing.accuracy if one.standing else None,
        "rank": one.standing.rank if one.standing else None,
    }
