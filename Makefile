# Every target works on a machine with make and Python 3.11+ with venv: setup comes first.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
UV := $(BIN)/uv
TABLES := catalog/loopgauge_catalog/tables

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format gen bench bench-full soak clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.installed  ## Make .venv with the `loopgauge` command and all tools

$(VENV)/.installed: pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13.8,<0.14'
	@$(UV) sync --quiet --frozen --all-extras --python $(BIN)/python
	@touch $@

demo: setup  ## A collector and three simulated products, 70 days and live; Ctrl-C ends all
	@$(BIN)/loopgauge demo $(DEMO_ARGS)

test: setup  ## All tests; those whose server is not installed are skipped with a line
	@$(BIN)/pytest $(if $(LOOPGAUGE_ENDPOINT),--cov) $(PYTEST_ARGS)

lint: setup  ## Format, lint, types, import direction, generated files up to date
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/loopgauge check --schema | diff -u docs/catalog.schema.json - || (echo 'run make gen'; exit 1)
	@$(BIN)/loopgauge check --handbook $(TABLES) | diff -u docs/kpis.md - || (echo 'run make gen'; exit 1)

format: setup  ## Rewrite the sources in the one format
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

gen: setup  ## Write what is generated from the catalog
	@$(BIN)/loopgauge check --schema > docs/catalog.schema.json
	@$(BIN)/loopgauge check --handbook $(TABLES) > docs/kpis.md

bench: setup  ## About three minutes of measurements; see docs/benchmarks.md
	@$(BIN)/python -m benchmarks

bench-full: setup  ## The same over large stores; takes what it takes
	@$(BIN)/python -m benchmarks --full

soak: setup  ## 200 kills and the other long tests
	@LOOPGAUGE_SOAK_ROUNDS=200 $(BIN)/pytest tests/durability -p no:cacheprovider -s

clean:  ## Remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
