"""Exported networks are read where rayzc cannot be imported."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn

from rayzc.errors import SpaceError
from rayzc.spaces import SPACES, export_network, search_space
from rayzc.spaces.blocks import Network

SMALL = {"width": 8, "depth": 1}
INPUT_SIZE = 64

ALONE = """
import importlib.util, sys
from pathlib import Path


class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "rayzc":
            raise ImportError("rayzc is not here")


sys.meta_path.insert(0, Refused())
try:
    import rayzc
except ImportError as error:
    assert str(error) == "rayzc is not here"
else:
    raise AssertionError("rayzc could be imported")

import torch

torch.set_num_threads(1)
for folder in map(Path, sys.argv[1:]):
    spec = importlib.util.spec_from_file_location("network", folder / "network.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.make()
    network.load_state_dict(torch.load(folder / "weights.pt", weights_only=True))
    images = torch.load(folder / "images.pt", weights_only=True)
    with torch.no_grad():
        torch.save((network(images), module.load()(images)), folder / "logits.pt")
assert not any(name.partition(".")[0] == "rayzc" for name in sys.modules)
"""


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def encoding_of(space: str, seed: int) -> str:
    chosen = search_space(space)
    return chosen.format(chosen.sample(np.random.default_rng(seed)))


def original(space: str, encoding: str, classes: int, patches: int, seed: int) -> Network:
    chosen = search_space(space)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return chosen.build(chosen.parse(encoding), classes, INPUT_SIZE, patches=patches, **SMALL)


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("network", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_rayzc_the_logits_are_equal_to_the_last_bit(tmp_path: Path) -> None:
    cases = [(space, seed, 1) for space in SPACES for seed in (0, 1)] + [("transbench101_macro", 2, 9)]
    folders, expected = [], []
    for space, seed, patches in cases:
        folder, encoding, classes = tmp_path / f"{space}-{seed}", encoding_of(space, seed), 3 + seed
        export_network(space, encoding, folder, classes, INPUT_SIZE, patches=patches, seed=seed, **SMALL)
        network = original(space, encoding, classes, patches, seed)
        images = torch.randn((2, *network.input_shape), generator=torch.Generator().manual_seed(seed))
        torch.save(images, folder / "images.pt")
        with torch.no_grad():
            expected.append(network(images))
        folders.append(folder)
    subprocess.run([sys.executable, "-I", "-c", ALONE, *map(str, folders)], check=True)
    for folder, logits in zip(folders, expected, strict=True):
        for found in torch.load(folder / "logits.pt", weights_only=True):
            assert found.isfinite().all()
            assert torch.equal(found, logits), folder.name


@pytest.mark.parametrize("space", SPACES)
def test_the_module_has_what_it_needs_and_nothing_of_ours(space: str, tmp_path: Path) -> None:
    """Every name is defined before it is used, and every definition is used."""
    path = export_network(space, encoding_of(space, 0), tmp_path, **SMALL)
    tree = ast.parse(path.read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"collections.abc", "pathlib", "typing", "torch"}
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert defined - used == {"make", "load"} - used
    assert "rayzc" not in path.read_text().replace("written by rayzc", "")


@pytest.mark.parametrize("space", SPACES)
def test_the_module_is_formatted_and_without_lint(space: str, tmp_path: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("ruff is not installed")
    for seed in range(5):
        export_network(space, encoding_of(space, seed), tmp_path / str(seed), **SMALL)
    settings = ["--isolated", "--line-length", "110"]
    subprocess.run([ruff, "format", "--check", *settings, tmp_path], check=True)
    rules = ["--select", "E,F,W,I,N,UP,B,D1"]
    subprocess.run([ruff, "check", *settings, *rules, "--ignore", "D107,E501", tmp_path], check=True)


def test_the_module_says_what_it_is(tmp_path: Path) -> None:
    encoding = "(4, 3, 3, 3, 2, 3)"
    module = loaded(export_network("nasbench201", encoding, tmp_path, 7, 16, width=4, depth=2, seed=5))
    assert module.__doc__.startswith("A network of nasbench201, written by rayzc")
    for text in (
        encoding,
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|nor_conv_1x1~1|+",
        "seed 5",
        "(batch, 3, 16, 16)",
    ):
        assert text in module.__doc__
    network = module.load()
    assert isinstance(network, nn.Module)
    assert network.training
    assert network.input_shape == (3, 16, 16)
    assert network.forward_features(torch.zeros(2, 3, 16, 16)).shape == (2, 16, 4, 4)
    assert network(torch.zeros(2, 3, 16, 16)).shape == (2, 7)


def test_the_originals_sizes_are_the_default(tmp_path: Path) -> None:
    module = loaded(export_network("nasbench201", "(0, 0, 0, 0, 0, 2)", tmp_path))
    network = search_space("nasbench201").build((0, 0, 0, 0, 0, 2))
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    assert {name: value.shape for name, value in module.make().state_dict().items()} == shapes


def test_equal_exports_are_equal_files_whatever_the_global_state(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = torch.get_rng_state()
    export_network("nasbench201", "(0, 0, 0, 0, 0, 2)", tmp_path / "one", seed=3, **SMALL)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(1)
    with torch.device("meta"):
        export_network("nasbench201", "(0, 0, 0, 0, 0, 2)", tmp_path / "two", seed=3, **SMALL)
    export_network("nasbench201", "(0, 0, 0, 0, 0, 2)", str(tmp_path / "three"), seed=4, **SMALL)
    one, two, three = ((tmp_path / name / "weights.pt").read_bytes() for name in ("one", "two", "three"))
    assert one == two != three
    assert (tmp_path / "one/network.py").read_text() == (tmp_path / "two/network.py").read_text()


def test_an_export_replaces_the_one_before_and_leaves_nothing_else(tmp_path: Path) -> None:
    export_network("nasbench201", "(0, 0, 0, 0, 0, 2)", tmp_path, **SMALL)
    path = export_network("transbench101_macro", "(4, 3, 3, 3)", tmp_path, **SMALL)
    assert path == tmp_path / "network.py"
    assert {file.name for file in tmp_path.iterdir()} == {"network.py", "weights.pt"}
    assert type(loaded(path).load()).__name__ == "TransBench101MacroNetwork"


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        SpaceError, match=r"file: the network cannot be written there: .*; choose another folder"
    ):
        export_network("nasbench201", "(0, 0, 0, 0, 0, 2)", tmp_path / "file", **SMALL)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nasbench202", "(0, 0, 0, 0, 0, 2)"), "no search space 'nasbench202'; did you mean 'nasbench201'"),
        (("nasbench201", "(0, 0, 0, 0, 0, 9)"), "nasbench201 encoding"),
        (("nasbench201", "(0, 0, 0, 0, 0, 2)", 0), "nasbench201: classes is 0; give a positive number"),
    ],
)
def test_bad_arguments_write_nothing(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    space, encoding, *more = arguments
    with pytest.raises(SpaceError, match=message):
        export_network(space, encoding, tmp_path / "new", *more)
    assert not (tmp_path / "new").exists()
