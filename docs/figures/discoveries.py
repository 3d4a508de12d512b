"""Repeats the tau of README: formulas bred for three minutes on nbsz-13, beside the best single proxy.

``python docs/figures/discoveries.py --suite nbsz-13`` prints a line for each seed.
"""

import argparse

import rayzc
from rayzc.evolution import best_single_proxies


def main() -> None:
    """Breeds with each seed, and prints the mean tau."""
    parser = argparse.ArgumentParser(
        description="Mean tau of formulas by seed, and of the best single proxy."
    )
    parser.add_argument("--suite", default="nbsz-13", help="a suite (default: nbsz-13)")
    parser.add_argument("--seeds", type=int, default=3, help="number of discoveries (default: 3)")
    parser.add_argument("--time-limit", type=float, default=180.0, help="seconds of each (default: 180)")
    given = parser.parse_args()
    suite = rayzc.load_suite(given.suite)
    for single in best_single_proxies(suite.for_fitting(), count=1):
        print(f"best single proxy: {single.formula}, {single.mean_kendall:.3f}", flush=True)
    for seed in range(given.seeds):
        found = rayzc.discover(suite, seed=seed, time_limit=given.time_limit)
        print(
            f"seed {seed}: {found.best.mean_kendall:.3f} after {found.epochs} epochs, {found.run}", flush=True
        )


if __name__ == "__main__":
    main()
