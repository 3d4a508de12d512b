"""The display of ``rayzc train``: a row for each training while it runs, then the accuracies of the networks."""

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table

from rayzc.cli.durations import clock
from rayzc.cli.output import Display, fitting, plain_table
from rayzc.errors import counted
from rayzc.training.results import Trained, TrainedNetwork, TrainResults

if TYPE_CHECKING:
    from rayzc.cluster.training import TrainingProgress, TrainProgress

__all__ = ["TrainDisplay"]

_MOST_ROWS = 20


class TrainDisplay(Display["TrainProgress", TrainResults]):
    """The display of ``rayzc train``."""

    def line(self, progress: "TrainProgress") -> str:
        """The progress of all trainings in a line."""
        rows = progress.trainings
        parts = [f"{clock(progress.seconds):>7}"]
        if not any(row.epoch for row in rows):
            return "  ".join([*parts, f"starting {counted(len(rows), 'training')}"])
        parts += [
            f"{sum(row.epoch for row in rows):,} of {sum(row.epochs for row in rows):,} epochs",
            f"{progress.count('ended')} of {counted(len(rows), 'training')} ended",
        ]
        shown = [row for row in rows if row.state == "training" and row.trained] or [
            row for row in rows if row.trained
        ]
        parts.append("accuracy " + ", ".join(_number(row.trained) for row in shown[:4]))
        failed = progress.count("failed")
        if failed:
            parts.append(f"{failed} failed")
        if progress.lost:
            parts.append(f"{progress.lost} restarted")
        if progress.seconds_left is not None:
            parts.append(f"{clock(progress.seconds_left)} left")
        return "  ".join(parts)

    def dashboard(self, progress: "TrainProgress") -> RenderableType:
        """The progress in a line, above a row for each training, running trainings first."""
        order = ["training", "failed", "ended", "waiting"]
        rows = sorted(progress.trainings, key=lambda row: order.index(row.state))
        more = len(rows) - _MOST_ROWS
        parts: list[RenderableType] = [self.line(progress), _rows(rows[:_MOST_ROWS])]
        if more > 0:
            parts.append(f"and {more:,} more")
        return Group(*parts)

    def print_result(self, result: TrainResults, console: Console) -> None:
        """A row for each network with its accuracies, then notes and failures of single trainings."""
        trained = [network for network in result.networks if network.trained]
        if trained:
            tables = [_results(trained, columns) for columns in (3, 2, 1)]
            console.print(fitting(tables, console), crop=False)
        for network in result.networks:
            for seed, training in network.trained.items():
                notes = [*([training.diverged] if training.diverged else []), *training.notes]
                for note in notes:
                    console.print(
                        f"note: {network.network}, seed {seed}: {note}", soft_wrap=True, markup=False
                    )
            for seed, why in network.failures.items():
                console.print(f"failed: {network.network}, seed {seed}: {why}", soft_wrap=True, markup=False)
        lost = f"; {counted(result.workers_lost, 'worker')} lost and replaced" if result.workers_lost else ""
        console.print(
            f"run        {result.run}, {clock(result.seconds)}, {result.stopped}{lost}",
            soft_wrap=True,
            markup=False,
        )


def _number(trained: Trained | None) -> str:
    return "-" if trained is None else f"{trained.accuracy:.3f}"


def _rows(rows: list["TrainingProgress"]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("network", overflow="ellipsis", no_wrap=True)
    for header in ("seed", "epoch", "loss", "training", "test", "state"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        trained = row.trained
        table.add_row(
            row.network,
            str(row.seed),
            f"{row.epoch}/{row.epochs}",
            f"{trained.losses[-1]:.3f}" if trained and trained.losses else "-",
            f"{trained.training_accuracy:.3f}" if trained else "-",
            _number(trained),
            str(row.state),
            style="" if row.state == "training" else "dim",
        )
    return table


def _results(networks: list[TrainedNetwork], columns: int) -> Table:
    table = plain_table()
    table.add_column("network", no_wrap=columns > 1)
    table.add_column("accuracy", justify="right", no_wrap=True)
    if columns > 1:
        table.add_column("by seed", no_wrap=True)
    if columns > 2:
        table.add_column("epochs", justify="right", no_wrap=True)
        table.add_column("time", justify="right", no_wrap=True)
    for network in networks:
        every = network.trained.values()
        spread = "" if network.deviation is None else f" ± {network.deviation:.4f}"
        cells = [network.network, "-" if network.mean is None else f"{network.mean:.4f}{spread}"]
        if columns > 1:
            cells.append(
                " ".join(f"{trained.accuracy:.4f}" + "*" * (not trained.finished) for trained in every)
            )
        if columns > 2:
            cells += [
                f"{sum(trained.epochs for trained in every):,}",
                clock(sum(trained.seconds for trained in every)),
            ]
        table.add_row(*cells)
    return table
