"""A specification of twenty networks."""

from pathlib import Path

SPEC = Path(__file__).with_name("small.toml")
