# `make demo` and `make test` need Python 3.11 or newer and make, nothing else.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# What only PostgreSQL reaches is left out of the gates where the tests run on SQLite.
export COVERAGE_WITHOUT ?= $(if $(DATABASE_URL),no cover,postgresql)
# The first of these that is new enough; PYTHON=/path/to/python says otherwise.
PYTHON ?= $(shell for it in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$it -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$it && break; done)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo up test ci lint test-cov chaos bench bench-matching bench-pings bench-api format hooks clean

help: ## Show what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The two stamps below say what is installed; they are made again when a requirements file changes.
$(VENV)/.run: requirements.txt
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "FixMate needs Python 3.11 or newer; PYTHON=/path/to/python says where it is." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing: on Debian or Ubuntu, apt-get install python3-venv." >&2; exit 1; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing what FixMate runs on ..."
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@echo "Installing the tools ..."
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

demo: $(VENV)/.run ## Set everything up and watch real requests being matched (ARGS="--help" shows options)
	@exec $(BIN)/python manage.py demo $(ARGS)

up: $(VENV)/.run ## Migrate, seed the catalogue, then run web and worker until Ctrl-C
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py seed
	@exec $(BIN)/python manage.py up

test: $(VENV)/.dev ## Set everything up and run the tests (ARGS="jobs -k cancel" runs some)
	@$(BIN)/python -m pytest $(ARGS)

ci: lint test-cov ## Everything that must hold before a change lands

lint: $(VENV)/.dev ## Format, lint, types, layers, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	LOG_LEVEL=WARNING DJANGO_SETTINGS_MODULE=fixmate.settings_dev $(BIN)/python manage.py lintmigrations

test-cov: $(VENV)/.dev ## The tests with the coverage gates
	$(BIN)/python -m pytest --cov --cov-report= $(ARGS)
	$(BIN)/coverage json --quiet -o var/coverage.json
	$(BIN)/python -m fixmate.tests.coverage_gate var/coverage.json

chaos: $(VENV)/.dev ## Break processes, servers and clocks under load (ARGS="--quick", "--only C3", "--seed 7"); see docs/dispatch.md
	@$(BIN)/python -m fixmate.tests.chaos $(ARGS)

bench: bench-matching bench-pings bench-api ## Measure everything there is a goal for, one after the other

bench-matching: $(VENV)/.dev ## Measure the search for candidates on PostgreSQL (ARGS="--sizes 1000,10000")
	@$(BIN)/python -m benchmarks.matching $(ARGS)

bench-pings: $(VENV)/.dev ## Measure batches of position pings on PostgreSQL (ARGS="--size 10000 --rounds 30")
	@$(BIN)/python -m benchmarks.pings $(ARGS)

bench-api: $(VENV)/.dev ## Measure what apps feel while passes run, on PostgreSQL and Redis (ARGS="--size 1000 --seconds 10")
	@$(BIN)/python -m benchmarks.api $(ARGS)

format: $(VENV)/.dev ## Format the code and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

hooks: $(VENV)/.dev ## Have git run the quick checks before each commit
	$(BIN)/pre-commit install

clean: ## Remove the virtual environment and all local data
	rm -rf $(VENV) var
