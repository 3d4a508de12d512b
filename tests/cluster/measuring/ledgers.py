"""What the tests of the ledger do with one."""

import zlib

from rayzc.cluster.measuring.ledger import Found, Job, Ledger, Target


def target(name: str, seed: int = 0) -> Target:
    return Target("space", name, "task", seed, "batch")


def scored(job: Job) -> dict[str, float]:
    """What a measurement would give: it follows from target and proxy."""
    what = f"{job.target.architecture} {job.target.seed}"
    return {name: float(zlib.crc32(f"{what} {name}".encode())) for name in job.proxies}


def collect(ledger: Ledger, client: str) -> list[Found]:
    """The client's answers, received."""
    found = ledger.answers(client)
    ledger.confirm(client, [one.number for one in found])
    return found


def taken(ledger: Ledger) -> Job:
    job = ledger.take()
    assert job is not None
    return job
