"""The suites that rayzc knows by name: those that come with it, and those to be made from public files.

**Addresses.** Every address here was found written down in public; none was tried from where this was written.

- NASLib, the library in which NAS-Bench-Suite-Zero was measured, names an id on Google Drive for each file, in
  ``scripts/bash_scripts/download_nbs_zero.sh`` and in the README of its branch ``zerocost``.
- The Git history of the same branch holds the files themselves, up to the day when they moved to Google Drive: they
  are last in commit a898324c ("Update tabular benchmarks with ninapro, svhn and scifar100", 15 June 2022), and gone in
  94190649 ("updated readme with download data instructions", 25 June 2022). GitHub hands out a file of any commit. Git
  names each file by its content, so these are the only ones for which something like a checksum is published.
- Other ids on Google Drive stand in another public version of that script, and in ``install.sh`` of ELO-Lab/MF-NAS
  and of ELO-Lab/E-TF-MOENAS.

No copy on Hugging Face, Zenodo or Figshare was found.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import platformdirs

from rayzc.errors import SuiteError, nearest
from rayzc.options.shared import DEFAULT_SUITE

__all__ = [
    "NAMED_SUITES",
    "SHIPPED_SUITES",
    "NamedSuite",
    "ShippedSuite",
    "SourceFile",
    "data_folder",
    "named_suite",
]

_PACKAGE = Path(__file__).parent.parent
_GITHUB = (
    "https://raw.githubusercontent.com/automl/NASLib/a898324c1c1fe27a9efcef4a21b9a3f3cbf379c4/naslib/data/"
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A public file that a named suite is made from.

    Attributes:
        name: the file's name.
        mirrors: its addresses, in the order in which to try them.
        architectures: how many the publishers say that it has, for each task.
        git_blob: what Git names the content that is on GitHub, hex; None where no address is on GitHub.
    """

    name: str
    mirrors: tuple[str, ...]
    architectures: int
    git_blob: str | None = None


@dataclass(frozen=True, slots=True)
class NamedSuite:
    """A suite that rayzc knows by name.

    Attributes:
        name: the name, for ``--suite``.
        description: the suite in a line.
        files: the files that it is made from.
        problems: its problems; others in the files are left out.
        proxies: the proxies that its publishers measured.
    """

    name: str
    description: str
    files: tuple[SourceFile, ...]
    problems: tuple[str, ...]
    proxies: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The folder of its source files."""
        return data_folder() / "suites" / self.name

    @property
    def path(self) -> Path:
        """The suite's own file, once fetched."""
        return data_folder() / "suites" / f"{self.name}.parquet"

    def problems_of(self, file: SourceFile) -> tuple[str, ...]:
        """The problems that a file, ``zc_<space>.json``, holds."""
        space = file.name.removeprefix("zc_").removesuffix(".json")
        return tuple(problem for problem in self.problems if problem.startswith(f"{space}/"))


@dataclass(frozen=True, slots=True)
class ShippedSuite:
    """A suite that comes with rayzc.

    Attributes:
        name: the name, for ``--suite``.
        description: the suite in a line.
    """

    name: str
    description: str

    @property
    def path(self) -> Path:
        """The suite's file, a part of the package."""
        return _PACKAGE / "suites" / f"{self.name}.parquet"

    @property
    def specification(self) -> Path:
        """What the suite was built from, for ``rayzc suite build``."""
        return _PACKAGE / "suites" / f"{self.name}.toml"


def data_folder() -> Path:
    """The folder of what rayzc downloads: ``RAYZC_DATA``, or rayzc's own in the user's folder for caches."""
    if given := os.environ.get("RAYZC_DATA"):
        return Path(given).expanduser()
    return platformdirs.user_cache_path("rayzc", appauthor=False, opinion=False)


def named_suite(name: str) -> NamedSuite:
    """The suite of this name that is made from public files.

    Raises:
        SuiteError: no suite has this name, or it comes with rayzc.
    """
    if name in SHIPPED_SUITES:
        raise SuiteError(
            f"suite {name} comes with rayzc, there is nothing to fetch: use it by --suite {name}"
        )
    if name not in NAMED_SUITES:
        raise SuiteError(f"no suite is named '{name}'; {nearest(name, tuple(NAMED_SUITES))}")
    return NAMED_SUITES[name]


def _file(name: str, architectures: int, git_blob: str, official: str, *copies: str) -> SourceFile:
    """A file by its ids: NASLib's on Google Drive, then its Git history, then copies on Google Drive."""
    first, *others = (f"https://drive.google.com/uc?id={file}" for file in (official, *copies))
    return SourceFile(name, (first, f"{_GITHUB}{name}", *others), architectures, git_blob)


# Numbers of architectures: table 2 of the paper, where those of the two TransNAS-Bench-101 spaces are exchanged.
_ZERO_FILES = (
    _file(
        "zc_nasbench101.json",
        10_000,
        "498cbaec64970a86ad7123deba5de6484ae965af",
        "1Rkse44EWgYdBS34iyhjSs9Y2l0fxPCpU",
        "1uT3tuIDMVaB4U1N8l9imEYHWPOLls3FD",
        "1iWCLW4R7yF4hABWCi04LTsIxzbfJ6kT7",
    ),
    _file(
        "zc_nasbench201.json",
        15_625,
        "b0dd1faab57ab6dcbb6868ff8e6c8889c8801f53",
        "1R7n7GpFHAjUZpPISzbhxH0QjubnvZM5H",
        "1k2EUtVJ4JqoJCnuyJEVgZs6vAmbg6XVB",
        "1uvT92YrmfR4iPYVJw-MgKDAwRahlxMK-",
        "1Zbb_StAGgX6HYHHuoZWPY8PLb0DhDzKY",
    ),
    _file(
        "zc_nasbench301.json",
        11_221,
        "512b28d9671646fc0102395325c93f3ad647ec1e",
        "1RddgmwqjWJ1czGT8gEPB8qqhUHazp92G",
        "11kIyLr7LwFB_fXGDk3ic5yjiYMY5JLXG",
    ),
    _file(
        "zc_transbench101_macro.json",
        3_256,
        "5f5d4d2acf56ad8aeaa6e9e0e243fada2d307aa3",
        "1teH8JcQsamZngUD_DMQyNkCoUYYSTM0M",
        "1nMaa3LjlP1d_umgudX7abKSdDMeoBNb5",
    ),
    _file(
        "zc_transbench101_micro.json",
        4_096,
        "54605443287088fe286f37dde835eaca799a910e",
        "1SBOVAyhLCBTAJiU_fo7hLRknNrGNqFk7",
        "1i8N2n7yflN33xAuQVzlTYM4E7W1Cwn1S",
    ),
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
                (
                    *("epe_nas", "fisher", "flops", "grad_norm", "grasp", "jacov", "l2_norm", "nwot"),
                    *("params", "plain", "snip", "synflow", "zen"),
                ),
            ),
        )
    }
)

SHIPPED_SUITES: Mapping[str, ShippedSuite] = MappingProxyType(
    {suite.name: suite for suite in (ShippedSuite(DEFAULT_SUITE, "small networks on small images"),)}
)
