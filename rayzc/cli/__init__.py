"""The command line: one file a command, each importing what it needs only when it is called."""

import sys

__all__ = ["main"]


def main() -> None:
    """Runs ``rayzc``; a mistake of the user's is one line on standard error and exit code 2."""
    from rayzc.cli.app import app
    from rayzc.errors import RayzcError

    try:
        app()
    except RayzcError as error:
        print(f"rayzc: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
