"""The architectures that searches found, drawn, and their shortlists."""

from rayzc.errors import RayzcError
from rayzc.nas import Finding, Results, SearchOutcome
from rayzc.report.content import Block, Column, Panels, Section, Table, Words
from rayzc.report.figures import Cells, Graph
from rayzc.report.texts import file_name
from rayzc.spaces import find_space

__all__ = ["architectures_section"]


def architectures_section(results: Results) -> Section:
    """The best architecture of each problem, drawn, and its shortlist."""
    panels = []
    for name in results.problems:
        outcome = results.best(name)
        drawn = _drawn(name, outcome)
        panels.append((name, drawn if drawn is not None else _shortlist(name, outcome)))
    lists = tuple((name, _shortlist(name, results.best(name))) for name in results.problems)
    blocks: tuple[Block, ...] = (Panels("problem", tuple(panels)),)
    return Section(
        "architectures",
        "The architectures",
        (
            *blocks,
            Words("The shortlists: up to ten distinct networks with the best scores, the networks to train."),
            Panels("shortlist of", lists),
        ),
    )


def _drawn(name: str, outcome: SearchOutcome) -> Cells | None:
    space = find_space(outcome.space)
    if space is None:
        return None
    try:
        drawings = space.draw(space.parse(outcome.found.encoding))
    except RayzcError:
        return None
    graphs = tuple(
        Graph(
            drawing.title,
            drawing.nodes,
            tuple((edge.start, edge.end, edge.label) for edge in drawing.edges),
        )
        for drawing in drawings
    )
    standing = outcome.found.standing
    known = "" if standing is None else f", true rank {standing.rank:,} of {standing.candidates:,}"
    summary = (
        f"{outcome.found.description or outcome.found.encoding}: score {outcome.found.score:.5g}{known}."
    )
    return Cells(f"architecture-{file_name(name)}", name, summary, graphs)


def _shortlist(name: str, outcome: SearchOutcome) -> Table:
    known = any(found.standing for found in outcome.shortlist)
    columns = [Column("place", "d"), Column("score", ".5g")]
    columns += [Column("accuracy", ".4g"), Column("true rank", ",d")] if known else []

    def row(place: int, found: Finding) -> tuple[str | float | int | None, ...]:
        standing = found.standing
        truth = (standing.accuracy, standing.rank) if standing else (None, None)
        return (place, found.score, *(truth if known else ()), found.encoding)

    rows = tuple(row(place, found) for place, found in enumerate(outcome.shortlist, start=1))
    columns.append(Column("architecture", code=True))
    return Table(f"shortlist-{file_name(name)}", f"Shortlist of {name}", tuple(columns), rows)
