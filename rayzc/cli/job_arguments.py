"""The arguments of a job: checked here before anything is submitted, with the files that they name."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from rayzc.errors import ClusterError, SuiteError, nearest
from rayzc.options.submitting import JOBS

if TYPE_CHECKING:
    from rayzc.cluster.submission import Input

__all__ = ["JobArguments", "job_arguments"]

_NAMES_FILES = frozenset({"--suite", "--formula", "--images", "--data"})
_OF_THE_JOB = {
    "--out": "the job has a folder of its own, --remote-folder, and --out before the -- says where to copy results",
    "--address": "the job runs on the cluster that it is submitted to, --address before the --",
    "--cache": "the job keeps its measurements in its own folder",
}
_EXPORT = "--export"
_EXPORTED = "../export"
_MODULE = re.compile(r"([A-Za-z_]\w*)(\.\w+)*:[A-Za-z_]\w*")


@dataclass(frozen=True)
class JobArguments:
    """What a job is told, and what must be uploaded for it.

    Attributes:
        arguments: with paths as the job sees them.
        inputs: the files and folders that they name.
    """

    arguments: tuple[str, ...]
    inputs: tuple["Input", ...]


def job_arguments(
    command: str, given: Sequence[str], include: Sequence[str] = (), on_cluster: Sequence[str] = ()
) -> JobArguments:
    """Checks the arguments of a job, and finds the files that they name.

    Args:
        command: one of :data:`rayzc.options.submitting.JOBS`.
        given: its arguments.
        include: other files and folders to upload.
        on_cluster: arguments that name files of the cluster.

    Raises:
        ClusterError: there is no such command, an option is not for jobs, or a file is not there.
        Exception: typer's usage error: the command has no such option, or lacks one.
    """
    parser = _parser(command)
    options = {name: option for option in parser.params for name in option.opts if name.startswith("-")}
    _check(parser, command, given)
    staged = _Staged(frozenset(on_cluster))
    arguments: list[str] = []
    waiting = iter(given)
    for text in waiting:
        name, equals, value = text.partition("=")
        if text == "--":
            arguments += [text, *(staged.positional(command, rest) for rest in waiting)]
        elif text not in options and name not in options:
            arguments.append(staged.positional(command, text))
        elif equals and name in options:
            arguments.append(f"{name}={staged.value(name, value)}")
        elif getattr(options[text], "is_flag", False):
            arguments.append(text)
        else:
            arguments += [text, staged.value(text, next(waiting))]
    for text in include:
        staged.include(text)
    return JobArguments(tuple(arguments), staged.inputs)


def _parser(command: str) -> Any:
    """The command as the command line knows it.

    Raises:
        ClusterError: the command does not run as a job.
    """
    from rayzc.cli.build import build
    from rayzc.cli.discover import discover
    from rayzc.cli.fill import fill
    from rayzc.cli.run import run
    from rayzc.cli.search import search
    from rayzc.cli.study import study
    from rayzc.cli.train import train

    functions = {
        "discover": discover,
        "search": search,
        "study": study,
        "run": run,
        "train": train,
        "fill": fill,
        "build-suite": build,
    }
    if command not in JOBS:
        raise ClusterError(f"command '{command}' does not run as a job; {nearest(command, list(JOBS))}")
    small = typer.Typer(add_completion=False)
    small.command(context_settings={"help_option_names": ["-h", "--help"]})(functions[command])
    return typer.main.get_command(small)


def _check(parser: Any, command: str, given: Sequence[str]) -> None:
    """Parses the arguments as the job will.

    Raises:
        ClusterError: an option is not for jobs.
        Exception: typer's usage error: there is no such option, or one is missing.
    """
    for text in given:
        name = text.partition("=")[0]
        if name in _OF_THE_JOB:
            raise ClusterError(f"{name} is not for the arguments of a job: {_OF_THE_JOB[name]}")
    out = [] if "--help" in given or "-h" in given else ["--out", "suite.parquet"]
    parser.make_context(f"rayzc submit {command} --", [*out, *given])


class _Staged:
    """The files that are uploaded, and where the job will find them.

    Files below the working folder keep their places, so that modules are found by their names.

    Args:
        on_cluster: arguments that are left as they are.
    """

    def __init__(self, on_cluster: frozenset[str]) -> None:
        self._on_cluster = on_cluster
        self._found: dict[str, Path] = {}

    @property
    def inputs(self) -> tuple["Input", ...]:
        """All of them."""
        from rayzc.cluster.submission.inputs import Input

        return tuple(Input(path, place) for place, path in sorted(self._found.items()))

    def value(self, option: str, text: str) -> str:
        """The value of an option, as the job sees it."""
        if option == _EXPORT:
            return _EXPORTED
        if option in _NAMES_FILES and text not in self._on_cluster:
            if _exists(text):
                return self._add(Path(text))
            if option == "--suite" and (fetched := _fetched_suite(text)):
                return self._add(fetched)
        self._modules(text)
        return text

    def positional(self, command: str, text: str) -> str:
        """An argument that is no option, as the job sees it."""
        if text in self._on_cluster or not _exists(text):
            if command == "fill" and text not in self._on_cluster and (fetched := _fetched_suite(text)):
                return self._add(fetched)
            self._modules(text)
            return text
        if command == "build-suite":
            return self._specification(Path(text))
        return self._add(Path(text))

    def include(self, text: str) -> None:
        """A file or folder that the user names.

        Raises:
            ClusterError: it is not there, or not below the working folder.
        """
        path = Path(text)
        if not _exists(text):
            raise ClusterError(f"--include {text}: there is no such file or folder")
        if not path.resolve().is_relative_to(Path.cwd()) or path.resolve() == Path.cwd():
            raise ClusterError(
                f"--include {text} is not below {Path.cwd()}, so the job would not find it by this name"
            )
        self._add(path)

    def _add(self, path: Path) -> str:
        """Stages a file or folder; returns its place."""
        whole, here = path.resolve(), Path.cwd()
        if whole.is_relative_to(here) and whole != here:
            place = whole.relative_to(here).as_posix()
        else:
            place = f"elsewhere/{hashlib.sha256(str(whole.parent).encode()).hexdigest()[:8]}/{whole.name}"
        self._found[place] = whole
        return place

    def _specification(self, path: Path) -> str:
        """Stages the specification of a suite, and the images that it names."""
        for place in _images_of(path):
            images = path.parent / place
            if place in self._on_cluster or not images.exists():
                continue
            if not images.resolve().is_relative_to(path.parent.resolve()):
                raise SuiteError(
                    f"{path}: the images {place} are not below the folder of the specification: move them there, or "
                    "put them on the cluster and name them with --on-cluster"
                )
            self._add(images)
        return self._add(path)

    def _modules(self, text: str) -> None:
        """Stages modules of the working folder that a text names as ``module:name``."""
        for part in text.split(","):
            if found := _MODULE.fullmatch(part.strip()):
                for path in (Path(f"{found[1]}.py"), Path(found[1])):
                    if path.is_file() or (path.is_dir() and any(path.glob("*.py"))):
                        self._add(path)


def _fetched_suite(name: str) -> Path | None:
    """The file of a named suite that was fetched to this machine; the cluster may not have it."""
    from rayzc.problems import NAMED_SUITES

    known = NAMED_SUITES.get(name)
    return known.path if known is not None and known.path.is_file() else None


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # a long formula is no name of a file
        return False


def _images_of(path: Path) -> Iterator[str]:
    """The files and folders of images that a specification names.

    Raises:
        SuiteError: it is not TOML.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SuiteError(f"{path}: cannot be read: {error}") from None
    tables = document.get("images", {})
    for table in tables.values() if isinstance(tables, dict) else ():
        given = table.get("source") if isinstance(table, dict) else None
        for source in given if isinstance(given, list) else [given]:
            kind, _, place = str(source).partition(":")
            if kind in ("npz", "folder"):
                yield place
