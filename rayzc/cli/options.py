"""Options that commands share, and how their values are read."""

from pathlib import Path
from typing import Annotated

import typer

SUITE_HELP = "Parquet file, JSON file, folder of zc_<space>.json files, or name of a suite."
ADDRESS_HELP = "Ray cluster, host:port or auto. Default: RAY_ADDRESS, else Ray on this machine."
WORKERS_HELP = "How many workers. Default: as many as the cluster has CPUs."
TIME_HELP = "Stop after this time: 90s, 3m, 1h30m."
EPOCHS_HELP = "Stop when every island has evolved for so many epochs."
EVALUATIONS_HELP = "Stop after so many formulas."
PLATEAU_HELP = "Stop when the best formula has not got better for so many epochs."
QUIET_HELP = "Print only the result."
JSON_HELP = "Print the result as a JSON document."
PROXIES_HELP = "Proxies to use. Default: all that every problem has."
PROBLEMS_HELP = "Problems, spaces, tasks or patterns, with commas or again. Default: all."
LEAVE_OUT_HELP = "Problems, spaces or tasks to leave out."
OUT_HELP = "Folder of the run. Default: a new one in runs/."
FORCE_HELP = "Overwrite the run in that folder."
FORMULA_HELP = "A formula, a file that holds one, or the folder of a `rayzc discover` run."
ALGORITHM_HELP = "regularized_evolution (default), genetic, local_search or random."
CONSTRAINT_HELP = "What architectures have to meet: 'params < 1.5', 'log(flops) <= 4'; may be repeated."
DETAILS_HELP = (
    "Print each architecture in words, drawn, with its proxies and the shortlist; report.txt has that, too."
)
EXPORT_HELP = (
    "Write the best network of each problem into this folder, as a Python module that needs torch alone."
)

Suite = Annotated[str, typer.Option("--suite", metavar="PATH_OR_NAME", help=SUITE_HELP)]
Proxies = Annotated[str | None, typer.Option("--proxies", metavar="A,B", help=PROXIES_HELP)]
Problems = Annotated[list[str] | None, typer.Option("--problems", help=PROBLEMS_HELP)]
LeaveOut = Annotated[list[str] | None, typer.Option("--leave-out", help=LEAVE_OUT_HELP)]
Algorithm = Annotated[str, typer.Option("--algorithm", help=ALGORITHM_HELP, show_default=False)]
Budget = Annotated[int, typer.Option("--budget", help="Distinct architectures a search evaluates.")]
Seeds = Annotated[int, typer.Option("--seeds", help="Searches of each problem.")]
Constraint = Annotated[
    list[str] | None, typer.Option("--constraint", metavar="COMPARISON", help=CONSTRAINT_HELP)
]
Out = Annotated[Path | None, typer.Option("--out", help=OUT_HELP)]
Force = Annotated[bool, typer.Option("--force", help=FORCE_HELP)]
Details = Annotated[bool, typer.Option("--details", help=DETAILS_HELP)]
Export = Annotated[Path | None, typer.Option("--export", metavar="DIR", help=EXPORT_HELP)]
TimeLimit = Annotated[str | None, typer.Option("--time-limit", metavar="TIME", help=TIME_HELP)]
Epochs = Annotated[int | None, typer.Option("--epochs", help=EPOCHS_HELP)]
Evaluations = Annotated[int | None, typer.Option("--evaluations", help=EVALUATIONS_HELP)]
Plateau = Annotated[int | None, typer.Option("--plateau", help=PLATEAU_HELP)]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help=WORKERS_HELP)]
Address = Annotated[str | None, typer.Option("--address", help=ADDRESS_HELP)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help=QUIET_HELP)]
AsJson = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


def names(values: list[str] | list[str | None] | None) -> list[str]:
    """Names given with commas, by repetition, or both."""
    return [name.strip() for value in values or [] if value for name in value.split(",") if name.strip()]
