from typing import Any

import numpy as np
import pytest
import torch

from rayzc.errors import TrainingError
from rayzc.images import LabelledImages
from rayzc.problems import ImageTask
from rayzc.training import TrainingData
from tests.problems.benchmarks import benchmark
from tests.training import samples


def test_images_are_normalised_as_those_for_training() -> None:
    source = samples.labelled_images()
    found = TrainingData.of(source)
    assert found.images.dtype == torch.float32
    assert torch.allclose(found.images.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(found.images.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-4)
    scaled = source.images.astype(np.float64) / 255
    mean, deviation = scaled.mean((0, 2, 3), keepdims=True), scaled.std((0, 2, 3), keepdims=True)
    assert source.test_images is not None
    expected = (source.test_images / 255 - mean) / deviation
    assert np.allclose(found.test_images.numpy(), expected, atol=1e-4)
    assert found.classes == 3
    assert found.input_shape == (3, 8, 8)
    assert found.guessing == pytest.approx(1 / 3)


def test_a_channel_that_is_the_same_everywhere() -> None:
    source = samples.labelled_images()
    source.images[:, 1] = 7
    assert torch.isfinite(TrainingData.of(source).test_images).all()
    assert TrainingData.of(source).images[:, 1].abs().max() < 1e-6


def test_grey_images_in_colour() -> None:
    found = TrainingData.of(samples.labelled_images(channels=1))
    assert found.input_shape == (1, 8, 8)
    assert found.in_colour().input_shape == (3, 8, 8)
    assert torch.equal(found.in_colour().images[:, 2], found.images[:, 0])
    assert samples.data().in_colour().input_shape == (3, 8, 8)


def test_patches() -> None:
    images = np.random.default_rng(0).integers(0, 255, (8, 9, 3, 4, 4), dtype=np.uint8)
    found = TrainingData.of(LabelledImages(images[:6], np.arange(6) % 2, images[6:], np.arange(2)))
    assert found.patches == 9
    assert torch.allclose(found.images.mean((0, 1, 3, 4)), torch.zeros(3), atol=1e-5)


IMAGES, LABELS = torch.zeros(4, 3, 8, 8), torch.arange(4) % 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": IMAGES[0]}, r"the training images have shape \(3, 8, 8\)"),
        ({"labels": LABELS[:3]}, r"the training images have shape .* and their labels \(3,\)"),
        ({"images": IMAGES[:1], "labels": LABELS[:1]}, "there are 1 training images; give at least 2"),
        ({"test_images": IMAGES[:0], "test_labels": LABELS[:0]}, "there are 0 test images; give at least 1"),
        (
            {"test_labels": LABELS + 1},
            "of the test images lie between 1 and 2; with 2 classes they must lie between 0 and 1",
        ),
        ({"labels": LABELS - 1}, "of the training images lie between -1 and 0"),
        ({"test_images": IMAGES[..., :4]}, "give images of one shape"),
    ],
)
def test_data_that_do_not_fit(changes: dict[str, Any], message: str) -> None:
    fields = {"images": IMAGES, "labels": LABELS, "test_images": IMAGES, "test_labels": LABELS, "classes": 2}
    with pytest.raises(TrainingError, match=message):
        TrainingData(**{**fields, **changes})


def test_no_images_to_test_on() -> None:
    source = samples.labelled_images()
    with pytest.raises(TrainingError, match="there are no test images: separate some with"):
        TrainingData.of(LabelledImages(source.images, source.labels))


TASKS = benchmark().tasks


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_the_task_of_a_benchmark(task: ImageTask) -> None:
    found = TrainingData.of_task(task)
    assert np.array_equal(torch.cat([found.images, found.test_images]).numpy(), task.pixels())
    assert torch.cat([found.labels, found.test_labels]).tolist() == task.labels.tolist()
    assert len(found.labels) == task.training
    assert (found.classes, found.patches, found.input_shape[-1]) == (
        task.classes,
        task.patches,
        task.input_size,
    )
    images, labels, count = task.images, task.labels, task.training
    same = TrainingData.of(LabelledImages(images[:count], labels[:count], images[count:], labels[count:]))
    assert torch.allclose(found.images, same.images, atol=1e-4)
    assert torch.allclose(found.test_images, same.test_images, atol=1e-4)
    assert same.classes == found.classes


def test_a_task_of_several_patches_has_a_patch_dimension() -> None:
    found = TrainingData.of_task(TASKS["puzzle"])
    assert found.patches == 4
    assert found.input_shape == (4, 3, 4, 4)


def test_no_images() -> None:
    images, labels = np.zeros((0, 3, 8, 8), np.uint8), np.zeros(0, np.int64)
    with pytest.raises(TrainingError, match="there are no training images"):
        TrainingData.of(LabelledImages(images, labels, images, labels))


def test_pixels_that_are_not_finite() -> None:
    images = np.zeros((4, 3, 8, 8), np.float32)
    images[0, 0, 0, 0] = np.nan
    with pytest.raises(TrainingError, match="pixels are nan or infinite"):
        TrainingData.of(LabelledImages(images, np.arange(4) % 2, images, np.arange(4) % 2))
