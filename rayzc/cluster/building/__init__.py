"""Builds suites: trains the networks of a specification for real, and measures all proxies on them."""

from rayzc.cluster.building.building import Building, Built, build_suite

__all__ = ["Building", "Built", "build_suite"]
