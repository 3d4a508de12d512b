"""The definitions meet the reference scores: those of the golden file, and our copy of its numbers."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from rayzc.proxies import measure
from tests.proxies.nets import FIXED, fixed

# Facts from the golden file: the suite's definitions, and those of the authors of ZiCo and SWAP, on these networks.
SCORES = {
    "plain": {
        "grad_norm": 1.0862676054239273,
        "snip": 3.3162800073623657,
        "grasp": -0.020893782377243042,
        "fisher": 0.2588749257847667,
        "jacov": -16.79126520938879,
        "plain": 0.1978142843581736,
        "synflow_bn": 3.1604312411737525,
        "synflow": 11.491153185968054,
        "epe_nas": 36.76040549632856,
        "l2_norm": 20.06803846359253,
        "nwot": 114.94539070976113,
        "zico": 32.64019775390625,
        "swap": 2240,
        "params": 0.003922,
    },
    "residual": {
        "grad_norm": 3.0501231849193573,
        "snip": 9.939648926258087,
        "grasp": -0.7581683052703738,
        "fisher": 0.1662365677766502,
        "jacov": -25.766661717033813,
        "plain": 0.9295092383399606,
        "synflow_bn": 4.1790354176789535,
        "synflow": 17.167716286409508,
        "epe_nas": 126.40030617813431,
        "l2_norm": 39.654709815979004,
        "nwot": 181.92351912778977,
        "zico": 61.00259017944336,
        "swap": 3593,
        "params": 0.011446,
    },
    "branches": {
        "grad_norm": 0.8311912454664707,
        "snip": 2.002751138061285,
        "grasp": -0.2605357136926614,
        "fisher": 0.08715907955775037,
        "jacov": -12.36763117302771,
        "plain": 0.3280156612745486,
        "synflow_bn": 2.9869944082184525,
        "synflow": 7.969038793431962,
        "epe_nas": 33.66151608003061,
        "l2_norm": 19.409659385681152,
        "nwot": 85.53095306730765,
        "zico": 34.846961975097656,
        "swap": 1217,
        "params": 0.001174,
    },
    "nonorm": {
        "grad_norm": 1.7264724671840668,
        "snip": 3.787269651889801,
        "grasp": -4.552240490913391,
        "fisher": 0.24710256233811378,
        "jacov": -8.741875357071722,
        "plain": 0.9896451234817505,
        "synflow_bn": 7.476098756236736,
        "synflow": 7.476098756236736,
        "epe_nas": 12.129152339883348,
        "l2_norm": 11.29058289527893,
        "nwot": 46.65128106241873,
        "zico": 20.35197639465332,
        "swap": 214,
        "params": 0.000762,
    },
}
# Mean and standard deviation over 200 draws.
ZEN = {
    "plain": (3.9154933965206147, 0.05162123032945048),
    "residual": (7.9308162426948545, 0.07544042682132653),
    "branches": (4.4288475441932675, 0.12199962252156817),
    "nonorm": (2.630380342006683, 0.1627275887789354),
}
ACCURACY = 1e-3
DRAWS = 50


@pytest.mark.parametrize("name", FIXED)
def test_deterministic_proxies_on_our_networks(name: str) -> None:
    network, images, labels = fixed(name)
    scores = measure(network, images, labels, list(SCORES[name]))
    assert scores == pytest.approx(SCORES[name], rel=ACCURACY)
    assert scores["params"] == SCORES[name]["params"]
    assert scores["swap"] == SCORES[name]["swap"]


@pytest.mark.parametrize("name", FIXED)
def test_zen_on_our_networks(name: str) -> None:
    network, images, labels = fixed(name)
    mean, deviation = ZEN[name]
    draws = [measure(network, images, labels, ["zen"], seed=seed)["zen"] for seed in range(DRAWS)]
    assert np.abs(np.array(draws) - mean).max() < 5 * deviation
    assert abs(np.mean(draws) - mean) < deviation
    assert np.std(draws) == pytest.approx(deviation, rel=0.5)


@pytest.mark.parametrize("name", FIXED)
def test_golden(name: str, golden: tuple[ModuleType, dict[str, dict[str, Any]]]) -> None:
    nets, scores = golden
    images, labels = nets.batch(name)
    expected = dict(scores[name])
    zen = expected.pop("zen")
    measured = measure(nets.build(name), images, labels, [*expected, "zen"])
    assert abs(measured.pop("zen") - zen["mean"]) < 5 * zen["std"]
    assert measured == pytest.approx(expected, rel=ACCURACY)
    assert measured["params"] == expected["params"]


@pytest.mark.parametrize("name", FIXED)
def test_our_copy_is_the_golden_file(name: str, golden: tuple[ModuleType, dict[str, dict[str, Any]]]) -> None:
    _, scores = golden
    expected = dict(scores[name])
    zen = expected.pop("zen")
    assert expected == SCORES[name]
    assert (zen["mean"], zen["std"]) == ZEN[name]
