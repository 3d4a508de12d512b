import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch


@pytest.fixture(scope="session")
def golden(golden_path: Path) -> tuple[ModuleType, dict[str, dict[str, Any]]]:
    """The module of the reference networks, and their reference scores."""
    spec = importlib.util.spec_from_file_location("golden_nets", golden_path / "nets.py")
    assert spec is not None
    assert spec.loader is not None
    nets = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(nets)
    return nets, json.loads((golden_path / "golden.json").read_text())["scores"]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Small tensors are not worth threads, and two cores are shared with other tests."""
    torch.set_num_threads(1)
