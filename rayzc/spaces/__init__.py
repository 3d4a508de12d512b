"""Search spaces: encode, sample, mutate and cross over architectures, and build them as torch modules.

A search space is a set of architectures behind one interface, :class:`SearchSpace`: it reads and writes the
suite's encodings, knows an architecture's neighbours, draws, mutates and crosses architectures, goes through all of
them, and builds each as the very network that the benchmark measured; :func:`export_network` writes a network as a
Python module that needs torch alone. An architecture is a parsed encoding, a tuple; torch is imported only when a
network is built. A new space is a folder with its encoding, its moves and its networks, and an entry in
:data:`SPACES`; :func:`rayzc.testing.check_space` tests whether it keeps the contract.
"""

from rayzc.spaces.choice_tree import Repeat, When
from rayzc.spaces.choices import Choices, space
from rayzc.spaces.drawing import Drawing, Edge
from rayzc.spaces.exporting import export_network
from rayzc.spaces.nasbench101.space import NasBench101
from rayzc.spaces.nasbench201.space import NasBench201
from rayzc.spaces.nasbench301.space import NasBench301
from rayzc.spaces.registry import SPACES, build, find_space, register_spaces, search_space, user_spaces
from rayzc.spaces.space import SearchSpace, Task
from rayzc.spaces.transbench101.macro import TransBench101Macro
from rayzc.spaces.transbench101.micro import TransBench101Micro

__all__ = [
    "SPACES",
    "Choices",
    "Drawing",
    "Edge",
    "NasBench101",
    "NasBench201",
    "NasBench301",
    "Repeat",
    "SearchSpace",
    "Task",
    "TransBench101Macro",
    "TransBench101Micro",
    "When",
    "build",
    "export_network",
    "find_space",
    "register_spaces",
    "search_space",
    "space",
    "user_spaces",
]
