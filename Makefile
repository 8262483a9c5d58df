# Everything goes through .venv, which the first call prepares.  `make` alone lists what there is.
#
#   PYTHON=...      interpreter to build .venv with (3.11 to 3.13)
#   PTB_TORCH=...   how to get torch: auto, local, uv-cpu, index, or arguments for pip
#   ARGS=...        further arguments, handed on to `ptb demo`, pytest or perf/run.py
#   FRESH=1         make demo: start over
#   JOBS=...        make test: how many tests run side by side

SHELL := /bin/sh
.SUFFIXES:
.DEFAULT_GOAL := help

BIN := .venv/bin
JOBS ?= 2
export PYTHON PTB_TORCH

.PHONY: help demo test check format redteam perf constraints setup setup-dev clean

help: ## list the targets
	@echo "PostTrainBench: make TARGET"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s%s\n", $$1, $$2 }' Makefile
	@echo
	@awk '/^#   [A-Z]/ { sub(/^#   /, "  "); print }' Makefile

demo: setup ## four real runs of the benchmark on this machine: results/demo
	@$(BIN)/ptb demo $(if $(FRESH),--fresh) $(ARGS)

test: setup-dev ## run the tests (PTB_REQUIRE=all: fail instead of skip where an engine is absent)
	@command -v bwrap >/dev/null 2>&1 || \
	  echo "hint: bubblewrap is not installed, its tests are skipped (Debian: apt install bubblewrap)"
	@command -v npm >/dev/null 2>&1 || \
	  echo "hint: npm is not installed, the tests with real agent CLIs are skipped (apt install nodejs npm)"
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: setup-dev ## lint, formatting, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup-dev ## let ruff correct what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

redteam: setup-dev ## play cheats and honest runs against the harness: a table, its totals last
	@$(BIN)/python -m posttrainbench.redteam $(ARGS)

perf: setup-dev ## measure: start-up, overhead of a run, evaluation throughput
	@$(BIN)/python perf/run.py $(ARGS)

constraints: setup-dev ## pin what is installed in .venv now: constraints.txt
	@$(BIN)/python scripts/constraints.py

setup: ## prepare .venv for running
	@sh scripts/setup.sh demo

setup-dev: ## prepare .venv for development
	@sh scripts/setup.sh dev

clean: ## remove .venv and caches; results/ stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find src tests perf scripts -name __pycache__ -type d -prune -exec rm -rf {} +
