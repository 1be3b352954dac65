# The menu: `make help`. Recipes are short; the work is done by the scripts that they call.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.ONESHELL:

VENV := .venv
PYTHON := $(VENV)/bin/python
EMULATOR := .venv-emulator
SCAN := .venv-scan
PEERS := .venv-peers
REGIONS := us-east-1 us-west-2 eu-west-1
PROCESSORS := $(shell getconf _NPROCESSORS_ONLN)
HALF = $(if $(filter 1 2 3,$(PROCESSORS)),0,$(shell expr $(PROCESSORS) / 2))
# Half of the slow tests wait: one file more at a time than there are processors.
JOBS = $(shell echo $$(($(PROCESSORS) + 1)))
PYTEST = $(PYTHON) -m pytest --numprocesses $(JOBS) --dist loadfile
# Quick ones do not wait. Those of the application pass where nothing but APP_READS is: tests/test_once.py.
QUICK = $(PYTHON) -m pytest --numprocesses $(PROCESSORS) --dist loadfile -m "not slow"
# They judge the judges, by many templates each wrong in one way: `make test` has them, `make check` has not.
JUDGES := $(addprefix tests/test_,rules.py rules_nest.py rules_malformed.py faults.py operators_fuzz.py)
APP_TESTS := $(wildcard tests/test_app_*.py)
APP_READS := app docker drills tests/__init__.py tests/conftest.py tests/test_app_*.py pyproject.toml requirements
# These read no template: they pass where there is none, tests/test_once.py. What is not named here reads all.
TOOLS := bench bench_application bundle deploy deploy_day2 deploy_decisions deploy_doctor deploy_plan deploy_states \
    deploy_verbs drills drills_clients drills_deployment emulator emulator_nest emulator_probes failures follow intrinsics \
    once permissions_calls permissions_enforced picture_svg plan progress recorder rehearsal rehearsal_engine \
    rehearsal_real_engine rehearsal_tasks server site survey terminal truth update verdict
TOOL_TESTS := $(TOOLS:%=tests/test_%.py)
TEMPLATES := templates out build_templates.py
# They judge our tools, by the templates as examples. After an edit of templates alone they, and what is marked
# `wrong` in others, are left to `make test`: docs/decisions/0040.
EXAMPLES := build picture picture_files picture_nest price price_peers rehearsal_containers render resolve review \
    scan site_security timing timing_chart
EXAMPLE_TESTS := $(EXAMPLES:%=tests/test_%.py)
WRONG_TESTS := tests/test_catalogues.py tests/test_reach.py
# What cfn-lint reads it keeps to its end; looking for garbage in it takes a quarter of its time.
CFN_LINT = $(PYTHON) -c 'import gc; gc.disable(); from cfnlint.runner import main; main()' \
    --include-checks I --append-rules review/rules --regions $(REGIONS) --
ONCE = @$(PYTHON) -m tests.once $(if $(ALL),--all)
# Where it is set, as in containers, each of our processes would compile our modules again.
unexport PYTHONDONTWRITEBYTECODE
ENV ?=
PORT ?= 8000
TRAFFIC ?=
export ENV

# Every target here that is a plain word.
.PHONY: $(shell sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## show this menu
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(VENV)/.ready $(EMULATOR)/.ready ## make the virtual environments; the other targets do it when they need it

$(VENV)/.ready: requirements/dev.txt
	requirements/venv.sh $(VENV) $<

$(EMULATOR)/.ready: requirements/emulator.txt
	requirements/venv.sh $(EMULATOR) $<

$(SCAN)/.ready: requirements/scan.txt
	requirements/venv.sh $(SCAN) $<

system: ## install nginx, MariaDB and Chromium where that is ours to do (root on Debian), else name what is missing
	@requirements/system.sh

lock: $(VENV)/.ready ## resolve the dependencies of pyproject.toml anew into requirements/*.txt
	requirements/lock.sh

build: $(VENV)/.ready ## write out/*.yaml from templates/*.py
	$(PYTHON) build_templates.py

check: $(VENV)/.ready ## is out/ fresh, lint, quick tests: those whose files changed since they passed; ALL=1 for all
	$(PYTHON) build_templates.py --check
	$(MAKE) --no-print-directory --jobs=$(PROCESSORS) --output-sync=target $(CHECKS)

# What tells most comes first.
CHECKS := $(addprefix check/,templates tests handover tools app yaml code)
.PHONY: $(CHECKS)
check/tests: # beside cfn-lint and the hand-over; 0: in pytest's own process
	$(ONCE) tests . -- $(QUICK) --numprocesses=$(HALF) -m "not slow and not wrong" \
	    $(addprefix --ignore=,$(JUDGES) $(APP_TESTS) $(TOOL_TESTS) $(EXAMPLE_TESTS))
check/tools:
	$(ONCE) tools . $(TEMPLATES:%=':!%') -- $(QUICK) $(TOOL_TESTS) $(EXAMPLE_TESTS) $(WRONG_TESTS)
check/app:
	$(ONCE) app $(APP_READS) -- $(QUICK) $(APP_TESTS)
check/templates: # root.yaml each time: it holds the seams to the others
	$(ONCE) templates out/root.yaml review requirements/dev.txt Makefile \
	    --each $(filter-out out/root.yaml,$(wildcard out/*.yaml)) -- $(CFN_LINT) out/root.yaml
check/handover:
	$(ONCE) handover . ':!tests' ':!bench' ':!drills' -- $(PYTHON) -m review handover --check
check/yaml:
	$(ONCE) yaml .yamllint.yaml requirements/dev.txt --each $(shell git ls-files '*.yaml' '*.yml') -- \
	    $(VENV)/bin/yamllint --strict
check/code: $(VENV)/.ready
	$(VENV)/bin/ruff check --quiet .
	$(VENV)/bin/ruff format --check --quiet .
	$(VENV)/bin/shellcheck deploy.sh .ci/run requirements/*.sh docker/*.sh
	$(VENV)/bin/hadolint docker/Dockerfile

quick-tests: $(VENV)/.ready ## the tests that need nothing to be running
	$(QUICK) $(addprefix --ignore=,$(JUDGES))

lint: $(VENV)/.ready check/code ## cfn-lint with our rules, ruff, shellcheck, hadolint, yamllint
	$(CFN_LINT) out/*.yaml
	$(VENV)/bin/yamllint --strict .

review: $(VENV)/.ready $(if $(ENV),,$(SCAN)/.ready) ## an environment on a screen: ENV=lab; without it a summary of each, and the scanners
	@$(PYTHON) -m review $(if $(ENV),overview "$(ENV)",summary)
	$(if $(ENV),,$(SCAN)/bin/python -m review scan)

resolve: $(VENV)/.ready ## write its templates with parameters and conditions applied, to build/resolved/ENV: ENV=lab
	$(PYTHON) -m review resolve "$(ENV)"

scan: $(SCAN)/.ready ## what checkov, cloudformation-validate and cfn-lint find in that: ENV=production
	$(SCAN)/bin/python -m review scan "$(ENV)"

price: $(VENV)/.ready ## what an environment costs, and what other choices would: ENV=lab, TRAFFIC="requests=5000000"
	@$(PYTHON) -m review price "$(ENV)" --traffic $(TRAFFIC)

peers: $(VENV)/.ready ## what ours cost beside what CDK, Copilot and Express Mode set up by default: CPU_MS=2.2, TRAFFIC
	@$(PYTHON) -m review peers --cpu-ms "$(or $(CPU_MS),2.2)" --traffic $(TRAFFIC)

timing: $(VENV)/.ready ## how long a first deployment and each kind of update take, and what waits for what: ENV=lab
	@$(PYTHON) -m review timing "$(ENV)"

reach: $(VENV)/.ready ## who can reach whom in an environment, and whether only those who should: ENV=lab
	@$(PYTHON) -m review reach "$(ENV)"

parameters: $(VENV)/.ready ## every parameter, and what changing it does to what is deployed
	@$(PYTHON) -m review parameters "$(ENV)"

permissions: $(VENV)/.ready ## the smallest IAM policies to deploy an environment and to look at it: ENV=lab
	@$(PYTHON) -m review permissions "$(ENV)"

picture: $(VENV)/.ready ## draw an environment and the nest, to build/pictures as SVG and PNG: ENV=lab
	@$(PYTHON) -m review picture "$(ENV)"

handover: $(VENV)/.ready ## write out/handover, what an operations team reads, and the checksums
	@$(PYTHON) -m review handover

bundle: $(VENV)/.ready ## one archive for an operations team, in build/: templates, documents, image sources
	$(PYTHON) build_templates.py --check
	@$(PYTHON) -m review bundle

faults: $(VENV)/.ready ## which of 206 single faults in the templates lint finds: minutes
	$(PYTHON) -m tests.test_faults

bench: setup system ## measure ourselves beside the peers and the limits: bench/RESULTS.md; AGAIN=1 compares, PART=build
	$(PYTHON) -m bench $(if $(AGAIN),--again) $(PART)

bench-peers: $(PEERS)/node/.ready ## install CDK and its command line apart, for `make bench` to compare with (needs Node.js)

$(PEERS)/.ready: requirements/peers.txt
	requirements/venv.sh $(PEERS) $<

$(PEERS)/node/.ready: bench/peers/package-lock.json $(PEERS)/.ready
	@command -v npm > /dev/null || { echo "error: CDK's command line needs Node.js with npm" >&2; exit 1; }
	mkdir -p $(@D)
	cp bench/peers/package*.json $(@D)
	npm ci --prefix $(@D) --silent --no-audit --no-fund
	touch $@

test: setup system $(SCAN)/.ready ## every test, the slow ones too
	$(PYTHON) build_templates.py --check
	$(PYTHON) -m review handover --check
	$(MAKE) --no-print-directory lint
	$(PYTEST) -m "not loud"
	$(PYTHON) -m pytest -m loud

drills: setup system ## faults under load, each with its guard and without; writes docs/reliability.md: DRILL=NAME, ALL=1
	$(PYTHON) -m drills $(if $(ALL),--all) $(DRILL)
	$(PYTHON) -m drills --prove $(if $(ALL),--all) $(DRILL)

run: $(VENV)/.ready ## serve the application here on SQLite: PORT=8000
	$(VENV)/bin/flask --app app migrate
	$(VENV)/bin/flask --app app run --port "$(PORT)"

seed-data: $(VENV)/.ready ## fill the list of `make run` with made-up entries: N=1000
	$(VENV)/bin/flask --app app migrate
	$(VENV)/bin/flask --app app seed-data "$(or $(N),1000)"

images: ## build both images here, for the processor that ENV names or this machine's, and show their sizes
	docker/images.sh $(ENV)

up: ## the three tiers in containers on this machine: http://127.0.0.1:8080  (COMPOSE="podman compose")
	docker/up.sh

rehearse: setup system ## deploy to an embedded AWS, open the application there: KEEP=1; ENV=all, FAULTS=1
	$(PYTHON) -m rehearsal $(if $(FAULTS),--faults,$(ENV))

plan: $(VENV)/.ready ## what a deployment would change: ENV=lab; without an account, since a git ref: BASE=HEAD~1
	@$(PYTHON) -m $(if $(BASE),review plan --base "$(BASE)" --format "$(or $(FORMAT),text)",deploy plan) "$(ENV)"

doctor: $(VENV)/.ready ## what of machine, account and environment would hinder a deployment: ENV=lab, or without it
	$(PYTHON) -m deploy doctor "$(ENV)"

deploy: $(VENV)/.ready ## deploy to AWS: ENV=lab, YES=1 to agree beforehand
	./deploy.sh "$(ENV)"

follow: $(VENV)/.ready ## attach to a deployment that is under way: ENV=lab
	$(PYTHON) -m deploy follow "$(ENV)"

status: $(VENV)/.ready ## stack, service, images, targets, database, alarms on one screen: ENV=lab
	$(PYTHON) -m deploy status "$(ENV)"

logs: $(VENV)/.ready ## what the containers have written: ENV=lab, SINCE=10m, FOLLOW=1, FILTER=ERROR
	$(PYTHON) -m deploy logs "$(ENV)"

exec: $(VENV)/.ready ## a shell in a running container: ENV=lab, CONTAINER=app
	$(PYTHON) -m deploy exec "$(ENV)"

open: $(VENV)/.ready ## print the application's address and show it in a browser: ENV=lab
	$(PYTHON) -m deploy open "$(ENV)"

outputs: $(VENV)/.ready ## what the deployed stack says of itself, the URL last: ENV=lab
	$(PYTHON) -m deploy outputs "$(ENV)"

drift: $(VENV)/.ready ## what differs from the templates, over the whole nest: ENV=lab
	$(PYTHON) -m deploy drift "$(ENV)"

rollback: $(VENV)/.ready ## deploy the images that served before: ENV=lab
	$(PYTHON) -m deploy rollback "$(ENV)"

pause: $(VENV)/.ready ## end all tasks and stop the database: ENV=lab
	$(PYTHON) -m deploy pause "$(ENV)"

resume: $(VENV)/.ready ## start them again: ENV=lab
	$(PYTHON) -m deploy resume "$(ENV)"

destroy: $(VENV)/.ready ## delete a deployed environment: ENV=lab, BUCKETS=1 for those with logs too
	$(PYTHON) -m deploy destroy "$(ENV)"

clean: ## remove virtual environments and caches
	rm -rf $(VENV) $(EMULATOR) $(SCAN) $(PEERS) build/passed .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
