# Everything a person or CI runs. `make demo` and `make test` work from a fresh clone.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test proof browser lint format bench bench-scan bench-edits bench-journal bench-sealing bench-adoption bench-apply clean fuzz lab lab-clean rehearsal
.DEFAULT_GOAL := demo

$(READY): pyproject.toml requirements/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)
	@$(BIN)/migrate demo

# Side by side on as many processors as there are; the real servers are one world, in one of the processes.
test: $(READY)
	$(BIN)/pytest -n auto --maxprocesses 4

# New random examples for the property tests, instead of the same ones every time.
fuzz: $(READY)
	HYPOTHESIS_PROFILE=explore $(BIN)/pytest -k 'any or nonsense or propert or fuzz'

# A process killed at every boundary of every command, there and back; servers that break under a run on a lab of its
# own, with every secret of that lab looked for afterwards; every whole way on real servers. Takes its time, prints how
# many of each.
proof: $(READY)
	MIGRATE_PROOF=all $(BIN)/pytest tests/crash tests/faults tests/live
	MIGRATE_PROOF=all $(BIN)/pytest -m proof tests/phases tests/contract

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Debian's Chromium, for the tests that look at pages as people do; without it they are skipped.
browser:
	@command -v chromium >/dev/null || { apt-get -qq update && \
	  DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium >/dev/null; }

# What the documents take from the program.
docs: $(READY)
	$(BIN)/python -m tests.helptexts

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Real servers, built once from Go modules into this user's cache (docs/lab.md); a second run does nothing.
lab: $(READY)
	@$(BIN)/migrate lab build

# Phase 1 forward, back and forward again on real servers, watched ten times a second; ESTATE=FOLDER for another estate.
rehearsal: lab
	@$(BIN)/migrate rehearse $(if $(ESTATE),--estate $(ESTATE))

lab-clean: $(READY)
	@$(BIN)/migrate lab clean

bench: bench-scan bench-edits bench-journal bench-sealing bench-adoption

bench-scan: $(READY)
	$(BIN)/python -m benchmarks.scan

bench-edits: $(READY)
	$(BIN)/python -m benchmarks.edits

bench-journal: $(READY)
	$(BIN)/python -m benchmarks.journal

bench-adoption: $(READY)
	$(BIN)/python -m benchmarks.adoption

bench-sealing: $(READY)
	$(BIN)/python -m benchmarks.sealing

# Steps a second against real servers, which `make lab` builds, and a preflight of a hundred workloads.
bench-apply: $(READY)
	$(BIN)/python -m benchmarks.apply

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
