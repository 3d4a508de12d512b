"""Fetching a named suite: find its public files, check them, and make the Parquet file.

A file is looked for in one place after the other (:mod:`rayzc.problems.places`) until what arrives passes all checks
(:mod:`rayzc.problems.checks`). An interrupted download continues where it stopped, files that are already there are
kept, and nothing prompts the user. A report says what happened to each file, whether it was found or not.

The publishers of these files publish no checksums. What GitHub hands out must have the content that Git names; the
SHA-256 of each file is noted in a receipt when it first arrives (:mod:`rayzc.problems.receipts`).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rayzc.errors import SuiteError, counted
from rayzc.options.shared import DEFAULT_SUITE
from rayzc.problems.checks import Checked, check
from rayzc.problems.download import Download, download
from rayzc.problems.named import NamedSuite, SourceFile, named_suite
from rayzc.problems.nas_bench_suite_zero import SuiteFile, assemble, read_json
from rayzc.problems.parquet import read_suite, write_suite
from rayzc.problems.places import Hosts, Place, checked_folder, git_blob, kind_of, places
from rayzc.problems.receipts import Receipts

__all__ = ["FileReport", "fetch_suite"]

_BY_HAND = "put there by hand"


@dataclass(frozen=True, slots=True)
class FileReport:
    """What happened to a file of a named suite.

    Attributes:
        name: the file's name.
        kind: where it came from, in a word or two: ``Google Drive``, ``GitHub``, ``disk``, ...; empty if it was not
            found.
        where: the address or the path from which it came.
        size: bytes.
        checked: what was checked and what was found different from what was published; None if it was not found.
        failures: place and reason, in a word or two and a sentence, of every place where it was not.
    """

    name: str
    kind: str = ""
    where: str = ""
    size: int = 0
    checked: Checked | None = None
    failures: tuple[tuple[str, str], ...] = ()

    @property
    def summary(self) -> tuple[str, ...]:
        """What was checked, or why each place failed, a line for each."""
        if self.checked is None:
            return _grouped(self.failures)
        return (", ".join(self.checked.passed), *self.checked.notes)


def fetch_suite(
    name: str,
    mirror: str | None = None,
    get: Download = download,
    report: Callable[[str], None] = lambda line: None,
    folder: Path | None = None,
    ended: Callable[[FileReport], None] = lambda file: None,
) -> Path:
    """Fetches a named suite, or what is missing of it.

    Args:
        name: name of the suite, ``nbsz-13``.
        mirror: address of a folder on a web server that holds the files, tried before the public addresses.
        get: how to download a file; by default :func:`rayzc.problems.download.download`.
        report: is called with a line about each step.
        folder: folder on disk in which to look first: one of ``zc_<space>.json`` files, or a clone of NASLib; by
            default the ``naslib/data`` of the working folder and of the installed NASLib.
        ended: is called with what happened to each file, when it was found or could not be found.

    Returns:
        The suite's Parquet file.

    Raises:
        SuiteError: the name is unknown, the folder is none, or a file is nowhere to be had; then the message says
            what to download by hand, from where, and where to put it.
    """
    suite = named_suite(name)
    given = None if folder is None else checked_folder(folder)
    if suite.path.is_file():
        try:
            read_suite(suite.path)
        except SuiteError as error:
            report(f"{error}; the suite is rebuilt")
        else:
            report(f"{name}: already in {suite.path}; remove this file to make the suite again")
            return suite.path
    _make_folder(suite.folder)
    receipts = Receipts(suite.folder / "receipt.json")
    hosts = Hosts(get)
    contents: list[SuiteFile] = []
    reports: list[FileReport] = []
    for file in suite.files:
        content, outcome = _obtain(suite, file, places(file, given, mirror, hosts), receipts, report)
        contents += [content] if content else []
        reports.append(outcome)
        ended(outcome)
    if missing := [outcome for outcome in reports if outcome.checked is None]:
        raise SuiteError(_by_hand(suite, missing))
    together = assemble(suite.name, contents).select(suite.problems)
    write_suite(replace(together, metadata={**together.metadata, **_origins(reports)}), suite.path)
    report(f"{name}: {counted(len(suite.problems), 'problem')} in {suite.path}")
    return suite.path


def _obtain(
    suite: NamedSuite,
    file: SourceFile,
    candidates: Iterable[Place],
    receipts: Receipts,
    report: Callable[[str], None],
) -> tuple[SuiteFile | None, FileReport]:
    """The content of a file, brought from the first place that has it unless it is there already."""
    target = suite.folder / file.name
    if target.is_file():
        try:
            content, checked = _checked(target, suite, file, receipts)
        except SuiteError as error:
            report(f"{file.name}: {_without(target, error)}; the file is fetched again")
        else:
            report(f"{file.name}: already there")
            receipts.note(file.name, target, _BY_HAND)
            return content, _found(file, target, "already there", receipts.origin(file.name), checked)
    failures: list[tuple[str, str]] = []
    for place in candidates:
        # Places may hold different files: a partial download from one is never continued from another.
        arrived = suite.folder / f".{file.name}.{hashlib.sha256(place.where.encode()).hexdigest()[:8]}"
        if not place.given_up:
            report(f"{file.name}: fetching from {place.where}")
        try:
            place.bring(arrived)
            content, checked = _checked(arrived, suite, file, receipts, place.git_blob)
        except OSError as error:
            failures.append((place.kind, str(error)))
        except SuiteError as error:
            failures.append((place.kind, _without(arrived, error)))
        else:
            arrived.replace(target)
            receipts.note(file.name, target, place.where)
            return content, _found(file, target, place.kind, place.where, checked)
        arrived.unlink(missing_ok=True)  # the part that a download goes on with has another name
        if not place.given_up:
            report(f"{file.name}: {failures[-1][1]}")
    return None, FileReport(file.name, failures=tuple(failures))


def _checked(
    path: Path, suite: NamedSuite, file: SourceFile, receipts: Receipts, blob: str | None = None
) -> tuple[SuiteFile, Checked]:
    """The content of a file, and what was checked.

    Raises:
        SuiteError: it is not as it should be.
    """
    receipts.check(file.name, path)
    content = read_json(path, file.name)
    found = git_blob(path)
    if blob is not None and found != blob:
        raise SuiteError(f"Git names its content {found[:16]}..., expected {blob[:16]}...")
    checked = check(content, file, suite)
    if found == file.git_blob:
        checked = replace(checked, passed=(*checked.passed, "content as in NASLib's Git history"))
    return content, checked


def _found(file: SourceFile, path: Path, kind: str, where: str, checked: Checked) -> FileReport:
    return FileReport(file.name, kind, where, path.stat().st_size, checked)


def _grouped(failures: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Places and reasons, those that are alike once, with their number."""
    return tuple(
        f"{kind}: {reason}" if count == 1 else f"{kind}, {count} addresses: {reason}"
        for (kind, reason), count in Counter(failures).items()
    )


def _origins(reports: list[FileReport]) -> dict[str, str]:
    """What to note in the suite of where its files came from, and of how they differ from the published ones."""
    origins = {"places": "; ".join(f"{outcome.name} from {outcome.where}" for outcome in reports)}
    notes = [
        f"{outcome.name}: {note}" for outcome in reports if outcome.checked for note in outcome.checked.notes
    ]
    return origins | ({"differs_from_published": "; ".join(notes)} if notes else {})


def _without(path: Path, error: SuiteError) -> str:
    """The text of an error without the path at its beginning."""
    return str(error).removeprefix(str(path)).lstrip(":, ")


def _by_hand(suite: NamedSuite, missing: list[FileReport]) -> str:
    """What to do where files could not be found."""
    mirrors = {file.name: {kind_of(url): url for url in reversed(file.mirrors)} for file in suite.files}
    reasons = dict.fromkeys(f"{kind}: {reason}" for outcome in missing for kind, reason in outcome.failures)
    lines = [f"{len(missing)} of the {len(suite.files)} files of {suite.name} could not be had:"]
    lines += [f"  {reason}" for reason in reasons]
    lines.append("Download by hand, each file from one of its addresses:")
    for outcome in missing:
        lines += [f"  {outcome.name}", *(f"    {url}" for url in sorted(mirrors[outcome.name].values()))]
    lines += [
        "Then, with the folder that has them:",
        f"  rayzc suite fetch {suite.name} --from FOLDER",
        f"or put them into {suite.folder}",
        f"and run `rayzc suite fetch {suite.name}` again. Neither needs a network.",
        f"Meanwhile, everything runs on the suite that comes with rayzc: --suite {DEFAULT_SUITE}",
    ]
    return "\n".join(lines)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SuiteError(
            f"{folder}: cannot be created: {error.strerror}; set RAYZC_DATA to a folder that you can write"
        ) from None
