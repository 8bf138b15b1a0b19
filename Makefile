# The project's commands; `make help` lists them. docs/developer/set-up.md tells what they do.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# make test PRESET=asan: the same tests under another preset of CMakePresets.json.
PRESET ?= ci
ARGS ?=

.PHONY: help
help: ## Show this text
	@echo 'Usage: make <command>'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
	  printf '  %-14s %s\n' "$$name" "$$text"; done

.PHONY: dev
dev: ## Everything on this machine: local cloud, Prometheus, samples (ARGS=--once proves it and ends)
	@scripts/setup --run
	@scripts/lib/build dev clickdeployd clickctl localcloud
	@exec build/dev/bin/clickdeployd dev $(ARGS)

.PHONY: test
test: ## Build with warnings as errors and run all tests (PRESET=asan, FILTER=regex, JOBS=n)
	@scripts/setup
	@scripts/lib/test $(PRESET)

.PHONY: test-openstack
test-openstack: ## The OpenStack tests against real services on this machine (SMALL=1: a part of them)
	@scripts/setup --openstack
	@scripts/lib/test-openstack $(if $(SMALL),--small)

.PHONY: test-images
test-images: ## Make a Debian image with agents, boot it, and have a Service run on it (needs root)
	@scripts/setup --images
	@scripts/lib/test-images

.PHONY: build
build: ## Build all programs and tests, debug, into build/dev
	@scripts/setup --run
	@scripts/lib/build dev

.PHONY: bench
bench: ## Measure speed and memory, optimised; JSON lines in build/bench.jsonl
	@scripts/setup
	@scripts/lib/build release clickdeploy_bench clickdeployd
	@exec build/release/bin/clickdeploy_bench --json build/bench.jsonl $(ARGS)

.PHONY: simulate
simulate: ## Run the whole system from SEEDS=n seeds on (SEED=first; of one: TRACE=1 its story, SHRINK=1)
	@scripts/setup
	@scripts/lib/build release simulate
	@exec build/release/bin/simulate $(if $(TRACE)$(SHRINK),--seed $(SEED) $(if $(SHRINK),--shrink,--trace),\
	  --first $(or $(SEED),1) --seeds $(or $(SEEDS),100)) $(ARGS)

.PHONY: simulate-drivers
simulate-drivers: ## One fault at every place of each reference scenario (DRIVER=crashes|views|failures, STRIDE=n)
	@scripts/setup
	@scripts/lib/build release simulate_drivers
	@code=0; for driver in $(or $(DRIVER),crashes views failures); do \
	  build/release/bin/simulate_drivers $$driver --stride $(or $(STRIDE),1) $(ARGS) || code=1; \
	done; exit $$code

.PHONY: planted
planted: ## Plant bugs, count those that the simulation finds (SEEDS=n for each, SEED=first)
	@scripts/setup
	@scripts/lib/build planted planted
	@exec build/planted/bin/planted --first $(or $(SEED),1) --seeds $(or $(SEEDS),60) $(ARGS)

.PHONY: fuzz
fuzz: ## Feed random bytes to the parsers, from random seeds (SECONDS=n for each, TARGET=name)
	@scripts/setup
	@scripts/lib/build ci fuzz_targets
	@scripts/lib/fuzz $(or $(SECONDS),60) $(TARGET)

.PHONY: format
format: ## Format all C++
	@scripts/setup
	@scripts/lib/format

.PHONY: format-check
format-check: ## Fail if `make format` would change something
	@scripts/setup
	@scripts/lib/format --check

.PHONY: lint
lint: ## Run clang-tidy over the product code
	@scripts/setup
	@scripts/lib/lint

.PHONY: clean
clean: ## Remove what was built (keeps downloaded tools)
	@rm -rf build/dev build/ci build/asan build/tsan build/release build/planted
