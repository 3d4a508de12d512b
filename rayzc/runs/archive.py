"""The result files of a run as text: a job prints them to its log, and whoever submitted the job unpacks them.

Ray's job server hands out no files, but it does hand out logs, whole and to those who know the token. What is large or
only needed to continue stays on the cluster: checkpoints, caches, the suite and the images of the run.
"""

import base64
import hashlib
import io
import json
import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rayzc.documents import replacing
from rayzc.errors import RunError
from rayzc.runs.lock import LOCK_FILES
from rayzc.runs.paths import OWN_IMAGES, OWN_SUITE

__all__ = ["MOST_BYTES", "Unpacked", "main", "packed", "unpacked"]

MOST_BYTES = 20 * 1024 * 1024
"""How much all files of an archive may have together, before compression."""

_HEAD, _LINE, _END = "rayzc-archive ", "rayzc-data ", "rayzc-archive-end"
_LINE_BYTES = 3 * 1024
_FOLDERS_THAT_STAY = frozenset({"checkpoints", "cache", "__pycache__"})
_SUFFIXES_THAT_STAY = (".measurements", ".building")
_FILES_THAT_STAY = LOCK_FILES | {OWN_IMAGES}


@dataclass(frozen=True)
class Unpacked:
    """What an archive had.

    Attributes:
        files: the files that were written, relative to the folder.
        left_out: files that were too large, and their sizes in bytes.
    """

    files: tuple[str, ...]
    left_out: tuple[tuple[str, int], ...]


def packed(folders: Sequence[tuple[Path, str]], most: int = MOST_BYTES) -> str:
    """The result files of folders as text; what exceeds the limit is left out, the largest files first.

    Links are not followed, so nothing outside the folders is read.

    Args:
        folders: each folder, and where its files belong: ``""``, or the name of a folder.
        most: the limit in bytes.
    """
    found = sorted(
        (path.stat().st_size, str(PurePosixPath(prefix, path.relative_to(folder).as_posix())), path)
        for folder, prefix in folders
        for path in _results(folder)
    )
    total, left_out = 0, []
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for size, name, path in found:
            if total + size > most:
                left_out.append((name, size))
                continue
            total += size
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    data = content.getvalue()
    head = {"sha256": hashlib.sha256(data).hexdigest(), "left_out": left_out}
    lines = [_HEAD + json.dumps(head)]
    for start in range(0, len(data), _LINE_BYTES):
        lines.append(_LINE + base64.b64encode(data[start : start + _LINE_BYTES]).decode())
    return "\n".join([*lines, _END, ""])


def _results(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if name not in _FOLDERS_THAT_STAY and not name.endswith(_SUFFIXES_THAT_STAY)
        ]
        for name in files:
            path = Path(place, name)
            own_suite = name == OWN_SUITE and "config.json" in files
            if name not in _FILES_THAT_STAY and not own_suite and path.is_file() and not path.is_symlink():
                yield path


def unpacked(log: str, target: Path, most: int = MOST_BYTES) -> Unpacked:
    """Writes the files of an archive into a folder.

    Args:
        log: a log in which :func:`packed` was printed, maybe between other lines.
        target: the folder, which is created.
        most: the limit in bytes.

    Raises:
        RunError: there is no archive, it is damaged or larger than the limit, a name leads out of the folder, or a
            file cannot be written.
    """
    head: str | None = None
    data: list[str] = []
    complete = False
    for line in log.splitlines():
        if line.startswith(_HEAD):
            head, data, complete = line.removeprefix(_HEAD), [], False
        elif line.startswith(_LINE):
            data.append(line.removeprefix(_LINE))
        elif line == _END:
            complete = True
    if head is None or not complete:
        raise RunError("the log has no complete archive of result files")
    try:
        about = json.loads(head)
        content = b"".join(base64.b64decode(line, validate=True) for line in data)
        left_out = tuple((str(name), int(size)) for name, size in about["left_out"])
        expected = str(about["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"the archive of result files cannot be read: {error}") from None
    if hashlib.sha256(content).hexdigest() != expected:
        raise RunError("the archive of result files is damaged: its SHA-256 is another")
    try:
        return Unpacked(_written(content, target, most), left_out)
    except (OSError, zipfile.BadZipFile) as error:
        raise RunError(f"the results cannot be written to {target}: {error}") from None


def _written(content: bytes, target: Path, most: int) -> tuple[str, ...]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > most:
            raise RunError(f"the archive of result files has more than {most:,} bytes")
        for entry in entries:
            name = PurePosixPath(entry.filename)
            if name.is_absolute() or ".." in name.parts or "\\" in entry.filename or not name.parts:
                raise RunError(
                    f"the archive of result files has a file '{entry.filename}' outside its folder"
                )
        for entry in entries:
            path = target / entry.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_bytes(archive.read(entry))
    return tuple(sorted(entry.filename for entry in entries))


def main(folder: str) -> None:
    """Prints the archive of a job's folder: of its run, and of what it exported.

    Args:
        folder: the folder that the job was given, with ``run`` and maybe ``export`` in it.

    Raises:
        SystemExit: there is no such folder on this machine.
    """
    place = Path(folder).expanduser()
    if not (place / "run").is_dir():
        sys.exit(f"rayzc: {place / 'run'}: there is no such folder on {os.uname().nodename}")
    sys.stdout.write(packed([(place / "run", ""), (place / "export", "export")]))


if __name__ == "__main__":
    main(sys.argv[1])
