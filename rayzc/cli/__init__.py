"""The command line: one file per command, each importing what it needs only when it is called."""

import re
import sys

__all__ = ["main"]


def main() -> None:
    """Runs ``rayzc``; a user error is one line on standard error and exit code 2."""
    from rayzc.cli.app import app
    from rayzc.errors import RayzcError

    try:
        app(_shielded(sys.argv[1:]))
    except RayzcError as error:
        print(f"rayzc: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _shielded(arguments: list[str]) -> list[str]:
    """The arguments with a blank before each formula such as ``-jacov``, so that it is not taken for an option."""
    if arguments[:1] not in (["score"], ["rank"]):
        return arguments
    return [f" {text}" if re.match(r"-[\w(.]", text) and text != "-h" else text for text in arguments]
