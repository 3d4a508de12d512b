"""Runs on other file systems: the same files and bytes as on this machine, and one process at a time."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import fs

from rayzc.errors import RunError
from rayzc.evolution import Judge, Tables
from rayzc.problems import Suite
from rayzc.runs import (
    OWN_SUITE,
    HallOfFame,
    RunFolder,
    best_formula,
    events,
    lease,
    read_newest,
    stores,
    write_checkpoint,
)
from rayzc.runs.lease import Lease
from rayzc.runs.stores import Store, StorePath
from tests.evolution.samples import settings
from tests.runs.folders import held_elsewhere, refused
from tests.runs.test_checkpoints import bred
from tests.s3 import Server, served
