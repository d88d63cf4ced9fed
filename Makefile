# Everything below works from a fresh clone: it needs a Python from 3.11 to 3.13 with pip and venv, nothing else.
# `make PYTHON=/path/to/python …` chooses the interpreter, `make VENV=…` another place for the environment.

VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help install demo serve test lint format corpus fuzz bench bench-service clean

help:
	@echo "make demo    the derivation of s = u^T f(W x + b), with its verification"
	@echo "make serve   the HTTP service at http://127.0.0.1:8000/"
	@echo "make test    all tests"
	@echo "make lint    ruff, mypy, and the layers of the architecture"
	@echo "make format  rewrite the sources in the project's format"
	@echo "make corpus  every derivation of the corpus, compared with JAX and with its closed form"
	@echo "make fuzz    random expressions by the clock: make fuzz SECONDS=600 or COUNT=20000; resumes where it stopped"
	@echo "make bench   speed as ratios in one run; prints the tables of docs/performance.md"
	@echo "make bench-evaluators  generated code against autodiff, on one core; prints the tables on evaluators"
	@echo "make bench-service  what the service carries under load; needs wrk"

install: $(STAMP)

demo: $(STAMP)
	@$(BIN)/python examples/demo.py

# Without a browser the tests that need one are skipped, or fail in CI; the reason is printed here as well.
serve: $(STAMP)
	@$(BIN)/matcalc serve $(ARGS)

test: $(STAMP)
	@sh tools/chromium.sh >/dev/null || true
	$(BIN)/python -m pytest $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

corpus: $(STAMP)
	@$(BIN)/python -m tools.corpus $(ARGS)

fuzz: $(STAMP)
	@$(BIN)/python -m tools.fuzz $(if $(COUNT),--count $(COUNT)) $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

bench-service: $(STAMP)
	@$(BIN)/python -m benchmarks.service $(ARGS)

bench: $(STAMP)
	@$(BIN)/python -m benchmarks.derive $(ARGS)

bench-evaluators: $(STAMP)
	@$(BIN)/python -m benchmarks.evaluators $(ARGS)

clean:
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The stamp is touched last, so that an installation that was broken off is done again.
$(STAMP): pyproject.toml tools/python.sh
	@set -e; \
	python="$$(PYTHON='$(PYTHON)' sh tools/python.sh)"; \
	test -x $(BIN)/python || "$$python" -m venv $(VENV); \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'; \
	touch $(STAMP)
