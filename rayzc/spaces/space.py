"""The interface of a search space: everything that can be done with its architectures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

import numpy as np

from rayzc.errors import SpaceError, nearest
from rayzc.spaces.drawing import Drawing
from rayzc.spaces.encoding import Encoding, Value

if TYPE_CHECKING:
    from rayzc.spaces.blocks import Network

__all__ = ["SearchSpace", "Task"]


@dataclass(frozen=True, slots=True)
class Task:
    """A task that networks of a space are trained for.

    Attributes:
        classes: number of outputs of the classifier.
        input_size: height and width of an image in pixels.
        patches: number of image patches that make one input, 1 for ordinary images.
    """

    classes: int
    input_size: int
    patches: int = 1

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input: ``(3, height, width)``, or ``(patches, 3, height, width)``."""
        image = (3, self.input_size, self.input_size)
        return image if self.patches == 1 else (self.patches, *image)


@runtime_checkable
class SearchSpace(Protocol):
    """A set of architectures, and what a search needs to move in it.

    An *architecture* is a parsed encoding (:data:`rayzc.spaces.encoding.Value`), immutable and hashable. The space's
    *elements* are the architectures that :meth:`enumerate` yields, `size` of them, each once: all encodings in
    general, one for each graph in NAS-Bench-101. :meth:`sample`, :meth:`neighbours`, :meth:`mutate` and
    :meth:`cross_over` return elements. Where two elements are the same network (they differ
    in an unreachable edge, say), the benchmarks still list both; their :meth:`key` is the same.

    Only :meth:`recipe`, and with it :meth:`build`, imports torch.

    Attributes:
        name: name of the space, ``nasbench201``.
        encoding: how its architectures are written.
        size: number of elements.
        tasks: by name, the tasks on which the suite measured its networks.
        width: channels of the original network, the default of :meth:`build`.
        depth: repeats of the original network's cells, the default of :meth:`build`.
        width_unit: a network's width is a multiple of this.
        side_unit: an image's height and width are a multiple of this.
    """

    name: str
    encoding: Encoding
    size: int
    tasks: Mapping[str, Task]
    width: int
    depth: int
    width_unit: int
    side_unit: int

    def parse(self, text: str) -> Value:
        """Reads the suite's encoding.

        Raises:
            SpaceError: the text is not an architecture of this space.
        """
        return self.encoding.parse(text)

    def format(self, architecture: Value) -> str:
        """Writes the suite's encoding; the inverse of :meth:`parse`."""
        return self.encoding.format(architecture)

    def validate(self, architecture: Value) -> None:
        """Checks an architecture.

        Raises:
            SpaceError: it is not an architecture of this space; the message says what is wrong and where.
        """
        self.encoding.check(architecture)

    def canonical(self, architecture: Value) -> Value:
        """The architecture that stands for all that are the same network."""
        return self.encoding.canonical(architecture)

    def key(self, architecture: Value) -> str:
        """The encoding of :meth:`canonical`: one text for all architectures that are the same network."""
        return self.encoding.format(self.encoding.canonical(architecture))

    def parts(self, architecture: Value) -> Counter[Hashable]:
        """Counts the parts that the architecture's network is made of, the same for all of its encodings.

        Two networks are as far apart as the number of parts that only one of them has. By default a part is an
        operation code at its place.
        """
        return Counter(enumerate(self.canonical(architecture)))

    def sample(self, rng: np.random.Generator) -> Value:
        """Draws an element, each with the same probability, exactly ``1 / size``."""
        ...

    def neighbours(self, architecture: Value) -> tuple[Value, ...]:
        """All elements one edit away, each once, without the architecture itself, always in the same order.

        Being neighbours is mutual, and every element is reached from every other by way of neighbours.

        Raises:
            SpaceError: the architecture is not one of this space.
        """
        ...

    def mutate(self, architecture: Value, rng: np.random.Generator) -> Value:
        """Draws one of :meth:`neighbours`, each with the same probability."""
        choices = self.neighbours(architecture)
        return choices[int(rng.integers(len(choices)))]

    def cross_over(self, first: Value, second: Value, rng: np.random.Generator) -> Value:
        """Draws an element that takes each of its parts from one of two parents."""
        ...

    def enumerate(self) -> Iterator[Value]:
        """Goes through all elements lazily, always in the same order."""
        ...

    def describe(self, architecture: Value) -> str:
        """The architecture on one line, in the words of its benchmark."""
        ...

    def draw(self, architecture: Value) -> tuple[Drawing, ...]:
        """The architecture's cells as graphs with labelled nodes and edges."""
        ...

    def recipe(self, architecture: Value) -> tuple[type[Network], Value]:
        """The network's class, and the arguments that say which architecture it is; imports torch.

        The class takes them first, then ``classes``, ``width``, ``depth`` and ``patches`` of :meth:`build`.

        Raises:
            SpaceError: the architecture is not one of this space.
        """
        ...

    def build(
        self,
        architecture: Value,
        classes: int = 10,
        input_size: int | None = None,
        *,
        width: int | None = None,
        depth: int | None = None,
        patches: int = 1,
    ) -> Network:
        """Builds the architecture as an untrained torch module in train mode.

        It maps images ``(batch, 3, input_size, input_size)`` to logits ``(batch, classes)``; its
        ``forward_features`` returns the features before pooling. It is exactly what the encoding says: parts that
        do not matter for the output are built, too, as the suite's measurements contain them. Weights come from
        torch's global random state.

        Args:
            architecture: what to build.
            classes: number of outputs.
            input_size: height and width of the images in pixels; by default those of the space's first task.
            width: channels, for a scaled-down network; by default the original's.
            depth: repeats of the cells, for a scaled-down network; by default the original's.
            patches: number of patches that make one input, see :class:`Task`.

        Raises:
            SpaceError: the architecture is not one of this space, or a size is impossible.
        """
        self.validate(architecture)
        side = next(iter(self.tasks.values())).input_size if input_size is None else input_size
        width = self.width if width is None else width
        depth = self.depth if depth is None else depth
        self._require("classes", classes, 1)
        self._require("input size", side, self.side_unit)
        self._require("width", width, self.width_unit)
        self._require("depth", depth, 1)
        self._require("number of patches", patches, 1)
        network_class, arguments = self.recipe(architecture)
        # Each class takes arguments of its own before those that all share.
        make = cast("Callable[..., Network]", network_class)
        network = make(*arguments, classes=classes, width=width, depth=depth, patches=patches)
        network.input_size = side
        return network

    def build_for(
        self, architecture: Value, task: str | Task, *, width: int | None = None, depth: int | None = None
    ) -> Network:
        """Builds the architecture with the classes and the input size of a task.

        Args:
            architecture: what to build.
            task: the name of one of the space's tasks, or any other task.
            width: as for :meth:`build`.
            depth: as for :meth:`build`.

        Raises:
            SpaceError: as :meth:`build`, or the space does not have the task.
        """
        if isinstance(task, str) and task not in self.tasks:
            raise SpaceError(f"{self.name} has no task '{task}'; {nearest(task, list(self.tasks))}")
        known = self.tasks[task] if isinstance(task, str) else task
        return self.build(
            architecture, known.classes, known.input_size, width=width, depth=depth, patches=known.patches
        )

    def _require(self, what: str, number: int, unit: int) -> None:
        if number < 1 or number % unit:
            expected = "a positive number" if unit == 1 else f"a positive multiple of {unit}"
            raise SpaceError(f"{self.name}: {what} is {number}; give {expected}")
