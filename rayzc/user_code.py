"""Loading the user's Python code: modules by name, from the working folder as ``python`` would find them, and files."""

import hashlib
import importlib
import importlib.util
import sys
import traceback
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from rayzc.errors import RayzcError, first_line

__all__ = ["code_hash", "located", "module_file", "user_file", "user_module"]


def user_module(name: str, raising: type[RayzcError]) -> ModuleType:
    """Imports a module from the working folder, which a console script does not search, or an installed one.

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
        # If the missing name is not a part of this one, the module exists but imports a module that is missing.
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise raising(
                f"there is no module '{name}' in {folder} or among the installed ones; "
                "run from the folder that holds it, or set PYTHONPATH"
            ) from error
        raise raising(f"importing '{name}' failed: {located(error)}") from error
    except (Exception, SystemExit) as error:
        raise raising(f"importing '{name}' failed: {located(error)}") from error
    finally:
        if added:
            sys.path.remove(folder)


def module_file(name: str) -> Path | None:
    """The file that :func:`user_module` would run, or has run, found without running anything; None if there is none.

    Args:
        name: the module, ``my_package.my_module``.
    """
    if name in sys.modules:
        file = getattr(sys.modules[name], "__file__", None)
        return None if file is None else Path(file)
    places: list[str] | None = [str(Path.cwd()), *sys.path]
    origin = None
    for end in range(1, name.count(".") + 2):
        spec = PathFinder.find_spec(".".join(name.split(".")[:end]), places)
        if spec is None:
            return None
        origin = spec.origin
        places = None if spec.submodule_search_locations is None else [*spec.submodule_search_locations]
    return None if origin is None or not Path(origin).is_file() else Path(origin)


def code_hash(name: str) -> str | None:
    """The hash of a module's file; None if it has none."""
    file = module_file(name)
    return None if file is None else hashlib.sha256(file.read_bytes()).hexdigest()


def user_file(path: Path, raising: type[RayzcError]) -> ModuleType:
    """Runs a Python file as a separate module, which can import those beside it.

    Raises:
        RayzcError: of the kind `raising`: there is no such file, it is not Python, or running it failed.
    """
    if not path.is_file():
        raise raising(f"{path}: there is no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise raising(f"{path}: not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    added = folder not in sys.path
    if added:
        sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise raising(f"{path}: running it failed: {located(error)}") from error
    finally:
        if added:
            sys.path.remove(folder)
    return module


def located(error: BaseException) -> str:
    """Describes an error in one line, with the line of the user's code where it occurred."""
    kind, text, where = type(error).__name__, first_line(error), ""
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SyntaxError) and error.filename:
        # Its text ends in the place already, without the folder; the last frame is the one that compiled the code.
        text, where = error.msg, f" ({error.filename}, line {error.lineno})"
    elif frames:
        where = f" ({frames[-1].filename}, line {frames[-1].lineno})"
    return f"{kind if text == kind else f'{kind}: {text}'}{where}"
