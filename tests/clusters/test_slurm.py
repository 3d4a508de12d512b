"""The script for Slurm: shellcheck, its arguments as Ray reads them, and what it does among stand-ins.

A real ``ray symmetric-run`` ends with ``ray stop``, which would end the Ray of all other tests.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ray.scripts.scripts import start
from ray.scripts.symmetric_run import curate_and_validate_ray_start_args, symmetric_run

from tests.clusters.files import FOLDER, ROOT, text, tool

SCRIPT = FOLDER / "slurm.sh"
SECONDS = 60

STAND_INS = {
    # Runs what it is given on this machine, whose nodes are one.
    "srun": 'echo "srun $*" >> "$LOG"; while [[ $1 == --* ]]; do shift; done; exec "$@"',
    "scontrol": 'echo "scontrol $*" >> "$LOG"; if [[ $1 == show ]]; then printf "node7\\nnode8\\n"; fi',
    # Runs the command on the head and ends with its status, as Ray's does; it passes on no signal.
    "ray": (
        'echo "ray $*" >> "$LOG"; echo "mode=$RAY_AUTH_MODE" >> "$LOG"; '
        "if [[ $1 == get-auth-token ]]; then echo very-secret; exit; fi; "
        'while [[ $1 != -- ]]; do shift; done; shift; status=0; "$@" || status=$?; exit "$status"'
    ),
    # Stands for rayzc: ends at once, or at a signal, with its status for an interrupted run.
    "python": (
        'echo "python $*" >> "$LOG"; if [[ -n ${STAY:-} ]]; then trap "echo checkpoint >> $LOG; exit 143" TERM; '
        'echo ready >> "$LOG"; for ((i = 0; i < 600; i++)); do sleep 0.1; done; fi; exit "${STATUS:-0}"'
    ),
}


@dataclass
class Slurm:
    """A job's environment, and what the stand-ins were called with."""

    log: Path
    environment: dict[str, str]

    def called(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def submit(self, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(SCRIPT), *arguments],
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[Slurm]:
    bin_folder = tmp_path / "venv" / "bin"
    bin_folder.mkdir(parents=True)
    for name, body in STAND_INS.items():
        (bin_folder / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
        (bin_folder / name).chmod(0o755)
    (bin_folder / "activate").write_text("")
    job = f"{os.getpid()}57"
    yield Slurm(
        tmp_path / "log",
        {
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "LOG": str(tmp_path / "log"),
            "RAYZC_VENV": str(tmp_path / "venv"),
            "SLURM_SUBMIT_DIR": str(ROOT),
            "SLURM_JOB_ID": job,
            "SLURM_JOB_NODELIST": "node[7-8]",
            "SLURM_JOB_NUM_NODES": "2",
            "SLURM_CPUS_ON_NODE": "16",
        },
    )
    shutil.rmtree(folder_of(job), ignore_errors=True)


def folder_of(job: str) -> Path:
    """The folder that the script makes on each node."""
    return Path(f"/tmp/rayzc-{job}")


def test_shellcheck_finds_nothing() -> None:
    checked = subprocess.run(
        [tool("shellcheck"), str(SCRIPT)], capture_output=True, text=True, timeout=60, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_shellcheck_can_find_something(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sh"
    broken.write_text(text("slurm.sh").replace('"${RAY_TMPDIR:?}"', "$RAY_TMPDIR"))
    checked = subprocess.run(
        [tool("shellcheck"), str(broken)], capture_output=True, text=True, timeout=60, check=False
    )
    assert checked.returncode == 1
    assert "SC2086" in checked.stdout


def test_slurm_is_told_what_the_script_relies_on() -> None:
    told = dict(re.findall(r"^#SBATCH --([\w-]+)(?:=(.*))?$", text("slurm.sh"), re.MULTILINE))
    assert set(told) == {
        *("job-name", "nodes", "ntasks-per-node", "exclusive", "time"),
        *("signal", "requeue", "open-mode", "output"),
    }
    assert told["ntasks-per-node"] == "1"
    assert told["signal"] == "B:USR1@180"
    # Slurm stops reading at the first command.
    lines = text("slurm.sh").splitlines()
    first = next(place for place, line in enumerate(lines) if line and not line.startswith("#"))
    assert not any(line.startswith("#SBATCH") for line in lines[first:])


def test_the_job_runs_on_all_nodes_with_options_that_ray_has(slurm: Slurm, tmp_path: Path) -> None:
    job = slurm.submit("discover", "--suite", "a b.parquet", "--out", str(tmp_path / "run"))
    printed, said = job.communicate(timeout=SECONDS)
    assert job.returncode == 0, said
    called = slurm.called()
    port = 20000 + int(slurm.environment["SLURM_JOB_ID"]) % 10000
    address = f"node7:{port}"
    assert [line for line in called if line.startswith("python")] == [
        f"python {ROOT}/jobs/discover.py --suite a b.parquet --out {tmp_path / 'run'} --address {address}"
    ]
    (line,) = [line for line in called if line.startswith("ray symmetric-run")]
    options = shlex.split(line.partition(" -- ")[0])[2:]
    given = symmetric_run.make_context("symmetric-run", [*options], resilient_parsing=True).params
    assert (given["address"], given["min_nodes"]) == (address, 2)
    kept = curate_and_validate_ray_start_args(options)
    assert start.make_context("start", ["--head", *kept]).params["num_cpus"] == 16
    # Clear of the ports of Ray's workers, and of those that the kernel hands out.
    assert 20000 <= port < 30000
    # On all nodes, and tidied up.
    steps = [line for line in called if line.startswith("srun")]
    assert all("--nodes=2 --ntasks-per-node=1" in step for step in steps)
    assert " rm -rf -- /tmp/rayzc-" in steps[-1]
    assert not folder_of(slurm.environment["SLURM_JOB_ID"]).exists()
    # With the token, which is not printed.
    assert "ray get-auth-token --generate" in called
    assert {line for line in called if line.startswith("mode=")} == {"mode=token"}
    assert "very-secret" not in printed + said


def test_a_failure_is_the_jobs_and_is_not_repeated(slurm: Slurm) -> None:
    job = slurm.submit("search", "--out", "/shared/run", STATUS="2")
    job.communicate(timeout=SECONDS)
    assert job.returncode == 2
    assert not [line for line in slurm.called() if line.startswith("scontrol requeue")]


def test_the_head_can_be_named(slurm: Slurm) -> None:
    job = slurm.submit("train", "--out", "/shared/run", RAYZC_HEAD="10.0.0.7")
    assert job.wait(timeout=SECONDS) == 0
    assert any("--address 10.0.0.7:" in line for line in slurm.called())


def test_before_the_time_is_up_the_run_is_stopped_and_put_back(slurm: Slurm) -> None:
    job = slurm.submit("run", "--out", "/shared/run", STAY="yes")
    deadline = time.monotonic() + SECONDS
    while "ready" not in slurm.called():
        assert time.monotonic() < deadline, slurm.called()
        assert job.poll() is None, job.communicate()
        time.sleep(0.05)
    job.send_signal(signal.SIGUSR1)
    _, said = job.communicate(timeout=SECONDS)
    assert job.returncode == 0, said
    called = slurm.called()
    assert called[-1] == f"scontrol requeue {slurm.environment['SLURM_JOB_ID']}"
    assert called.index("ready") < called.index("checkpoint") < len(called) - 1
    assert "back into the queue" in said


@pytest.mark.parametrize("arguments", [(), ("discovr", "--out", "/shared/run")])
def test_a_wrong_command_says_what_to_do(slurm: Slurm, arguments: tuple[str, ...]) -> None:
    job = slurm.submit(*arguments)
    _, said = job.communicate(timeout=SECONDS)
    assert job.returncode != 0
    assert "discover" in said
    assert "sbatch" in said
    assert slurm.called() == []
