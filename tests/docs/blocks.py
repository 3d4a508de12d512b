"""The blocks of code in the Markdown files of the repository.

Every block is fenced and names its language. A comment right before it says what to do with it, and why:

- none: it runs in ``make test``; the blocks of a file run in order, in one folder, and Python's share their names;
- ``<!-- slow: REASON -->``: it runs in ``make test-all``, with shorter limits;
- ``<!-- parsed: REASON -->``: it is not run; its commands, options and files are looked up;
- ``<!-- file: NAME -->``: it is the content of a file, which later blocks find.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCUMENTS", "ROOT", "Block", "blocks_of", "commands_of"]

ROOT = Path(__file__).parents[2]

DOCUMENTS = tuple(
    sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "clusters").glob("*.md")])
)

LANGUAGES = frozenset({"python", "sh", "toml", "text"})
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)$")
_MARK = re.compile(r"<!-- (?P<kind>slow|parsed|file): (?P<words>.+) -->")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        path: the file that it is in.
        line: the line of its first line there, from 1.
        language: which the fence names.
        code: its text.
        kind: ``slow``, ``parsed``, ``file``, or ``everyday``.
        words: the reason, or the name of the file.
    """

    path: Path
    line: int
    language: str
    code: str
    kind: str = "everyday"
    words: str = ""

    @property
    def place(self) -> str:
        """The file and line, for messages."""
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def blocks_of(path: Path) -> Iterator[Block]:
    """The blocks of a file, in order.

    Raises:
        ValueError: a block without a language, without an end, or by indentation alone.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        place = f"{path.relative_to(ROOT)}:{number + 1}"
        fence = _FENCE.match(lines[number])
        if fence is None:
            before = lines[number - 1] if number else ""
            if re.match(r" {4,}\S", lines[number]) and not before.strip() and not _in_list(lines, number):
                raise ValueError(f"{place}: code by indentation; put it between ```LANGUAGE and ```")
            number += 1
            continue
        if fence["language"] not in LANGUAGES:
            raise ValueError(f"{place}: the language is '{fence['language']}'; known: {sorted(LANGUAGES)}")
        end = next((n for n in range(number + 1, len(lines)) if lines[n] == f"{fence['indent']}```"), None)
        if end is None:
            raise ValueError(f"{place}: the block has no end")
        mark = _MARK.fullmatch(lines[number - 1].strip()) if number else None
        code = "".join(f"{line[len(fence['indent']) :]}\n" for line in lines[number + 1 : end])
        given = (mark["kind"], mark["words"]) if mark else ("everyday", "")
        yield Block(path, number + 2, fence["language"], code, *given)
        number = end + 1


def _in_list(lines: list[str], number: int) -> bool:
    """Whether an indented line goes on with an item of a list."""
    for line in reversed(lines[:number]):
        if line.strip() and not line.startswith("    "):
            return re.match(r" *(\d+\.|-) ", line) is not None or line.startswith("  ")
    return False


def commands_of(block: Block) -> Iterator[list[str]]:
    """The commands of a block for the shell, each as its words; those that ``&&`` joins are several."""
    for line in block.code.replace("\\\n", " ").splitlines():
        words: list[str] = []
        for word in [*shlex.split(line, comments=True), "&&"]:
            if word != "&&":
                words.append(word)
            elif words:
                yield words
                words = []
