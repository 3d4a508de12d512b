"""How networks are written down, one file per search space.

Benchmarks name a network by a short text of numbers, its *encoding*: ``(4, 3, 3, 3, 2, 3)`` says which
operation sits on each edge of a NAS-Bench-201 cell. This package reads and writes these texts, says what is
wrong with a bad one, and knows when two texts describe one network: :meth:`Encoding.key` gives one text for
all of them. It is plain Python, so that suites of problems can be grouped by network without building one;
``rayzc.spaces`` builds, samples and mutates networks on top of it.

A new search space is one file with an :class:`Encoding` and its line in :data:`ENCODINGS`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from rayzc.encodings.encoding import Encoding, Value
from rayzc.encodings.nasbench101 import NASBENCH101, Graph
from rayzc.encodings.nasbench201 import NASBENCH201
from rayzc.encodings.nasbench301 import NASBENCH301
from rayzc.encodings.transbench101_macro import TRANSBENCH101_MACRO
from rayzc.encodings.transbench101_micro import TRANSBENCH101_MICRO

__all__ = [
    "ENCODINGS",
    "NASBENCH101",
    "NASBENCH201",
    "NASBENCH301",
    "TRANSBENCH101_MACRO",
    "TRANSBENCH101_MICRO",
    "Encoding",
    "Graph",
    "Value",
]

ENCODINGS: Mapping[str, Encoding] = MappingProxyType(
    {
        encoding.space: encoding
        for encoding in (NASBENCH101, NASBENCH201, NASBENCH301, TRANSBENCH101_MICRO, TRANSBENCH101_MACRO)
    }
)
