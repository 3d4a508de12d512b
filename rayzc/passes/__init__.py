"""The passes through a network, and the by-products that proxies read.

One measurement serves many proxies. The proxies say what they need (:class:`ByProducts` is the table of all that can be
needed), :mod:`~rayzc.passes.plan` picks the passes, and a pass leaves *by-products*: gradients, a Jacobian, kernels of
activation codes. Most come from stages of one shared pass (:class:`~rayzc.passes.stages.Stage`), which reduce
activations as soon as they are computed, so that nothing large outlives its pass. The network itself stays unchanged:
passes run on a private copy of its weights and buffers (:class:`Replica`), and whatever else the network's code changes
about itself is restored.
"""

from rayzc.passes.by_products import NEEDS, ByProducts, Need
from rayzc.passes.plan import measure_needs
from rayzc.passes.replica import Replica
from rayzc.passes.results import PassResults
from rayzc.passes.stages import Stage
from rayzc.passes.subject import Subject, subject_of

__all__ = [
    "NEEDS",
    "ByProducts",
    "Need",
    "PassResults",
    "Replica",
    "Stage",
    "Subject",
    "measure_needs",
    "subject_of",
]
