# Everything Tidegate needs lives in .venv, put there by `make setup` from requirements.lock.

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed
# Histories of alarms and places of attacks that `make soak` plays; the rest has sizes of its own.
SOAK  ?= 1000
# Folders that hold Python of ours; one that is not there is left out.
OURS  := $(wildcard rollout handlers aws store bot demo tests bench scripts)

.PHONY: help setup demo test check bench soak real-time lock

help:
	@echo "make setup   put everything into .venv (Python >= 3.11; PYTHON=... picks one)"
	@echo "make demo    try Tidegate in a browser: no Slack workspace, no AWS account (DEMO=--script: in the terminal)"
	@echo "make test    all tests, with coverage"
	@echo "make check   lint, types, imports"
	@echo "make bench   measure how fast it answers"
	@echo "make soak    faults, worlds and histories in their full sizes: hours, in parts that are kept"
	@echo "make real-time  rollouts at the speed of AWS itself: an hour and a half; kept row by row"
	@echo "make lock    resolve requirements.lock anew (maintainers)"

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml scripts/venv.sh
	@PYTHON="$(PYTHON)" sh scripts/venv.sh $(VENV)
	@touch $(STAMP)

demo: setup
	$(BIN)/tidegate demo $(DEMO)

test: setup
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(PYTEST)

check: setup
	$(BIN)/ruff check .
	$(BIN)/mypy $(OURS)
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m bench

soak: setup
	$(BIN)/python -m tests.faults --size soak --minutes 20
	$(BIN)/python -m tests.rollout.soak --steps 1000000
	TIDEGATE_SOAK=$(SOAK) $(BIN)/python -m pytest -n auto --timeout=0 tests/rollout/test_alarm_histories.py \
		tests/bot/test_alert_histories.py tests/store/test_audit_attacks.py $(PYTEST)

real-time: setup
	$(BIN)/python -m scripts.real_time $(ROWS)

# Keeps the versions already locked; `make lock LOCK=--upgrade` takes newer ones, `LOCK="-P moto"` one of them.
lock: setup
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
		--extra demo --extra dev --output-file requirements.lock $(LOCK) pyproject.toml
