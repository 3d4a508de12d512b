"""The command line that continues a run which another command line began."""

import argparse
from collections.abc import Sequence

__all__ = ["continued"]


def continued(run: str, arguments: Sequence[str]) -> list[str]:
    """What follows ``rayzc`` to continue a run: ``resume``, and options that a run's folder does not hold.

    Args:
        run: the run's folder.
        arguments: of the command that began the run; others of its options are in the folder.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in ("--workers", "--address", "--export"):
        parser.add_argument(name)
    for names in (("--details",), ("--quiet", "-q"), ("--json",)):
        parser.add_argument(*names, action="store_true")
    known, _ = parser.parse_known_args([text for text in arguments if text != "--"])
    again = ["resume", run]
    for name in ("workers", "address", "export"):
        if getattr(known, name):
            again += [f"--{name}", getattr(known, name)]
    return again + [f"--{name}" for name in ("details", "quiet", "json") if getattr(known, name)]
