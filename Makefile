# Everything here works from a fresh clone with Python 3.11+ and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The lists are complete, and Python compiles what it imports: nothing to work out, and nothing to compile beforehand.
PINNED := -q --disable-pip-version-check --no-deps --no-compile --require-hashes
# And keeps it, whatever the shell says: every process that is started would compile everything again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check format release tour mutants bench screenshots lighthouse rename pictures upstream texts docs lock clean

run: $(VENV)/.runs ## start the site and the Stripe emulator
	@$(BIN)/python app.py

test: $(VENV)/.installed ## the site's tests but for the slow ones, which ALL=1 adds; the emulator's are in emulator/
	$(BIN)/pytest -q $(if $(ALL)$(CI)$(PYTEST_ARGS),,-m "not slow") --numprocesses auto --dist worksteal $(PYTEST_ARGS)

check: $(VENV)/.installed ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

mutants: $(VENV)/.installed ## small faults in billing, auth and settings: do the tests notice? (a night; MUTANTS='--sample 10 app.config.*' for some)
	nice -n 15 $(BIN)/python -m tests.mutants $(MUTANTS)

bench: $(VENV)/.installed ## the product beside a baseline, as ratios
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/.installed ## every page into docs/screenshots
	$(BIN)/pytest -q tests/browser/screenshots.py

lighthouse: $(VENV)/.installed ## Lighthouse on landing, pricing and account, under gunicorn (needs npm install)
	$(BIN)/pytest -q -s tests/browser/lighthouse.py

rename: $(VENV)/.installed ## make rename NAME="Your Product"
	@$(BIN)/python -m scripts.rename '$(subst ','\'',$(NAME))'

pictures: $(VENV)/.installed ## icons and sharing picture anew from logo, name and hue (needs Chromium)
	@$(BIN)/python -m scripts.pictures

tour: $(VENV)/.installed ## docs/tour.svg from the screenshots
	@$(BIN)/python -m scripts.tour

upstream: $(VENV)/.installed ## make upstream TO=v1.1.0 [WITHOUT="Connect + German"]: what a later version would bring, ready to merge
	@WITHOUT="$(WITHOUT)" $(BIN)/python -m scripts.upstream $(TO)

texts: $(VENV)/.installed ## gather the texts of pages and mails, update and compile translations/; LANGUAGE=fr for a new one
	@$(BIN)/python -m scripts.texts $(LANGUAGE)

release: ## tag the version that pyproject.toml and CHANGELOG.md name; docs/upgrading.md says what goes before
	@version=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml); \
	test -z "$$(git status --porcelain)" || { echo "Commit first: there are changes." >&2; exit 1; }; \
	grep -Eq "^## $$version, [0-9]{4}-[0-9]{2}-[0-9]{2}$$" CHANGELOG.md \
	  || { echo "CHANGELOG.md has no line \"## $$version, <day>\": write it first." >&2; exit 1; }; \
	git tag -a "v$$version" -m "Version $$version" && echo "Tagged. Now: git push origin v$$version"

docs: .venv-docs/.installed ## the documentation as a site, into site/; fails on a link that leads nowhere
	.venv-docs/bin/mkdocs build --quiet --strict

.venv-docs/.installed: requirements-docs.txt
	@test -x .venv-docs/bin/python || $(PYTHON) -m venv .venv-docs
	@.venv-docs/bin/python -m pip install $(PINNED) -r requirements-docs.txt
	@touch $@

lock: ## pin what pyproject.toml allows, with hashes and no index addresses
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --extra dev pyproject.toml emulator/pyproject.toml -o requirements-dev.txt
	echo setuptools | $(BIN)/uv pip compile -q --universal --generate-hashes --no-header -c requirements-dev.txt emulator/pyproject.toml - -o emulator/requirements.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --group docs -o requirements-docs.txt

# What the site and the emulator run with, and then what tests and checks need as well.
$(VENV)/.runs: requirements.txt emulator/requirements.txt emulator/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which: make PYTHON=python3.12 run")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (once)…"
	@$(BIN)/python -m pip install $(PINNED) -r requirements.txt -r emulator/requirements.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps --editable emulator
	@touch $@

$(VENV)/.installed: $(VENV)/.runs requirements-dev.txt
	@$(BIN)/python -m pip install $(PINNED) -r requirements-dev.txt
	@touch $@

clean: ## remove the environment and what tools left; data in instance/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
