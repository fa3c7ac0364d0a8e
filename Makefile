# Each target does its own set-up into .venv on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: claims reproduction demo docs test test-all test-dashboard test-ray lint bench clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade-strategy only-if-needed -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --upgrade-strategy only-if-needed -c constraints.txt -e '.[dev,docs,lm]'
	touch $@

demo: $(VENV)/.installed  ## which mechanism makes agents honest, on responses a real language model wrote
	$(BIN)/trueward compare story_tones --mechanisms no_payment,vcg,pay_as_reported --rounds 200 --replicates 20 --seed 1 --out runs/demo --overwrite

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: lint  ## the slow tests too, on examples that are drawn anew
	$(BIN)/python -m pytest -n 2 --dist loadfile -m '' --hypothesis-profile new

test-dashboard: lint  ## drives the dashboard in Chromium; installs its extra
	$(BIN)/python -m pip install --quiet --upgrade-strategy only-if-needed -c constraints.txt -e '.[dev,dashboard]'
	$(BIN)/python -m pytest -m '' tests/test_dashboard.py

test-ray: lint  ## plays sweeps on a Ray head of its own, and breaks it; installs the extra
	$(BIN)/python -m pip install --quiet --upgrade-strategy only-if-needed -c constraints.txt -e '.[dev,ray]'
	$(BIN)/python -m pytest -m '' tests/test_ray.py

docs: $(VENV)/.installed-dev  ## the documentation, in build/docs; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: $(VENV)/.installed  ## every ratio, and with the machine it was measured on into benchmarks/README.md
	OMP_NUM_THREADS=1 $(BIN)/trueward bench --page benchmarks/README.md

claims: $(VENV)/.installed  ## audits every mechanism again: the claims matrix and docs/mechanisms.md
	$(BIN)/trueward audit three_strangers --all --out runs/claims
	cp runs/claims/measured.json simulate/audit/measured.json
	cp runs/claims/mechanisms.md docs/mechanisms.md

reproduction: $(VENV)/.installed  ## the base paper's numbers, ours beside them, and what lies beyond: docs/reproduction
	$(BIN)/trueward reproduce all --out runs/reproduction
	mkdir -p docs/reproduction/figures
	cp runs/reproduction/report.md docs/reproduction/index.md
	cp runs/reproduction/figures/*.svg docs/reproduction/figures/

clean:
	rm -rf $(VENV) runs build
