"""Every block of code in the documentation runs, or says why not and is at least parsed."""

import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from rayzc.cli import main
from rayzc.proxies import registered, unregister
from tests.docs import folders
from tests.docs.blocks import DOCUMENTS, ROOT, Block, blocks_of, commands_of
from tests.docs.parsing import check

BLOCKS = {path: tuple(blocks_of(path)) for path in DOCUMENTS}

SHORTER = (
    (r"--time-limit \d+\w+", "--time-limit 20s"),
    (r"--epochs \d+", "--epochs 1"),
    (r"--repeats \d+", "--repeats 1"),
    (r"\brayzc run(?= |$)(?!.*--time-limit)", "rayzc run --time-limit 20s"),
    (r"--budget \d+", "--budget 20"),
    (r"--seeds \d+", "--seeds 1"),
    (r"time_limit=\d+", "time_limit=10"),
    (r"budget=\d+", "budget=20"),
    (r"\bseeds=\d+", "seeds=1"),
    (r"rayzc (search|run)\b(?!.*--problems)", r"rayzc \1 --problems nasbench201/digits"),
    (r'load_suite\("([\w.-]+)"\)$', r'load_suite("\1").select(["nasbench201/digits"])'),
)
"""What limits and problems become where slow blocks run: the commands are tested, not their patience."""


def _with(kinds: set[str]) -> list[object]:
    """The documents that have blocks of these kinds."""
    return [
        pytest.param(path, id=str(path.relative_to(ROOT)))
        for path, blocks in BLOCKS.items()
        if any(block.kind in kinds and block.language in {"python", "sh"} for block in blocks)
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with what blocks find there; modules and proxies that they make are forgotten afterwards."""
    folders.fill(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAYZC_DATA", str(tmp_path / "data"))
    monkeypatch.syspath_prepend(tmp_path)
    proxies, modules = set(registered()), set(sys.modules)
    yield tmp_path
    for name in set(registered()) - proxies:
        unregister(name)
    for name in {"mine", "my_module", "my_models"} - modules:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("path", _with({"everyday", "slow", "parsed"}))
def test_every_command_is_known(path: Path, folder: Path) -> None:
    for block in BLOCKS[path]:
        for words in commands_of(block) if block.language == "sh" else ():
            try:
                check(words)
            except Exception as error:
                raise AssertionError(f"{block.place}: {' '.join(words)}: {error!r}") from error


def test_every_figure_has_a_command(folder: Path) -> None:
    page = (ROOT / "docs" / "figures" / "index.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 12
    for row in rows:
        check(shlex.split(row[3].strip(" `")))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_can_be_read(path: Path) -> None:
    for block in BLOCKS[path]:
        if block.language == "python":
            compile(block.code, block.place, "exec")
        elif block.language == "toml":
            assert tomllib.loads(block.code), block.place


@pytest.mark.parametrize("path", _with({"everyday"}))
def test_blocks_run(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _run([block for block in BLOCKS[path] if block.kind != "slow"], folder, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("path", _with({"slow"}))
def test_slow_blocks_run_with_shorter_limits(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, ray_session: None
) -> None:
    _run(BLOCKS[path], folder, monkeypatch)


def _run(blocks: "list[Block] | tuple[Block, ...]", folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs blocks in order, in one folder, with one set of names."""
    code = "\n".join(block.code for block in blocks if block.kind != "parsed")
    for place, make in folders.RUNS.items():
        made_here = f"--out {place}" in code or f'out="{place}"' in code
        if place in code and not made_here:
            make(folder / place)
    names = folders.names()
    for block in blocks:
        if block.kind == "file":
            (folder / block.words).write_text(block.code)
        elif block.kind != "parsed":
            shortened = Block(block.path, block.line, block.language, _shorter(block), block.kind)
            if block.language == "python":
                exec(compile(shortened.code, block.place, "exec"), names)
            elif block.language == "sh":
                for words in commands_of(shortened):
                    _run_command(words, block, monkeypatch)


def _shorter(block: Block) -> str:
    """The code of a block, with shorter limits where it is slow."""
    code = block.code
    for pattern, other in SHORTER if block.kind == "slow" else ():
        code = re.sub(pattern, other, code, flags=re.MULTILINE)
    return code


def _run_command(words: list[str], block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a command of rayzc in this process; others cannot be run here."""
    assert words[0] == "rayzc", f"{block.place}: mark the block of {words[0]} as parsed, and say why"
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code, f"{block.place}: {' '.join(words)} left with {left.value.code}"
