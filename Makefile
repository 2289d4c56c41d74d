# Two commands to know: `make app` opens the page, `make test` runs the tests. Each sets itself up.
#   make app PIX2PIX_PORT=8000        another port
#   make test VENV=.ci-venv           another virtual environment
#   make test PYTHON=python3.12       another Python to make it with

VENV ?= .venv
PYTHON ?= python3
PIX2PIX_PORT ?= 7860
TESTS ?=
# More for pytest, such as COVER="--cov=pix2pix"
COVER ?=
# Tests run in several processes, a whole file in one of them: a server and its browser are started once a file.
# The order is conftest's, the long ones first, so that no process ends minutes after the others.
WORKERS ?= 2
SPREAD := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
BIN := $(VENV)/bin
# Stamps: what was installed, and when. Older than a requirement file means: install again.
APP := $(VENV)/.installed-app
DEV := $(VENV)/.installed-dev

.PHONY: app test quick browser slow check fmt bench docs clean help

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

app: $(APP)  ## set up and open the page
	PIX2PIX_PORT=$(PIX2PIX_PORT) $(BIN)/python app.py

test: $(DEV)  ## all tests of every day, the browser's too
	$(BIN)/python -m pytest $(SPREAD) -m "not slow" $(COVER) $(TESTS)

quick: $(DEV)  ## the tests without the browser
	$(BIN)/python -m pytest $(SPREAD) -m "not slow and not browser" $(TESTS)

browser: $(DEV)  ## the tests in a browser
	$(BIN)/python -m pytest $(SPREAD) -m "browser and not slow" $(TESTS)

slow: $(DEV)  ## the tests that take minutes
	$(BIN)/python -m pytest $(SPREAD) -m slow $(TESTS)

check: $(DEV)  ## formatting, lint and types; changes nothing
	$(BIN)/ruff format --diff .
	$(BIN)/ruff check .
	$(BIN)/mypy

fmt: $(DEV)  ## format the code and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEV)  ## time training and translation against the plain loop
	$(BIN)/python -m benchmarks

docs: $(APP)  ## write docs/settings.md anew from the settings themselves
	$(BIN)/python -m pix2pix.cli.settings_table > docs/settings.md

clean:  ## remove what make has made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(APP): requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(DEV): requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@ $(APP)
