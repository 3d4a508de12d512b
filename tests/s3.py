"""An S3 server of our own, for tests of what is kept elsewhere."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

BUCKET = "runs"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}
SERVER = """
import threading
import boto3
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
client.create_bucket(Bucket="runs")
client.put_object(Bucket="runs", Key="ready", Body=b"")
client.list_objects_v2(Bucket="runs")
print(f"at {host}:{port}", flush=True)
threading.Event().wait()
"""


@dataclass(frozen=True)
class Server:
    """The server: a process of its own, as its work must not wait for the test's.

    Attributes:
        process: the process.
        endpoint: host and port.
    """

    process: subprocess.Popen[str]
    endpoint: str

    def uri(self, path: str, user: str = "") -> str:
        """The URI of a file or folder in the bucket."""
        return f"s3://{user}{BUCKET}/{path}?endpoint_override={self.endpoint}&scheme=http&region=us-east-1"

    def kill(self) -> None:
        """Ends it, as if it had never been."""
        self.process.kill()
        self.process.wait(30)

    def pause(self) -> None:
        """From now on it accepts connections and never answers."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Ends a pause."""
        os.kill(self.process.pid, signal.SIGCONT)


@contextmanager
def served() -> Iterator[Server]:
    """A server with a bucket; processes that are started meanwhile have its credentials in their environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None
            ready = re.fullmatch(r"at (\S+)\n", process.stdout.readline())
            assert ready is not None, "the server did not start"
            yield Server(process, ready[1])
        finally:
            process.kill()
            process.wait(30)
            if process.stdout:
                process.stdout.close()
