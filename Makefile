# make build    set up, and publish seeds/ into output/
# make test     set up, and run the tests
# make cloud    set up a real S3 in an environment of its own (140 MB), and run the tests of object storage
# make check    the tests with coverage, and what `make lint` says
# make lint     what ruff, mypy and pip-audit say
# make dist     the wheel and the sdist, into dist/
# make man      the manual page
# make fuzz     try bytes that nobody would write, SECONDS=60 for each kind, and the properties on new examples
# make screenshots   look at output/ in Chromium, and keep the pictures of README.md
# make bench    time a build against Hugo and a plain script, into benchmarks/results.md
# Only Python 3.11 or later and make are needed beforehand.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DELETE_ON_ERROR:
.PHONY: build test cloud check lint schema man golden screenshots dist fuzz bench clean

build: $(VENV)/.installed
	$(BIN)/feeds build

test: $(VENV)/.tested
	$(BIN)/python -m pytest -q

cloud:
	$(MAKE) VENV=.venv-cloud .venv-cloud/.cloud
	FEEDS_REQUIRE_CLOUD=1 .venv-cloud/bin/python -m pytest -q tests/test_cloud.py

check: lint
	$(BIN)/coverage run -m pytest -q
	$(BIN)/coverage report --skip-covered --fail-under=$(COVERED)

lint: $(VENV)/.checked
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	.ci/audit

COVERED ?= 95

schema: $(VENV)/.installed
	$(BIN)/python -c "from feeds.shape import schema; print(schema(), end='')" > feeds/schema.json

man: $(VENV)/.installed
	$(BIN)/python -m docs.manual

golden: $(VENV)/.tested
	$(BIN)/python -m pytest -q tests/test_golden.py --update-golden

screenshots: build $(VENV)/.tested
	$(BIN)/python -m tests.screenshots

dist: $(VENV)/.tested
	$(BIN)/python -m hatchling build

SECONDS ?= 60

fuzz: $(VENV)/.fuzzed
	$(BIN)/python -m fuzz --seconds $(SECONDS)
	$(BIN)/python -m pytest -q --hypothesis-profile=random -m hypothesis

bench: $(VENV)/.tested
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/run.py --profile

clean:
	rm -rf $(VENV) .venv-cloud .feeds build dist .coverage .mypy_cache .pytest_cache .ruff_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "feeds needs Python 3.11 or later; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group test
	touch $@

$(VENV)/.checked: $(VENV)/.tested
	$(BIN)/python -m pip install --quiet --group check
	touch $@

$(VENV)/.cloud: $(VENV)/.tested
	$(BIN)/python -m pip install --quiet --group cloud
	touch $@

$(VENV)/.fuzzed: $(VENV)/.tested
	$(BIN)/python -m pip install --quiet --group fuzz
	touch $@
