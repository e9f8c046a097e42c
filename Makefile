# Every target sets up what it needs: from a fresh clone only Python >= 3.11, make and git are on the machine.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SWEEP  ?= grid
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help venv sweep report status data test lint

help:  ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

venv: $(READY)  ## Make .venv and install the hash-locked requirements

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

test: $(READY)  ## Run the tests (no network needed)
	$(BIN)/python -m pytest -q -m "not slow and not faults and not parity and not page and not cluster and not network" $(PYTEST_ARGS)

lint: $(READY)  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
