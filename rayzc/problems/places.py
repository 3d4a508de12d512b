"""Where the files of a named suite may be: on disk in the layout of NASLib, with the user, on GitHub, on Google Drive.

A place brings a file to a path, or raises :class:`OSError` and says why not. Files are looked for on disk first, then
at the address that the user gave, then at the public ones.
"""

import hashlib
import importlib.util
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rayzc.errors import SuiteError
from rayzc.problems.download import Download, UnreachableError
from rayzc.problems.named import SourceFile

__all__ = ["Hosts", "Place", "checked_folder", "git_blob", "kind_of", "places"]

_GITHUB = "raw.githubusercontent.com"
_KINDS = {"drive.google.com": "Google Drive", _GITHUB: "GitHub"}

# NASLib reads naslib/data/zc_<space>.json of its own package (get_zc_benchmark_api in naslib/utils), and no variable of
# the environment says otherwise. A user may name the clone, the package, or the folder of the files.
_LAYOUT = ("", "data", "naslib/data")


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that a file may be.

    Attributes:
        kind: what it is, in a word or two: ``disk``, ``mirror``, ``GitHub``, ``Google Drive``.
        where: the address or the path of the file.
        bring: puts the file at a path; raises OSError.
        git_blob: what Git must name the content; None where nobody says what it must be.
        given_up: whether it is known already that nothing comes from there, so that nobody need be told.
    """

    kind: str
    where: str
    bring: Callable[[Path], None]
    git_blob: str | None = None
    given_up: bool = False


class Hosts:
    """Downloads; a host that cannot be reached is asked no second time, so that nobody offline waits for long."""

    def __init__(self, get: Download) -> None:
        self._get = get
        self._unreachable: dict[str, str] = {}

    def place(self, url: str, kind: str, git_blob: str | None = None) -> Place:
        """The place that an address is."""
        if reason := self._unreachable.get(urlsplit(url).netloc):
            return Place(kind, url, _refusing(reason), given_up=True)

        def bring(path: Path) -> None:
            try:
                self._get(url, path)
            except UnreachableError as error:
                self._unreachable[urlsplit(url).netloc] = str(error)
                raise

        return Place(kind, url, bring, git_blob)


def places(file: SourceFile, folder: Path | None, mirror: str | None, hosts: Hosts) -> Iterator[Place]:
    """All places where a file may be, in the order in which to try them.

    Args:
        file: the file.
        folder: a folder of the user's: NASLib's clone, its package, or the folder of the files.
        mirror: address of a folder on a web server of the user's.
        hosts: downloads files.
    """
    yield from _on_disk(file.name, folder)
    if mirror:
        yield hosts.place(f"{mirror.rstrip('/')}/{file.name}", "mirror")
    for url in file.mirrors:
        on_github = urlsplit(url).hostname == _GITHUB
        yield hosts.place(url, kind_of(url), file.git_blob if on_github else None)


def kind_of(url: str) -> str:
    """What an address is, in a word or two: ``Google Drive``, ``GitHub``, or the name of its host."""
    host = urlsplit(url).netloc
    return _KINDS.get(host, host or url)


def checked_folder(folder: Path) -> Path:
    """The folder that a user named, if it is one.

    Raises:
        SuiteError: it is not there, or is no folder.
    """
    folder = folder.expanduser()
    if not folder.is_dir():
        what = "a file, not a folder" if folder.exists() else "no such folder"
        raise SuiteError(
            f"{folder}: {what}; name the folder that has the zc_<space>.json files, or a clone of NASLib, which has "
            "them in naslib/data"
        )
    return folder


def git_blob(path: Path) -> str:
    """What Git names the content of a file, hex."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def _on_disk(name: str, folder: Path | None) -> Iterator[Place]:
    """The user's folder, where it is given, the folder of a clone that we are in, and the installed NASLib."""
    if folder is not None:
        paths = [folder / layout / name for layout in _LAYOUT]
        found = [path for path in paths if path.is_file()]
        if not found:
            looked = " or ".join(str(path.parent) for path in paths)
            yield Place("disk", str(folder), _refusing(f"no {name} in {looked}"))
    else:
        found = [path for path in (Path("naslib/data") / name, *_installed(name)) if path.is_file()]
    for path in dict.fromkeys(path.resolve() for path in found):
        yield Place("disk", str(path), _copying(path))


def _installed(name: str) -> list[Path]:
    """The file in the package of NASLib, if that is installed; the package is not imported."""
    try:
        spec = importlib.util.find_spec("naslib")
    except (ImportError, ValueError):
        return []
    folders = list(spec.submodule_search_locations or []) if spec else []
    return [Path(folder) / "data" / name for folder in folders]


def _copying(source: Path) -> Callable[[Path], None]:
    def copy(path: Path) -> None:
        shutil.copyfile(source, path)

    return copy


def _refusing(reason: str) -> Callable[[Path], None]:
    def refuse(path: Path) -> None:
        raise OSError(reason)

    return refuse
