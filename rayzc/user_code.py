"""Modules of the user, by name: from the working folder, as ``python`` itself would find them."""

import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType

from rayzc.errors import RayzcError

__all__ = ["told", "user_module"]


def user_module(name: str, raising: type[RayzcError]) -> ModuleType:
    """Imports a module from the working folder or among those installed; a console script alone finds only these.

    Args:
        name: the module, ``my_package.my_module``.
        raising: the error to raise.

    Raises:
        RayzcError: of the kind `raising`: there is no such module, or importing it failed.
    """
    folder = str(Path.cwd())
    added = folder not in sys.path
    if added:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # Only a part of the name itself means that the module is missing; else it misses something it imports.
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise raising(
                f"there is no module '{name}' in {folder} or among the installed ones; "
                "run from the folder that holds it, or set PYTHONPATH"
            ) from error
        raise raising(f"importing '{name}' failed: {told(error)}") from error
    except Exception as error:
        raise raising(f"importing '{name}' failed: {told(error)}") from error
    finally:
        if added:
            sys.path.remove(folder)


def told(error: Exception) -> str:
    """The error and the line of the user's code where it arose."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
