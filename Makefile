# One verb each; CONTRIBUTING.md says what they are for. `make check` is what CI runs, and nothing else.

SWIFT := $(or $(shell command -v swift),$(wildcard /opt/swift/usr/bin/swift))
PORT ?= 8080
SECONDS ?= 60

BUILD_PACKAGES := libhiredis-dev liblua5.4-dev libpcre2-dev libssl-dev pkg-config make
TEST_PACKAGES := curl nginx openssl python3-jwt redis-server prometheus chromium-headless-shell fonts-dejavu-core

.DEFAULT_GOAL := help
.PHONY: help run build test lint check golden docs fuzz soak bench compare operations filters contract clean swift packages test-packages

help: ## list the verbs
	@grep -E '^[a-z]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

run: build ## build what is missing, then serve the demonstration (PORT=8080)
	@exec .build/release/gateway demo --port $(PORT)

build: swift packages ## the release binary, .build/release/gateway
	$(SWIFT) build -c release --product gateway --static-swift-stdlib

test: swift test-packages ## every test, in a debug build
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build

lint: swift ## formatting
	$(SWIFT) format lint --strict --parallel -r Sources Tests $(wildcard fuzz bench) Package.swift

check: lint test ## what CI runs

golden: swift test-packages ## rewrite golden files and generated pages; read the diff before you commit it
	GOLDEN_UPDATE=1 $(SWIFT) test --filter 'ControlPlaneTests|TelemetryTests|ConfigTests'

docs: golden ## the generated pages are golden files

fuzz: swift packages ## every fuzz target for SECONDS=60 each; crashers stay in fuzz/crashers
	fuzz/run.sh $(SECONDS)

soak: swift packages ## a hundred thousand scripts that are killed (KILLS=100000)
	SOAK_KILLS=$(or $(KILLS),100000) $(SWIFT) test --filter LuaVMSoakTests

bench: swift packages ## micro-benches; fails when the path of a request allocates
	bench/run.sh

compare: build ## the gateway beside nginx and HAProxy, on two idle CPUs (WORKLOAD=get)
	@.ci/apt-install nginx haproxy wrk nghttp2-client python3
	bench/side_by_side.sh $(or $(WORKLOAD),get)

operations: build ## reloads, restarts and scrapes under load, and what clients notice (OPERATION=all)
	@.ci/apt-install nginx haproxy wrk python3
	python3 bench/operations.py $(or $(OPERATION),all)

filters: build ## what filters and scripts cost, and what a bad script costs its neighbours (COST=all)
	@.ci/apt-install nginx wrk nghttp2-client python3-jwt
	/usr/bin/python3 bench/filters.py $(or $(COST),all)

contract: build ## the admin API against its OpenAPI document; needs PyPI
	.ci/contract

clean: ## forget everything that was built
	rm -rf .build fuzz/.build bench/.build

swift:
	@test -n "$(SWIFT)" || { \
	    echo "error: no Swift compiler; install 6.2 or later from https://www.swift.org/install/linux/" >&2; \
	    echo "  hint: it is looked for on PATH, then in /opt/swift/usr/bin" >&2; exit 1; }

packages:
	@.ci/apt-install $(BUILD_PACKAGES)

# Real peers of some tests. Where they cannot be had, those tests say so; the others still run.
test-packages: packages
	@.ci/apt-install $(TEST_PACKAGES) || echo "warning: tests that need $(TEST_PACKAGES) will fail or be skipped" >&2
