# Two commands on a fresh machine: make demo, make test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint tools coverage pictures bench torture fuzz clean

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
	rm -rf $(VENV) tests/tools/node_modules .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@
