# Everything one does with a copy of Tillgate. It needs Python 3.11 or later, bash and make; `make setup` brings the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
READY := .venv/.ready
PYTEST := $(BIN)/python -m pytest
# All tests go in two processes, file by file in their order; some of them in one, where a debugger can get at them.
TWO := -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0
LOCK := $(BIN)/uv pip compile --quiet --system-certs --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade) pyproject.toml

.PHONY: help setup run test prove check format bench lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## set everything up into .venv

$(READY): pyproject.toml requirements/dev.txt tools/setup
	@tools/setup
	@touch $@

run: setup ## serve on 127.0.0.1:8000 (ARGS="--port 9000" and the like)
	@exec $(BIN)/tillgate serve $(ARGS)

# What is imported is compiled once, not in each process and in every server that is started anew.
test prove: export PYTHONDONTWRITEBYTECODE :=

test: setup ## run every test, within 9 minutes (ARGS="tests/core -k money" and the like)
	@tools/ensure_postgres >/dev/null
	@tools/ensure_strace
	@tools/ensure_node
	@tools/ensure_chromium
	@$(PYTEST) $(or $(ARGS),$(TWO))

prove: setup ## run the same tests at full size
	@tools/ensure_postgres >/dev/null
	@tools/ensure_strace
	@tools/ensure_node
	@tools/ensure_chromium
	@TILLGATE_PROVE=1 $(PYTEST) -o faulthandler_timeout=3600 $(ARGS)

check: setup ## format, lint, types, layers
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: setup ## put the code into its format, and mend what the linter can
	@$(BIN)/ruff check --fix --exit-zero --quiet
	@$(BIN)/ruff format

bench: setup ## run the benchmarks
	@tools/ensure_wrk
	@tools/ensure_postgres >/dev/null
	@tools/ensure_chromium
	@$(BIN)/python -m bench $(ARGS)

lock: setup ## pin what pyproject.toml and tests/node/package.json ask for (UPGRADE=1 takes the newest of Python)
	@$(LOCK) --output-file requirements/runtime.txt
	@$(LOCK) --group dev --constraints requirements/runtime.txt --output-file requirements/dev.txt
	@cd tests/node && npm install --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error

clean: ## remove what setup and the tools made; data stays
	@rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist tests/node/node_modules
	@find . -name __pycache__ -prune -exec rm -rf {} +
