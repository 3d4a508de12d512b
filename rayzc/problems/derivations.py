"""Tasks made of an image set: its classes, groups of them, and tasks that label images by what is done to them.

A kind is one function and its entry in :data:`KINDS`. All chance comes from the seed, and test images are made of test
images alone.
"""

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import SuiteError, nearest
from rayzc.problems.benchmark import Derivation, ImageTask
from rayzc.problems.chance import numbers, shuffled
from rayzc.problems.image_sources import whole
from rayzc.problems.images import ImageSet
from rayzc.problems.photographs import scaled_down

__all__ = ["KINDS", "derive", "kind_keys", "permutations_far_apart"]

_CANDIDATES = 5_000
"""Permutations of nine patches are chosen among so many."""


class Derived(NamedTuple):
    """Images, labels, and how many are for training."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    training: int


def derive(name: str, derivation: Derivation) -> ImageTask:
    """Makes a task of an image set.

    Args:
        name: of the task.
        derivation: what to make of which images.

    Raises:
        SuiteError: there is no such kind or parameter, or the images are not fit for it.
    """
    what, kind = f"task {name}", derivation.kind
    if kind not in KINDS:
        raise SuiteError(f"{what}: there is no kind '{kind}'; {nearest(kind, list(KINDS))}")
    for key in derivation.parameters:
        if key not in kind_keys(kind):
            known = ", ".join(kind_keys(kind))
            hint = nearest(key, kind_keys(kind)) if known else "it takes none"
            raise SuiteError(f"{what}: the kind {kind} has no '{key}'; {hint}")
    for key in ("copies", "grid", "permutations"):
        if key in derivation.parameters and not whole(derivation.parameters[key]):
            raise SuiteError(
                f"{what}: {key} is {derivation.parameters[key]!r}; give a whole number, at least 1"
            )
    if not whole(derivation.seed, 0):
        raise SuiteError(f"{what}: seed is {derivation.seed!r}; give a whole number, at least 0")
    found = KINDS[kind](derivation.images, what, derivation.seed, **derivation.parameters)
    return ImageTask(name, *found, derivation)


def kind_keys(kind: str) -> tuple[str, ...]:
    """The parameters of a kind."""
    parameters = inspect.signature(KINDS[kind]).parameters.values()
    return tuple(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)


def classes(images: ImageSet, what: str, seed: int) -> Derived:
    """The classes of the image set as they are."""
    return Derived(images.images, images.labels, images.training)


def groups(images: ImageSet, what: str, seed: int, *, groups: Sequence[Sequence[str | int]]) -> Derived:
    """Groups of classes, by name or number; images of classes in no group are left out."""
    if not isinstance(groups, list | tuple) or not all(
        isinstance(group, list | tuple) and group for group in groups
    ):
        raise SuiteError(
            f"{what}: groups is {groups!r}; give lists of classes, such as [['0', '8'], ['1', '7']]"
        )
    if len(groups) < 2:
        raise SuiteError(f"{what}: there must be at least two groups")
    group_of = np.full(len(images.classes), -1, np.int64)
    for label, group in enumerate(groups):
        for given in group:
            known = images.classes.index(str(given)) if str(given) in images.classes else None
            if known is None:
                hint = nearest(str(given), images.classes)
                raise SuiteError(f"{what}: image set {images.name} has no class '{given}'; {hint}")
            if group_of[known] >= 0:
                raise SuiteError(f"{what}: class '{given}' is in two groups")
            group_of[known] = label
    labels = group_of[images.labels]
    kept = np.flatnonzero(labels >= 0)
    return Derived(images.images[kept], labels[kept], int((kept < images.training).sum()))


def rotation(images: ImageSet, what: str, seed: int, *, copies: int = 1) -> Derived:
    """Images turned by 0, 90, 180 or 270 degrees; each copy of an image is turned differently."""
    places, labels, training = _labelled(images, 4, copies, seed, what)
    turned = np.stack([np.rot90(images.images, times, axes=(2, 3)) for times in range(4)])
    return Derived(turned[labels, places], labels, training)


def jigsaw(
    images: ImageSet, what: str, seed: int, *, grid: int = 2, permutations: int = 8, copies: int = 1
) -> Derived:
    """Images cut into `grid` times `grid` patches, which are permuted in one of so many ways."""
    if grid < 2 or images.side % grid:
        raise SuiteError(
            f"{what}: images of {images.side} pixels cannot be cut into {grid} by {grid} patches; choose another grid"
        )
    ways = permutations_far_apart(grid * grid, permutations, seed, what)
    places, labels, training = _labelled(images, len(ways), copies, seed, what)
    side, count = images.side // grid, len(images.images)
    cut = images.images.reshape(count, 3, grid, side, grid, side).transpose(0, 2, 4, 1, 3, 5)
    patches = cut.reshape(count, grid * grid, 3, side, side)
    return Derived(patches[places[:, None], ways[labels]], labels, training)


def quadrant(images: ImageSet, what: str, seed: int, *, copies: int = 1) -> Derived:
    """Four halved images in a square, one of another class than the three others: which one?"""
    if images.side % 2:
        raise SuiteError(f"{what}: images of {images.side} pixels cannot be halved; give an even side")
    places, labels, training = _labelled(images, 4, copies, seed, what)
    halves = scaled_down(images.images, 2)
    draws = numbers(4 * len(places), "quadrant", seed).reshape(-1, 4)
    found = np.empty((len(places), *images.images.shape[1:]), np.uint8)
    half = images.side // 2
    members: dict[tuple[bool, int], NDArray[np.int64]] = {}
    shown_classes: dict[bool, list[int]] = {}
    for test, part in zip((False, True), images.parts, strict=True):
        shown_classes[test] = np.unique(images.labels[part]).tolist()
        for number in shown_classes[test]:
            members[test, number] = part[images.labels[part] == number]
    for row, (place, label) in enumerate(zip(places.tolist(), labels.tolist(), strict=True)):
        test, own = place >= images.training, int(images.labels[place])
        others = [number for number in shown_classes[test] if number != own]
        if not others:
            raise SuiteError(f"{what}: image set {images.name} has one class alone; quadrants need two")
        other = members[test, others[int(draws[row, 0]) % len(others)]]
        same = members[test, own]
        shown = [place, *(int(same[int(draw) % len(same)]) for draw in draws[row, 1:3])]
        shown.insert(label, int(other[int(draws[row, 3]) % len(other)]))
        for position, index in enumerate(shown):
            y, x = divmod(position, 2)
            found[row, :, y * half : (y + 1) * half, x * half : (x + 1) * half] = halves[index]
    return Derived(found, labels, training)


Kind = Callable[..., Derived]

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "classes": classes,
        "groups": groups,
        "rotation": rotation,
        "jigsaw": jigsaw,
        "quadrant": quadrant,
    }
)
"""What can be made of an image set, by name."""


def permutations_far_apart(length: int, count: int, seed: int, what: str = "jigsaw") -> NDArray[np.int64]:
    """Chooses permutations that differ in as many places as possible, the first of them at random.

    One after the other, that whose distance to the nearest of all before, and then to all of them together, is
    greatest, among some thousands if there are more; as in Noroozi and Favaro, "Unsupervised Learning of Visual
    Representations by Solving Jigsaw Puzzles", ECCV 2016.

    Args:
        length: of a permutation.
        count: how many.
        seed: draws the candidates and the first.
        what: what they are for, for messages.

    Returns:
        ``(count, length)``.

    Raises:
        SuiteError: there are fewer than two to choose, or not as many.
    """
    if length <= 6:
        every = np.array(list(itertools.permutations(range(length))), np.int64)
        candidates = every[shuffled(len(every), "permutations", seed)]
    else:
        draws = numbers(_CANDIDATES * length, "permutations", seed).reshape(_CANDIDATES, length)
        candidates = np.unique(np.argsort(draws, axis=1, kind="stable"), axis=0).astype(np.int64)
        candidates = candidates[shuffled(len(candidates), "permutations", seed)]
    if not 2 <= count <= len(candidates):
        raise SuiteError(f"{what}: permutations is {count}; it must lie between 2 and {len(candidates):,}")
    chosen = [0]
    closest = np.full(len(candidates), length)
    together = np.zeros(len(candidates), np.int64)
    while len(chosen) < count:
        differs = (candidates != candidates[chosen[-1]]).sum(axis=1)
        closest, together = np.minimum(closest, differs), together + differs
        chosen.append(int(np.argmax(closest * length * count + together)))
    return candidates[chosen]


def _labelled(
    images: ImageSet, count: int, copies: int, seed: int, what: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Places of images, each as often as there are copies, and labels for them: evenly, and different for its copies.

    Returns:
        Places and labels, those for training first, and how many these are.

    Raises:
        SuiteError: there are more copies than labels.
    """
    if copies > count:
        raise SuiteError(f"{what}: copies is {copies}, but only {count} labels tell them apart")
    places, labels = [], []
    for use, part in zip(("training", "testing"), images.parts, strict=True):
        first = shuffled(len(part), "labels", use, seed) % count
        for copy in range(copies):
            places.append(part)
            labels.append((first + copy) % count)
    return np.concatenate(places), np.concatenate(labels), copies * images.training
