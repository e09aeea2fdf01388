# Two commands for a fresh Debian machine: `make demo` and `make test`.
# `make` alone lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Tests start hundreds of processes: what Python compiled once should not be compiled again.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
QUICK := tests/properties tests/integration/web tests/integration/services tests/integration/commands
DOCS := tests/unit/test_house.py tests/unit/test_docs.py
CODE := evals sandbox harness web migrations benchmarks

.PHONY: help
help: ## List the commands
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: demo
demo: ## Show the whole main job on this machine, with a real container and a real model
	@deploy/bootstrap/env.sh demo
	@deploy/bootstrap/front.sh
	@deploy/bootstrap/engine.sh
	@$(BIN)/assay demo $(ARGS)

.PHONY: test
test: ## Run every test; takes minutes, needs the container engine and real servers
	@deploy/bootstrap/env.sh demo
	@deploy/bootstrap/front.sh
	@deploy/bootstrap/engine.sh
	@deploy/bootstrap/servers.sh
	@echo '==> Unit tests'
	@$(PYTEST) -q -n 2 tests/unit
	@echo '==> Properties, services, commands, and every page and route of the API'
	@$(PYTEST) -q -n 2 $(QUICK)
	@echo '==> Pages in a real browser'
	@$(PYTEST) -v -n 2 --dist loadfile tests/functional
	@echo '==> Tests with real processes, databases and containers'
	@$(PYTEST) -v -n 3 --dist loadfile --durations=10 tests --ignore tests/unit \
	  --ignore tests/functional $(addprefix --ignore ,$(QUICK))

.PHONY: unit
unit: env front ## Run the tests that need no container engine; takes seconds
	@$(PYTEST) -q -n 2 tests/unit $(ARGS)

# Ruff's cache does not notice that a module came to be, which decides how imports are sorted.
.PHONY: check
check: env ## Check format, lint, types, import rules and documentation; under a minute
	@echo '==> Format'; $(BIN)/ruff format --no-cache --check .
	@echo '==> Lint'; $(BIN)/ruff check --no-cache .
	@echo '==> Import rules'; $(BIN)/lint-imports
	@echo '==> Types'; $(BIN)/mypy $(CODE)
	@echo '==> Rules of the house and documentation in step'; $(PYTEST) -q $(DOCS)

.PHONY: bench
bench: env ## Measure against peers; ARGS='P1 --json' picks rows and form
	@deploy/bootstrap/engine.sh
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: env
env: ## Make the environment .venv from the lock files
	@deploy/bootstrap/env.sh

.PHONY: front
front: ## Fetch the styles, scripts and drawings of the pages, for the web and the wheel
	@deploy/bootstrap/front.sh

.PHONY: lock
lock: ## Write the lock files from pyproject.toml; ARGS=--upgrade takes newer releases
	@deploy/bootstrap/lock.sh $(ARGS)

.PHONY: clean
clean: ## Remove what these commands made here: environment, caches, the demo's data
	rm -rf .venv .venv-lock .venv-front web/front/node_modules web/static/vendor \
	  .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache dist build var/demo var/bench
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
