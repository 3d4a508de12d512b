"""One default an option: of the classes, of the functions, of the commands, and in their help."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import typer
from typer.testing import CliRunner

import rayzc
from rayzc.cli.app import app
from rayzc.cli.options import JsonOutput, Output, SearchOutput, takes_options
from rayzc.cli.proxies import ProxiesOptions
from rayzc.cli.rank import RankOptions
from rayzc.options import (
    BuildOptions,
    Cluster,
    DiscoverOptions,
    FillOptions,
    Flat,
    JobServer,
    Limits,
    Options,
    Place,
    ReportOptions,
    RunOptions,
    ScoreOptions,
    SearchOptions,
    StudyOptions,
    SubmitOptions,
    TrainOptions,
    flattened,
)

COMMANDS: dict[str, tuple[type[Options], ...]] = {
    "discover": (DiscoverOptions, Cluster, Place, Output),
    "study": (StudyOptions, Cluster, Place, Output),
    "search": (SearchOptions, Cluster, Place, SearchOutput),
    "run": (RunOptions, Cluster, Place, SearchOutput),
    "train": (TrainOptions, Cluster, Place, Output),
    "resume": (Limits, Cluster, SearchOutput),
    "report": (ReportOptions,),
    "suite fill": (FillOptions, Cluster, Output),
    "suite build": (BuildOptions, Cluster, Output),
    "score": (ScoreOptions, JsonOutput),
    "proxies": (ProxiesOptions, JsonOutput),
    "rank": (RankOptions, JsonOutput),
    "submit": (SubmitOptions, JobServer),
    "jobs list": (JobServer, JsonOutput),
    "jobs status": (JobServer, JsonOutput),
    "jobs logs": (JobServer,),
    "jobs stop": (JobServer,),
}
OWN = {
    "discover": {"--suite"},
    "study": {"--suite"},
    "search": {"--formula", "--suite", "--space"},
    "run": {"--formula", "--suite"},
    "train": {"--data"},
    "resume": {"--code"},
    "report": set(),
    "suite fill": {"--out", "--cache", "--force", "--space"},
    "suite build": {"--out", "--force"},
    "score": {"--suite"},
    "proxies": set(),
    "rank": set(),
    "submit": set(),
    "jobs list": {"--all"},
    "jobs status": set(),
    "jobs logs": {"--follow"},
    "jobs stop": set(),
}
FUNCTIONS: dict[Callable[..., Any], tuple[type[Options], ...]] = {
    rayzc.discover: (DiscoverOptions, Cluster, Place),
    rayzc.study: (StudyOptions, Cluster, Place),
    rayzc.search: (SearchOptions, Cluster, Place),
    rayzc.run: (RunOptions, Cluster, Place),
    rayzc.train: (TrainOptions, Cluster, Place),
    rayzc.build_suite: (BuildOptions, Cluster),
    rayzc.resume: (Limits, Cluster),
    rayzc.score: (ScoreOptions,),
    rayzc.resume_search: (Cluster,),
    rayzc.resume_study: (Limits, Cluster),
    rayzc.resume_run: (Cluster,),
    rayzc.resume_train: (Cluster,),
    rayzc.write_report: (ReportOptions,),
}
CLASSES = tuple(dict.fromkeys(kind for kinds in COMMANDS.values() for kind in kinds))


def click_command(name: str) -> Any:
    found: Any = typer.main.get_command(app)
    for part in name.split():
        found = found.commands[part]
    return found


def seen(kind: type[Options]) -> Iterator[Flat]:
    """The options of a class that the command line has."""
    return (flat for flat in flattened(kind).values() if not flat.about.hidden)


def flag_of(flat: Flat) -> str:
    return "--" + (flat.about.flag or flat.name).replace("_", "-")


def written(flat: Flat) -> list[str]:
    """The default as a user writes it; empty where there is none, or it has no such text."""
    value = flat.default
    if value is None or value is msgspec.NODEFAULT or isinstance(value, bool) or value == ():
        return []
    if flat.about.duration:
        return [f"{value:g}s"]
    return [",".join(value) if isinstance(value, tuple) else str(value)]


def in_words(flat: Flat) -> str:
    """The default as help should show it."""
    value = flat.default
    if flat.about.duration:
        return f"{value / 60:g}m"
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def read(kind: type[Options], *arguments: str) -> Options:
    """What a command with the options of one class makes of arguments."""
    caught: list[Options] = []
    small = typer.Typer()
    small.command()(takes_options(options=kind)(lambda options: caught.append(options)))
    result = CliRunner().invoke(small, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return caught[0]


def test_no_command_is_forgotten() -> None:
    groups = ("suite", "jobs")
    within = {f"{group} {name}" for group in groups for name in click_command(group).commands}
    made = {*click_command("").commands, *within}
    assert made == {*COMMANDS, *groups, "suite import", "suite info", "suite fetch"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_options_of_its_classes(name: str) -> None:
    flats = [flat for kind in COMMANDS[name] for flat in seen(kind)]
    aliases = {f"--{alias.replace('_', '-')}" for flat in flats for alias in flat.about.aliases}
    options = [parameter for parameter in click_command(name).params if parameter.param_type_name == "option"]
    shown = {option.opts[0] for option in options if not getattr(option, "hidden", False)}
    hidden = {option.opts[0] for option in options if getattr(option, "hidden", False)}
    assert shown - {"--help", "-h"} == {flag_of(flat) for flat in flats} | OWN[name]
    assert hidden == aliases
    for flat in flats:
        (option,) = [option for option in options if flag_of(flat) == option.opts[0]]
        # None of its own, so that what the class says counts.
        assert option.get_default(click_command(name).make_context(name, [], resilient_parsing=True)) in (
            None,
            False,
            (),
        )


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_the_defaults(name: str) -> None:
    for flat in (flat for kind in COMMANDS[name] for flat in seen(kind)):
        (option,) = [option for option in click_command(name).params if flag_of(flat) in option.opts]
        text = str(getattr(option, "help", ""))
        default = re.search(r"\\\[default: (.*)]\[/dim]$", text)
        if flat.about.default is not None:
            assert default is not None
            assert default[1] == flat.about.default
        elif written(flat):
            assert default is not None, flat.name
            assert default[1] == in_words(flat)
        else:
            assert default is None
        assert text.startswith(flat.about.help.replace("[", "\\[").rstrip(".;")[:40])
        for choice in flat.about.choices:
            assert choice in text


@pytest.mark.parametrize("kind", CLASSES)
def test_nothing_given_is_the_class_itself(kind: type[Options]) -> None:
    assert read(kind) == kind()


@pytest.mark.parametrize("kind", CLASSES)
def test_a_default_that_is_given_changes_nothing(kind: type[Options]) -> None:
    arguments = [text for flat in seen(kind) for value in written(flat) for text in (flag_of(flat), value)]
    assert read(kind, *arguments) == kind()


@pytest.mark.parametrize("kind", CLASSES)
def test_every_flag_reaches_its_option(kind: type[Options]) -> None:
    examples = {
        "correlation": "spearman",
        "choose": "fitted",
        "objective": "min",
        "selection": "lexicase",
        "topology": "star",
        "start": "flops",
        "algorithm": "random",
        "candidates": "space",
        "device": "cpu",
        "loggers": "csv",
        "holdout": "0.3",
        "breed_on": "all",
        "cross_validate": "0.3",
        "crossover": "0.4",
        "parsimony": "0.4",
        "max_ties": "0.4",
        "migration_rate": "0.4",
        "recipe": "darts",
        "augment": "flip,crop",
        "precision": "mixed",
        "momentum": "0.4",
        "weight_decay": "0.4",
        "drop_path": "0.4",
        "test_share": "0.4",
        "gpus": "0.4",
        "format": "png",
    }
    for flat in seen(kind):
        if flat.type is bool:
            changed = read(kind, flag_of(flat))
        else:
            number = "90s" if flat.about.duration else "7"
            changed = read(kind, flag_of(flat), examples.get(flat.name, number))
        value: Any = changed
        for field in flat.path:
            value = getattr(value, field)
        assert value != flat.default, flat.name
        different = [
            other.name
            for other in flattened(kind).values()
            if other.name != flat.name and _at(changed, other.path) != other.default
        ]
        assert different == []


def _at(options: Any, path: tuple[str, ...]) -> Any:
    for field in path:
        options = getattr(options, field)
    return options


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_a_function_has_the_defaults_of_its_classes(function: Callable[..., Any]) -> None:
    parameters = inspect.signature(function).parameters
    for kind in FUNCTIONS[function]:
        for name, flat in flattened(kind).items():
            if name == "formula":  # a function's own parameter
                continue
            assert parameters[name].default == flat.default
            assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
            assert f"    {name}: " in (function.__doc__ or "")


def test_run_and_search_and_discover_agree() -> None:
    whole, searches, discovery = flattened(RunOptions), flattened(SearchOptions), flattened(DiscoverOptions)
    renamed = {"time_limit", "discovery_time_limit"}
    # A run validates whatever its limits, and has no time for several searches of each problem.
    others = {"holdout": (None, 0.25), "seeds": (3, 1), "cross_validate": (None, 0.4)}
    for other in (searches, discovery):
        shared = (whole.keys() & other.keys()) - renamed
        assert len(shared) > 10
        for name in shared:
            own, default = whole[name].default, other[name].default
            assert own == default or others[name] == (default, own), name
            assert whole[name].about.help == other[name].about.help or name in ("problems", "seed")
    assert whole["budget"].default == searches["budget"].default == 300
