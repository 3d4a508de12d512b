"""The source of a class and of everything in this package that it needs, as text that stands alone."""

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from itertools import pairwise

__all__ = ["Source", "import_lines", "source_of"]

_OURS = __name__.partition(".")[0]
_Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True, slots=True)
class Source:
    """Text that defines a class.

    Attributes:
        imports: ``(module, name)`` of what is imported from other packages; the name is empty for the module.
        definitions: each with what it needs before it.
    """

    imports: frozenset[tuple[str, str]]
    definitions: str


@dataclass(frozen=True, slots=True)
class _File:
    """A module of this package, and where the names in it come from.

    Attributes:
        lines: of its text.
        statements: of its top level.
        defined: name -> index of the statement that defines it.
        imported: name -> the module and the name in it.
    """

    lines: list[str]
    statements: list[ast.stmt]
    defined: dict[str, int]
    imported: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Collected:
    files: dict[str, _File] = field(default_factory=dict)
    imports: set[tuple[str, str]] = field(default_factory=set)
    seen: set[tuple[str, int]] = field(default_factory=set)
    parts: list[tuple[bool, str]] = field(default_factory=list)
    """Whether it is a class or a function, and its text."""


def source_of(definition: type) -> Source:
    """Collects the source of a class and of everything that it needs from this package.

    Names are followed as they stand in the text, so a local variable that is called like a definition adds that
    definition, and nothing is missed but what is reached by ``getattr`` or from a string. No two modules may define
    the same name.

    Raises:
        OSError: the package is installed without its sources.
    """
    collected = _Collected()
    _need(collected, definition.__module__, definition.__name__)
    pieces = [collected.parts[0][1]]
    for (before_is_block, _), (is_block, text) in pairwise(collected.parts):
        pieces.append(("\n\n\n" if before_is_block or is_block else "\n") + text)
    return Source(frozenset(collected.imports), "".join(pieces))


def _need(collected: _Collected, module: str, name: str) -> None:
    """Adds what a name of a module stands for, after everything that it needs itself."""
    if module not in collected.files:
        collected.files[module] = _read(module)
    file = collected.files[module]
    if name in file.imported:
        origin, original = file.imported[name]
        if origin.partition(".")[0] == _OURS:
            _need(collected, origin, original)
        else:
            collected.imports.add((origin, original))
    elif name in file.defined:
        place = file.defined[name]
        if (module, place) in collected.seen:
            return
        collected.seen.add((module, place))
        for used in _names(file.statements[place]):
            _need(collected, module, used)
        is_block = isinstance(file.statements[place], ast.FunctionDef | ast.ClassDef)
        collected.parts.append((is_block, _text(file, place)))


def _read(module: str) -> _File:
    text = inspect.getsource(import_module(module))
    statements = ast.parse(text).body
    defined: dict[str, int] = {}
    imported: dict[str, tuple[str, str]] = {}
    for place, statement in enumerate(statements):
        if isinstance(statement, ast.ImportFrom):
            imported |= {a.asname or a.name: (statement.module or "", a.name) for a in statement.names}
        elif isinstance(statement, ast.Import):
            imported |= {a.name: (a.name, "") for a in statement.names}
        elif isinstance(statement, _Definition):
            defined |= dict.fromkeys(_defined(statement), place)
    return _File(text.splitlines(), statements, defined, imported)


def _defined(statement: _Definition) -> Iterator[str]:
    """The names that a statement defines, such as A and B in ``A, B = range(2)``."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
        return
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _names(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement reads, as they come in the text."""
    found = [n for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    yield from dict.fromkeys(n.id for n in sorted(found, key=lambda n: (n.lineno, n.col_offset)))


def _text(file: _File, place: int) -> str:
    """The lines of a statement, with the comment above it and the documentation below it."""
    statement = file.statements[place]
    decorators = statement.decorator_list if isinstance(statement, ast.FunctionDef | ast.ClassDef) else []
    begin = min([statement.lineno, *(decorator.lineno for decorator in decorators)]) - 1
    while begin and file.lines[begin - 1].startswith("#"):
        begin -= 1
    end = statement.end_lineno or statement.lineno
    if not isinstance(statement, ast.FunctionDef | ast.ClassDef) and place + 1 < len(file.statements):
        after = file.statements[place + 1]
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            end = after.end_lineno or end
    return "\n".join(file.lines[begin:end])


def import_lines(imports: frozenset[tuple[str, str]]) -> str:
    """The import statements, the standard library's first, then the others', each block in the usual order."""
    modules = {module for module, _ in imports}
    blocks = []
    for standard in (True, False):
        block = sorted(
            module for module in modules if (module.partition(".")[0] in sys.stdlib_module_names) == standard
        )
        whole = [f"import {module}" for module in block if (module, "") in imports]
        parts = []
        for module in block:
            names = sorted(name for origin, name in imports if origin == module and name)
            if names:
                parts.append(f"from {module} import {', '.join(names)}")
        if whole or parts:
            blocks.append("\n".join(whole + parts))
    return "\n\n".join(blocks)
