# Everything here sets itself up: `make demo` and `make test` need only Python 3.11, git and make.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
# Known weaknesses of what is depended on. Without a network: make lint AUDIT=true
AUDIT ?= $(BIN)/pip-audit --requirement requirements.lock --no-deps --disable-pip --progress-spinner off

.PHONY: install demo test test-long test-fast lint bench chaos soak fuzz clean

install: $(READY)

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: make PYTHON=/path/to/python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: install
	$(BIN)/marksweep demo

test: install
	$(BIN)/pytest -m "not ray and not long" --numprocesses auto --dist worksteal
	$(BIN)/pytest -m "ray and not long"

test-long: install
	$(BIN)/pytest -m long

test-fast: install
	$(BIN)/pytest -m "not ray and not slow" --numprocesses auto

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(AUDIT)

bench: install
	$(BIN)/python -m tests.bench

chaos: install
	$(BIN)/python -m tests.chaos

fuzz: install
	$(BIN)/python -m tests.fuzz

soak: install
	$(BIN)/python -m tests.soak

clean:
	rm -rf $(VENV) runs .pytest_cache .ruff_cache
