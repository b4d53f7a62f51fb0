# Every task of this project. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

BIN    := $(CURDIR)/bin
STAGE  := tests/make/stage.sh
BUILD  := tests/make/build.sh
TOOLS  := -modfile=tests/tools/go.mod
STRIP  := -ldflags "-s -w"
# Without these the API server calls itself v0.0.0, which kubectl cannot read.
KUBE   := k8s.io/component-base/version
KUBE_STRIP := -ldflags "-s -w -X $(KUBE).gitVersion=v1.36.3 -X $(KUBE).gitMajor=1 -X $(KUBE).gitMinor=36"
# A failed or skipped test, or one of the list that did not run, fails the stage.
GUARD  = go run ./tests/arch/mustrun

.PHONY: help
help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: need-go build ## Four reports about a sample cluster's last day, computed by Temporal, archived in S3
	@$(BIN)/probity demo --dir demo

.PHONY: dev
dev: need-go build ## The local servers, a worker and the starter on the demo's folder, until Ctrl-C
	@$(BIN)/probity dev --dir demo/state --config demo/probity.yaml

.PHONY: dev-kube
dev-kube: need-go build build-kube ## The same on a real API server of its own, with a kubeconfig for kubectl, until Ctrl-C
	@$(BIN)/probity dev --kube --dir .probity

.PHONY: dev-opensearch
dev-opensearch: need-go build build-opensearch ## The demo's folder with a real OpenSearch server beside it, until Ctrl-C
	@$(BIN)/probity dev --opensearch --dir demo/state --config demo/probity.yaml

.PHONY: build
build: need-go ## Build the programs into bin/
	@$(BUILD) . $(BIN)/probity ./cmd/probity
	@$(BUILD) cmd/devstack $(BIN)/devstack . $(STRIP)

.PHONY: build-kube
build-kube: need-go ## Build the real API server that tests and `probity dev --kube` run (minutes, the first time)
	@$(BUILD) tests/kubestack $(BIN)/kubestack . $(KUBE_STRIP)

.PHONY: build-opensearch
build-opensearch: need-java ## Gather the real OpenSearch that tests and `probity dev --opensearch` run (a minute, the first time)
	@tests/make/opensearch.sh $(BIN)/opensearch

.PHONY: test
test: need-all ## Everything that CI checks: format, lint, unit, integration and replay tests
	@$(STAGE) build      $(MAKE) --no-print-directory build build-kube build-opensearch
	@$(STAGE) format     $(MAKE) --no-print-directory check-format
	@$(STAGE) vet        $(MAKE) --no-print-directory vet
	@$(STAGE) lint       $(MAKE) --no-print-directory lint
	@$(STAGE) verify     $(MAKE) --no-print-directory verify
	@$(STAGE) unit       $(MAKE) --no-print-directory test-unit
	@$(STAGE) crds       $(MAKE) --no-print-directory test-crds
	@$(STAGE) selector   $(MAKE) --no-print-directory test-selector
	@$(STAGE) devstack   $(MAKE) --no-print-directory test-devstack
	@$(STAGE) integration $(MAKE) --no-print-directory test-integration
	@$(STAGE) kube       $(MAKE) --no-print-directory test-kube
	@$(STAGE) opensearch $(MAKE) --no-print-directory test-opensearch

.PHONY: test-unit
test-unit: ## Unit, property, golden, replay and house-rule tests, with the race detector
	@set -o pipefail; go test -race -json $$(go list ./... | grep -v -e /tests/integration -e /tests/kube -e /tests/opensearch) | $(GUARD) -list tests/mustrun.txt

.PHONY: test-crds
test-crds: ## The definitions of GlobalReport and GlobalReportType against the product's own checks
	@set -o pipefail; (cd tests/crdgen && go test -json ./...) | $(GUARD)

.PHONY: test-selector
test-selector: ## Compare the selector language with Calico's public library
	@set -o pipefail; (cd tests/selectordiff && go test -json ./...) | $(GUARD)

.PHONY: test-devstack
test-devstack: ## The local servers, and the bucket's conformance suite on a real S3 server
	@set -o pipefail; (cd cmd/devstack && go test -json ./...) | $(GUARD)

.PHONY: test-integration
test-integration: ## Whole reports on a real Temporal server and a real S3 server
	@set -o pipefail; go test -count=1 -json ./tests/integration/... | $(GUARD) -list tests/integration/mustrun.txt

.PHONY: test-kube
test-kube: ## Definitions, snapshots, audit logs, status and rights on a real API server
	@set -o pipefail; go test -count=1 -timeout 20m -json ./tests/kube/... | $(GUARD) -list tests/kube/mustrun.txt

.PHONY: test-opensearch
test-opensearch: ## A real OpenSearch: what it keeps, who may do what, and how it ends
	@set -o pipefail; go test -count=1 -timeout 20m -json ./tests/opensearch/... | $(GUARD) -list tests/opensearch/mustrun.txt

.PHONY: test-opensearch-3
test-opensearch-3: ## The same on OpenSearch 3, where the JDK is 21 or newer
	@PROBITY_OPENSEARCH_VARIANT=v3 $(MAKE) --no-print-directory test-opensearch

.PHONY: vet
vet:
	@go vet ./...
	@cd cmd/devstack && go vet ./...
	@cd tests/kubestack && go vet ./...
	@cd tests/crdgen && go vet ./...

.PHONY: lint
lint: ## golangci-lint (import rules included) and workflowcheck
	@go tool $(TOOLS) golangci-lint run --allow-parallel-runners ./...
	@go tool $(TOOLS) workflowcheck -config workflowcheck.config.yaml ./workflows/...

.PHONY: check-format
check-format:
	@wrong=$$(git ls-files '*.go' | xargs gofmt -l); [ -z "$$wrong" ] || { echo "not formatted:"; echo "$$wrong"; exit 1; }
	@go mod tidy -diff

.PHONY: generate
generate: need-go ## Write the definitions in deploy/crds from the published Go types
	@cd tests/crdgen && go run .

.PHONY: verify
verify: ## Fail when deploy/crds is not what make generate writes
	@cd tests/crdgen && go run . -check

.PHONY: fmt
fmt: ## Format the Go files
	@git ls-files '*.go' | xargs gofmt -w

.PHONY: bench
bench: need-all build ## The figures of the README
	@GOMAXPROCS=1 go test ./internal/timeline -run '^$$' -bench Changes -benchtime 2x
	@cd tests/duckdb && go run . -lines 1000000 && go run . -lines 1000000 -groups 100000
	@folder=$$(mktemp -d); $(BIN)/probity demo --dir $$folder --timings; rm -rf $$folder
	@$(MAKE) --no-print-directory bench-snapshot

.PHONY: bench-snapshot
bench-snapshot: build build-kube ## A snapshot of 100,000 objects on a real API server: time and memory (15 minutes)
	@go run ./tests/kube/snapshotbench -bin $(BIN)

.PHONY: bench-opensearch
bench-opensearch: build-opensearch ## Gathering 5 million flows and 1 million audit events from a real OpenSearch, against bare queries; and storing flows
	@go run ./tests/opensearch/searchbench -jars $(BIN)/opensearch/plain
	@go run ./tests/opensearch/ingestbench -jars $(BIN)/opensearch/plain

.PHONY: soak-recorder
soak-recorder: build build-kube ## Five minutes of load on a recorder that is killed twice: what its archive lacks (6 minutes)
	@PROBITY_SOAK=5m go test ./tests/kube -count=1 -timeout 20m -v -run TestRecorderLosesNothing

.PHONY: soak-outage
soak-outage: build build-kube ## A starter that is cut off from Temporal, and one from the API server, for an hour (65 minutes)
	@PROBITY_SOAK=1h go test ./tests/kube -count=1 -timeout 90m -v -run TestStarterIsCutOff

.PHONY: clean
clean: ## Remove what was built and the demo's folder
	@rm -rf bin demo

.PHONY: need-go need-java need-all
need-go:
	@tests/make/need.sh
need-java:
	@tests/make/need.sh java
need-all:
	@tests/make/need.sh gcc java
