"""What can be measured on an untrained network: one file a proxy.

A zero-cost proxy is a number that is read off a network before it is trained, from its weights, one batch of
images and a few passes. A proxy here is a function of the *by-products* of these passes, and says which it needs:

    @proxy(needs="gradients")
    def largest_gradient(measured):
        return max(float(gradient.abs().max()) for gradient in measured.gradients)

From all that is asked for, :func:`measure` plans the fewest passes, runs each once and lets every proxy read its
by-products. :data:`NEEDS` lists what there is to ask for; :class:`ByProducts` tells what each is.
"""

from rayzc.proxies.architectures import measure_architecture
from rayzc.proxies.by_products import ByProducts
from rayzc.proxies.epe_nas import epe_nas
from rayzc.proxies.expressivity import expressivity
from rayzc.proxies.fisher import fisher
from rayzc.proxies.flops import flops
from rayzc.proxies.grad_norm import grad_norm
from rayzc.proxies.grasp import grasp
from rayzc.proxies.jacov import jacov
from rayzc.proxies.l2_norm import l2_norm
from rayzc.proxies.measurement import Measurement, MeasurementWarning, measure, measure_detailed
from rayzc.proxies.meco import meco
from rayzc.proxies.nwot import nwot
from rayzc.proxies.params import params
from rayzc.proxies.plain import plain
from rayzc.proxies.progressivity import progressivity
from rayzc.proxies.registry import NEEDS, UNDEFINED, Proxy, find, proxy, registered, unregister
from rayzc.proxies.snip import snip
from rayzc.proxies.swap import swap
from rayzc.proxies.synflow import synflow
from rayzc.proxies.synflow_bn import synflow_bn
from rayzc.proxies.trainability import trainability
from rayzc.proxies.zen import zen
from rayzc.proxies.zico import zico

__all__ = [
    "NEEDS",
    "UNDEFINED",
    "ByProducts",
    "Measurement",
    "MeasurementWarning",
    "Proxy",
    "epe_nas",
    "expressivity",
    "find",
    "fisher",
    "flops",
    "grad_norm",
    "grasp",
    "jacov",
    "l2_norm",
    "measure",
    "measure_architecture",
    "measure_detailed",
    "meco",
    "nwot",
    "params",
    "plain",
    "progressivity",
    "proxy",
    "registered",
    "snip",
    "swap",
    "synflow",
    "synflow_bn",
    "trainability",
    "unregister",
    "zen",
    "zico",
]
