# The deployment pipeline of the Form Builder platform. `make help` lists what there is.
#
# Every target is one script with flags; CI systems and people run the same ones. What is true of an app is in
# apps.toml, never here: an app more is a table there and nothing in this file.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# What the caller's shell has for Pythons of its own is not for this one (scripts/toolkit/base/environment.py).
unexport PYTEST_ADDOPTS PYTEST_PLUGINS PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_VIRTUALENV PIP_NO_DEPS \
	PYTHONSAFEPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONINSPECT COVERAGE_FILE COVERAGE_RCFILE \
	COVERAGE_PROCESS_START

# What is given in the environment or on the command line. make never puts it into a command, which would make
# code of it: it is handed on in the environment, as it was typed, and a recipe names it "$$APP", in quotes.
override GIVEN := APP ENV CLUSTER BRANCH JOBS ONLY REPEAT SHARD KEEP_DURATIONS CHECK FOR QUIET RUN TO FAILED CAUSE \
	SYSTEM FORCE FRESH APPROVE RESTART TAKE_OVER PREFLIGHT COMMIT PATIENCE_SCALE T ARGS PYTHON AGAIN ROUNDS ROUND SEED \
	ANY_VERSION SETTLE PATIENCE ADVISORIES FORMAT CONFIG KUBERNETES_TEST_CONFIG KUBERNETES_TEST_REGISTRY
override define as_typed
ifneq ($$(origin $(1)),undefined)
override export $(1) := $$(value $(1))
endif
endef
$(foreach each,$(GIVEN),$(eval $(call as_typed,$(each))))

override PY := .venv/bin/python
override SYSTEM_PYTHON := "$${PYTHON:-python3}"
# The environment belongs to this very folder: moved or copied elsewhere, it is made anew.
override HERE := $(firstword $(shell printf %s "$$(pwd -P)" | cksum))
override READY := .venv/.ready-$(HERE)
# What only the toolkit's own tests need comes when they are run.
override TESTED := .venv/.tested-$(HERE)

# CONFIG= is the configuration of an app's own repository, of which this folder is a submodule: advice is worded
# for it (scripts/toolkit/typed).
ifneq ($(origin CONFIG),undefined)
override export PIPELINE_TYPED := submodule
endif

# Stages of the pipeline: make <stage> APP=<app> [ENV=<environment or space>], make <stage>-<app>
override LOCAL := lint security unit build
override PLACED := deploy healthcheck smoke acceptance approve watch rollback
override STAGES := $(LOCAL) $(PLACED)
override TARGETS := help setup doctor clean pipeline platform platform-stop plan status role prerequisites alert drill \
	fidelity test check faults bench diagram advisories pins package browser ci-install kubernetes-tools kubernetes-up \
	kubernetes-down kubernetes-status renderers test-kubernetes sandbox-up sandbox-down sandbox-status sandbox-reset $(STAGES)
# An app that is named like a target has none of its own; every script refuses its name and says why.
override NAMES := $(shell sed -n 's/^\[apps\.\([a-z0-9-]*\)\]/\1/p' apps.toml 2>/dev/null)
override APPS := $(filter-out $(TARGETS) all,$(NAMES))

# A flag is one word of the shell, whatever is in its value; without a value there is no flag.
override app := $${APP:+--app="$$APP"}
override env := $${ENV:+--env="$$ENV"}
override config := $${CONFIG:+--config="$$CONFIG"}
override cluster := $${CLUSTER:+--cluster="$$CLUSTER"} $(config)
override part := $${ONLY:+--only="$$ONLY"} $${REPEAT:+--repeat="$$REPEAT"} $${SHARD:+--shard="$$SHARD"} \
	$$(case "$$KEEP_DURATIONS" in ''|0) ;; *) echo --keep-durations ;; esac)

.PHONY: $(TARGETS) $(APPS)

help: ## this list
	@echo 'Form Builder deployment pipeline. Start with: make pipeline APP=submitter'
	@echo
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  %-24s %s\n", $$1, $$2} /^## /{printf "\n%s\n", substr($$0, 4)}' Makefile
	@echo
	@echo 'APP=   $(NAMES), all'
	@echo 'ENV=   an environment or one of its spaces: test (test-dev, test-production), production (live-dev, live-production)'
	@echo 'Also:  make <stage>-<app>, make <app>. CLUSTER=, BRANCH=, FRESH=1, APPROVE=1; for deploy also'
	@echo '       FORCE=1 (a version that is held), RESTART=1, TAKE_OVER=1 (fields changed by hand), PREFLIGHT=0.'
	@echo '       Each script has --help.'

## A commit to production
pipeline: $(READY) ## the whole way: checks, test, production, alert            APP=<app>|all [JOBS=]
	@$(PY) scripts/pipeline.py $(app) $${JOBS:+--jobs="$$JOBS"} $(cluster)

plan: $(READY) ## what would run, after what, and why the rest would not   APP= [BRANCH=]
	@$(PY) scripts/plan.py $(app) $${BRANCH:+--branch="$$BRANCH"} $(cluster)

## One stage
lint: $(READY) ## code style                                               APP=
	@$(PY) scripts/lint.py $(app) $(cluster)
security: $(READY) ## code and dependencies                                    APP=
	@$(PY) scripts/security.py $(app) $(cluster)
unit: $(READY) ## unit tests with a coverage floor                         APP=
	@$(PY) scripts/unit.py $(app) $(cluster)
build: $(READY) ## images, named by digest                                  APP=
	@$(PY) scripts/build.py $(app) $(cluster)
deploy: $(READY) ## look ahead, apply, wait for a verdict                    APP= ENV= [FORCE=1] [RESTART=1]
	@$(PY) scripts/deploy.py $(app) $(env) $(cluster)
healthcheck: $(READY) ## every pod: health, readiness, the right version          ENV= [APP=]
	@$(PY) scripts/healthcheck.py $(app) $(env) $(cluster)
smoke: $(READY) ## does it do its job                                       ENV= [APP=]
	@$(PY) scripts/smoke.py $(app) $(env) $(part) $(cluster)
acceptance: $(READY) ## every output of a submission           APP= ENV= [ONLY=failed] [REPEAT=20] [SHARD=2/4]
	@$(PY) scripts/acceptance.py $(app) $(env) $(part) $(cluster)
approve: $(READY) ## let this commit into an environment                      APP= ENV=
	@$(PY) scripts/approve.py $(app) $(env) $${CHECK:+--check} $(cluster)
watch: $(READY) ## pods for restarts                                        ENV= [APP=] [FOR=10m] [QUIET=5m]
	@$(PY) scripts/watch.py $(app) $(env) $${FOR:+--for="$$FOR"} $${QUIET:+--quiet="$$QUIET"} $(cluster)
alert: $(READY) ## send a run's result; list what is not delivered          [APP=] [RUN=] [AGAIN=<run>|all]
	@$(PY) scripts/alert.py $(app) $${RUN:+--run="$$RUN"} $${AGAIN:+--again="$$AGAIN"} $(config)

## When something is wrong
status: $(READY) ## what runs where, verified or not, changed by hand        [APP=] [ENV=]
	@$(PY) scripts/status.py $(app) $(env) $(cluster)
rollback: $(READY) ## back to the last verified release                        APP= ENV= [TO=] [FAILED=1]
	@$(PY) scripts/rollback.py $(app) $(env) $${TO:+--to="$$TO"} $${FAILED:+--failed} $(cluster)
drill: $(READY) ## break a release on purpose, see verdict and recovery     CAUSE=<cause>|all [ONLY=broken|look-alike]
	@$(PY) scripts/drill.py $${CAUSE:+--cause="$$CAUSE"} $${ONLY:+--only="$$ONLY"} $(cluster)
fidelity: $(READY) ## every drill on the sandbox and on CLUSTER=, side by side  CLUSTER=
	-@$(PY) scripts/drill.py --cause all --cluster sandbox --report .pipeline/fidelity/sandbox.json
	-@$(PY) scripts/drill.py --cause all --lanes 6 $(cluster) --report .pipeline/fidelity/kubernetes.json
	@$(PY) scripts/fidelity.py
doctor: ## is this machine, is a cluster ready? each cross has its fix  [CLUSTER=] [APP=] [ENV=]
	@$(SYSTEM_PYTHON) scripts/doctor.py $(app) $(env) $(cluster)

## On a cluster that somebody looks after
role: $(READY) ## the least Role for an app, for kubectl apply -f -        APP= [ENV=]
	@$(PY) scripts/role.py $(app) $(env) $(cluster)
prerequisites: $(READY) ## what an app needs there: what is missing, [FORMAT=yaml] to fill in  APP= ENV=
	@$(PY) scripts/prerequisites.py $(app) $(env) $(cluster) $${FORMAT:+--format="$$FORMAT"}

## The whole platform on this machine
platform: $(READY) ## start every app on the sandbox, print its address       [ENV=test-dev]
	@$(PY) scripts/start_platform.py $(env) $(cluster)
platform-stop: $(READY) ## stop it; what is in it is kept
	@$(PY) scripts/start_platform.py --stop $(cluster)

## The sandbox: a Kubernetes for this machine, started by itself when it is needed
sandbox-up: $(READY) ## start it
	@$(PY) -m sandbox up
sandbox-down: $(READY) ## stop it and all that runs in it
	@$(PY) -m sandbox down
sandbox-status: $(READY) ## what runs in it, and what it does not do
	@$(PY) -m sandbox status
sandbox-reset: $(READY) ## an empty cluster
	@$(PY) -m sandbox reset

## A real Kubernetes of one node, for the tests that run on one
kubernetes-tools: $(READY) ## what the node is made of                            (apt-get, as root)
	@$(PY) -m tests.kubernetes.node tools
kubernetes-up: $(READY) ## bring it up; the first time it is built, 6 to 12 minutes  (as root)
	@$(PY) -m tests.kubernetes.node up
kubernetes-down: $(READY) ## end all of it; what was built is kept
	@$(PY) -m tests.kubernetes.node down
kubernetes-status: $(READY) ## does it run, and how to use it by hand
	@$(PY) -m tests.kubernetes.node status

## Programs that render manifests, for the tests
renderers: $(READY) ## helm and kustomize, built from their Go modules once          (Go)
	@$(PY) -m tests.renderers

## The toolkit itself
setup: $(READY) ## .venv from the pinned requirements (every target does it)
test: $(TESTED) ## tests, linter, types, drift of generated files           [T=tests/pure] [ARGS=]
	@$(MAKE) check
	@$(PY) -m tests -n 4 --dist loadfile
check: $(TESTED) ## only the linter, types and drift
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy scripts sandbox form_builder_pipeline
	@$(PY) scripts/diagram.py --check
	@$(PY) -m tests.floor_plan --check
test-kubernetes: $(TESTED) ## the ring on real Kubernetes              [T=tests/kubernetes/...] [KUBERNETES_TEST_CONFIG=]
	@$(PY) -m tests.kubernetes
faults: $(TESTED) ## kill runs at random moments; what must be true after     [ROUNDS=100] [SEED=7] [ROUND=13]
	@FAULTS_ROUNDS="$${ROUNDS:-20}" FAULTS_SEED="$$SEED" FAULTS_ROUND="$$ROUND" T=tests/faults $(PY) -m tests -s -q
bench: $(TESTED) ## every claim of speed, as a ratio in one run              [T=tests/bench/...]
	@T="$${T:-tests/bench}" $(PY) -m tests -s -q --timeout 1200
diagram: $(READY) ## draw docs/pipeline.svg from the plan, and the floor plan in CONTRIBUTING.md
	@$(PY) scripts/diagram.py
	@$(PY) -m tests.floor_plan
ci-install: $(READY) ## put a definition of ci/ where its vendor looks           SYSTEM=circleci|github
	@$(PY) scripts/install_ci.py $${SYSTEM:+--system="$$SYSTEM"} $${FORCE:+--force} $${CHECK:+--check}
advisories: $(READY) ## renew the advisories for what the apps pin
	@$(PY) scripts/advisories.py $(config)
pins: $(TESTED) ## renew every requirements.txt from its requirements.in
	@for each in requirements.in requirements-test.in apps/*/requirements*.in drills/app/requirements*.in; do \
		echo "$$each"; \
		$(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			--no-header --upgrade "$$each" --output-file "$${each%.in}.txt" || exit 1; \
	done
package: $(TESTED) ## the toolkit as a wheel in dist/, for an app's own repository
	@$(PY) -m uv build --wheel --no-build-isolation --out-dir dist .
browser: ## Chromium, for the journeys in a real browser         (apt-get, as root)
	@if command -v chromium >/dev/null; then echo "Chromium is there: $$(command -v chromium)"; \
	elif ! command -v apt-get >/dev/null; then \
		echo 'There is no apt-get here. Fix: install Chromium, and export CHROMIUM=/its/path'; exit 2; \
	elif [ "$$(id -u)" = 0 ]; then \
		echo 'Installing Chromium: apt-get install -y chromium'; \
		apt-get update -qq && apt-get install -y -qq chromium; \
	elif command -v sudo >/dev/null; then \
		echo 'Installing Chromium: sudo apt-get install -y chromium'; \
		sudo apt-get update -qq && sudo apt-get install -y -qq chromium; \
	else echo 'Chromium is installed by root. Fix: as root, apt-get install -y chromium'; exit 2; fi
clean: ## stop the sandbox, remove all that make made
	@if [ -x $(PY) ]; then $(PY) -m sandbox down; fi
	rm -rf .venv .pipeline .sandbox .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage dist

# make submitter, make lint-submitter, ...
$(APPS): $(READY)
	@$(PY) scripts/pipeline.py --app $@ $(cluster)

override define stage_of_app
.PHONY: $(1)-$(2)
$(1)-$(2): ; @$$(MAKE) $(1) APP=$(2)
endef
$(foreach stage,$(STAGES),$(foreach each,$(APPS),$(eval $(call stage_of_app,$(stage),$(each)))))

$(READY): requirements.txt
	@$(SYSTEM_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { printf '%s\n' \
		"Python 3.11 or newer is needed; $${PYTHON:-python3} is not. Fix: make PYTHON=python3.12 ..."; exit 2; }
	@echo 'Setting up .venv from requirements.txt: once, about a minute ...'
	@rm -f .venv/.ready-* .venv/.tested-*
	@$(SYSTEM_PYTHON) -m venv --clear .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@touch $@

$(TESTED): requirements-test.txt $(READY)
	@echo 'Setting up what the tests need, from requirements-test.txt: once ...'
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-test.txt
	@touch $@
