"""Files of the size of the public NAS-Bench-Suite-Zero, and the time it takes to read them.

`write_suite_files` makes five files: about 45,000 architectures, 1.55 million scores. Run as a module it writes
them, reads them in a process of its own, and prints a JSON line with seconds and peak memory.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path

import numpy as np

from rayzc.errors import SpaceError
from rayzc.spaces import SPACES

PROXIES = (
    *("epe_nas", "fisher", "flops", "grad_norm", "grasp", "jacov", "l2_norm", "nwot", "params", "plain"),
    *("snip", "synflow", "zen"),
)
_TRANSBENCH_TASKS = (
    *("autoencoder", "class_object", "class_scene", "jigsaw", "normal", "room_layout", "segmentsemantic"),
)
TASKS = {
    "nasbench101": ("cifar10",),
    "nasbench201": ("cifar10", "cifar100", "ImageNet16-120"),
    "nasbench301": ("cifar10",),
    "transbench101_micro": _TRANSBENCH_TASKS,
    "transbench101_macro": _TRANSBENCH_TASKS,
}
ARCHITECTURES = {
    "nasbench101": 10_000,
    "nasbench201": 15_625,
    "nasbench301": 11_221,
    "transbench101_micro": 4_096,
    "transbench101_macro": 3_256,
}


def nasbench101(rng: np.random.Generator) -> Iterator[str]:
    """Random graphs of seven vertices with at most nine edges."""
    upper = np.triu_indices(7, 1)
    while True:
        matrix = np.zeros((7, 7), dtype=int)
        chosen = rng.choice(21, size=9, replace=False)
        matrix[upper[0][chosen], upper[1][chosen]] = 1
        operations = [0, *rng.integers(2, 5, size=5).tolist(), 1]
        text = str(tuple(matrix.ravel().tolist() + operations))
        try:
            SPACES["nasbench101"].parse(text)
        except SpaceError:
            continue
        yield text


def nasbench301(rng: np.random.Generator) -> Iterator[str]:
    """Random cells."""
    while True:
        cells = []
        for _ in range(2):
            cell = []
            for node in range(4):
                states = rng.choice(node + 2, size=2, replace=False).tolist()
                cell += list(zip(states, rng.integers(0, 7, size=2).tolist(), strict=True))
            cells.append(cell)
        yield str(cells)


def macro(rng: np.random.Generator) -> Iterator[str]:
    """All module sequences of the space, padded with zeros to six."""
    for length in (4, 5, 6):
        for modules in product((1, 2, 3, 4), repeat=length):
            text = str(modules + (0,) * (6 - length))
            try:
                SPACES["transbench101_macro"].parse(text)
            except SpaceError:
                continue
            yield text


SAMPLERS: dict[str, Callable[[np.random.Generator], Iterator[str]]] = {
    "nasbench101": nasbench101,
    "nasbench201": lambda rng: (str(cell) for cell in product(range(5), repeat=6)),
    "nasbench301": nasbench301,
    "transbench101_micro": lambda rng: (str(cell) for cell in product(range(4), repeat=6)),
    "transbench101_macro": macro,
}


def write_suite_files(folder: Path, scale: float = 1.0, seed: int = 0) -> int:
    """Writes the five files with this share of the architectures, and returns the number of scores."""
    scores = 0
    for space, tasks in TASKS.items():
        rng = np.random.default_rng(seed)
        wanted = math.ceil(ARCHITECTURES[space] * scale)
        architectures = list(islice(dict.fromkeys(islice(SAMPLERS[space](rng), 2 * wanted)), wanted))
        assert len(architectures) == wanted
        with (folder / f"zc_{space}.json").open("w") as file:
            for i, task in enumerate(tasks):
                file.write(f'{", " if i else "{"}"{task}": ')
                for j, architecture in enumerate(architectures):
                    values = np.abs(rng.normal(size=len(PROXIES)) * 100) + 1
                    times = rng.random(len(PROXIES))
                    entry: dict[str, object] = {"idx": str(j), "arch": architecture}
                    for proxy, value, time in zip(PROXIES, values.tolist(), times.tolist(), strict=True):
                        entry[proxy] = {"score": value, "time": time}
                    # That of room_layout is a negated loss.
                    entry["val_accuracy"] = float(rng.random() * (-3 if task == "room_layout" else 100))
                    file.write(f"{', ' if j else '{'}{json.dumps(architecture)}: {json.dumps(entry)}")
                    scores += len(PROXIES)
                file.write("}")
            file.write("}")
    return scores


_READ = """
import json, pathlib, resource, sys, time
start = time.perf_counter()
from rayzc.problems import load_suite, write_suite
suite = load_suite(sys.argv[1])
json_seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
status = pathlib.Path("/proc/self/status")
if status.exists():  # of this program alone: ru_maxrss counts the process from which it was forked
    peak = 1024 * int(status.read_text().partition("VmHWM:")[2].split()[0])
write_suite(suite, sys.argv[2])
start = time.perf_counter()
load_suite(sys.argv[2])
print(json.dumps({
    "seconds": round(json_seconds, 2),
    "peak_rss_gb": round(peak / 1e9, 3),
    "problems": len(suite),
    "scores": sum(int((problem.scores == problem.scores).sum()) for problem in suite.problems),
    "parquet_seconds": round(time.perf_counter() - start, 3),
}))
"""


def measure(folder: Path) -> dict[str, float]:
    """Reads the files in a process of its own: seconds, peak memory in GB, problems, scores."""
    command = [sys.executable, "-c", _READ, str(folder), str(folder / "suite.parquet")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def main() -> None:
    """Prints the figures as a JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full public size")
    parser.add_argument("--folder", type=Path, help="keep the files here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        scores = write_suite_files(folder, arguments.scale)
        megabytes = sum(file.stat().st_size for file in folder.glob("zc_*.json")) / 1e6
        figures = measure(folder)
        assert figures["scores"] == scores
        print(json.dumps({"benchmark": "read_suite_json", **figures, "megabytes": round(megabytes, 1)}))


if __name__ == "__main__":
    main()
