"""The search spaces' networks as torch modules, one file a space.

This package imports torch and is itself imported only when a network is built: sampling, mutation and canonical
forms work without it. All networks are a :class:`Network`, with ``forward``, ``forward_features`` and
``forward_head`` as in timm.
"""

from rayzc.spaces.networks.blocks import Network
from rayzc.spaces.networks.nasbench101 import NasBench101Network
from rayzc.spaces.networks.nasbench201 import NasBench201Network
from rayzc.spaces.networks.nasbench301 import NasBench301Network
from rayzc.spaces.networks.transbench101 import TransBench101MacroNetwork, TransBench101MicroNetwork

__all__ = [
    "NasBench101Network",
    "NasBench201Network",
    "NasBench301Network",
    "Network",
    "TransBench101MacroNetwork",
    "TransBench101MicroNetwork",
]
