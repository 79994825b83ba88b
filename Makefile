# Anode's tasks; `make` lists them.  Needs python3 (3.11 or newer), git and make, no more.

BIN := .venv/bin
PEERS ?= yes
JOBS ?= 2
ARGS ?=
SETUP := pyproject.toml constraints.txt tools/setup.sh

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo test long check bench format clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: .venv/.run ## set up, write a configuration on the first run, start the node
	@test -e anode.toml || { $(BIN)/anode init >/dev/null && echo "anode: wrote anode.toml and tls/"; }
	@echo "anode: what to do with it, in another shell: $(BIN)/anode --help"
	@exec $(BIN)/anode serve -c anode.toml $(ARGS)

demo: .venv/.run ## start a node for a moment and store, find and get
	@$(BIN)/python -m cli.demo $(ARGS)

# Tests mostly wait: two processes take half the time of one.
test: .venv/.dev ## set up everything, peers too, and run the whole suite (PEERS=no: without them)
ifeq ($(PEERS),no)
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not interop and not long" $(ARGS)
else
	@tools/peers.sh
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)
endif

# One after the other, tests last: the closing line of all is pytest's.
check: .venv/.dev ## format, lint, types, tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory test

long: .venv/.dev ## the tests that take long: crash rounds, scanners, fuzzing, soak
	@tools/peers.sh
	$(BIN)/pytest -m long $(ARGS)

bench: .venv/.dev ## measure the node beside its peers (ARGS=--short: two minutes; ARGS=--help)
	@tools/peers.sh
	@test -d .venv/bench || $(BIN)/pip --disable-pip-version-check -q install --target .venv/bench sqlalchemy==2.0.44
	@$(BIN)/python -m benchmarks $(ARGS)

format: .venv/.dev ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

clean: ## remove what was made here; the configuration and the data stay
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps say which set-up was done; they are made anew when what they depend on changes.
.venv/.run: $(SETUP)
	@tools/setup.sh
	@touch $@

.venv/.dev: $(SETUP)
	@tools/setup.sh dev
	@touch $@ .venv/.run
