"""Jobs on a cluster, by Ray's job server: what is uploaded, submitted, followed, and fetched.

Nothing here needs a connection to Ray itself, so the machine that submits may have other versions of Ray and Python
than the cluster, and may be far away from it.
"""

from rayzc.cluster.submission.client import JobRecord, Server, connect
from rayzc.cluster.submission.following import follow, waited
from rayzc.cluster.submission.inputs import Input
from rayzc.cluster.submission.results import check_target, fetch
from rayzc.cluster.submission.submitting import Submission, automatic_name, latest, start

__all__ = [
    "Input",
    "JobRecord",
    "Server",
    "Submission",
    "automatic_name",
    "check_target",
    "connect",
    "fetch",
    "follow",
    "latest",
    "start",
    "waited",
]
