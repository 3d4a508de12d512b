"""How networks are measured."""

from typing import Annotated, ClassVar

from rayzc.errors import ProxyError, RayzcError, SuiteError
from rayzc.options.flat import group, option
from rayzc.options.option import Options
from rayzc.options.shared import BATCH, ImagesOption, ProblemsOption, SeedOption

__all__ = ["FillOptions", "Setup", "ShowOptions"]


class Setup(Options, frozen=True, kw_only=True):
    """How a pool measures: a measurement follows from the request and this, bit for bit."""

    error: ClassVar[type[RayzcError]] = ProxyError

    batch: Annotated[int, option(BATCH, low=1)] = 64
    images: ImagesOption = None
    data: Annotated[str, option("Folder of torchvision's data sets.", hidden=True)] = "data"
    width: Annotated[
        int | None, option("Channels of scaled-down networks.", default="as in the benchmark", low=1)
    ] = None
    depth: Annotated[
        int | None, option("Cells per stage of scaled-down networks.", default="as in the benchmark", low=1)
    ] = None
    as_written: Annotated[
        bool | None,
        option(
            "Measure an architecture with the parts that do not matter for its output, as NAS-Bench-Suite-Zero does, "
            "instead of the canonical form, of which all encodings of a network share one measurement.",
            hidden=True,
        ),
    ] = None
    device: Annotated[
        str | None,
        option(
            "Device of all workers, as last digits differ from device to device.",
            choices=("cpu", "cuda"),
            default="cuda if the cluster has GPUs",
        ),
    ] = None
    time_limit: Annotated[
        float | None,
        option(
            "Time limit for measuring one network; a network that takes longer is reported as failed.",
            above=0,
            duration=True,
            metavar="TIME",
        ),
    ] = 600.0
    cpus: Annotated[
        float,
        option(
            "CPUs that a measuring worker takes of the cluster. It computes in one thread in any case.",
            above=0,
            hidden=True,
        ),
    ] = 1.0
    gpus: Annotated[
        float,
        option(
            "GPUs that a measuring worker takes on cuda; a share also limits its memory.",
            above=0,
            hidden=True,
        ),
    ] = 1.0


class ShowOptions(Options, frozen=True, kw_only=True):
    """What a user's own networks are shown, and where they are measured."""

    error: ClassVar[type[RayzcError]] = ProxyError
    title: ClassVar[str] = "How networks are measured"

    input_shape: Annotated[
        str, option("Shape of an image: channels,height,width.", flag="input", metavar="C,H,W")
    ] = "3,32,32"
    classes: Annotated[int, option("Number of classes.", low=1)] = 10
    images: ImagesOption = None
    batch_size: Annotated[int, option(BATCH, low=1, aliases=("batch",))] = 64
    seed: SeedOption = 0
    device: Annotated[
        str | None, option("Device to measure on: cpu, cuda or cuda:1.", default="a GPU if there is one")
    ] = None


class FillOptions(Options, frozen=True, kw_only=True):
    """What is measured to fill the gaps of a suite."""

    error: ClassVar[type[RayzcError]] = SuiteError
    title: ClassVar[str] = "What to measure"

    proxies: Annotated[
        tuple[str, ...],
        option("Proxies to measure; a proxy of yours as module:name.", metavar="A,B", commas=True),
    ] = ()
    problems: ProblemsOption = ()
    limit: Annotated[
        int | None, option("Most rows of each problem to measure.", low=1, default="all rows with gaps")
    ] = None
    seed: SeedOption = 0
    setup: Annotated[
        Setup,
        group(
            "How networks are measured",
            {"batch": "batch_size", "time_limit": "network_time_limit", "width": None, "depth": None},
            {"batch_size": ("batch",), "network_time_limit": ("time_limit_per_network",)},
        ),
    ] = Setup(batch=32, as_written=True)  # as the tables were measured
