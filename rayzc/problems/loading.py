"""Loading a suite from any source, and warnings about it before formulas are fitted on it."""

import re
import shlex
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain, count
from pathlib import Path

from rayzc.errors import SuiteError, counted, nearest
from rayzc.options.shared import DEFAULT_SUITE
from rayzc.problems.named import NAMED_SUITES, SHIPPED_SUITES
from rayzc.problems.nas_bench_suite_zero import import_json
from rayzc.problems.parquet import read_suite
from rayzc.problems.suite import FEW_NETWORKS, Suite

__all__ = ["load_suite", "suite_warnings"]


def load_suite(source: str | Path) -> Suite:
    """Loads a suite: a Parquet file, a folder of JSON files, one JSON file, or a name such as ``mini-13``.

    All tasks in a folder of ``zc_<space>.json`` files become problems, sorted by name. A name is that of a suite
    that comes with rayzc, or of a fetched one; a file or folder of that name in the working folder goes first. The last
    suite stays in memory, so that the stages of a run read it once; it is read again if its files have changed.

    Raises:
        SuiteError: the suite does not exist or cannot be read; the message says where and what to do.
    """
    path = Path(source)
    if path.is_dir():
        files = sorted(path.glob("zc_*.json"))
        if not files:
            raise SuiteError(
                f"{path}: the folder holds no zc_<space>.json file; give the folder of the suite's JSON files"
            )
        return _read(path.resolve().name, tuple(files), _stamps(files))
    if path.is_file():
        name = path.stem.removeprefix("zc_") if path.suffix == ".json" else None
        return _read(name, (path,), _stamps([path]))
    text = str(source)
    if path.suffix in (".json", ".parquet") or path.name != text:
        raise SuiteError(f"{path}: no such file or folder")
    if text in SHIPPED_SUITES:
        return _shipped(SHIPPED_SUITES[text].path)
    if text not in NAMED_SUITES:
        names = (*SHIPPED_SUITES, *NAMED_SUITES)
        raise SuiteError(
            f"'{text}' is neither a file, nor a folder, nor a named suite; {nearest(text, names)}"
        )
    named = NAMED_SUITES[text]
    if not named.path.is_file():
        raise SuiteError(
            f"suite {text} is not on this machine yet: run `rayzc suite fetch {text}`; where it cannot be "
            f"downloaded, put {', '.join(file.name for file in named.files)} into {named.folder} first; meanwhile, "
            f"everything runs on the suite that comes with rayzc: --suite {DEFAULT_SUITE}"
        )
    return _read(None, (named.path,), _stamps([named.path]))


def _shipped(path: Path) -> Suite:
    """Reads a suite that comes with rayzc.

    Raises:
        SuiteError: the file is missing, or not as it was shipped.
    """
    if not path.is_file():
        raise SuiteError(f"suite {path.stem} comes with rayzc, but {path} is missing: install rayzc again")
    return _read(None, (path,), _stamps([path]))


@lru_cache(maxsize=1)
def _read(name: str | None, files: tuple[Path, ...], stamps: tuple[tuple[int, ...], ...]) -> Suite:
    """Reads JSON files as a suite of this name, or a Parquet file if there is no name."""
    return read_suite(files[0]) if name is None else import_json(name, files)


def _stamps(files: Sequence[Path]) -> tuple[tuple[int, ...], ...]:
    """What tells a file from another, or from itself after a change."""
    found = [file.stat() for file in files]
    return tuple((stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in found)


def suite_warnings(suite: Suite, can_be_written: Callable[[str], bool] | None = None) -> tuple[str, ...]:
    """Warnings about a suite before formulas are fitted or judged on it, a sentence each.

    Args:
        suite: the suite.
        can_be_written: whether a formula can name a proxy, :func:`rayzc.formula.is_proxy_name`; by default
            names are not looked at.

    Returns:
        The proxies that cannot be written in a formula, each with a name to rename it to, and the problems with so few
        networks that a rank correlation says little.
    """
    lines = []
    if can_be_written is not None:
        for proxy in suite.proxies:
            if not can_be_written(proxy):
                new = _writable(proxy, suite, can_be_written)
                lines.append(
                    f"proxy '{proxy}' cannot be written in a formula, where a name is letters, digits and _, and not "
                    f"that of a function; rename it: --rename {shlex.quote(f'{proxy}={new}')}, in Python "
                    f"suite.renamed({{{proxy!r}: {new!r}}})"
                )
    for problem, networks in suite.small_problems.items():
        lines.append(
            f"problem {problem} has {counted(networks, 'network')}; on fewer than {FEW_NETWORKS}, a rank correlation "
            f"says little, and it counts as much in the mean as any other; leave it out: --leave-out {problem}"
        )
    return tuple(lines)


def _writable(proxy: str, suite: Suite, can_be_written: Callable[[str], bool]) -> str:
    """A name that a formula can write, as near to the proxy's own as possible, and not taken."""
    base = re.sub(r"[^A-Za-z0-9_]+", "_", proxy).strip("_") or "unnamed"
    numbered = (f"proxy_{base}_{number}" for number in count(2))
    candidates = chain((base, f"{base}_proxy", f"proxy_{base}"), numbered)
    return next(name for name in candidates if name not in suite.proxies and can_be_written(name))
