"""The user's own code that a run names, and when it may be run again: a run's folder may come from anywhere."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rayzc.errors import RunError
from rayzc.evolution import OBJECTIVES
from rayzc.options import Settings
from rayzc.runs import AnyPath, RunFolder
from rayzc.spaces import SPACES
from rayzc.user_code import code_hash, module_file

__all__ = ["networks_code", "objective_code", "record_code", "require_known_code", "space_code"]

_EVENT = "code"


def objective_code(settings: Settings) -> tuple[str, ...]:
    """The module of the user's own objective, if settings name one."""
    chosen = settings.objective
    return (chosen.partition(":")[0],) if isinstance(chosen, str) and chosen not in OBJECTIVES else ()


def networks_code(names: Iterable[str]) -> tuple[str, ...]:
    """The modules of the user's own networks among these names."""
    modules = dict.fromkeys(name.partition(":")[0] for name in names)
    return tuple(module for module in modules if module not in SPACES)


def space_code(space: str | None) -> tuple[str, ...]:
    """The module of the user's own search space, if a run's configuration names one."""
    return (space.partition(":")[0],) if space is not None and ":" in space else ()


def record_code(folder: RunFolder, modules: Sequence[str]) -> None:
    """Records what the modules are, for :func:`require_known_code`."""
    for module in modules:
        folder.record(_EVENT, module=module, sha256=code_hash(module))


def require_known_code(folder: RunFolder, modules: Sequence[str], named: Sequence[str]) -> None:
    """Checks that modules may be imported: they are named again, or as the run recorded them and not from its folder.

    Args:
        folder: the folder of the run.
        modules: the modules that its configuration names.
        named: the modules that were named again.

    Raises:
        RunError: a module may not be imported; nothing of it has been run.
    """
    known = {
        event.get("module"): event.get("sha256")
        for event in folder.recorded()
        if event.get("event") == _EVENT
    }
    for module in modules:
        if module in named:
            continue
        again = f"name it again with --code {module} (in Python code=['{module}']) if you trust it"
        file = module_file(module)
        if file is not None and _is_below(file, folder.path):
            raise RunError(
                f"{folder.path}: the run has its own code, {file}, which is not run unasked: {again}"
            )
        if known.get(module) is None or known[module] != code_hash(module):
            raise RunError(f"{folder.path}: the module {module} is not known to be that of the run: {again}")


def _is_below(file: Path, folder: AnyPath) -> bool:
    return isinstance(folder, Path) and file.resolve().is_relative_to(folder.resolve())
