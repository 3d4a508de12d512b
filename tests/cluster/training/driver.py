"""A run of trainings in a process of its own, to be ended in the middle.

``python -m tests.cluster.training.driver OUT`` prints a line for every progress: how many epochs are done.
"""

import sys
import time

from rayzc.cluster.training import TrainProgress, train
from rayzc.cluster.training import progress as reports
from tests.cluster.training.samples import RUN
from tests.training.samples import labelled_images


def tell(progress: TrainProgress) -> None:
    """A line of progress, slow enough for whoever wants to end this in the middle."""
    print(sum(training.epoch for training in progress.trainings), flush=True)
    time.sleep(0.1)


if __name__ == "__main__":
    reports.INTERVAL = 0.0
    train(**RUN, data=labelled_images(), workers=2, out=sys.argv[1], listen=tell)
    print("done", flush=True)
