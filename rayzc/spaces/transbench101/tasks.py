"""The tasks of TransNAS-Bench-101 with a linear head, on Taskonomy images.

Both spaces share them; ``room_layout`` is a regression. The suite measured 256-pixel images, and for ``jigsaw`` nine
tiles of 64 pixels; the recorded ``flops`` say so.
"""

from types import MappingProxyType

from rayzc.spaces.space import Task

__all__ = ["TASKS"]

TASKS = MappingProxyType(
    {
        "class_scene": Task(63, 256),
        "class_object": Task(100, 256),
        "jigsaw": Task(1000, 64, patches=9),
        "room_layout": Task(9, 256),
    }
)
