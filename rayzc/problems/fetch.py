"""Fetching a named suite: download its public files, check them, and make the Parquet file.

A download that was interrupted goes on where it stopped, files that are there already are kept, and nothing is
asked. Files come from Google Drive through ``gdown`` (``pip install 'rayzc[fetch]'``) or from a plain web
server, mirror after mirror.

**Checksums.** Those who publish these files publish none, so none are built in. The checksum of each file is noted in
a receipt beside it when it is first taken in; from then on a file that differs from its receipt is fetched
again, and a mirror that delivers another file than the receipt says is passed over. Whatever a mirror delivers
must besides be a well-formed suite with all problems that the named suite promises.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rayzc.documents import replacing
from rayzc.errors import SuiteError
from rayzc.problems.download import Download, download
from rayzc.problems.loading import assemble
from rayzc.problems.names import NamedSuite, SourceFile, named_suite
from rayzc.problems.nas_bench_suite_zero import SuiteFile, read_json
from rayzc.problems.parquet import read_suite, write_suite

__all__ = ["fetch_suite"]


def fetch_suite(
    name: str,
    mirror: str | None = None,
    get: Download = download,
    report: Callable[[str], None] = lambda line: None,
) -> Path:
    """Fetches a named suite, as far as it is not there yet.

    Args:
        name: name of the suite, ``nbsz-13``.
        mirror: address of a folder on a web server that holds the files, tried before the public mirrors.
        get: how to download a file; by default :func:`rayzc.problems.download.download`.
        report: is told in a line what goes on.

    Returns:
        The suite's Parquet file.

    Raises:
        SuiteError: if the name is unknown or a file cannot be had; then it says what to download from where,
            and where to put it.
    """
    suite = named_suite(name)
    if suite.path.is_file():
        try:
            read_suite(suite.path)
        except SuiteError as error:
            report(f"{error}; it is made again")
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
            f"the files in {suite.folder} lack {', '.join(lacking)}; remove them and fetch again"
        )
    write_suite(together.select(suite.problems), suite.path)
    report(f"{name}: {len(suite.problems)} problems in {suite.path}")
    return suite.path


def _obtain(
    folder: Path,
    file: SourceFile,
    mirror: str | None,
    get: Download,
    receipts: "_Receipts",
    report: Callable[[str], None],
) -> SuiteFile | list[str]:
    """The content of a file, which is there afterwards; or why each mirror failed."""
    target = folder / file.name
    expected = file.sha256 or receipts.checksum(file.name)
    if target.is_file():
        try:
            content = _checked(target, file.name, expected)
        except SuiteError as error:
            report(f"{file.name}: {error}; it is fetched again")
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
            failures.append(f"{url}: {error}")
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


def _by_hand(suite: NamedSuite, missing: Mapping[str, list[str]]) -> str:
    mirrors = {file.name: file.mirrors for file in suite.files}
    lines = [f"could not download {len(missing)} of the {len(suite.files)} files of {suite.name}."]
    for name, failures in missing.items():
        lines += [f"  {name}", *(f"    tried {failure}" for failure in failures)]
    lines.append("Download by hand:")
    lines += [f"  {name} from {' or '.join(mirrors[name])}" for name in missing]
    lines.append(f"put the files into {suite.folder}")
    lines.append(f"and run `rayzc suite fetch {suite.name}` again, which then needs no network.")
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
    """Checksum and origin of every file that was taken in, in a JSON file beside them."""

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
                f"{self.path}: the receipt is unreadable; remove it to take the files as they are"
            ) from None

    def checksum(self, name: str) -> str | None:
        return self.entries[name]["sha256"] if name in self.entries else None

    def note(self, name: str, path: Path, url: str) -> None:
        """Notes a file that is not noted yet."""
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
