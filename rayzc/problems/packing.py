"""A benchmark as a JSON document and an ``.npz`` of its images: image sets once, tasks as what is made of them."""

import io
import lzma
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rayzc.errors import SuiteError, first_line
from rayzc.problems.benchmark import Benchmark, Derivation, ImageTask
from rayzc.problems.derivations import derive
from rayzc.problems.images import ImageSet

__all__ = ["MAX_IMAGE_BYTES", "packed", "unpacked"]

MAX_IMAGE_BYTES = 50_000_000
"""The images of a suite must not be larger, packed: they are read whole with every suite."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def packed(benchmark: Benchmark) -> tuple[dict[str, Any], bytes]:
    """Writes a benchmark as a document and its images.

    Returns:
        The document, and an ``.npz`` file with ``SET/images`` and ``SET/labels`` of every image set and of every task
        that was made of none. The channels of grey images are stored once.

    Raises:
        SuiteError: the images are too large for a suite.
    """
    arrays: dict[str, NDArray[Any]] = {}
    sets: dict[str, Any] = {}
    tasks: dict[str, Any] = {}
    for name, images in benchmark.image_sets.items():
        _add(arrays, name, images.images, images.labels)
        sets[name] = {
            "training": images.training,
            "classes": list(images.classes),
            "about": images.about,
            "licence": images.licence,
        }
    for name, task in benchmark.tasks.items():
        made = task.derivation
        if made is None:
            _add(arrays, f"task {name}", task.images, task.labels)
            tasks[name] = {"training": task.training, "fingerprint": task.fingerprint}
        else:
            tasks[name] = {
                "images": made.images.name,
                "kind": made.kind,
                "parameters": dict(made.parameters),
                "seed": made.seed,
                "fingerprint": task.fingerprint,
            }
    document = {
        "scales": {space: list(scale) for space, scale in benchmark.scales.items()},
        "tasks": tasks,
        "image_sets": sets,
        "recipe": dict(benchmark.recipe),
        "recipes": {space: dict(changes) for space, changes in benchmark.recipes.items()},
        "seeds": list(benchmark.seeds),
        "images": dict(benchmark.images),
    }
    data = _npz(arrays)
    if len(data) > MAX_IMAGE_BYTES:
        raise SuiteError(
            f"the images of the benchmark have {len(data) / 1e6:,.0f} MB, packed, and a suite can hold "
            f"{MAX_IMAGE_BYTES / 1e6:,.0f} MB: choose fewer or smaller images"
        )
    return document, data


def unpacked(document: Mapping[str, Any], data: bytes) -> Benchmark:
    """Reads what :func:`packed` wrote.

    Raises:
        SuiteError: the images are damaged, or a task made of them is not what it was.
        KeyError, TypeError, ValueError: the document is malformed.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, lzma.LZMAError) as error:
        raise SuiteError(f"the images are damaged ({first_line(error)})") from None
    sets = {
        name: ImageSet(
            name,
            *_taken(arrays, name),
            entry["training"],
            tuple(entry["classes"]),
            entry["about"],
            entry["licence"],
        )
        for name, entry in document["image_sets"].items()
    }
    tasks = {}
    for name, entry in document["tasks"].items():
        if "kind" in entry:
            made = Derivation(sets[entry["images"]], entry["kind"], entry["parameters"], entry["seed"])
            tasks[name] = derive(name, made)
        else:
            tasks[name] = ImageTask(name, *_taken(arrays, f"task {name}"), entry["training"])
        if tasks[name].fingerprint != entry["fingerprint"]:
            raise SuiteError(f"the images of task {name} are not those that the suite was built with")
    return Benchmark(
        {space: (width, depth) for space, (width, depth) in document["scales"].items()},
        tasks,
        document["recipe"],
        tuple(document["seeds"]),
        document["images"],
        document.get("recipes", {}),  # suites of version 0.1.0 have one recipe for all spaces
    )


def _add(
    arrays: dict[str, NDArray[Any]], name: str, images: NDArray[np.uint8], labels: NDArray[np.int64]
) -> None:
    first = images[..., :1, :, :]
    arrays[f"{name}/images"] = first if (images == first).all() else images
    arrays[f"{name}/labels"] = labels.astype(np.min_scalar_type(int(labels.max())))


def _taken(arrays: Mapping[str, NDArray[Any]], name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images, labels = arrays[f"{name}/images"], arrays[f"{name}/labels"]
    if images.dtype != np.uint8 or images.ndim < 4:
        raise ValueError(f"the images of {name} are {images.dtype} of shape {images.shape}")
    if images.shape[-3] == 1:
        images = images.repeat(3, axis=-3)
    return images, labels.astype(np.int64)


def _npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An ``.npz`` that is the same for the same arrays. LZMA finds that patches overlap, which zlib does not."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as file:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            file.writestr(entry, content.getvalue(), zipfile.ZIP_LZMA)
    return buffer.getvalue()
