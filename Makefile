# `make` lists the commands. Everything is installed into .venv and kept in var; nothing else is touched.
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
PIP_FAILED := The packages could not be installed; the reason is above. Look at the network and the free disk space.

# $(call pip,FILE): install the pinned packages of FILE, counting them on a terminal. The status passes the pipe by file.
define pip
@total=$$(grep -c '==' $(1)); n=0; { $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -r $(1); \
	echo $$? > $(VENV)/.status; } | while read -r word name rest; do \
	if [ "$$word" = Collecting ] || [ "$$word" = Requirement ]; then n=$$((n + 1)); \
		[ -t 1 ] && printf '\r\033[K  %s of %s packages' "$$n" "$$total"; fi; \
	if [ "$$word" = Installing ]; then [ -t 1 ] && printf '\r\033[K  unpacking %s packages' "$$total"; fi; done; \
	[ -t 1 ] && printf '\r\033[K'; \
	[ "$$(cat $(VENV)/.status)" = 0 ] || { echo "$(PIP_FAILED)" >&2; exit 1; }
@touch $@
endef

.DEFAULT_GOAL := help
.PHONY: help run stop backup restore test fuzz check bench bench-data install install-dev python-is-right

help: ## List the commands
	@echo "Zhanggui. Commands:"
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-11s %s\n", $$1, $$2}'
	@echo "Options: make run SHOP=folder FORMAT=native|online-retail, HOST=127.0.0.1, PORT=8000, PYTHON=path"

run: install ## Install, start everything and print address and login (Ctrl-C stops)
	@exec $(BIN)/python -m core.supervisor

stop: ## Stop what `make run` started, from another terminal
	@if [ -x $(BIN)/python ]; then exec $(BIN)/python -m core.supervisor --stop; fi

backup: install ## Put the whole shop into one file below var/backups; it may be open
	@exec $(BIN)/python manage.py backup

restore: install ## Put a backup back: make restore FILE=var/backups/… (CONFIRM=yes replaces a shop)
	@test -n "$(FILE)" || { echo "Name the file: make restore FILE=var/backups/zhanggui-….tar.gz" >&2; exit 1; }
	@exec $(BIN)/python manage.py restore "$(FILE)" $(if $(filter yes,$(CONFIRM)),--confirm)

# Containers often forbid Python to keep what it compiled: every worker, and every process of a shop that a test starts,
# would then read all sources anew, which is a second each time and half a minute for the tests themselves.
test fuzz check: export PYTHONDONTWRITEBYTECODE :=

test: install-dev ## Run all tests on PostgreSQL and Redis servers of their own
	$(BIN)/python -m tests -n $(WORKERS) $(PYTEST_ARGS)

fuzz: install-dev ## Send random requests to the API: 200 per operation and caller (FUZZ_EXAMPLES=n for others)
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-200} $(BIN)/python -m pytest -p no:xdist -s --show-capture=no tests/fuzz $(PYTEST_ARGS)

check: install-dev ## Lint, types, import contracts, templates, migrations, API schema, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint templates storefront/templates --check --quiet
	$(BIN)/djlint templates storefront/templates --lint --quiet
	$(BIN)/bandit -q -ll -c pyproject.toml -r config core catalog recommender analytics reviews vision crm marketing storefront
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(BIN)/python manage.py translations --check

bench: install-dev ## Compare model quality and speed with references (needs the data of bench-data)
	$(BIN)/python -m tests.benchmarks

bench-data: install ## Convert the public sets in BENCH_DATA (default ../shared/data) into var/bench
	BENCH_DATA="$${BENCH_DATA:-../shared/data}" $(BIN)/python -m tests.benchmarks.data

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

# The stamps hold the moment of the last installation; newer requirements install again.
$(VENV)/.installed: requirements.txt | python-is-right
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear $(VENV) || \
		{ echo "The virtual environment could not be made; the reason is above." >&2; exit 1; }
	@echo "Installing what the shop needs (once) …"
	$(call pip,requirements.txt)

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing what the tests need (once) …"
	$(call pip,requirements-dev.txt)

python-is-right:
	@if [ -x $(BIN)/python ]; then exit 0; fi; \
	if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 is needed and no python3 was found: install it, or give its path with PYTHON=…" >&2; exit 1; fi; \
	"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo "Python 3.11 is needed and $(PYTHON) is $$("$(PYTHON)" -V 2>&1): give its path with PYTHON=…" >&2; exit 1; }; \
	"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python has no venv module: install it (Debian, Ubuntu: apt-get install python3.11-venv)." >&2; exit 1; }
