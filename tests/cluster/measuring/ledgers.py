"""Steps that the tests of the ledger share."""

import zlib

from rayzc.cluster.measuring.ledger import Job, Ledger, Target
from rayzc.measurement import Measurement


def target(name: str, seed: int = 0) -> Target:
    return Target("space", name, "task", seed, "batch")


def scored(job: Job, seconds: float = 1.0) -> Measurement:
    """A measurement of the job; the scores follow from target and proxy."""
    what = f"{job.target.architecture} {job.target.seed}"
    scores = {name: float(zlib.crc32(f"{what} {name}".encode())) for name in job.proxies}
    return Measurement(scores, seconds=seconds)


def collect(ledger: Ledger, client: str) -> list[tuple[int, Measurement]]:
    """The client's answers, confirmed."""
    answers = ledger.answers(client)
    ledger.confirm(client, [number for number, _ in answers])
    return answers


def taken(ledger: Ledger) -> Job:
    job = ledger.take()
    assert job is not None
    return job
