# Everything happens in .venv; `make run` and `make test` install what they need on first use.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The backend that is installed: TensorFlow's build for GPUs where there is one.
BACKEND ?= $(shell nvidia-smi -L >/dev/null 2>&1 && echo gpu || echo tensorflow)
# Two test processes, each of which takes whole files, the slow ones first.
TWO_AT_A_TIME := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: run test test-slow check docs clean

run: $(VENV)/.installed
	$(BIN)/evolve run --dataset digits --for 110s
	@echo "the commands need this first:    source $(VENV)/bin/activate"

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(TWO_AT_A_TIME)

test-slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(TWO_AT_A_TIME) -m slow

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx -q -W --keep-going -c docs . docs/_build
	@echo "open docs/_build/docs/index.html"

clean:
	rm -rf docs/_build docs/examples $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "evolve needs Python 3.11 or newer; name one with: make PYTHON=python3.12")'
	@echo "installing Keras, its backend '$(BACKEND)' and the rest into $(VENV): some minutes, once"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(BACKEND),research]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing what the tests need into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(BACKEND),research,onnx,shelf,dev]'
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	@echo "installing what the pages in docs/ are built with into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(BACKEND),docs]'
	@touch $@
