"""Contract tests for what you add to rayzc: functions to call from your own tests.

Each takes an extension, tries it on small, unusual and random input, and raises an AssertionError that names the fault.
rayzc's own tests call the same functions over its registries::

    from rayzc.testing import check_proxy

    def test_my_proxy():
        check_proxy(my_proxy)
"""

from rayzc.testing.breeding import check_objective, check_primitive, check_topology
from rayzc.testing.proxies import check_proxy, small_networks, unchanged
from rayzc.testing.spaces import check_space

__all__ = [
    "check_objective",
    "check_primitive",
    "check_proxy",
    "check_space",
    "check_topology",
    "small_networks",
    "unchanged",
]
