# `make run` and `make test` do everything on a fresh machine: they create .venv, install, and run.
PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install run test test-all faults lint docs bench gpu release-check

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,docs,fetch,report]'
	touch $@

install: $(VENV)/installed

run: install
	$(BIN)/rayzc run $(ARGS)

# Most tests of the cluster wait for processes to start: two files at a time, each worker with a Ray of its own.
# In the order of their names: xdist would leave the files with few but long tests for the end, for one worker alone.
# A worker that dies ends the tests, and is told with the test that it was at: with another one they may never end.
test: install
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

# The exhaustive tests, too: some twenty minutes more.
test-all: install
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0 -m ''

# Things that happen to processes and machines, one after the other; ends with a table of how soon runs recover.
faults: install
	$(BIN)/pytest -m cluster tests/cluster/faults $(ARGS)

lint: install docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site, into site/. MkDocs' theme would advertise a successor in every build.
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: install
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m tests.performance $(ARGS)

# On a machine with a GPU, what cannot be checked without one; eight minutes. ARGS="--device cpu" only executes it.
gpu: install
	$(BIN)/python -m tests.gpu $(ARGS)

# What is released, in dist/: twine checks it; then the wheel runs in a clean environment, outside the checkout.
release-check: install
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m tests.release dist
