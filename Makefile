# The two commands of a fresh machine: `make run`, `make test`.
.POSIX:
.PHONY: run test test-long lint setup setup-test lock bench docs clean catalogues
PY = .venv/bin/python

run: setup            ## install everything, audit this machine, leave a signed PDF
	@code=0; $(PY) -m auditor run || code=$$?; [ $$code -le 2 ]  # gaps are a result, not a failure

test: setup-test      ## install what tests need, run every test
	@$(PY) -m pytest -n 2 --dist loadgroup -m "not long" $(ARGS)

test-long: setup-test ## what is long by nature: exhaustive byte flips, kills by the hundred…
	@$(PY) -m pytest -m long --timeout=3600 $(ARGS)

lint: setup-test      ## lint, format, types, controls
	@$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy && $(PY) -m auditor controls lint && $(PY) -m auditor controls test

bench: setup-test     ## print figures and ratios; asserts nothing
	@for f in benchmarks/*.py; do echo "== $$f"; $(PY) $$f || exit 1; done

docs: setup-test
	@$(PY) -m mkdocs build --strict -q

setup:
	@sh scripts/setup.sh run

setup-test:
	@sh scripts/setup.sh test

lock:                 ## compile the locks again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q pyproject.toml --group run -o requirements/run.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q pyproject.toml --group test -o requirements/test.lock

catalogues: setup-test ## gather the sentences people read and compile their French
	@$(PY) scripts/catalogues.py $(ARGS)

clean:
	rm -rf .venv dist build site
