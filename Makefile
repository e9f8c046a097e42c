# Every target sets up what it needs: from a fresh clone only Python >= 3.11, make and git are on the machine.
#   make sweep SWEEP=smoke OVERRIDES="loss=hinge,focal optimizer.lr=0.1"
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# What a command line sets and nobody reads would be lost without a word.
SETTINGS := SWEEP DIR OVERRIDES RETRY FRESH STRATEGY BUDGET NAME SEED PORT PYTHON REQUIRE PYTEST_ARGS BENCH_ARGS CASES SIMS VENV
UNKNOWN  := $(filter-out $(SETTINGS) SHELL MAKE%,$(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name))))
$(if $(UNKNOWN),$(error $(UNKNOWN): no such variable; there are $(SETTINGS)))

SWEEP  ?= grid
DIR    ?= $(lastword runs/$(SWEEP) $(patsubst hydra.sweep.dir=%,%,$(filter hydra.sweep.dir=%,$(OVERRIDES))))
HYDRA   = $(if $(RETRY),hydra.sweeper.retry=$(RETRY)) $(if $(FRESH),hydra.sweeper.fresh=$(FRESH)) $(if $(STRATEGY),hydra.sweeper.strategy=$(STRATEGY)) $(if $(BUDGET),hydra.sweeper.budget=$(BUDGET)) $(OVERRIDES)
TO      = $(if $(filter command,$(firstword $(origin DIR))),hydra.sweep.dir=$(DIR))
QUICK  := not slow and not faults and not parity and not page and not cluster and not network and not package and not trackers

.DEFAULT_GOAL := help
.PHONY: help venv sweep study results verify plan report watch status data test test-full test-statistics test-faults test-parity test-page test-package test-trackers test-cluster docs picture site bench bench-peers lint format lock

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo; echo '  SWEEP=NAME (of conf/sweep; default grid)  OVERRIDES="loss=hinge training.epochs=3"  RETRY=all  FRESH=1'
	@echo '  STRATEGY=until_decided (seeds only where the answer is open)  BUDGET=30m'

venv: $(READY) $(BIN)/mlp-sweep  ## Make .venv with the hash-locked requirements and the mlp-… commands

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or newer is needed: make PYTHON=/path/to/python3 …" >&2; exit 2; }
	@echo "Setting up $(VENV) (once) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(BIN)/mlp-sweep: pyproject.toml $(READY)
	@$(BIN)/python -m mlp_grid.checkout

sweep: $(READY)  ## Run a sweep (what is missing of it) and build its report
	@$(BIN)/python -m sweeps sweep=$(SWEEP) $(TO) $(HYDRA); status=$$?; \
	if [ $$status -gt 1 ]; then exit $$status; fi; \
	$(BIN)/python -m reports $(DIR) || exit $$?; exit $$status

study: $(READY)  ## Run a source report's study and all that belongs to it (NAME=long_run_grid, or all), and build its report
	@$(BIN)/python -m sweeps.studies $(NAME) $(HYDRA)

results: $(READY)  ## Renew docs/results from the studies that are in runs/, and their claims and pages from what it keeps
	@$(BIN)/python -m reports publish --to docs/results $$($(BIN)/python -m sweeps.studies --list | \
	  while read name parts; do if [ -e runs/$$name/sweep.json ]; then echo runs/$$name; fi; done)

verify: $(READY)  ## Train five short runs of docs/results again, drawn by chance (SEED=N), and compare every bit
	@$(BIN)/python -m sweeps.verify docs/results --cells 5 --longest 10 $(if $(SEED),--seed $(SEED))

plan: $(READY)  ## Show what a sweep would run, and how long that may take
	@$(BIN)/python -m sweeps sweep=$(SWEEP) $(TO) $(HYDRA) hydra.sweeper.dry_run=true

report: $(READY)  ## Rebuild a sweep's report from its run records
	@$(BIN)/python -m reports $(DIR)

watch: $(READY)  ## Show the page of a sweep while it runs; it may begin before the sweep does (PORT=N)
	@$(BIN)/python -m reports serve $(DIR) $(if $(PORT),--port $(PORT))

status: $(READY)  ## Show how far a sweep is
	@$(BIN)/python -m sweeps.status $(DIR)

data: $(READY)  ## Get and verify MNIST and Fashion-MNIST
	@$(BIN)/python -m mlp.datasets mnist fashion_mnist

test: $(READY)  ## Run the tests (under 10 minutes, no network, the same examples each time)
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile --hypothesis-profile=ci -m "$(QUICK)" $(PYTEST_ARGS)

test-full: $(READY)  ## Run the slow tests too, and new examples of what holds for all
	@$(BIN)/python -m pytest -q -m "not parity and not page and not cluster and not package and not trackers" $(PYTEST_ARGS)

test-statistics: $(READY)  ## Simulate 2,000 sweeps of known truth for each rule (CASES=null_grid SIMS=400; continues)
	@$(BIN)/python -m tests.support.simulate --out $(VENV)/simulated.jsonl --sims $(or $(SIMS),2000) $(CASES)

test-faults: $(READY)  ## Kill a sweep and its workers over and over, and look for anything lost
	@$(BIN)/python -m pytest -q -m faults $(PYTEST_ARGS)

test-parity: $(READY)  ## Compare values and gradients with PyTorch (installs it)
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet torch==2.13.0
	@$(BIN)/python -m pytest -q -m parity $(PYTEST_ARGS)

bench: $(READY)  ## Measure speed beside the floor and the installed peers; writes docs/benchmarks.md
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-peers: $(READY)  ## Install the peers to measure against: PyTorch, JAX, scikit-learn
	@$(BIN)/python -m pip freeze > $(VENV)/installed.txt # stays as it is
	@$(BIN)/python -c 'import tomllib; file = open("pyproject.toml", "rb"); \
	  print(*tomllib.load(file)["project"]["optional-dependencies"]["bench"], sep="\n")' > $(VENV)/peers.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(VENV)/installed.txt -r $(VENV)/peers.txt

AXE := $(VENV)/axe
test-page: $(READY)  ## Drive the report's page in a browser without a screen (needs Chromium; REQUIRE=1: no skips)
	@if test "$(REQUIRE)" = 1 -a -x /usr/bin/apt-get && ! command -v chromium google-chrome >/dev/null; then \
	  apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium; fi
	@test -e $(AXE)/node_modules/axe-core/axe.min.js || \
	  npm install --silent --no-save --prefix $(AXE) axe-core@4 || echo "axe-core cannot be installed here." >&2
	@REQUIRE=$(REQUIRE) $(BIN)/python -m pytest -q -m page $(PYTEST_ARGS)

test-package: $(READY)  ## Install the wheel into empty environments, one for each Python here, and use it
	@$(BIN)/python -m pytest -q -m package $(PYTEST_ARGS)

TRACKERS := $(VENV)/trackers
test-trackers: $(READY)  ## Use real trackers, scikit-learn and a notebook (installs them beside the project)
	@test -d $(TRACKERS) || $(PYTHON) -m venv $(TRACKERS)
	@$(TRACKERS)/bin/python -m pip install --quiet --disable-pip-version-check ".[trackers,sklearn,notebook]" nbclient pytest hypothesis
	@$(TRACKERS)/bin/python -m pytest -q -p no:cacheprovider tests/reports/exports tests/test_examples.py \
		tests/mlp_grid $(PYTEST_ARGS)

CLUSTER := $(VENV)/cluster
SLURM   := slurm-wlm slurmdbd munge mariadb-server
test-cluster: $(READY)  ## Run the grid on a real SLURM and Ray, under faults (REQUIRE=1: installs SLURM, no skips)
	@test -d $(CLUSTER) || $(PYTHON) -m venv $(CLUSTER)
	@for extra in slurm ray; do \
	  $(CLUSTER)/bin/python -m pip install --quiet --disable-pip-version-check -e ".[$$extra]" pytest || \
	  echo "The extra $$extra cannot be installed here." >&2; done
	@if test "$(REQUIRE)" = 1 -a ! -x /usr/sbin/slurmctld -a -x /usr/bin/apt-get; then \
	  apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $(SLURM); fi
	@if $(CLUSTER)/bin/python -c 'import pytest'; then \
	  REQUIRE=$(REQUIRE) $(CLUSTER)/bin/python -m pytest -q -p no:cacheprovider tests/cluster $(PYTEST_ARGS); \
	else echo "Skipped: pytest cannot be installed here." >&2; test "$(REQUIRE)" != 1; fi

SITE := $(VENV)/site
site: $(READY)  ## Build the documentation into site/, which opens without a network; every link in it is checked
	@test -d $(SITE) || $(PYTHON) -m venv $(SITE)
	@$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check 'sphinx>=8,<10' 'myst-parser>=4,<6' furo
	@$(SITE)/bin/python -m sphinx -q -W --keep-going -d $(SITE)/doctrees docs site
	@cp site/README.html site/index.html
	@echo site/index.html

docs: $(READY)  ## Renew the config reference from the comments in conf/
	@$(BIN)/python -m sweeps.job.help_text > docs/reference/config.md

picture: $(READY)  ## Renew the README's picture of the page from runs/grid and its report (needs Chromium)
	@$(BIN)/python -m tests.support.picture $(DIR) docs/images/page.png

lint: $(READY)  ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY)  ## Format the code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lock: $(READY)  ## Renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile --group dev pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header -q --upgrade -o requirements.lock
