"""Export of the best networks of a run of searches, as modules that need only torch."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rayzc.nas import Results
    from rayzc.problems import Shapes

__all__ = ["check_folder", "export_best", "shapes_of"]


def check_folder(folder: Path | None) -> None:
    """Checks the folder to export to before the work is done.

    Args:
        folder: where to export to; None to export nothing.

    Raises:
        RunError: the folder is a file, or cannot be created.
    """
    from rayzc.errors import RunError

    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"--export {folder} cannot be written: {error.strerror}; name another folder"
        ) from None


def shapes_of(result: "Results") -> "Shapes":
    """How large the networks of a run were, and what they were shown: by its suite's benchmark, or as their spaces say.

    A suite that is no longer there counts as one without a benchmark.
    """
    from rayzc.errors import RayzcError
    from rayzc.problems import Shapes
    from rayzc.runs import RunFolder, SearchConfig

    if result.run is None:
        return Shapes()
    try:
        run = RunFolder.open(result.run)
        config = SearchConfig.from_json(run.read_config(), run.config)
        return Shapes() if config.suite is None else run.load_suite(config.suite).shapes
    except RayzcError:
        return Shapes()


def export_best(result: "Results", folder: Path | None, say: Callable[[str], None]) -> None:
    """Writes the best network of each problem, in the size that was measured, to one folder per problem.

    Args:
        result: of the searches.
        folder: where to write; None for nowhere.
        say: called with a line for each network, and with how to load it.

    Raises:
        SpaceError: it cannot be written.
    """
    if folder is None or result.run is None or not result.outcomes:
        return
    from rayzc.errors import SpaceError
    from rayzc.runs import RunFolder, SearchConfig
    from rayzc.spaces import SPACES, export_network

    run = RunFolder.open(result.run)
    setup = SearchConfig.from_json(run.read_config(), run.config).setup
    shapes = shapes_of(result)
    written = []
    for name in result.problems:
        best = result.best(name)
        if best.space not in SPACES:
            say(
                f"not exported: {name}, as its network is made by code that is not rayzc's alone; "
                f"rayzc.build('{best.space}', encoding) builds it"
            )
            continue
        try:
            task = shapes.task(best.space, name.partition("/")[2])
        except SpaceError:
            task = None
        shape = (task.classes, task.input_size) if task else ()
        width, depth = shapes.scale(best.space, setup.width, setup.depth)
        path = export_network(
            best.space,
            best.found.encoding,
            folder / name.replace("/", "-"),
            *shape,
            width=width,
            depth=depth,
            patches=task.patches if task else 1,
        )
        written.append(path)
        say(f"exported   {path}")
    if written:
        say(f"to load    cd {written[0].parent}; python -c 'from network import load; network = load()'")
