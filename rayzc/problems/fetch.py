"""Fetching a named suite: download its public files, check them, and make the Parquet file.

A download that was interrupted goes on where it stopped, files that are already there are kept, and nothing prompts
the user. Files come from Google Drive through ``gdown`` (``pip install 'rayzc[fetch]'``) or from a plain web
server, mirror after mirror.

**Checksums.** The publishers of these files publish no checksums, so none are built in. The checksum of each file is
noted in a receipt beside it when it first arrives; from then on a file that differs from its receipt is fetched
again, and a mirror whose file differs from the receipt is passed over. Besides, a file must be a well-formed suite,
and all files together must have all problems that the named suite promises.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import platformdirs

from rayzc.documents import replacing
from rayzc.errors import SuiteError, counted, nearest
from rayzc.problems.download import Download, download
from rayzc.problems.nas_bench_suite_zero import SuiteFile, assemble, read_json
from rayzc.problems.parquet import read_suite, write_suite

__all__ = ["NAMED_SUITES", "NamedSuite", "SourceFile", "data_folder", "fetch_suite", "named_suite"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A public file that a named suite is made from.

    Attributes:
        name: the file's name.
        mirrors: its addresses, in the order in which to try them.
    """

    name: str
    mirrors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedSuite:
    """A suite that rayzc knows by name.

    Attributes:
        name: the name, for ``--suite``.
        description: the suite in a line.
        files: the files that it is made from.
        problems: its problems; others in the files are left out.
    """

    name: str
    description: str
    files: tuple[SourceFile, ...]
    problems: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The folder of its source files."""
        return data_folder() / "suites" / self.name

    @property
    def path(self) -> Path:
        """The suite's own file, once fetched."""
        return data_folder() / "suites" / f"{self.name}.parquet"


def data_folder() -> Path:
    """The folder of what rayzc downloads: ``RAYZC_DATA``, or rayzc's own in the user's folder for caches."""
    if given := os.environ.get("RAYZC_DATA"):
        return Path(given).expanduser()
    return platformdirs.user_cache_path("rayzc", appauthor=False, opinion=False)


def named_suite(name: str) -> NamedSuite:
    """The suite of this name.

    Raises:
        SuiteError: no suite has this name.
    """
    if name not in NAMED_SUITES:
        raise SuiteError(f"no suite is named '{name}'; {nearest(name, tuple(NAMED_SUITES))}")
    return NAMED_SUITES[name]


def fetch_suite(
    name: str,
    mirror: str | None = None,
    get: Download = download,
    report: Callable[[str], None] = lambda line: None,
) -> Path:
    """Fetches a named suite, or what is missing of it.

    Args:
        name: name of the suite, ``nbsz-13``.
        mirror: address of a folder on a web server that holds the files, tried before the public mirrors.
        get: how to download a file; by default :func:`rayzc.problems.download.download`.
        report: is called with a line about each step.

    Returns:
        The suite's Parquet file.

    Raises:
        SuiteError: the name is unknown, or a file cannot be downloaded; then the message says what to download by
            hand, from where, and where to put it.
    """
    suite = named_suite(name)
    if suite.path.is_file():
        try:
            read_suite(suite.path)
        except SuiteError as error:
            report(f"{error}; the suite is rebuilt")
        else:
            report(f"{name}: already in {suite.path}")
            return suite.path
    _make_folder(suite.folder)
    receipts = _Receipts(suite.folder / "receipt.json")
    whole: list[SuiteFile] = []
    failures: dict[str, list[str]] = {}
    for file in suite.files:
        got = _obtain(suite.folder, file, mirror, get, receipts, report)
        if isinstance(got, SuiteFile):
            whole.append(got)
        else:
            failures[file.name] = got
    if failures:
        raise SuiteError(_by_hand(suite, failures))
    together = assemble(suite.name, whole)
    lacking = [problem for problem in suite.problems if problem not in together.names]
    if lacking:
        raise SuiteError(
            f"the files in {suite.folder} lack {', '.join(lacking)}; remove the files and fetch again"
        )
    write_suite(together.select(suite.problems), suite.path)
    report(f"{name}: {counted(len(suite.problems), 'problem')} in {suite.path}")
    return suite.path


def _obtain(
    folder: Path,
    file: SourceFile,
    mirror: str | None,
    get: Download,
    receipts: "_Receipts",
    report: Callable[[str], None],
) -> SuiteFile | list[str]:
    """The content of a file, downloaded unless it is there; or why each mirror failed."""
    target = folder / file.name
    expected = receipts.checksum(file.name)
    if target.is_file():
        try:
            content = _checked(target, file.name, expected)
        except SuiteError as error:
            report(f"{file.name}: {_without(target, error)}; the file is fetched again")
        else:
            report(f"{file.name}: already there")
            receipts.note(file.name, target, "put there by hand")
            return content
    own = [f"{mirror.rstrip('/')}/{file.name}"] if mirror else []
    failures: list[str] = []
    for url in (*own, *file.mirrors):
        # Mirrors may hold different files: a partial download of one is never continued from another.
        arrived = folder / f".{file.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}"
        report(f"{file.name}: fetching from {url}")
        try:
            get(url, arrived)
            content = _checked(arrived, file.name, expected)
        except OSError as error:
            failures.append(f"{url}: {error}")
        except SuiteError as error:
            failures.append(f"{url}: {_without(arrived, error)}")
            arrived.unlink()
        else:
            arrived.replace(target)
            receipts.note(file.name, target, url)
            return content
    return failures


def _checked(path: Path, name: str, expected: str | None) -> SuiteFile:
    """The content of a file, if its checksum is as expected and it is a suite."""
    if expected is not None and (found := _sha256(path)) != expected:
        raise SuiteError(f"its SHA-256 is {found[:16]}..., expected {expected[:16]}...")
    return read_json(path, name)


def _without(path: Path, error: SuiteError) -> str:
    """The text of an error without the path at its beginning."""
    return str(error).removeprefix(str(path)).lstrip(":, ")


def _by_hand(suite: NamedSuite, missing: Mapping[str, list[str]]) -> str:
    mirrors = {file.name: file.mirrors for file in suite.files}
    lines = [f"could not download {len(missing)} of the {len(suite.files)} files of {suite.name}."]
    for name, failures in missing.items():
        lines += [f"  {name}", *(f"    tried {failure}" for failure in failures)]
    lines.append("Download by hand:")
    lines += [f"  {name} from {' or '.join(mirrors[name])}" for name in missing]
    lines.append(f"Put the files into {suite.folder}")
    lines.append(f"and run `rayzc suite fetch {suite.name}` again; it then needs no network.")
    return "\n".join(lines)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SuiteError(
            f"{folder}: cannot be created: {error.strerror}; set RAYZC_DATA to a folder that you can write"
        ) from None


@dataclass(frozen=True, slots=True)
class _Receipts:
    """Checksum and origin of every file that arrived, in a JSON file beside them."""

    path: Path
    entries: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.path.is_file():
            return
        try:
            for name, entry in json.loads(self.path.read_bytes()).items():
                self.entries[name] = {key: str(entry[key]) for key in ("sha256", "bytes", "url", "date")}
        except (ValueError, AttributeError, TypeError, KeyError):
            raise SuiteError(
                f"{self.path}: the receipt is unreadable; remove it to accept the files as they are"
            ) from None

    def checksum(self, name: str) -> str | None:
        return self.entries[name]["sha256"] if name in self.entries else None

    def note(self, name: str, path: Path, url: str) -> None:
        """Notes a file unless it is noted already."""
        if name in self.entries:
            return
        self.entries[name] = {
            "sha256": _sha256(path),
            "bytes": str(path.stat().st_size),
            "url": url,
            "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        with replacing(self.path) as temporary:
            temporary.write_text(json.dumps(self.entries, indent=2) + "\n")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _drive(file: str) -> str:
    return f"https://drive.google.com/uc?id={file}"


# For each file the id in the download script of automl/NASLib, branch zerocost (scripts/bash_scripts/
# download_nbs_zero.sh), then the id in another public version of that script, then those of copies that install.sh of
# ELO-Lab/MF-NAS and ELO-Lab/E-TF-MOENAS name. None of these sources publishes checksums.
_ZERO_FILES = tuple(
    SourceFile(name, tuple(map(_drive, ids)))
    for name, *ids in (
        (
            "zc_nasbench101.json",
            "1Rkse44EWgYdBS34iyhjSs9Y2l0fxPCpU",
            "1uT3tuIDMVaB4U1N8l9imEYHWPOLls3FD",
            "1iWCLW4R7yF4hABWCi04LTsIxzbfJ6kT7",
        ),
        (
            "zc_nasbench201.json",
            "1R7n7GpFHAjUZpPISzbhxH0QjubnvZM5H",
            "1k2EUtVJ4JqoJCnuyJEVgZs6vAmbg6XVB",
            "1uvT92YrmfR4iPYVJw-MgKDAwRahlxMK-",
            "1Zbb_StAGgX6HYHHuoZWPY8PLb0DhDzKY",
        ),
        (
            "zc_nasbench301.json",
            "1RddgmwqjWJ1czGT8gEPB8qqhUHazp92G",
            "11kIyLr7LwFB_fXGDk3ic5yjiYMY5JLXG",
        ),
        (
            "zc_transbench101_macro.json",
            "1teH8JcQsamZngUD_DMQyNkCoUYYSTM0M",
            "1nMaa3LjlP1d_umgudX7abKSdDMeoBNb5",
        ),
        (
            "zc_transbench101_micro.json",
            "1SBOVAyhLCBTAJiU_fo7hLRknNrGNqFk7",
            "1i8N2n7yflN33xAuQVzlTYM4E7W1Cwn1S",
        ),
    )
)
_TRANSBENCH_TASKS = ("class_object", "class_scene", "jigsaw", "room_layout")

NAMED_SUITES: Mapping[str, NamedSuite] = MappingProxyType(
    {
        suite.name: suite
        for suite in (
            NamedSuite(
                "nbsz-13",
                "the 13 problems of NAS-Bench-Suite-Zero on which all 13 proxies are defined",
                _ZERO_FILES,
                (
                    "nasbench101/cifar10",
                    "nasbench201/ImageNet16-120",
                    "nasbench201/cifar10",
                    "nasbench201/cifar100",
                    "nasbench301/cifar10",
                    *(f"transbench101_macro/{task}" for task in _TRANSBENCH_TASKS),
                    *(f"transbench101_micro/{task}" for task in _TRANSBENCH_TASKS),
                ),
            ),
        )
    }
)
