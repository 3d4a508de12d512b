"""``make gpu``: what cannot be checked without a GPU, in under eight minutes, with a table at the end.

It needs neither pytest nor, for most parts, Ray. Arguments choose parts by name. ``--device cpu`` executes the parts
on the CPU, on fewer networks, to see that they run.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

import torch

from tests.gpu.parts import PARTS, Machine
from tests.gpu.table import Row, Skip, printed

SECONDS = 460.0


def rows(names: Sequence[str], machine: Machine) -> Iterator[Row]:
    """Runs parts, and yields their rows; a part that cannot run gives a row that says why."""
    for name in names:
        part = PARTS[name]
        if machine.device == "cuda" and not torch.cuda.is_available():
            yield Row(name, "", "no GPU: torch sees no CUDA device", "skipped")
        elif machine.seconds_left < part.seconds:
            left = max(0.0, machine.seconds_left)
            yield Row(name, "", f"{left:.0f} s are left, and it takes up to {part.seconds:.0f} s", "skipped")
        else:
            try:
                yield from part.run(machine)
            except Skip as reason:
                yield Row(name, "", str(reason), "skipped")
            except Exception as error:
                reason = (str(error).splitlines() or [""])[0].replace("|", "/")
                yield Row(name, "", f"{type(error).__name__}: {reason}", "FAILED")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the parts; 1 if a check failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.gpu", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)} (all)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="device (%(default)s)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time for all parts (%(default)g)")
    options = parser.parse_args(arguments)
    for name in options.parts:
        if name not in PARTS:
            parser.error(f"no part is named '{name}'; known: {', '.join(PARTS)}")
    begun = time.monotonic()
    machine = Machine(options.device, begun + options.seconds)
    found: list[Row] = []
    for row in rows(options.parts or tuple(PARTS), machine):
        found.append(row)
        print(
            f"{time.monotonic() - begun:6.1f} s  {row.part}: {row.what} {row.found} {row.state}", flush=True
        )
    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU"
    print(f"\ntorch {torch.__version__}, {device}, {time.monotonic() - begun:.0f} s\n\n{printed(found)}")
    return int(any(row.state == "FAILED" for row in found))


if __name__ == "__main__":
    sys.exit(main())
