# The two commands of the README are `make demo` and `make test`; each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SHELL_FILES = $(shell git ls-files -co --exclude-standard '*.sh') .ci/run

.PHONY: help demo test lint lab lab-down lab-test lab-test-all lab-diagnosis bench screenshots goldens clean

help:  ## what can be made here
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' Makefile

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("sealift needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=python3.12, say.") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY)  ## two embedded hosts to try sealift on
	@$(BIN)/sealift demo

test: $(READY)  ## unit, ui and sandbox tests: no ZFS, no root, no network
	$(BIN)/pytest --numprocesses auto

lint: $(READY)  ## ruff, mypy, import directions, shellcheck
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shellcheck $(SHELL_FILES)

lab: $(READY)  ## boot two virtual machines with real ZFS (root, Debian 12)
	$(BIN)/python -m tests.lab up

lab-down: $(READY)  ## stop what `make lab` booted
	$(BIN)/python -m tests.lab down

lab-test: $(READY)  ## the fixed core of the tests on real ZFS, as CI runs it
	$(BIN)/pytest --timeout 900 -m "not whole" tests/lab

lab-test-all: $(READY)  ## the same, with every fault that diagnose knows (hours)
	$(BIN)/pytest --timeout 900 tests/lab

lab-diagnosis: $(READY)  ## make every fault on real ZFS, and a table of what diagnose says
	$(BIN)/python -m tests.lab.diagnosis_table

bench: $(READY)  ## the figures of the README, measured on this machine
	$(BIN)/python -m tests.bench

screenshots: $(READY)  ## draw screenshots/*.svg
	$(BIN)/python -m tests.screenshots

goldens: $(READY)  ## write down anew what the tests hold every screen against
	$(BIN)/python -m tests.goldens

clean:  ## what make has made here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
