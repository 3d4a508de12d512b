"""How networks are measured."""

from typing import Annotated, ClassVar

from rayzc.errors import ProxyError, RayzcError, SuiteError
from rayzc.options.flat import group, option
from rayzc.options.option import Options
from rayzc.options.shared import BATCH, DepthOption, ImagesOption, ProblemsOption, SeedOption, WidthOption

__all__ = ["BuildOptions", "FillOptions", "Setup", "ShowOptions"]


class Setup(Options, frozen=True, kw_only=True):
    """How a pool measures. The request and this setup determine a measurement, bit for bit."""

    error: ClassVar[type[RayzcError]] = ProxyError

    batch: Annotated[int, option(BATCH, low=1)] = 64
    images: ImagesOption = None
    data: Annotated[str, option("Folder of torchvision's data sets.", hidden=True)] = "data"
    width: WidthOption = None
    depth: DepthOption = None
    as_written: Annotated[
        bool | None,
        option(
            "Measure architectures as encoded, with parts that do not affect the output, as NAS-Bench-Suite-Zero "
            "does. Otherwise the canonical form is measured, once for all encodings of a network.",
            hidden=True,
        ),
    ] = None
    device: Annotated[
        str | None,
        option(
            "Device that all workers measure on.",
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
            "Number of CPUs that a measuring worker reserves. It computes in one thread in any case.",
            above=0,
            hidden=True,
        ),
    ] = 1.0
    gpus: Annotated[
        float,
        option(
            "Number of GPUs that a measuring worker reserves on cuda; a fraction also limits its GPU memory.",
            above=0,
            hidden=True,
        ),
    ] = 1.0


class ShowOptions(Options, frozen=True, kw_only=True):
    """How a user's own networks are measured: on which images and which device."""

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


class BuildOptions(Options, frozen=True, kw_only=True):
    """Where the networks of a suite that is built are trained and measured."""

    error: ClassVar[type[RayzcError]] = SuiteError
    title: ClassVar[str] = "How networks are measured"

    setup: Annotated[
        Setup,
        group(
            "How networks are measured",
            # The specification has these.
            {
                "batch": "batch_size",
                "time_limit": "network_time_limit",
                "width": None,
                "depth": None,
                "images": None,
            },
        ),
    ] = Setup()


class FillOptions(Options, frozen=True, kw_only=True):
    """Which missing scores of a suite are measured, and how."""

    error: ClassVar[type[RayzcError]] = SuiteError
    title: ClassVar[str] = "What to measure"

    proxies: Annotated[
        tuple[str, ...],
        option("Proxies to measure, by name; your own as module:name.", metavar="A,B", commas=True),
    ] = ()
    problems: ProblemsOption = ()
    limit: Annotated[
        int | None,
        option("Maximum number of rows to measure for each problem.", low=1, default="all rows with gaps"),
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
