"""The folder of a run: configuration, checkpoints, events, results."""
