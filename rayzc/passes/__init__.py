"""The passes through a network, and what they leave for the proxies to read.

One measurement serves many proxies. The proxies say what they need, :mod:`~rayzc.passes.plan` picks
the passes, and a pass leaves *by-products*: gradients, a Jacobian, kernels of activation codes. Activations
are reduced while they go by (recorders), so that nothing large outlives its pass. The network itself is only
looked at: passes run on a private copy of its weights and buffers (:class:`Replica`), and whatever else the
network's code changes about itself is put back.
"""

from rayzc.passes.plan import Outcome, measure_needs
from rayzc.passes.replica import Replica
from rayzc.passes.subject import Subject, subject_of

__all__ = ["Outcome", "Replica", "Subject", "measure_needs", "subject_of"]
