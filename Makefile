# Two commands on a fresh machine: make demo, make test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint tools coverage pictures completions docs dist bench torture fuzz clean

demo: $(VENV)/.ready
	$(BIN)/syncd demo

test: $(VENV)/.ready
	$(BIN)/pytest

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Logseq's own parser, of which some tests make use; the others run without
tools:
	npm install --no-package-lock --no-audit --no-fund --silent --prefix tests/tools

# which lines and branches the tests do not reach
coverage: $(VENV)/.ready
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# the pictures in docs/, of pages as syncd writes them now
pictures: $(VENV)/.ready
	$(BIN)/python docs/pictures

# what the shells read, as click writes it now
completions: $(VENV)/.ready
	_SYNCD_COMPLETE=bash_source $(BIN)/syncd > completions/syncd.bash
	_SYNCD_COMPLETE=zsh_source $(BIN)/syncd > completions/_syncd
	_SYNCD_COMPLETE=fish_source $(BIN)/syncd > completions/syncd.fish

# the documents as a site, in site/; a link that leads nowhere fails
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# wheel and source in dist/, from what git has: docs/releasing.md
dist: $(VENV)/.release
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*

# the faults, kills and histories of which `test` takes a sample, with other examples each time
torture: $(VENV)/.ready
	SYNCD_EXAMPLES=2000 SYNCD_EVERY=1 SYNCD_KILLS=300 SYNCD_SAVES=5000 \
	$(BIN)/pytest --timeout 7200 --hypothesis-profile random tests/faults tests/property/test_converge.py

# hostile texts on pages of each format, through Logseq's own parser and CommonMark's
fuzz: $(VENV)/.ready
	SYNCD_FUZZ=100000 $(BIN)/pytest --timeout 7200 tests/property/fuzz_formats.py

bench: $(VENV)/.ready
	$(BIN)/python bench/run.py

clean:
	rm -rf $(VENV) site dist tests/tools/node_modules .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

$(VENV)/.docs $(VENV)/.release: $(VENV)/.%: $(VENV)/.ready
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*]'
	touch $@
