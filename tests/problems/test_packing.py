"""A benchmark on its way into a file and back."""

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rayzc.errors import SuiteError
from rayzc.problems import Benchmark, packing
from rayzc.problems.packing import packed, unpacked
from tests.problems.benchmarks import benchmark


@pytest.fixture(scope="module")
def parts() -> tuple[dict[str, Any], bytes]:
    return packed(benchmark())


def test_a_benchmark_comes_back(parts: tuple[dict[str, Any], bytes]) -> None:
    document, data = parts
    back, made = unpacked(json.loads(json.dumps(document)), data), benchmark()
    assert back.fingerprint == made.fingerprint
    assert list(back.tasks) == list(made.tasks)
    assert (back.scales, back.recipe, back.seeds, back.images) == (
        made.scales,
        made.recipe,
        made.seeds,
        made.images,
    )
    for name, task in made.tasks.items():
        assert np.array_equal(back.tasks[name].images, task.images)
        assert np.array_equal(back.tasks[name].labels, task.labels)
        assert back.tasks[name].training == task.training
    assert packed(back)[1] == data


def test_recipes_of_spaces_come_back(parts: tuple[dict[str, Any], bytes]) -> None:
    made = replace(benchmark(), recipes={"nasbench201": {"epochs": 9}})
    document, data = packed(made)
    assert unpacked(json.loads(json.dumps(document)), data).recipe_of("nasbench201")["epochs"] == 9
    assert parts[0].pop("recipes") == {}
    assert unpacked(*parts).fingerprint == benchmark().fingerprint  # a suite of version 0.1.0


def test_every_image_is_stored_once(parts: tuple[dict[str, Any], bytes]) -> None:
    with np.load(io.BytesIO(parts[1])) as file:
        shapes = {name: file[name].shape for name in file}
        assert file["shapes/labels"].dtype == np.uint8
    assert shapes == {
        "shapes/images": (36, 3, 8, 8),
        "shapes/labels": (36,),
        "grey shapes/images": (36, 1, 8, 8),
        "grey shapes/labels": (36,),
        "task own/images": (10, 3, 8, 8),
        "task own/labels": (10,),
    }


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_damaged_images(parts: tuple[dict[str, Any], bytes], share: float) -> None:
    document, data = parts
    with pytest.raises(SuiteError, match="the images are damaged"):
        unpacked(document, data[: int(share * len(data))])
    changed = bytearray(data)
    changed[int((0.1 + 0.5 * share) * len(data))] ^= 0x55
    with pytest.raises(SuiteError, match="the images are damaged"):
        unpacked(document, bytes(changed))


def test_images_that_are_not_those(parts: tuple[dict[str, Any], bytes]) -> None:
    document, data = parts
    other = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as file, zipfile.ZipFile(other, "w") as copy:
        for name in file.namelist():
            content = bytearray(file.read(name))
            content[-1] ^= 1 if name == "shapes/images.npy" else 0
            copy.writestr(name, content)
    with pytest.raises(
        SuiteError, match="the images of task shapes are not those that the suite was built with"
    ):
        unpacked(document, other.getvalue())


def test_pickles_are_refused(parts: tuple[dict[str, Any], bytes]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **{"shapes/images": np.array([{}])})
    with pytest.raises(SuiteError, match="the images are damaged"):
        unpacked(parts[0], buffer.getvalue())


def test_images_that_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MAX_IMAGE_BYTES", 1000)
    with pytest.raises(SuiteError, match="and a suite can hold 0 MB: choose fewer or smaller images"):
        packed(benchmark())


def test_no_tasks() -> None:
    document, data = packed(Benchmark({}, {}))
    assert unpacked(document, data).fingerprint == Benchmark({}, {}).fingerprint
