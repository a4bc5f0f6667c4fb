# `make help` lists the targets. Needs Go, git and make; `make test` installs
# the real components it starts (as root on Debian, else it says which).

GO       ?= go
FUZZTIME ?= 10s
BENCH    ?= .
# Further flags of go test, for example: make test TESTFLAGS='-v -run Shibboleth'
TESTFLAGS ?=

# Packages without real components.
unit = $$($(GO) list ./... | grep -v '/e2e\(/\|$$\)')

# Where the agent runs, and a loop over it.
agent_systems = linux/amd64 linux/arm64 windows/amd64 windows/arm64 darwin/amd64 darwin/arm64
each_system = for system in $(agent_systems); do export CGO_ENABLED=0 GOOS=$${system%/*} GOARCH=$${system\#*/};

.DEFAULT_GOAL := help
.PHONY: help build build-agents build-openssl agent-msi check test wycheproof fuzz bench golden howtos

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/lanyard, and bin/lanyard-agent, which is linked with the C library to load middleware; no C compiler needed
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/lanyard ./cmd/lanyard
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags=-s -o bin/lanyard-agent ./cmd/lanyard-agent

build-agents: ## build bin/lanyard-agent-SYSTEM-PROCESSOR for Linux, Windows and macOS
	@$(each_system) out=bin/lanyard-agent-$$GOOS-$$GOARCH$$($(GO) env GOEXE); echo "$$out"; \
		$(GO) build -trimpath -ldflags=-s -o "$$out" ./cmd/lanyard-agent || exit 1; done

build-openssl: ## build bin/lanyard-openssl, linked with the C library: RSA by the machine's OpenSSL 3, no C compiler needed
	CGO_ENABLED=0 $(GO) build -trimpath -tags openssl -o bin/lanyard-openssl ./cmd/lanyard

# An installer replaces one of a lower version: VERSION=1.2.3.
VERSION ?= 0.0.1

agent-msi: ## build bin/lanyard-agent.msi, the agent for Windows; needs wixl
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GO) build -trimpath -ldflags=-s -o bin/lanyard-agent.exe ./cmd/lanyard-agent
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -H=windowsgui' -o bin/lanyard-agentw.exe ./cmd/lanyard-agent
	cd bin && wixl -a x64 -D Version=$(VERSION) -o lanyard-agent.msi ../deploy/lanyard-agent.wxs

check: ## formatting, vet and unit tests: what to run before a commit
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt -w these:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags howto ./e2e
	$(GO) vet -tags wycheproof ./trust/jose
	CGO_ENABLED=0 $(GO) vet -tags openssl ./adapters/keystore/openssl
	@$(each_system) echo "the agent for $$system"; \
		$(GO) vet ./cmd/agent/access ./cmd/agent/card/cryptoki ./cmd/agent/loopback ./cmd/agent/pinentry ./cmd/lanyard-agent && $(GO) build -o /dev/null ./cmd/lanyard-agent || exit 1; done
	$(GO) test -timeout 5m $(TESTFLAGS) $(unit)

test: ## everything, with real components end to end; no test is skipped
	.ci/install-components
	.ci/fetch-vectors
	LANYARD_COMPONENTS=1 timeout -k 30 1440 $(GO) test -count=1 -timeout 20m $(TESTFLAGS) ./...
	LANYARD_COMPONENTS=1 CGO_ENABLED=0 $(GO) test -count=1 -timeout 5m -tags openssl $(TESTFLAGS) ./adapters/keystore/openssl ./cmd/hub

wycheproof: ## Wycheproof's vectors for JSON Web Signatures; needs their repository
	.ci/fetch-vectors wycheproof
	$(GO) test -count=1 -tags wycheproof -run Wycheproof $(TESTFLAGS) ./trust/jose

howtos: ## follow docs/how-to/connect-an-app-*.md to the letter; as root, with Node.js, Python, Maven and Chromium, and the newest of each library
	LANYARD_COMPONENTS=1 $(GO) test -count=1 -timeout 20m -tags howto -run HowTo $(TESTFLAGS) ./e2e

fuzz: ## every fuzz target for FUZZTIME (10s) each
	@grep -rn --include='*_test.go' '^func Fuzz' . | sed 's/^\(.*\)\/[^/]*:[0-9]*:func \(Fuzz[A-Za-z0-9_]*\).*/\1 \2/' | sort | \
	while read -r dir target; do \
		echo "$$dir $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$dir" </dev/null || exit 1; \
	done

bench: ## all benchmarks, or those matching BENCH
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(TESTFLAGS) $(unit)

golden: ## write the golden files anew; read the difference before you commit
	@grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -r -n 1 dirname | sort -u | \
	while read -r dir; do $(GO) test "$$dir" -update </dev/null || exit 1; done
