"""Zero-cost proxies, which are measured on an untrained network; one file for those that read the same.

A zero-cost proxy is a number that is read off a network before it is trained, from its weights, one batch of
images and a few passes. A proxy here is a function of the *by-products* of these passes, and says which it needs:

    @proxy(needs="gradients")
    def largest_gradient(measured):
        return max(float(gradient.abs().max()) for gradient in measured.gradients)

For all proxies together, :func:`measure` plans the fewest passes, runs each once and lets every proxy read its
by-products. :class:`ByProducts` lists what a proxy can need and read, and :data:`NEEDS` is the same table by name.
"""

from rayzc.measurement import Measurement
from rayzc.passes.by_products import NEEDS, ByProducts
from rayzc.proxies.activations import meco, near, nwot, swap
from rayzc.proxies.architectures import measure_architecture
from rayzc.proxies.blocks import expressivity, progressivity, trainability
from rayzc.proxies.gradients import fisher, grad_norm, grasp, plain, snip, zico
from rayzc.proxies.jacobians import epe_nas, jacov
from rayzc.proxies.knowledge import vkdnw
from rayzc.proxies.measurement import MeasurementWarning, measure, measure_detailed
from rayzc.proxies.other_weights import synflow, synflow_bn, zen
from rayzc.proxies.registry import UNDEFINED, Proxy, find, proxy, register, registered, unregister
from rayzc.proxies.size import flops, l2_norm, macs, params
from rayzc.proxies.structure import (
    conv1x1_share,
    conv3x3_share,
    layers,
    log_paths,
    longest_path,
    mean_path,
    mean_resolution,
    mean_width,
    pooling_share,
    reached_layers,
    shortest_path,
    skip_share,
)

__all__ = [
    "NEEDS",
    "UNDEFINED",
    "ByProducts",
    "Measurement",
    "MeasurementWarning",
    "Proxy",
    "conv1x1_share",
    "conv3x3_share",
    "epe_nas",
    "expressivity",
    "find",
    "fisher",
    "flops",
    "grad_norm",
    "grasp",
    "jacov",
    "l2_norm",
    "layers",
    "log_paths",
    "longest_path",
    "macs",
    "mean_path",
    "mean_resolution",
    "mean_width",
    "measure",
    "measure_architecture",
    "measure_detailed",
    "meco",
    "near",
    "nwot",
    "params",
    "plain",
    "pooling_share",
    "progressivity",
    "proxy",
    "reached_layers",
    "register",
    "registered",
    "shortest_path",
    "skip_share",
    "snip",
    "swap",
    "synflow",
    "synflow_bn",
    "trainability",
    "unregister",
    "vkdnw",
    "zen",
    "zico",
]
