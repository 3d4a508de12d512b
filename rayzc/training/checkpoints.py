"""Checkpoints of trainings, in files that torch reads without running pickled code."""

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from rayzc.documents import replacing
from rayzc.errors import TrainingError, first_line
from rayzc.training.results import Trained

__all__ = ["CHECKPOINT_SCHEMA", "packed", "read_checkpoint", "trained_of", "unpacked", "write_checkpoint"]

CHECKPOINT_SCHEMA = 1


def packed(state: Mapping[str, Any]) -> bytes:
    """Writes the state of a training as the bytes of a checkpoint."""
    stream = io.BytesIO()
    torch.save({"schema_version": CHECKPOINT_SCHEMA, **state}, stream)
    return stream.getvalue()


def unpacked(content: bytes, where: str | Path) -> dict[str, Any]:
    """Reads the state of a training from the bytes of a checkpoint.

    Args:
        content: bytes that :func:`packed` wrote.
        where: the file, for messages.

    Raises:
        TrainingError: it is not a checkpoint, or has another schema.
    """
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"{where} cannot be read as a checkpoint ({first_line(error)}): remove it to restart this training"
        ) from None
    version = state.get("schema_version") if isinstance(state, dict) else None
    if version != CHECKPOINT_SCHEMA:
        raise TrainingError(
            f"{where} has schema {version!r}; this version of rayzc reads schema {CHECKPOINT_SCHEMA}: resume with the "
            "version that wrote it, or remove it to restart this training"
        )
    return dict(state)


def trained_of(content: bytes, where: str | Path) -> Trained:
    """The result so far of the training in a checkpoint.

    Raises:
        TrainingError: see :func:`unpacked`, or it has no result.
    """
    try:
        return Trained(**unpacked(content, where)["result"])
    except (KeyError, TypeError):
        raise TrainingError(
            f"{where} is a checkpoint without a result: remove it to restart this training"
        ) from None


def write_checkpoint(path: Path, content: bytes) -> None:
    """Writes a checkpoint atomically: after any failure, the file is either the old or the complete new one.

    Raises:
        TrainingError: it cannot be written; says why.
    """
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise TrainingError(f"{path} cannot be written: {error.strerror or error}") from None


def read_checkpoint(path: Path) -> bytes | None:
    """The bytes of a checkpoint; None if there is none yet.

    Raises:
        TrainingError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror or error}") from None
