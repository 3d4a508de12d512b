"""Suites by name, and where they live on this machine."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from rayzc.errors import SuiteError, nearest

__all__ = ["NAMED_SUITES", "NamedSuite", "SourceFile", "data_folder", "named_suite"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A public file that a named suite is made from.

    Attributes:
        name: the file's name.
        mirrors: where it can be had, in the order in which to try.
        sha256: its published checksum, hex; None where none was published. Then the checksum of the first
            download is noted in a receipt, and holds from then on.
    """

    name: str
    mirrors: tuple[str, ...]
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class NamedSuite:
    """A suite that rayzc knows by name.

    Attributes:
        name: the name, for ``--suite``.
        description: what it is, in a line.
        files: what it is made from.
        problems: its problems; what else the files hold is left out.
    """

    name: str
    description: str
    files: tuple[SourceFile, ...]
    problems: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where its source files are kept."""
        return data_folder() / "suites" / self.name

    @property
    def path(self) -> Path:
        """Where the suite is, once fetched."""
        return data_folder() / "suites" / f"{self.name}.parquet"


def data_folder() -> Path:
    """Where rayzc keeps data: ``RAYZC_DATA``, or the platform's folder for what can be had again."""
    if given := os.environ.get("RAYZC_DATA"):
        return Path(given).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "rayzc"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "rayzc"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rayzc"


def named_suite(name: str) -> NamedSuite:
    """The suite of this name.

    Raises:
        SuiteError: if there is none.
    """
    try:
        return NAMED_SUITES[name]
    except KeyError:
        raise SuiteError(f"no suite is named '{name}'; {nearest(name, tuple(NAMED_SUITES))}") from None


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
