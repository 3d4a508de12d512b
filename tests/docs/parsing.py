"""Whether a command in the documentation could be run: its options, the files and the targets that it names."""

import re
from pathlib import Path
from typing import Any

import typer

from rayzc.cli.app import app
from rayzc.cli.job_arguments import job_arguments
from tests.docs.blocks import ROOT

__all__ = ["check", "parse"]

ELSEWHERE = frozenset(
    {"aws", "cd", "docker", "export", "gcloud", "git", "kubectl", "pip", "pre-commit", "ray", "scancel"}
    | {"sbatch", "ssh", "tail", "twine", "."}
)
"""Programs that are not ours: only the files that they name are looked up."""

_ASSIGNMENT = re.compile(r"[A-Z][A-Z_]*=.*")
_IN_THE_CHECKOUT = re.compile(r"(?<![\w./])(?:clusters|jobs|docs|tests|rayzc)/[\w./-]+\.\w+")
_OF_JOBS = {"fill": ["suite", "fill"], "build_suite": ["suite", "build"]}


def check(words: list[str]) -> None:
    """Checks a command.

    Raises:
        AssertionError: a file, a target or a program is not known.
        click.UsageError: rayzc has no such option or command, or lacks an argument.
    """
    while _ASSIGNMENT.fullmatch(words[0]):
        words = words[1:]
    for place in _IN_THE_CHECKOUT.findall(" ".join(words)):
        assert (ROOT / place).exists(), f"there is no {place}"
    program, arguments = words[0], words[1:]
    if program == "rayzc":
        parse(arguments)
    elif program == "make":
        _check_make(arguments)
    elif program == "python":
        _check_script(arguments)
    else:
        assert program in ELSEWHERE, f"what is {program}?"
        if "--" in arguments and "python" in arguments:
            _check_script(arguments[arguments.index("python") + 1 :])
        elif "clusters/slurm.sh" in arguments:
            parse(arguments[arguments.index("clusters/slurm.sh") + 1 :])


def parse(arguments: list[str]) -> None:
    """Parses arguments of ``rayzc`` as the command line does, without running anything."""
    command: Any = typer.main.get_command(app)
    name = "rayzc"
    given = list(arguments)
    while hasattr(command, "commands"):
        assert given, f"{name} is a group of commands"
        assert given[0] in command.commands, f"{name} has no command {given[0]}"
        command, name = command.commands[given[0]], f"{name} {given[0]}"
        given = given[1:]
    if name == "rayzc submit":
        place = given.index("--") if "--" in given else len(given)
        on_cluster = [given[n + 1] for n, word in enumerate(given[:place]) if word == "--on-cluster"]
        job_arguments(given[0], given[place + 1 :], on_cluster=on_cluster)
    command.make_context(name, given)


def _check_make(arguments: list[str]) -> None:
    """Looks up the targets."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in arguments:
        if not _ASSIGNMENT.fullmatch(word):
            assert re.search(rf"^{word}:", text, re.MULTILINE), f"the Makefile has no target {word}"


def _check_script(arguments: list[str]) -> None:
    """Parses the arguments of a script of ours."""
    if arguments[0] == "-m":
        path = ROOT / arguments[1].replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), f"there is no module {arguments[1]}"
        return
    path = Path(arguments[0])
    source = (ROOT / path.parent.name / path.name if path.is_absolute() else ROOT / path).read_text("utf-8")
    if "run_as_job(" in source:
        parse([*_OF_JOBS.get(path.stem, [path.stem]), *arguments[1:]])
        return
    for word in arguments[1:]:
        if word.startswith("--"):
            assert f'"{word}"' in source, f"{path} has no option {word}"
