# Two commands do everything on a fresh machine: `make report` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Compiled files are kept even where a machine says otherwise: the tests start the program many times.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: report test nightly lint example golden train-coder train-tuned learning-curve bench-learning bench-coder train-pages train-translations bench bench-ingest bench-dedup bench-coverage bench-codebook bench-topics accuracy browser clean
.DEFAULT_GOAL := report

report: $(STAMP)  ## run the study at the repository root and say where the report is
	$(BIN)/glosa run

test: $(STAMP) lint browser  ## lint, types, import contract, tests (under 5 minutes)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist loadgroup --no-loadscope-reorder

nightly: $(STAMP) browser  ## everything, the slow tests included
	OMP_NUM_THREADS=1 HYPOTHESIS_PROFILE=nightly $(BIN)/pytest -n auto --dist loadgroup --no-loadscope-reorder -m "slow or not slow" --timeout 1800

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

example: report  ## refresh the example report that is committed
	$(BIN)/python benchmarks/refresh_example.py

golden: report  ## refresh the golden numbers from the shipped study
	$(BIN)/python -c "import json; from pathlib import Path; from pipeline import study; from tests.test_run import GOLDEN, golden_numbers; GOLDEN.write_text(json.dumps(golden_numbers(study.load(Path())), indent=2) + chr(10))"

train-coder: $(STAMP)  ## train the shipped heads, choose calibration and thresholds, print the figures on the held-out hand
	$(BIN)/python -m benchmarks.train_taught
	$(BIN)/python -m benchmarks.train_heads

train-tuned: $(STAMP)  ## tune the second encoder of the accurate profile (half an hour), before train-coder
	$(BIN)/python -m benchmarks.train_tuned

learning-curve: $(STAMP)  ## train the coder on fewer sentences and measure it (half an hour), after train-coder
	$(BIN)/python -m benchmarks.learning_curve

bench-learning: $(STAMP)  ## measure what the coder gains from people's codes in a study it has not seen
	$(BIN)/python -m benchmarks.adaptation

bench-coder: $(STAMP)  ## time both profiles of the coder
	$(BIN)/python -m benchmarks.speed

accuracy: report  ## measure the shipped corpus against its labels
	$(BIN)/python benchmarks/accuracy.py

train-pages: $(STAMP)  ## train the judge of pages (furniture, head) on the labelled captures that were looked at
	$(BIN)/python benchmarks/train_pages.py

train-translations: $(STAMP)  ## train the regression that knows translated copies; print its weights
	$(BIN)/python -m benchmarks.train_translations

bench-ingest: $(STAMP)  ## measure roles, languages, repetitions and translated copies on the labelled cases
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python benchmarks/captures.py

bench-codebook: $(STAMP)  ## measure a codebook of another field on SIB-200: make bench-codebook SIB=FOLDER
	$(BIN)/python -m benchmarks.sib200 $(SIB)

bench-topics: $(STAMP)  ## compare ways to find topics: make bench-topics SIB=FOLDER
	$(BIN)/python -m benchmarks.topics $(SIB)

bench-dedup: $(STAMP)  ## time deduplication on ten thousand to a million passages
	$(BIN)/python benchmarks/deduplication.py

bench-coverage: $(STAMP)  ## simulate how often the intervals of corrected shares hold the truth
	$(BIN)/python -m benchmarks.coverage

bench: $(STAMP)  ## time every stage on the shipped corpus and on one 100 times larger
	$(BIN)/python benchmarks/stages.py

# The browser test needs Chromium; where it is missing and can be installed, install it, else that test is skipped.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
	echo "no Chromium: the browser test will be skipped"

# torch first and alone: pip then takes a CPU build where one is offered.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf data/processed reports .glosa
