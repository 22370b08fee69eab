# Two commands: `make run` serves the app on a demo workspace, `make test` runs every test.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
APP    := $(VENV)/.app-ready
DEV    := $(VENV)/.dev-ready
PIP    := $(BIN)/python -m pip install --disable-pip-version-check -q

.PHONY: run test check bench format pins clean help

help:            ## show the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

run: $(APP)      ## set up everything and serve the app on a demo workspace
	@$(BIN)/rapport serve --demo

test: $(DEV)     ## set up everything and run all tests
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

check: $(DEV)    ## lint, format, types, import rules, pins
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/pins.py

bench: $(DEV)    ## measure against yardsticks; prints one table, writes benchmarks/results/latest.json
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

format: $(DEV)   ## put code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pins: $(DEV)     ## resolve pyproject.toml anew into requirements*.txt
	$(BIN)/python .ci/pins.py --write

clean:           ## remove the virtual environment and caches (never data/)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rapport needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	@echo "Setting up $(VENV) …" && $(PYTHON) -m venv $(VENV)

$(APP): requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Rapport needs (a few minutes the first time) …"
	@$(PIP) -r requirements.txt && $(PIP) --no-deps -e . && touch $@

$(DEV): requirements-dev.txt $(APP)
	@echo "Installing what the tests need …"
	@$(PIP) -r requirements-dev.txt && sh .ci/chromium.sh $(BIN) && touch $@
