# Two commands: `make demo` and `make test`. Each sets everything up on a fresh machine (Python >= 3.11, pip).
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test test-slow test-all lint docs bench readme constraints clean
.DEFAULT_GOAL := help

help: ## Show the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.demo: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -e '.[samples,report]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -e '.[dev]'
	touch $@

demo: $(VENV)/.demo ## Train one model of each family on real digits and write demo/report.html
	$(BIN)/genzoo demo --out demo --overwrite

test: $(VENV)/.dev ## Run the tests, one process a core
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto

test-slow: $(VENV)/.dev ## Run the slow tests only: kill -9 and resume, training to known optima, the docs' snippets
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto -m slow --timeout 300

test-all: $(VENV)/.dev ## Run every test, also the slow ones
	OMP_NUM_THREADS=1 $(BIN)/pytest -m ''

lint: $(VENV)/.dev ## Check style, types, floors and sizes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/budget.py

docs: $(VENV)/.dev ## Build the documentation into site/
	$(BIN)/zensical build --clean

readme: $(VENV)/.dev ## Write the tables that README and docs take from the registry
	$(BIN)/python tools/tables.py

bench: $(VENV)/.dev ## Measure speed against plain PyTorch and a Pillow DataLoader; writes benchmarks/results
	$(BIN)/python -m benchmarks

constraints: $(VENV)/.dev ## Pin every dependency anew
	$(BIN)/pip install -q uv && $(BIN)/uv pip compile --universal --python-version 3.11 --all-extras \
	  --no-annotate --no-header pyproject.toml -o constraints.txt

clean: ## Remove what was made here, runs excepted
	rm -rf $(VENV) site dist demo .pytest_cache .ruff_cache .mypy_cache
