"""``python -m rayzc`` is ``rayzc``."""

from rayzc.cli import main

main()
