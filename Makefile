# Two commands on a fresh machine: make demo, make test. The rest is for who works on the code.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=
READY  := $(VENV)/.ready

.PHONY: demo test check lint types contracts trials bench lock clean

# The lock holds versions and hashes; the project itself is built with the locked build tool.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

demo: $(READY)
	@$(BIN)/python -m daemon.demo $(ARGS)

# More processes than cores: a test often waits for a server. They compile once for all, whatever the shell says: there are hundreds.
test trials: export PYTHONDONTWRITEBYTECODE :=
test: check
	$(BIN)/python -m pytest -n 4 $(ARGS)

check: lint types contracts

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

trials: $(READY)
	$(BIN)/python -m pytest -n 2 -m trials --timeout 3000 $(ARGS)

bench: $(READY)
	$(BIN)/python -m tests.bench $(ARGS)

lock:
	uv export --all-extras --no-emit-project --no-annotate --no-header --quiet --output-file requirements.lock
	rm -f uv.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
