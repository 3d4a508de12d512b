import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from rayzc.errors import ProxyError
from rayzc.proxies import registered, unregister
from rayzc.proxies.user_models import load_model, load_models

SOURCE = """
from torch import nn
import rayzc.proxies

def make_model():
    return nn.Linear(3, 10)

def sized(num_classes=2):
    return nn.Linear(3, num_classes)

def other(classes):
    return nn.Linear(3, classes)

def failing():
    raise ValueError("no weights today")

def empty():
    return None

class Net(nn.Module):
    pass

class Zoo:
    make = staticmethod(lambda: nn.Linear(1, 1))

ready = nn.Linear(4, 4)
number = 3

@rayzc.proxies.proxy(needs="weights")
def own_proxy_of_a_module(measured):
    return len(measured.weights)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a module of networks, as the current one."""
    (tmp_path / "networks_of_mine.py").write_text(SOURCE)
    (tmp_path / "broken_of_mine.py").write_text("x = 1\n1 / 0\n")
    (tmp_path / "mistyped_of_mine.py").write_text("x = 1\nx = = 2\n")
    (tmp_path / "missing_of_mine.py").write_text("import nothing_like_this\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.endswith("_of_mine")]:
        del sys.modules[name]
    unregister("own_proxy_of_a_module")


@pytest.mark.parametrize(
    ("attribute", "outputs"), [("make_model", 10), ("sized", 7), ("other", 7), ("ready", 4), ("Zoo.make", 1)]
)
def test_what_gives_a_network(here: Path, attribute: str, outputs: int) -> None:
    model = load_model(f"networks_of_mine:{attribute}", classes=7)
    assert isinstance(model, nn.Linear)
    assert model.out_features == outputs
    assert str(here) not in sys.path


@pytest.mark.usefixtures("here")
def test_a_class_and_the_proxies_of_its_module() -> None:
    assert type(load_model("networks_of_mine:Net")).__name__ == "Net"
    assert "own_proxy_of_a_module" in registered()


@pytest.mark.usefixtures("here")
def test_weights_come_from_the_seed() -> None:
    state = torch.get_rng_state()
    first, again, other = (load_model("networks_of_mine:make_model", seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.weight, again.weight)  # type: ignore[arg-type]
    assert not torch.equal(first.weight, other.weight)  # type: ignore[arg-type]
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("networks_of_mine", "does not name a network: write module:attribute"),
        ("nowhere_of_mine:make", "there is no module 'nowhere_of_mine' in .*; run from the folder"),
        ("nowhere_of_mine.deep:make", "there is no module 'nowhere_of_mine.deep'"),
        (
            "broken_of_mine:make",
            r"importing 'broken_of_mine' failed: ZeroDivisionError.*broken_of_mine.py, line 2",
        ),
        ("mistyped_of_mine:make", r"failed: SyntaxError: [^(]*\(\S*mistyped_of_mine.py, line 2\)$"),
        (
            "missing_of_mine:make",
            "importing 'missing_of_mine' failed: ModuleNotFoundError.*nothing_like_this",
        ),
        ("networks_of_mine:make_modl", r"has no attribute 'make_modl'; did you mean 'make_model'\?"),
        ("networks_of_mine:failing", r"calling .* failed: ValueError: no weights today .*line 15"),
        ("networks_of_mine:empty", "must be or return a torch.nn.Module, not an object of type NoneType"),
        ("networks_of_mine:number", "must be or return a torch.nn.Module, not an object of type int"),
    ],
)
def test_what_gives_none(reference: str, message: str) -> None:
    with pytest.raises(ProxyError, match=message):
        load_model(reference)


def test_a_file_of_functions_and_classes(tmp_path: Path) -> None:
    file = tmp_path / "models.py"
    (tmp_path / "helper_of_models_of_mine.py").write_text(
        "from torch import nn\nclass Other(nn.Linear): pass\n"
    )
    file.write_text(
        "from torch import nn\nfrom functools import partial\nfrom helper_of_models_of_mine import Other\n"
        "def small(): return nn.Linear(1, 2)\ndef large(classes): return nn.Linear(9, classes)\n"
        "def _helper(): return 1\nready = nn.Linear(2, 2)\ndef block(width): return nn.Linear(width, width)\n"
        "def sizes(): return [1, 2]\ndef broken(): raise ValueError('no weights')\n"
        "class Own(nn.Linear):\n    def __init__(self, num_classes): super().__init__(4, num_classes)\n"
        "class Block(nn.Linear): pass\n"
    )
    found = load_models(file, classes=5)
    sys.modules.pop("helper_of_models_of_mine", None)
    assert {name: model.out_features for name, model in found.networks.items()} == {
        "small": 2,
        "large": 5,
        "ready": 2,
        "Own": 5,
    }
    assert list(found.failures) == ["broken"]
    assert str(tmp_path) not in sys.path


def test_a_file_that_lists_its_models(tmp_path: Path) -> None:
    file = tmp_path / "models.py"
    file.write_text(
        "from torch import nn\nMODELS = {'a b': lambda: nn.Linear(1, 3), 'c': lambda: 2}\ndef other(): return 1\n"
    )
    found = load_models(file)
    assert list(found.networks) == ["a b"]
    assert "must be or return a torch.nn.Module" in found.failures["c"]


def test_a_network_of_a_file(here: Path) -> None:
    for reference in ("networks_of_mine.py:make_model", "./networks_of_mine:make_model"):
        assert isinstance(load_model(reference), nn.Linear)
    (here / "leaving_of_mine.py").write_text("import sys\nsys.exit(3)\n")
    with pytest.raises(ProxyError, match="importing 'leaving_of_mine' failed: SystemExit: 3"):
        load_model("leaving_of_mine:make")
    (here / "asking_of_mine.py").write_text("def make(width): return 1\n")
    with pytest.raises(
        ProxyError, match=r"calling 'asking_of_mine:make' needs arguments \(width\): give it defaults"
    ):
        load_model("asking_of_mine:make")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "there is no such file"),
        ("x = 1", "it has no networks: write MODELS"),
        ("1 / 0", "running it failed: ZeroDivisionError"),
        ("x = 1\ndef", r"running it failed: SyntaxError: invalid syntax \(\S*models.py, line 2\)$"),
        ("raise ValueError", r"running it failed: ValueError \(\S*models.py, line 1\)$"),
        (
            "raise ValueError('first\\nsecond')",
            r"running it failed: ValueError: first \(\S*models.py, line 1\)$",
        ),
        (
            "def one(): return 2",
            r"models.py:one' must be or return a torch.nn.Module, not an object of type int",
        ),
    ],
)
def test_files_without_networks(tmp_path: Path, source: str | None, message: str) -> None:
    file = tmp_path / "models.py"
    if source is not None:
        file.write_text(source)
    with pytest.raises(ProxyError, match=message):
        load_models(file)
