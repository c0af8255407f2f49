# Two commands matter: `make all` runs the study at laptop size, `make test` the tests. Both set
# everything up first; what is set up already is not set up again.

PYTHON ?= python3
.DEFAULT_GOAL := help
.PHONY: help all test tests lint bench docs clean setup local-model

help:
	@echo "make all    set up, run the study 'smoke' on this machine, draw its figures"
	@echo "make test   set up, lint, run every test"
	@echo "make lint   ruff and mypy"
	@echo "make local-model  fetch a small open-weight model, build a server for it (20 minutes)"
	@echo "make docs   write what is generated in docs/"
	@echo "make bench  print the measured table of performance"
	@echo "make clean  remove what set-up and tests made; data and runs stay"

all: setup
	@.venv/bin/repro all --yes --study smoke --site local

# Lint runs beside the tests; tests/lanes.py says which tests run side by side.
test: setup
	@$(MAKE) --no-print-directory --jobs=2 lint tests

tests: .venv/ready
	@.venv/bin/python -m pytest -n 6 --durations 25

lint: .venv/ready
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy

bench: setup
	@PYTHONPATH=tests .venv/bin/python benchmarks/bench.py

docs: .venv/ready
	@.venv/bin/python docs/generate.py

local-model: setup
	@.venv/bin/repro local-model setup

setup: .venv/ready
	@.venv/bin/repro setup

.venv/ready: requirements.lock pyproject.toml setup.sh
	@sh setup.sh $(PYTHON)
	@touch $@

clean:
	rm -rf .venv .toolchain .mypy_cache .ruff_cache .pytest_cache .hypothesis
