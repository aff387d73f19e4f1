# The commands are described in README.md. What they make lies in this folder and in VAR, nowhere else
# (but for the system's Chromium, which `make test` installs where it is root).
VAR ?= var
PORT ?= 8000
# The first of these that runs; newer ones than 3.12 need redis-server on the path.
PYTHON ?= $(firstword $(foreach python,python3.11 python3.12 python3,$(shell $(python) -c 'print("$(python)")' 2>/dev/null)))
export VAR PORT

BIN := .venv/bin
IN_HOUSE := $(BIN)/python -m cashback.embedded
# pip asks rustc for its version, and rustup's rustc would make a ~/.rustup to answer.
NO_RUSTUP := RUSTUP_HOME=$(CURDIR)/.venv/rustup
PIP := $(NO_RUSTUP) $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-cache-dir
LOCK := .venv/lock/bin/uv pip compile --no-cache --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header --quiet
MESSAGES := $(patsubst %.po,%.mo,$(wildcard cashback/locale/*/LC_MESSAGES/*.po))

.PHONY: run test check bench lock messages chromium
.DELETE_ON_ERROR:
.NOTPARALLEL:

run: .venv/runtime.stamp messages
	@$(IN_HOUSE) run

test: .venv/dev.stamp messages chromium
	@$(IN_HOUSE) exec --scratch -- $(BIN)/python -m pytest $(ARGS)

check: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-cache
	@$(IN_HOUSE) exec --scratch -- $(BIN)/python manage.py makemigrations --check --dry-run

bench: .venv/dev.stamp
	@$(IN_HOUSE) exec --scratch --durable -- $(BIN)/python -m bench $(ARGS)

# Both locks, for every Python from 3.11 on and every platform. No addresses are written into them.
lock: .venv/runtime.stamp
	$(BIN)/python -m venv .venv/lock
	.venv/lock/bin/pip --disable-pip-version-check install --quiet --no-cache-dir uv
	$(LOCK) --extra embedded pyproject.toml --output-file requirements.lock
	$(LOCK) --extra embedded --extra dev --constraints requirements.lock pyproject.toml --output-file requirements-dev.lock

messages: $(MESSAGES)

%.mo: %.po | .venv/runtime.stamp
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

.venv/runtime.stamp: requirements.lock | .venv/bin/pip
	@echo "cashback: installs what requirements.lock names into .venv (once)"
	@$(PIP) --require-hashes -r requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock | .venv/bin/pip
	@echo "cashback: installs what requirements-dev.lock names into .venv (once)"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch .venv/runtime.stamp $@

.venv/bin/pip:
	@test -n "$(PYTHON)" || { echo "cashback: no Python was found; install Python 3.11 or 3.12."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "cashback: $(PYTHON) is older than Python 3.11; name another one: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || command -v redis-server >/dev/null || test -n "$$REDIS_URL" || { \
		echo "cashback: for Python 3.13 and newer there is no Redis in a wheel: put redis-server on the path,"; \
		echo "cashback: or use Python 3.11 or 3.12: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(NO_RUSTUP) $(PYTHON) -m venv --clear .venv || { \
		echo "cashback: $(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# The browser journeys drive the system's Chromium. Without it they are skipped, and the summary names them.
chromium:
	@command -v chromium >/dev/null || test "$$(id -u)" -ne 0 || ! command -v apt-get >/dev/null || { \
		echo "cashback: installs the system's Chromium for the browser journeys"; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium >/dev/null; } || \
		echo "cashback: Chromium could not be installed; the browser journeys are skipped"
