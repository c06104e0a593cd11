# Every target is a thin call to tools/ or to a tool of the virtual environment.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV := $(CURDIR)/.venv
BOOTSTRAP := $(PYTHON) tools/bootstrap.py
RUN_TESTS := $(VENV)/bin/python tools/run_tests.py
DRM ?= slurm

export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

.PHONY: venv
venv: ## make .venv (again, when the pins in requirements/ have changed)
	@$(BOOTSTRAP) controller

.PHONY: venv-core217
venv-core217: ## make .venv-core217, with the oldest supported ansible-core
	@$(BOOTSTRAP) core217

.PHONY: test
test: venv ## all of the parts below and every Molecule scenario, with budgets
	@$(RUN_TESTS)

.PHONY: lint sanity units galaxy-loader
lint: venv ## ansible-lint, yamllint, ruff, mypy, antsibull-changelog
sanity: venv ## ansible-test sanity
units: venv ## unit tests on each supported ansible-core
galaxy-loader: venv ## rendered job configurations, loaded by a real Galaxy (fetches 1.2 GB the first time)
lint sanity units galaxy-loader:
	@$(RUN_TESTS) $@

.PHONY: molecule
molecule: venv ## one Molecule scenario: make molecule SCENARIO=slurm
	@test -n "$(SCENARIO)" || { echo "Which one? make molecule SCENARIO=NAME, one of: $(notdir $(patsubst %/molecule.yml,%,$(wildcard molecule/*/molecule.yml)))"; exit 2; }
	@$(RUN_TESTS) $(SCENARIO)

.PHONY: demo
demo: venv ## a real Slurm cluster in containers, connected, used and verified (DRM=local: without one)
	@$(VENV)/bin/python tools/demo.py up --drm $(DRM)

.PHONY: demo-down
demo-down: venv ## remove everything that the demo made
	@$(VENV)/bin/python tools/demo.py down

.PHONY: format
format: venv ## let ruff format and mend what it can
	@$(VENV)/bin/ruff check --fix . && $(VENV)/bin/ruff format .

.PHONY: build
build: venv ## the collection's tarball
	@$(VENV)/bin/ansible-galaxy collection build --force

.PHONY: changelog
changelog: venv ## CHANGELOG.md from the fragments, for the version in galaxy.yml
	@PATH="$(VENV)/bin:$$PATH" antsibull-changelog release --update-existing --refresh --reload-plugins

.PHONY: pins
pins: ## resolve requirements/*.in into requirements/*.txt
	@$(BOOTSTRAP) --pin controller core217 target38 galaxy

.PHONY: clean
clean: ## remove logs, caches and virtual environments (not the test hosts' images)
	rm -rf .venv .venv-core217 .venv-target38 .venv-galaxy .venv-galaxy241 .logs .cache/sanity .mypy_cache .ruff_cache .pytest_cache .ansible tests/output
