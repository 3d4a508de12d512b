"""``python -m tests.release dist``: the wheel that a folder has works in a clean environment."""

import sys
import tempfile
from pathlib import Path

from tests.release.installed import check, install

if __name__ == "__main__":
    (wheel,) = Path(sys.argv[1]).glob("rayzc-*.whl")
    with tempfile.TemporaryDirectory() as folder:
        check(install(wheel, Path(folder)), Path(folder))
    print(f"{wheel.name} works in a clean environment")
