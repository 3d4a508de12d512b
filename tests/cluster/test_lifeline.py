"""The last word, in processes of their own whose daemon is a socket: what they say, and their exit codes."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, socket, sys, time
from types import SimpleNamespace
from rayzc.cluster import lifeline
from rayzc.cluster.interrupts import Interrupts

daemon = socket.create_server(("127.0.0.1", 0))
context = SimpleNamespace(
    gcs_address="127.0.0.1:%d" % daemon.getsockname()[1], get_node_id=lambda: "here"
)
lifeline._ray = SimpleNamespace(get_runtime_context=lambda: context, nodes=lambda: [])
lifeline._SECONDS_TO_CONCLUDE = 1.0
with lifeline.Lifeline("rayzc resume run", local={local}), Interrupts():
    {what}
print("went on")
"""
LOSS = "daemon.close(); time.sleep(60)"
TERMINATION = "os.kill(os.getpid(), signal.SIGTERM); time.sleep({seconds})"


def ended(what: str, local: bool = True) -> tuple[int, str, str]:
    """Exit code, output and errors of a process to which something happens."""
    program = PROGRAM.format(what=what, local=local)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def test_a_local_ray_is_lost() -> None:
    line = "rayzc: Ray on this machine was lost, and what was not kept with it: rayzc resume run\n"
    assert ended(LOSS) == (2, "", line)


STARTED_AGAIN = """sys.argv[:] = {argv}
    os.environ.update({environment})
    os.execve = lambda program, arguments, environment: (print(*arguments[1:], flush=True), os._exit(0))
    {loss}"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("discover --out run --epochs 9 --workers 2 -q", "resume run --workers 2 --quiet"),
        ("search -x --json --export nets -- ", "resume run --export nets --json"),
        ("resume run --time-limit 9m --code mine", "resume run --time-limit 9m --code mine"),
    ],
)
def test_the_command_line_continues_by_itself(given: str, expected: str) -> None:
    argv = ["/usr/bin/rayzc", *given.split()]
    code, output, errors = ended(STARTED_AGAIN.format(argv=argv, environment={}, loss=LOSS))
    assert (code, output) == (0, f"-m rayzc {expected}\n")
    assert errors == f"rayzc: Ray on this machine was lost, and is started again: rayzc {expected}\n"


def test_it_does_not_for_ever() -> None:
    argv = ["/usr/bin/rayzc", "discover"]
    often = STARTED_AGAIN.format(argv=argv, environment={"RAYZC_STARTED_AGAIN": "3"}, loss=LOSS)
    code, output, errors = ended(often)
    assert (code, output) == (2, "")
    assert errors.endswith("what was not kept with it: rayzc resume run\n")


def test_nor_for_a_cluster() -> None:
    argv = ["/usr/bin/rayzc", "discover"]
    program = STARTED_AGAIN.format(
        argv=argv, environment={}, loss="lifeline._PATIENCE_ELSEWHERE = 0.1; " + LOSS
    )
    assert ended(program, local=False)[0] == 2


def test_an_error_that_follows_from_the_loss() -> None:
    code, _, errors = ended("daemon.close(); raise RuntimeError('from Ray')")
    assert code == 2
    assert errors.endswith("rayzc resume run\n")
    assert "Traceback" not in errors


def test_other_errors_are_left_alone() -> None:
    code, _, errors = ended("raise RuntimeError('of a user')")
    assert code == 1
    assert errors.endswith("RuntimeError: of a user\n")


def test_all_processes_are_terminated() -> None:
    line = "interrupted by SIGTERM; to continue: rayzc resume run\n"
    assert ended(f"daemon.close(); {TERMINATION.format(seconds=60)}", local=False) == (143, "", line)


@pytest.mark.parametrize(("seconds", "code", "output"), [(0.1, 0, "went on\n"), (60, 143, "")])
def test_a_run_that_ends_soon_after_sigterm_or_not(seconds: float, code: int, output: str) -> None:
    found = ended(TERMINATION.format(seconds=seconds))
    assert found[:2] == (code, output)
    assert found[2] == ("" if not code else "interrupted by SIGTERM; to continue: rayzc resume run\n")
