"""The look that all figures share: on screens by the page's CSS variables, on paper by fixed colours."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "ACCENT",
    "HEAT_EDGES",
    "INK",
    "LINE",
    "MUTED",
    "NEGATIVE",
    "POSITIVE",
    "SERIES",
    "heat_level",
    "screen",
]

# Okabe and Ito's palette, darkened where it would be too pale for lines on white.
SERIES = ("#0b62a8", "#c05a00", "#00795b", "#9a4f86", "#6b6b00", "#3a8fc7", "#8c2d04", "#444444")
ACCENT, MUTED, INK, LINE = SERIES[0], "#7b8794", "#1b2430", "#d9dee5"
POSITIVE = ("#f5f6f8", "#dfebf7", "#bcd7ee", "#8dbbe0", "#5596cc", "#1f66a6")
NEGATIVE = ("#f5f6f8", "#fbe9d9", "#f5cda6", "#ebab6f", "#d6813a", "#a8510c")
HEAT_EDGES = (0.1, 0.25, 0.4, 0.55, 0.7)


def heat_level(value: float) -> int:
    """The step of the colour scale of a correlation: 0 for next to nothing, 5 or -5 for the strongest."""
    level = sum(abs(value) >= edge for edge in HEAT_EDGES)
    return level if value >= 0 else -level


def screen(
    data: Sequence[Mapping[str, Any]],
    layers: Sequence[Mapping[str, Any]],
    *,
    height: int,
    **more: Any,
) -> dict[str, Any]:
    """A Vega-Lite specification; the page sets its width and its colours.

    Args:
        data: the rows.
        layers: what is drawn of them.
        height: in pixels.
        more: further keys of the specification.
    """
    return {"data": {"values": list(data)}, "height": height, "layer": list(layers), **more}
