"""One family of exceptions: what was wrong, where, and what to do now.

Every error that a user can cause derives from :class:`RayzcError`; the command line prints its message on
one line, without a traceback, and leaves with exit code 2.
"""

__all__ = [
    "ClusterError",
    "FormulaError",
    "ProxyError",
    "RayzcError",
    "RunError",
    "SearchError",
    "SpaceError",
    "SuiteError",
    "TrainingError",
    "counted",
    "first_line",
    "nearest",
]


class RayzcError(Exception):
    """Base class of all errors that a user can fix."""


class SuiteError(RayzcError):
    """A suite or one of its problems cannot be read, or is not fit for use."""


class FormulaError(RayzcError):
    """A formula does not parse, or uses a proxy that does not exist."""


class RunError(RayzcError):
    """A run's folder, configuration or checkpoint cannot be used."""


class ClusterError(RayzcError):
    """A Ray cluster cannot be reached or started, or refuses the connection."""


class SpaceError(RayzcError):
    """An encoding is not an architecture of its search space."""


class ProxyError(RayzcError):
    """A proxy is unknown, or cannot be measured."""


class SearchError(RayzcError):
    """A search cannot be started or continued as asked."""


class TrainingError(RayzcError):
    """A training cannot be started or continued as asked."""


def nearest(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Suggests what a mistyped name was meant to be.

    Args:
        name: what was given.
        known: the names that exist.

    Returns:
        ``"did you mean 'x'?"`` when one is near, else the list of all that exist.
    """
    import difflib

    match = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if match:
        return f"did you mean '{match[0]}'?"
    return "known: " + ", ".join(known)


def first_line(error: BaseException) -> str:
    """The first line of an error's text that is not empty, or the name of its type if there is none."""
    lines = (line.strip() for line in str(error).splitlines())
    return next(filter(None, lines), type(error).__name__)


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """A number and its noun: ``1 problem``, ``2,000 problems``.

    Args:
        count: the number.
        singular: the noun for one.
        plural: the noun for any other number; by default `singular` and an s.
    """
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
