# Two commands: `make lab` opens the course, `make test` proves it. `make help` lists the rest.
PYTHON ?= python3
PY := .venv/bin/python
QUICK := COURSE_BUDGET=quick MPLBACKEND=agg
# One process a core, one thread a process; each takes the next test when it is free.
PARALLEL := OMP_NUM_THREADS=1
WORKERS := -n logical --maxprocesses 8 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup lab lint test test-extras test-all claims notebooks book phone app results torture everywhere bench data papers stamp constraints clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup:  ## make .venv and install the course (lab and test do it by themselves)
	@$(PYTHON) tools/setup.py

lab: setup  ## open the course in JupyterLab; on a server: make lab ARGS=--no-browser
	$(PY) -m jupyterlab notebooks/00_welcome.ipynb $(ARGS)

lint: setup  ## rules and layout of the code (ruff), types of five packages (mypy)
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

test: setup  ## the tests, every lesson among them, but for test-extras (about a quarter of an hour); make test ARGS="-k losses"
	$(QUICK) $(PARALLEL) $(PY) -m pytest $(WORKERS) -m "not slow and not browser" $(ARGS)

test-extras: setup  ## what test leaves out: browser, full conversions and trainings
	$(QUICK) $(PARALLEL) $(PY) -m pytest $(WORKERS) --durations=25 -m "slow or browser" $(ARGS)

test-all: test-extras test  ## everything

notebooks: setup  ## run every lesson with the full budget; store its outputs and the pictures of its controls
	$(PY) -m tools.notebooks run $(ARGS)

claims: setup  ## run the lessons' sentences on learning with five seeds (docs/results/lessons.json)
	OMP_NUM_THREADS=1 $(PY) -m tools.claims $(ARGS)

book: setup  ## the course as static pages in site/book, which open from disk
	@$(PY) -m pip install -q --disable-pip-version-check -c constraints.txt -r requirements-site.txt
	$(PY) -m tools.book

phone: setup  ## the page for a phone's browser in site/phone (needs npm the first time); make phone ARGS="--model course"
	$(PY) -m tools.phone $(ARGS)

app: setup  ## model, contract and golden files of the Android app (docs/android)
	$(PY) -m tools.app $(ARGS)

results: setup  ## measure everything on real data and write docs/results.md and its log (hours; goes on from its checkpoints; COURSE_MIRROR, SIGCOMP2011_DISCLAIMER)
	OMP_NUM_THREADS=1 MPLBACKEND=agg $(PY) -m tools.results --jobs 2 $(ARGS)

data: setup  ## download data sets and face networks; make data ARGS=--list; make data ARGS="lfw omniglot"
	@$(PY) -m tools.data $(ARGS)

torture: setup  ## kill downloads, caches, trainings, exports and galleries at random moments (docs/results/torture.json)
	OMP_NUM_THREADS=1 $(PY) -m tools.torture $(ARGS)

everywhere: setup  ## the tests on other Pythons and in unusual places, the lessons on Colab's versions (docs/results/everywhere.json)
	$(PY) -m tools.everywhere $(ARGS)

bench: setup  ## time losses, step, files and gallery beside the field's (docs/benchmarks.md); idle machine
	OMP_NUM_THREADS=1 $(PY) -m tools.bench $(ARGS)

again: setup  ## run every lesson twice with one thread and once with two; compare all they show (docs/results/again.json)
	$(PY) -m tools.again $(ARGS)

papers: setup  ## fetch the papers that the lessons cite to paper/ (arXiv; not committed)
	$(PY) -m tools.papers

stamp: setup  ## write the published address (pyproject.toml, or REPOSITORY=https://github.com/you/course) into badges and setup cells
	$(PY) -m tools.stamp $(REPOSITORY)

constraints: setup  ## renew the exact set of packages
	$(PY) -m uv pip compile -q --universal --upgrade --python-version 3.11 --no-annotate --no-header \
	  requirements.txt requirements-mobile.txt requirements-site.txt -o constraints.txt
	@sed -i.old '1i # The exact set last tested, for Linux, macOS and Windows, Python 3.11 to 3.13. `make constraints` renews it.' constraints.txt && rm constraints.txt.old

clean:  ## remove .venv and everything rendered or downloaded
	rm -rf .venv data/cache site
