"""Whose turn it is: workers are shared out by the time that each has had of them, not by the number of networks."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Accounts"]


@dataclass(eq=False, slots=True)
class _Account:
    """An owner's part of the workers: jobs under way, and seconds had."""

    running: int = 0
    seconds: float = 0.0


class Accounts:
    """What each owner has had of the workers.

    First comes who has the fewest jobs under way, then who has had the least time: so the slow networks of one owner
    take its own part of the workers and hold up nobody else's.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}

    def join(self, owner: str, active: Iterable[str]) -> None:
        """An owner begins to ask, or asks again; it has no claim on time that is gone.

        Args:
            owner: who.
            active: those who wait for something now.
        """
        least = min((self._accounts[one].seconds for one in active), default=0.0)
        account = self._accounts.setdefault(owner, _Account())
        account.seconds = max(account.seconds, least)

    def turn(self, owner: str) -> tuple[int, float]:
        """Sorts owners: the first is next."""
        account = self._accounts[owner]
        return account.running, account.seconds

    def begin(self, owner: str) -> None:
        """A worker has a job of the owner's."""
        self._accounts[owner].running += 1

    def end(self, owner: str, seconds: float) -> None:
        """It has it no longer, after so many seconds."""
        self._accounts[owner].running -= 1
        self._accounts[owner].seconds += seconds
