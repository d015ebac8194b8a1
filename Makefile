# govlake. `make` alone lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Compiled modules are kept, whatever the machine is set to: compiling is two thirds of what a start of pytest costs.
unexport PYTHONDONTWRITEBYTECODE
# Two processes, each with a Spark session of its own: a test mostly waits for one thread, the planner's.
# Files are handed out as tests/conftest.py sorts them: those that took longest first.
WORKERS = -n 2 --dist loadfile --no-loadscope-reorder
# Lakes of tests, and what Spark shuffles, are thousands of small files: in memory where there is room, unless told otherwise.
ROOM = $(shell df -k --output=avail,target /dev/shm 2>/dev/null | awk '$$1 > 4000000 && $$2 == "/dev/shm" {print $$2}')
LAKE = $(abspath $(or $(GOVLAKE_HOME),lake))

.PHONY: help setup run test test-slow check bench lock up down postgres-up postgres-down clean clean-lake

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

setup: ## prepare .venv (then .venv/bin/govlake is the command) and Delta's jars
	@tools/setup.sh

run: setup ## three nights of a synthetic country through Airflow, and a summary
	@govlake demo

check test: export TMPDIR := $(or $(TMPDIR),$(ROOM),/tmp)
check test: export SPARK_LOCAL_DIRS := $(or $(SPARK_LOCAL_DIRS),$(ROOM),/tmp)

check: setup ## the fast loop: ruff, format, mypy --strict, import-linter, contract lint, unit tests
	@echo "ruff" && ruff check --quiet . && ruff format --check --quiet .
	@echo "mypy" && mypy
	@echo "import-linter" && lint-imports --no-cache > /dev/null || lint-imports --no-cache
	@echo "contracts" && python tools/lint_contracts.py
	@echo "unit tests" && pytest tests/unit $(WORKERS) -m "not slow"

test: check ## every check and test, on real Spark, Delta, Great Expectations and Airflow
	@echo "suites" && pytest tests --ignore tests/unit $(WORKERS) -m "not slow"

test-slow: setup ## full-size suites
	@pytest tests -m slow

bench: setup ## a script of benchmarks/: make bench NAME=ingest ROWS=100000, or NAME=linkage.febrl
	@test -f "benchmarks/$(subst .,/,$(NAME)).py" || { echo "no benchmark '$(NAME)'. There are:"; ls benchmarks/*.py benchmarks/*/*.py; exit 2; }
	@python -m benchmarks.$(NAME) $(ARGS)

lock: ## pin requirements*.in again
	@uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header requirements-dev.in -o requirements.lock

up: setup ## start Airflow and Spark Connect on this box
	@govlake up

down: ## stop what `make up` or `make run` started
	@[ ! -x $(BIN)/govlake ] || govlake down

postgres-up: setup ## start PostgreSQL with the departments' databases on this box (make run does so itself)
	@govlake postgres up

postgres-down: ## stop it
	@[ ! -x $(BIN)/govlake ] || govlake postgres down

clean-lake: down ## remove the lake, its landing area and Airflow's state; keys stay
	@[ ! -x $(BIN)/govlake ] || govlake postgres down --remove
	@rm -rf "$(LAKE)" "$(dir $(LAKE))truth" "$(abspath $(or $(GOVLAKE_AIRFLOW__HOME),.airflow))"

clean: clean-lake ## remove everything that set-up and runs made, but keys
	@rm -rf .venv .jars .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
