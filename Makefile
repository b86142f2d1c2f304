# `make demo` and `make test` need nothing before them but Python 3.11, 3.12 or 3.13.

PYTHON ?= python3
# more arguments for pytest: make test ARGS="-k ledger"
ARGS ?=
# make lock UPGRADE=1 takes the newest versions; without it, only necessary changes
UPGRADE ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV_VERSION := 0.13.9
# they take hours: see tests/walk/test_walk.py
LONG_WALKS := tests/walk/test_walk.py tests/walk/test_two_writers.py
# engines, and a scheduler, with environments of their own, for tests/engines
ENGINES := airflow bqemulator ducklake snowflake spark
COMPILE = uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-strip-extras --no-annotate --quiet --custom-compile-command "make lock" \
	$(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup dev demo demo-dagster test test-slow test-nightly test-engines test-hosts test-dbt questions samples bench lint lint-sql docs wheel ranges lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: .venv/project.stamp ## Make .venv from requirements.lock, every file checked by its hash

dev: .venv/dev.stamp ## The same with the tools for tests and lint

demo: .venv/dbt.stamp .venv/dashboard.stamp ## Load a month of invented data, build the models and a page of them
	$(BIN)/python pipelines/asc_segments.py --demo
	$(BIN)/python pipelines/asc_models.py
	$(BIN)/asc-segments dashboard

# Dagster keeps its runs in .dagster
demo-dagster: .venv/dagster.stamp ## Show the job on Dagster with invented data, on http://127.0.0.1:3000
	mkdir -p .dagster
	cp deploy/dagster/one-host.yaml .dagster/dagster.yaml
	DAGSTER_HOME="$(CURDIR)/.dagster" $(BIN)/asc-segments emulator \
		$(BIN)/dagster dev -m asc_pipeline.dagster.definitions

test: dev ## Run the tests; ARGS="-k name" for some of them
	$(BIN)/python -m pytest -n auto $(ARGS)

test-slow: dev ## Run the tests that make test leaves out, but for those of the models
	$(BIN)/python -m pytest -n 3 --timeout 300 -m "slow and not nightly and not live" tests \
		--ignore tests/dbt $(LONG_WALKS:%=--ignore %) $(ARGS)

test-nightly: dev ## Run the slow tests that repeat others elsewhere: on Postgres, in buckets, at random
	$(BIN)/python -m pytest -n 3 --timeout 300 -m "nightly and not live" tests $(ARGS)

samples: dev ## Rewrite the samples of SQL in tests/samples/sql; then read the diff
	RETAKE_SAMPLES=1 $(BIN)/python -m pytest -q tests/test_dialects.py

test-dbt: dev ## Run the tests of the models, on DuckDB and on Postgres
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not nightly and not live" tests/dbt $(ARGS)

# tests/engines is left out by pytest's norecursedirs; named, it runs
test-engines: .venv/engines/job/project.stamp $(ENGINES:%=.venv/engines/%/project.stamp) ## Run the tests on engines of other destinations
	.venv/engines/job/bin/python -m pytest -n 0 --timeout 1200 tests/engines $(ARGS)

# tests/hosts is left out by pytest's norecursedirs; named, it runs
test-hosts: dev ## Run Dagster on two hosts that fail; needs root, iproute2, socat, redis-server
	$(BIN)/python -m pytest -n 0 tests/hosts $(ARGS)

questions: dev ## Rewrite pipelines/dbt/QUESTIONS.md and the staging models
	$(BIN)/python -m asc_pipeline.models.generator
	$(BIN)/python -m tests.dbt.questions

# the job must not be measured on a busy machine: see benchmarks/README.md
bench: dev ## Measure every workload against its bar; ARGS="--scale 0.01" to try
	$(BIN)/python -m benchmarks $(ARGS)

lint: dev ## Check style, format and types; run bandit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml sources pipelines benchmarks

# sqlfluff asks dbt for the statements; an empty database is enough
lint-sql: .venv/sql/project.stamp ## Check the style of the models and questions with sqlfluff
	@set -eu; \
	place=$$(mktemp -d); trap 'rm -rf "$$place"' EXIT; trap 'exit 130' INT TERM; \
	export ASC_DBT_DUCKDB="$$place/empty.duckdb" DBT_TARGET_PATH="$$place" DBT_LOG_PATH="$$place"; \
	sqlfluff="$(CURDIR)/.venv/sql/bin/sqlfluff"; cd pipelines/dbt; set -x; \
	"$$sqlfluff" lint models; \
	"$$sqlfluff" lint --templater jinja analyses

docs: .venv/docs/project.stamp ## Build the site from docs/ into site/; a broken link fails
	NO_MKDOCS_2_WARNING=1 .venv/docs/bin/mkdocs build --strict

# Installed where no checkout is near, so that a file missing from the wheel shows.
wheel: dev ## Build sdist and wheel, and try the wheel in an empty environment
	rm -rf build dist
	$(BIN)/python -m build --quiet --no-isolation --outdir dist
	@set -eu; \
	lock="$(CURDIR)/requirements.lock"; dist="$(CURDIR)/dist"; python="$(CURDIR)/$(BIN)/python"; \
	room=$$(mktemp -d); trap 'rm -rf "$$room"' EXIT; trap 'exit 130' INT TERM; \
	mkdir "$$room/empty"; cd "$$room/empty"; \
	unset PYTHONPATH; export DLT_DATA_DIR="$$room/dlt"; \
	"$$python" -m venv "$$room/venv"; \
	pip="$$room/venv/bin/python -m pip --disable-pip-version-check"; \
	set -x; \
	$$pip install --quiet --require-hashes -r "$$lock"; \
	$$pip install --quiet --no-deps "$$dist"/*.whl; \
	$$pip check; \
	"$$room/venv/bin/asc-segments" --help; \
	"$$room/venv/bin/asc-segments" --demo; \
	$$pip install --quiet --require-hashes -r "$(CURDIR)/requirements-dbt.lock"; \
	"$$room/venv/bin/asc-segments" models; \
	$$pip install --quiet --require-hashes -r "$(CURDIR)/requirements-dashboard.lock"; \
	"$$room/venv/bin/asc-segments" dashboard

# dbt-core 1.12 fetches a part of itself from outside of the package index: see constraints.txt
ranges: dev ## Run --demo, the models and Dagster with the lowest and the newest versions allowed
	@set -eu; \
	room=$$(mktemp -d); trap 'rm -rf "$$room"' EXIT; trap 'exit 130' INT TERM; \
	$(PYTHON) -m venv "$$room/tools"; \
	"$$room/tools/bin/python" -m pip --disable-pip-version-check install --quiet uv==$(UV_VERSION); \
	rm -rf build; \
	$(BIN)/python -m build --quiet --wheel --no-isolation --outdir "$$room/dist"; \
	uv="$$room/tools/bin/uv"; unset PYTHONPATH; \
	for resolution in lowest-direct highest; do \
		place="$$room/$$resolution"; \
		"$$uv" venv --quiet --python "$(CURDIR)/$(BIN)/python" "$$place"; \
		"$$uv" pip install --quiet --python "$$place/bin/python" --resolution "$$resolution" \
			-r pyproject.toml --extra dbt --extra dashboard "$$room"/dist/*.whl 'dbt-core<1.12'; \
		"$$uv" pip freeze --python "$$place/bin/python"; \
		(cd "$$place"; export DLT_DATA_DIR="$$place/dlt"; \
			bin/dlt-app-store-connect --demo --progress none; bin/dlt-app-store-connect models; \
			bin/dlt-app-store-connect dashboard); \
		"$$uv" pip install --quiet --python "$$place/bin/python" --resolution "$$resolution" \
			-r pyproject.toml --extra dagster 'dbt-core<1.12'; \
		"$$uv" pip freeze --python "$$place/bin/python"; \
		mkdir "$$place/dagster"; cp deploy/dagster/one-host.yaml "$$place/dagster/dagster.yaml"; \
		(cd "$$place"; export DLT_DATA_DIR="$$place/dlt" DAGSTER_HOME="$$place/dagster"; \
			bin/dagster definitions validate -m asc_pipeline.dagster.definitions); \
	done

lock: ## Write the locks from pyproject.toml and constraints.txt; UPGRADE=1 for the newest
	@set -eu; \
	tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; trap 'exit 130' INT TERM; \
	$(PYTHON) -m venv "$$tools"; \
	"$$tools/bin/python" -m pip --disable-pip-version-check install --quiet uv==$(UV_VERSION); \
	PATH="$$tools/bin:$$PATH"; \
	set -x; \
	$(COMPILE) pyproject.toml --constraints constraints.txt --output-file requirements.lock; \
	$(COMPILE) pyproject.toml --constraints requirements.lock --extra dbt \
		--output-file requirements-dbt.lock; \
	$(COMPILE) pyproject.toml --constraints requirements.lock --extra dashboard \
		--output-file requirements-dashboard.lock; \
	$(COMPILE) pyproject.toml --constraints requirements.lock --constraints requirements-dbt.lock \
		--constraints requirements-dashboard.lock --extra dagster --output-file requirements-dagster.lock; \
	$(COMPILE) pyproject.toml --constraints requirements.lock --constraints requirements-dbt.lock \
		--constraints requirements-dashboard.lock --constraints requirements-dagster.lock \
		--extra postgres --extra delta --extra iceberg --extra dbt --extra dashboard --extra notify \
		--extra dagster --group dev \
		--output-file requirements-dev.lock; \
	$(COMPILE) --group docs --output-file requirements-docs.lock; \
	$(COMPILE) --group sql --constraints constraints.txt --output-file requirements-sql.lock; \
	$(COMPILE) --group engines --constraints requirements-dev.lock \
		--output-file requirements-engines.lock; \
	$(COMPILE) pyproject.toml --group engines-ducklake --constraints constraints.txt \
		--output-file requirements-engines-ducklake.lock; \
	for engine in $(filter-out ducklake,$(ENGINES)); do \
		$(COMPILE) --group engines-$$engine --output-file requirements-engines-$$engine.lock; \
	done

clean: ## Remove .venv, caches, builds and the demo's data
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist site sources/*.egg-info
	rm -f asc_segments.duckdb asc_segments.duckdb.wal asc_segments_lake.duckdb asc_segments.html
	find sources pipelines tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written last, so a set-up that was cut off starts over.
.venv/runtime.stamp: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
		found=$$($(PYTHON) --version 2>/dev/null) || found="not to be found"; \
		echo "This project needs Python 3.11, 3.12 or 3.13, and '$(PYTHON)' is $$found." \
			"Name another: make setup PYTHON=python3.12" >&2; \
		exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(PIP) install --quiet --require-hashes -r requirements.lock
	@touch $@

# setuptools, the build backend, is in the lock (dlt needs it), so nothing unpinned takes part.
.venv/project.stamp: pyproject.toml .venv/runtime.stamp
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dbt.stamp: requirements-dbt.lock .venv/project.stamp
	$(PIP) install --quiet --require-hashes -r requirements-dbt.lock
	@touch $@

.venv/dashboard.stamp: requirements-dashboard.lock .venv/project.stamp
	$(PIP) install --quiet --require-hashes -r requirements-dashboard.lock
	@touch $@

.venv/dagster.stamp: requirements-dagster.lock .venv/project.stamp
	$(PIP) install --quiet --require-hashes -r requirements-dagster.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/project.stamp
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

# An environment of its own: the site needs none of the project's dependencies.
.venv/docs/project.stamp: requirements-docs.lock
	$(PYTHON) -m venv --clear .venv/docs
	.venv/docs/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes \
		-r requirements-docs.lock
	@touch $@

# An environment of its own: dbt and sqlfluff alone.
.venv/sql/project.stamp: requirements-sql.lock
	$(PYTHON) -m venv --clear .venv/sql
	.venv/sql/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes \
		-r requirements-sql.lock
	@touch $@

# The job beside the engines that need no other versions than it has.
.venv/engines/job/project.stamp: requirements.lock requirements-dev.lock requirements-engines.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv/engines/job
	for lock in requirements requirements-dev requirements-engines; do \
		.venv/engines/job/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes \
			-r $$lock.lock || exit 1; \
	done
	.venv/engines/job/bin/python -m pip --disable-pip-version-check install --quiet --no-deps \
		--no-build-isolation --editable .
	@touch $@

# Without --no-deps pip asks for a hash of fastapi, although Airflow's lock has it, with an extra.
.venv/engines/%/project.stamp: requirements-engines-%.lock
	$(PYTHON) -m venv --clear .venv/engines/$*
	.venv/engines/$*/bin/python -m pip --disable-pip-version-check install --quiet --no-deps \
		--require-hashes -r requirements-engines-$*.lock
	HOME="$(CURDIR)/.venv/engines/$*" .venv/engines/$*/bin/python tests/engines/environments/extensions.py
	@touch $@
