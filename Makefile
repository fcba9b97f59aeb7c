# The commands of the project. Each installs what it needs and is missing (tools/setup.sh) and says so.
#   make run     builds the site and serves it on http://127.0.0.1:8080      make lint    formatting, lints, architecture rules
#   make test    all tests, native and in the browser                        make bench   the figures of the README
#   make build   the site in dist/ (PUBLIC_URL=/sub/path/ where it lives)    make dev     a quick site in target/dev-site
#   make soak    random work and faults, 1,000 seeds of 30 simulated minutes each
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := run
.PHONY: run test build dev lint bench soak fidelity test-native test-browser clean

PUBLIC_URL ?= /
PORT ?= 8080
TOOLS := . tools/path.sh;

run: build
	@$(TOOLS) exec node tools/serve.mjs --port $(PORT) --public-url $(PUBLIC_URL)

build:
	@tools/setup.sh site
	@echo "build: the site for $(PUBLIC_URL)"
	@tools/release.sh --public-url $(PUBLIC_URL)
	@$(TOOLS) node tools/budget.mjs

# Without optimisation: seconds instead of minutes after a change. Never measure with it.
dev:
	@tools/setup.sh site
	@$(TOOLS) trunk build --dist target/dev-site
	@echo "dev: built; 'node tools/serve.mjs --dir target/dev-site' serves it"

test: test-native test-browser

test-native:
	@tools/setup.sh rust
	@echo "test: native"
	@$(TOOLS) cargo test --locked

# The browser tests run against the released site, under the root path.
test-browser:
	@$(MAKE) --no-print-directory build PUBLIC_URL=/
	@tools/setup.sh browser
	@echo "test: in the browser"
	@$(TOOLS) cargo build --locked --quiet --bin bottle
	@$(TOOLS) node --test --test-concurrency=1 tests/browser/*.test.mjs

lint:
	@tools/setup.sh site
	@echo "lint: formatting"
	@$(TOOLS) cargo fmt --check || { echo "lint: run 'cargo fmt'" >&2; exit 1; }
	@echo "lint: clippy, native"
	@$(TOOLS) cargo clippy --locked --all-targets -- -D warnings
	@echo "lint: clippy, in the browser"
	@$(TOOLS) cargo clippy --locked --target wasm32-unknown-unknown --lib --bin app --bin bench -- -D warnings
	@echo "lint: scripts"
	@$(TOOLS) for script in tools/*.mjs tools/split/*.mjs assets/*/*.mjs assets/*/*.js tests/browser/*.mjs; do node --check "$$script"; done
	@echo "lint: architecture"
	@$(TOOLS) cargo test --locked --quiet --test architecture

bench: build
	@tools/setup.sh browser
	@echo "bench: 100 nodes, 1,000 pods until all are Ready, natively"
	@$(TOOLS) cargo run --locked --release --quiet --bin bottle -- bench --nodes 100 --pods 1000 --json
	@echo "bench: the scheduler alone, 5,000 nodes and 10,000 pods"
	@$(TOOLS) for workload in plain antiaff spread; do cargo run --locked --release --quiet --bin bottle -- bench --scheduler --nodes 5000 --pods 10000 --workload $$workload --json; done
	@echo "bench: the same in Wasm"
	@$(TOOLS) for workload in plain antiaff spread; do node tools/bench-scheduler.mjs --workload $$workload; done
	@echo "bench: all kinds of workloads, a rollout, the loss of a tenth of the nodes, rest"
	@$(TOOLS) cargo run --locked --release --quiet --bin bottle -- bench --workloads --nodes 500 --pods 5000 --json
	@echo "bench: the API server, natively and what it reads in Wasm"
	@$(TOOLS) cargo run --locked --release --quiet --bin bottle -- bench --api --json
	@$(TOOLS) node tools/bench-api.mjs
	@echo "bench: 1,000 pods in Chromium"
	@$(TOOLS) node tools/bench.mjs
	@echo "bench: pictures of 5,000 nodes, and going to moments of a run, in Chromium"
	@$(TOOLS) node tools/bench-fleet.mjs
	@$(TOOLS) node tools/bench-seek.mjs
	@$(TOOLS) node tools/bench-visit.mjs
	@echo "bench: clicks and keys until the next picture, in Chromium"
	@$(TOOLS) node tools/bench-interactions.mjs

# What `make test` does with fewer seeds, for 10 minutes. SOAK_FIRST begins with another seed; SOAK_SHOW=web-1,node-2 tells all
# that happens to what has such a name: to see why a seed fails.
soak:
	@tools/setup.sh rust
	@$(TOOLS) SOAK_SEEDS=$${SOAK_SEEDS:-1000} SOAK_MINUTES=$${SOAK_MINUTES:-30} cargo test --locked --release --test invariants -- --nocapture

# The numbers of the page /{lang}/fidelity, from the recordings.
fidelity:
	@tools/setup.sh rust
	@$(TOOLS) cargo run --locked --release --quiet --bin bottle -- verify tests/oracle/{api-cases.json,controllers.jsonl,scheduler_cases.jsonl,scheduler_sequences.jsonl}.gz tests/oracle/discovery --report assets/fidelity.json

clean:
	rm -rf target/site target/dev-site dist
