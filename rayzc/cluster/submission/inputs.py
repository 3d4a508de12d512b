"""What is uploaded with a job: rayzc as a wheel, the files that the arguments name, and how large all of it is."""

import base64
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires
from pathlib import Path

import rayzc
from rayzc.errors import ClusterError
from rayzc.version import __version__

__all__ = ["MOST_BYTES", "Input", "check_size", "digest_of", "requirements", "write_inputs", "write_wheel"]

MOST_BYTES = 100 * 1024 * 1024 - 64 * 1024
"""How large an upload may be. Ray's dashboard accepts 100 MiB in one request."""

MANIFEST = "rayzc-inputs.json"
"""The file of an upload that lists the others; :mod:`rayzc.cli.submitted` copies these into the job's folder."""

_SKIPPED = frozenset({"__pycache__", ".git", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache"})
_STEADY = (1980, 1, 1, 0, 0, 0)
_NAMED_FILES = 5


@dataclass(frozen=True)
class Input:
    """A file or folder to upload.

    Attributes:
        path: where it is here.
        place: where it will be, relative to the working folder of the job.
    """

    path: Path
    place: str

    def files(self) -> Iterator[tuple[str, Path]]:
        """Each file: where it will be, and where it is; without caches, and without the checkpoints of a run."""
        if not self.path.is_dir():
            yield self.place, self.path
            return
        skipped = _SKIPPED | ({"checkpoints", "cache"} if (self.path / "config.json").is_file() else set())
        for path in sorted(self.path.rglob("*")):
            inner = path.relative_to(self.path)
            if path.is_file() and not skipped & set(inner.parts):
                yield f"{self.place}/{inner.as_posix()}", path


def digest_of(inputs: Sequence[Input]) -> str:
    """A hash of the content of all files."""
    whole = hashlib.sha256()
    for place, path in sorted(pair for given in inputs for pair in given.files()):
        with path.open("rb") as file:
            whole.update(f"{place}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\0".encode())
    return whole.hexdigest()


def check_size(inputs: Sequence[Input], most: int = MOST_BYTES) -> int:
    """Checks that files are not too large to upload, before anything is packed or sent.

    Args:
        inputs: what to upload.
        most: the limit in bytes.

    Returns:
        Their size in bytes.

    Raises:
        ClusterError: they are too large, or cannot be read; names the largest files.
    """
    try:
        sizes = sorted(
            ((path.stat().st_size, str(path)) for given in inputs for _, path in given.files()), reverse=True
        )
    except OSError as error:
        raise ClusterError(f"{error.filename} cannot be read: {error.strerror}") from None
    total = sum(size for size, _ in sizes)
    if total <= most:
        return total
    largest = ", ".join(f"{path} ({_mebibytes(size)})" for size, path in sizes[:_NAMED_FILES])
    raise ClusterError(
        f"the files to upload have {_mebibytes(total)}, and the cluster accepts {_mebibytes(most)}; the largest: "
        f"{largest}. Put large files where the cluster can read them, and name them with --on-cluster PATH"
    )


def write_inputs(inputs: Sequence[Input], path: Path) -> None:
    """Writes the files to upload as a zip file; the same files give the same bytes.

    Args:
        inputs: what to upload.
        path: the zip file.

    Raises:
        ClusterError: a file cannot be read.
    """
    files = dict(pair for given in inputs for pair in given.files())
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, MANIFEST, json.dumps(sorted(files)).encode())
            for place in sorted(files):
                _add(archive, place, files[place].read_bytes())
    except OSError as error:
        raise ClusterError(f"{error.filename} cannot be read: {error.strerror}") from None


def write_wheel(folder: Path) -> Path:
    """Writes the rayzc that runs now as a wheel, with what is edited in a checkout.

    Its build number is a hash of the content, as Ray takes wheels of one name for equal. It names no requirements: Ray
    would install all of them anew in a folder of the job, Ray itself included.

    Args:
        folder: where to write it.

    Returns:
        The wheel.
    """
    root = Path(rayzc.__file__).parent
    files = {
        f"rayzc/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not _SKIPPED & set(path.relative_to(root).parts)
    }
    about = f"rayzc-{__version__}.dist-info"
    lines = ["Metadata-Version: 2.1", "Name: rayzc", f"Version: {__version__}", *_python(), "", ""]
    files[f"{about}/METADATA"] = "\n".join(lines).encode()
    files[f"{about}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: rayzc\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    for name, content in files.items():
        hashed = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        writer.writerow([name, f"sha256={hashed}", len(content)])
    writer.writerow([f"{about}/RECORD", "", ""])
    files[f"{about}/RECORD"] = rows.getvalue().encode()
    build = hashlib.sha256(rows.getvalue().encode()).hexdigest()[:16]
    path = folder / f"rayzc-{__version__}-0{build}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            _add(archive, name, content)
    return path


def requirements() -> list[str]:
    """What rayzc needs beside Ray, which a cluster has, as pip reads it.

    Raises:
        ClusterError: this rayzc is not installed, so nothing says what it needs.
    """
    try:
        found = requires("rayzc") or []
    except PackageNotFoundError:
        raise ClusterError(
            "--install needs an installed rayzc: run pip install --editable . in its folder"
        ) from None
    return [text for text in found if "extra ==" not in text and not text.startswith("ray[")]


def _python() -> list[str]:
    """The line of the metadata that says which versions of Python will do."""
    try:
        needed = metadata("rayzc")["Requires-Python"]
    except PackageNotFoundError:
        needed = None
    return [f"Requires-Python: {needed}"] if needed else []


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _STEADY)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED)


def _mebibytes(size: int) -> str:
    return f"{size / 1024**2:,.1f} MiB"
