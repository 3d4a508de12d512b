"""Options of all kinds, and a function that takes them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from rayzc.errors import ProxyError, RayzcError, RunError
from rayzc.options import Options, group, option, takes


class Oven(Options, frozen=True, kw_only=True):
    """A nested class."""

    error: ClassVar[type[RayzcError]] = ProxyError

    heat: Annotated[float, option("Degrees.", above=0, aliases=("temperature",))] = 180.0
    rack: Annotated[str, option("Where.", choices=("top", "middle"))] = "middle"


class Cake(Options, frozen=True, kw_only=True):
    """A class with all kinds of options."""

    earlier: ClassVar[dict[str, Any]] = {"layers": 1}

    eggs: Annotated[int, option("Eggs.", low=1, high=12)] = 3
    layers: Annotated[int, option("Layers.", low=1)] = 2
    sugar: Annotated[float | None, option("Share of sugar.")] = None
    fruit: Annotated[tuple[str, ...], option("Fruit.")] = ()
    place: Annotated[Path | None, option("Where it is kept.")] = None
    iced: Annotated[bool, option("With icing.")] = False
    oven: Annotated[Oven, group("The oven", {"rack": "oven_rack"})] = Oven()


@takes(cake=Cake)
def bake(guests: int, *, cake: Cake, listen: Callable[[], None] | None = None) -> tuple[int, Cake]:
    """Bakes a cake."""
    return guests, cake


def refused(message: str, kind: type[RayzcError] = RunError) -> "pytest.RaisesExc[RayzcError]":
    return pytest.raises(kind, match=f"^{re.escape(message)}$")
