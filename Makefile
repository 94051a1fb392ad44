# Two commands for everybody: `make run` and `make test`. Both set up what they need in .venv.
PYTHON ?= python3
VENV   ?= .venv
# Else each test worker makes anew what pytest makes of the test files.
unexport PYTHONDONTWRITEBYTECODE
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
# Tests mostly wait for others: more workers than cores.
WORKERS ?= 3
TESTS   ?= tests

.PHONY: help setup run test check docs format lint types layers unit ui ui-check bench constraints clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(STAMP) ## Create .venv with everything in it

PAGES := $(shell find ui/src ui/public ui/*.json ui/*.ts ui/index.html -type f ! -name schema.d.ts)

$(STAMP): pyproject.toml constraints.txt hatch_build.py $(PAGES)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[all,dev]'
	@# On every core, unlike pip's; and our own code too, which hundreds of processes of the tests load.
	-$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib src
	@touch $@

run: $(STAMP) ## Start Slipstream: SQLite, LocalExecutor, web on http://localhost:8080
	$(BIN)/slipstream standalone

test: $(STAMP) ## Run every test (those that need a missing service are skipped, unless CI is set)
	$(PYTEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not alone" $(TESTS)
	$(PYTEST) -m alone $(TESTS)

ui: $(STAMP) ## Build the web pages anew from ui/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .

ui-check: $(STAMP) ## Lint and test the web pages
	cd ui && npm run lint && npm test

check: format lint types layers unit ## What to run before each commit, about a minute

format: $(STAMP)
	$(BIN)/ruff format --check src tests bench

lint: $(STAMP)
	$(BIN)/ruff check src tests bench

types: $(STAMP)
	$(BIN)/mypy

layers: $(STAMP)
	$(BIN)/lint-imports --no-cache

unit: $(STAMP)
	$(PYTEST) -q -n 2 tests/unit

docs: $(STAMP) ## Write the reference pages anew from the code
	$(BIN)/python docs/generate.py

bench: $(STAMP) ## Run the benchmarks against Slipstream
	$(BIN)/python -m bench

constraints: ## Write constraints.txt anew from the newest versions that pyproject.toml allows
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade --upgrade-strategy eager -e '.[all,dev]'
	$(BIN)/python -m pip freeze --exclude-editable --exclude slipstream-orchestrator | sort -f > constraints.txt

clean: ## Remove what the other targets made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
