# `make demo` and `make test` need Python 3.11 or newer and make, nothing else.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
CLIENT := clients/typescript
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true
# What only PostgreSQL reaches is left out of the gates where the tests run on SQLite.
export COVERAGE_WITHOUT ?= $(if $(DATABASE_URL),no cover,postgresql)
# The first of these that is new enough; PYTHON=/path/to/python says otherwise.
PYTHON ?= $(shell for it in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$it -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$it && break; done)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo up test ci lint test-cov fuzz client api-docs chaos bench bench-matching bench-pings bench-expiry bench-api bench-enumeration golden format messages hooks clean

help: ## Show what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamps below say what is installed; they are made again when a requirements file changes.
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

# A provider of payments for tests and demo: of another licence, with packages of its own, run and never imported.
$(VENV)/localstripe/.done: requirements-localstripe.txt $(VENV)/.run
	@echo "Installing localstripe ..."
	@$(BIN)/python -m venv --clear $(VENV)/localstripe
	@$(VENV)/localstripe/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-localstripe.txt
	@touch $@

demo: $(VENV)/.run $(if $(findstring stripe,$(ARGS)),$(VENV)/localstripe/.done) ## Set everything up and watch real requests being matched (ARGS="--payments stripe" by card, ARGS="--help" shows options)
	@exec $(BIN)/python manage.py demo $(ARGS)

up: $(VENV)/.run ## Migrate, seed the catalogue, then run web and worker until Ctrl-C
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py seed
	@exec $(BIN)/python manage.py up

test: $(VENV)/.dev $(VENV)/localstripe/.done ## Set everything up and run the tests (ARGS="jobs -k cancel" runs some)
	@$(BIN)/python -m pytest $(ARGS)

golden: $(VENV)/.dev ## Write the tables that tests hold answers and bodies against anew; the diff is to be reviewed
	GOLDEN=write $(BIN)/python -m pytest -n 0 -q fixmate/tests/matrix -k "that_the"

ci: lint test-cov ## Everything that must hold before a change lands

lint: $(VENV)/.dev ## Format, lint, types, layers, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	LOG_LEVEL=WARNING DJANGO_SETTINGS_MODULE=fixmate.settings_dev $(BIN)/python manage.py lintmigrations

test-cov: $(VENV)/.dev $(VENV)/localstripe/.done ## The tests with the coverage gates
	$(BIN)/python -m pytest --cov --cov-report= $(ARGS)
	$(BIN)/coverage json --quiet -o var/coverage.json
	$(BIN)/python -m fixmate.tests.coverage_gate var/coverage.json

fuzz: $(VENV)/.dev ## Hold the API to its OpenAPI document with made-up requests (EXAMPLES=50 is deeper, ARGS="-k uploads")
	@$(BIN)/python -m pytest -q --tb=short $(ARGS) fixmate/tests/conformance/fuzz_walks.py fixmate/tests/conformance/fuzz_api.py

client: $(VENV)/.run $(CLIENT)/node_modules/.package-lock.json ## Lint the OpenAPI document and make the TypeScript client of it (needs Node)
	@LOG_LEVEL=WARNING $(BIN)/python manage.py spectacular --format openapi-json --validate --fail-on-warn --file $(CLIENT)/openapi.json
	@cd $(CLIENT) && npm run --silent lint && npm run --silent generate && npm run --silent build

$(CLIENT)/node_modules/.package-lock.json: $(CLIENT)/package.json $(CLIENT)/package-lock.json
	@cd $(CLIENT) && npm ci --prefer-offline --no-progress --loglevel=error && touch node_modules/.package-lock.json

api-docs: $(VENV)/.run ## Renew the tables of docs/api-design.md
	@LOG_LEVEL=WARNING $(BIN)/python manage.py api_docs $(ARGS)

chaos: $(VENV)/.dev ## Break processes, servers and clocks under load (ARGS="--quick", "--only C3", "--seed 7"); see docs/dispatch.md
	@$(BIN)/python -m fixmate.tests.chaos $(ARGS)

bench: bench-matching bench-pings bench-expiry bench-api bench-enumeration ## Measure everything there is a goal for, one after the other

bench-matching: $(VENV)/.dev ## Measure the search for candidates on PostgreSQL (ARGS="--sizes 1000,10000")
	@$(BIN)/python -m benchmarks.matching $(ARGS)

bench-pings: $(VENV)/.dev ## Measure batches of position pings on PostgreSQL (ARGS="--size 10000 --rounds 30")
	@$(BIN)/python -m benchmarks.pings $(ARGS)

bench-expiry: $(VENV)/.dev ## Measure the end of offers beside a Celery task for each, on PostgreSQL and Redis (ARGS="--size 1000")
	@$(BIN)/python -m benchmarks.expiry $(ARGS)

bench-api: $(VENV)/.dev ## Measure what apps feel while passes run, on PostgreSQL and Redis (ARGS="--size 1000 --seconds 10")
	@$(BIN)/python -m benchmarks.api $(ARGS)

bench-enumeration: $(VENV)/.dev ## Measure whether the time of an answer tells who has an account (ARGS="--samples 50")
	@$(BIN)/python -m benchmarks.enumeration $(ARGS)

format: $(VENV)/.dev ## Format the code and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: $(VENV)/.dev ## Renew the catalogues of locale/ after words in mails, SMS or notifications have changed
	@$(BIN)/python -m fixmate.tests.messages

hooks: $(VENV)/.dev ## Have git run the quick checks before each commit
	$(BIN)/pre-commit install

clean: ## Remove the virtual environment and all local data
	rm -rf $(VENV) var
