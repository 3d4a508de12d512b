"""Commands in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rayzc.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Runs ``rayzc`` with arguments in a folder of its own; a traceback fails the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAYZC_DATA", str(tmp_path / "data"))

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr("sys.argv", ["rayzc", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return Ended(int(left.value.code or 0), captured.out, captured.err)

    return run
