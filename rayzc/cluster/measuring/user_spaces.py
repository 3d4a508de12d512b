"""Sending the user's own search spaces to processes that cannot import them, and telling versions of them apart."""

import hashlib
import inspect
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ray import cloudpickle

from rayzc.errors import SpaceError, first_line, nearest
from rayzc.spaces import SearchSpace, register_spaces, search_space, user_spaces
from rayzc.user_code import user_module

__all__ = ["SentSpaces", "load_space", "space_hash", "space_reference"]

# Ray does not type it.
_cloudpickle: Any = cloudpickle


class SentSpaces:
    """The user's search spaces as bytes: a process that unpickles them knows the spaces by name.

    They are sent by value, with the modules that define them, which other machines need not have. Whoever holds this is
    a process of the same run: nothing of it is read from files.

    Args:
        spaces: to send; by default all that are registered.
        data: what another of these holds.

    Raises:
        SpaceError: one of them cannot be sent.
    """

    def __init__(self, spaces: Iterable[SearchSpace] | None = None, data: bytes | None = None) -> None:
        if data is not None:
            self.data = data
            register_spaces(_cloudpickle.loads(data) if data else ())
            return
        chosen = [*user_spaces().values()] if spaces is None else [*spaces]
        self.data = _dumped(chosen) if chosen else b""

    def __reduce__(self) -> tuple[Any, ...]:
        """Registers the spaces where it arrives."""
        return type(self), (None, self.data)


def _dumped(spaces: list[SearchSpace]) -> bytes:
    modules = {id(module): module for space in spaces for module in _modules(space)}
    registered = []
    try:
        for module in modules.values():
            _cloudpickle.register_pickle_by_value(module)
            registered.append(module)
        return bytes(_cloudpickle.dumps(spaces))
    except Exception as error:
        raise SpaceError(
            f"the search space {', '.join(space.name for space in spaces)} cannot be sent to the workers "
            f"({first_line(error)}): its module must not hold what cannot leave this process, such as open files or "
            "locks"
        ) from error
    finally:
        for module in registered:
            _cloudpickle.unregister_pickle_by_value(module)


def space_hash(space: SearchSpace) -> str:
    """A hash of the user's code that a space is made of: its module, those of the user that it imports, its version."""
    digest = hashlib.sha256()
    for module in _modules(space):
        file = Path(str(module.__file__))
        digest.update(f"{module.__name__}\0".encode())
        digest.update(file.read_bytes() if file.is_file() else b"")
    for function in _functions(space):
        try:
            text = inspect.getsource(function)
        except (OSError, TypeError):
            code = getattr(function, "__code__", None)
            text = repr(code and (code.co_code.hex(), code.co_names))
        digest.update(text.encode())
    tree = getattr(space, "choices", None)
    digest.update(
        f"{getattr(space, 'version', 0)}\0{sorted(tree) if isinstance(tree, Mapping) else ''}".encode()
    )
    return digest.hexdigest()[:12]


def load_space(reference: str) -> SearchSpace:
    """The search space of a name, such as ``mobilenetv2``, or of ``module:attribute``, which becomes known by name.

    Raises:
        SpaceError: there is no such space or module, or the attribute is something else.
    """
    module_name, colon, attribute = reference.partition(":")
    if not colon:
        return search_space(reference)
    module = user_module(module_name, SpaceError)
    if not hasattr(module, attribute):
        public = [name for name, value in vars(module).items() if isinstance(value, SearchSpace)]
        known = public or [name for name in vars(module) if not name.startswith("_")]
        raise SpaceError(
            f"module '{module_name}' has no attribute '{attribute}'; {nearest(attribute, known)}"
        )
    found = getattr(module, attribute)
    if isinstance(found, type) or not isinstance(found, SearchSpace):
        what = "a function" if inspect.isroutine(found) else f"a {type(found).__name__}"
        raise SpaceError(
            f"{reference} is {what}, not a search space: make one with rayzc.Choices or @rayzc.space"
        )
    register_spaces([found])
    return found


def space_reference(space: SearchSpace) -> str | None:
    """What :func:`load_space` finds the space by in another process; None where only this process has it."""
    if user_spaces().get(space.name) is not space:
        return space.name
    for name in dict.fromkeys(
        getattr(function, "__module__", "") for function in (*_functions(space), type(space))
    ):
        module = sys.modules.get(name)
        if module is None or name == "__main__" or name.startswith("rayzc."):
            continue
        for attribute, value in vars(module).items():
            if value is space:
                return f"{name}:{attribute}"
    return None


def _functions(space: SearchSpace) -> list[Any]:
    found = (getattr(space, name, None) for name in ("builder", "constraint", "own_canonical"))
    return [each for each in found if each is not None]


def _modules(space: SearchSpace) -> list[ModuleType]:
    """The user's modules: those that define the space, and all others that lie in their folders."""
    parts = [*_functions(space), type(space)]
    names = {getattr(part, "__module__", None) or "" for part in parts} - {"__main__", "builtins", ""}
    own = [
        sys.modules[name]
        for name in sorted(names)
        if name in sys.modules and not _installed(sys.modules[name])
    ]
    folders = {Path(str(module.__file__)).resolve().parent for module in own}
    beside = [
        module
        for name, module in sorted(sys.modules.items())
        if name != "__main__" and not _installed(module) and _below(Path(str(module.__file__)), folders)
    ]
    return list({id(module): module for module in (*own, *beside)}.values())


def _installed(module: ModuleType) -> bool:
    """Whether a module comes with Python, a package or rayzc, so that every machine of a cluster has it."""
    file = getattr(module, "__file__", None)
    if not file or module.__name__.partition(".")[0] == "rayzc":
        return True
    path = str(Path(file).resolve())
    return (
        "site-packages" in path
        or "dist-packages" in path
        or path.startswith(str(Path(inspect.__file__).parent))
    )


def _below(path: Path, folders: set[Path]) -> bool:
    return any(path.resolve().is_relative_to(folder) for folder in folders)
