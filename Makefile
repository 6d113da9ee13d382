# `go run .` needs only Go. `make test` installs what the tests need and runs all of them.

GO          ?= go
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK ?= golang.org/x/vuln/cmd/govulncheck@v1.9.0
VULNDB      ?= https://vuln.go.dev
FUZZTIME    ?= 10s
SESSIONTIME ?= 1m
SOAK_TIME   ?= 10m
PACKAGES    ?= ./...
COUNT       ?= 50

CLIENTS := e2e/node_modules/.package-lock.json
SCRIPT  := static/client/socket.io.js
FIND_GO := find . -name node_modules -prune -o -name '*.go' -print

.PHONY: build test tools check cross unit fuzz-session stress e2e soak picture admin-picture bench bench-short fuzz vuln clean
.NOTPARALLEL:

build: $(SCRIPT)
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/tsunagu .

# The end-to-end tests are last, so that the last line of output is the result.
test: tools $(CLIENTS) $(SCRIPT) check cross unit fuzz-session e2e

# Installs missing Debian packages.
tools:
	@sh e2e/tools.sh

# The JavaScript clients and servers of the tests, in the versions of the lock file.
$(CLIENTS): e2e/package.json e2e/package-lock.json
	cd e2e && npm ci --no-audit --no-fund
	@touch $@

# The client script that a node serves, with its source map and licence. go generate fetches it through npm and checks
# it. A binary built without it redirects to the script's public URL.
$(SCRIPT): static/internal/fetch/main.go
	$(GO) generate ./static

check:
	@unformatted=$$($$($(GO) env GOROOT)/bin/gofmt -l $$($(FIND_GO))); \
	if [ -n "$$unformatted" ]; then echo "not as gofmt has it:" $$unformatted; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags e2e ./adapter ./e2e ./e2e/conformance
	$(GO) run $(STATICCHECK) -tags e2e ./...

# Nobody uses these builds, so they need no version control stamp.
cross:
	CGO_ENABLED=0 GOOS=darwin $(GO) build -buildvcs=false ./...
	CGO_ENABLED=0 GOOS=windows $(GO) build -buildvcs=false ./...

unit:
	CGO_ENABLED=1 $(GO) test -race ./...

# A stranger's steps, made up from those in internal/node/testdata/hostile, with a whole node.
fuzz-session:
	$(GO) test -run '^$$' -fuzz '^FuzzSession$$' -fuzztime $(SESSIONTIME) ./internal/node

# Every unit test COUNT times with the race detector, while a busy loop for each core competes with the tests, and two packages
# for each core run at once: most of them wait. The loops end with this target, however it ends: each of them watches the shell
# that started it.
stress:
	@mkdir -p bin; shell=$$$$; cores=$$(getconf _NPROCESSORS_ONLN); \
	for core in $$(seq $$cores); do \
		while kill -0 $$shell 2>/dev/null; do i=0; while [ $$i -lt 100000 ]; do i=$$((i + 1)); done; done & \
	done; \
	{ CGO_ENABLED=1 $(GO) test -race -p $$((2 * cores)) -count=$(COUNT) -timeout 2h $(PACKAGES); echo "exit status $$?"; } 2>&1 | tee bin/stress.log; \
	echo "Failures by test and package:"; \
	grep -E '^ *(--- FAIL|FAIL[[:space:]]|panic:)' bin/stress.log | sed -E 's/ \(.*|\t[0-9.]+s$$//' | sort | uniq -c; \
	grep -q '^exit status 0$$' bin/stress.log

e2e: $(CLIENTS) $(SCRIPT)
	MODEL_STEPS=1000000 $(GO) test -tags e2e -count=1 -timeout 20m ./adapter ./e2e ./e2e/conformance

# Clients come and go, and Redis fails, for SOAK_TIME. Prints what the node held before and after.
soak: $(CLIENTS) $(SCRIPT)
	SOAK_TIME=$(SOAK_TIME) $(GO) test -tags e2e -count=1 -timeout 60m -v -run '^TestSoak$$' ./e2e

# The picture in the README.
picture: tools $(CLIENTS)
	E2E_PICTURE=$(CURDIR)/docs/chat.png $(GO) test -tags e2e -count=1 -run '^TestPageWithoutRedis$$' ./e2e

# The admin page after five minutes of traffic.
admin-picture: tools $(CLIENTS)
	E2E_ADMIN_PICTURE=$(CURDIR)/docs/admin.png $(GO) test -tags e2e -count=1 -timeout 10m -run '^TestAdminPicture$$' ./e2e

# Measures Tsunagu beside the servers it replaces and others, in half an hour on an idle machine. Writes the tables, the
# plot, and the figures of the READMEs.
bench: tools $(CLIENTS)
	$(GO) run ./bench -json bench/last.json -markdown docs/bench.md -svg docs/bench.svg -readme README.md,docs/README.ja.md

bench-short: tools $(CLIENTS)
	$(GO) run ./bench -short

# Runs every fuzz target for FUZZTIME.
fuzz:
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

# Known vulnerabilities in what the program calls. VULNDB may name a copy of the database: file:///DIRECTORY.
vuln:
	@report=$$($(GO) run $(GOVULNCHECK) -db $(VULNDB) ./... 2>&1); status=$$?; echo "$$report"; \
	case "$$status $$report" in \
	0*) ;; \
	*"exit status 3"*) echo "vuln: vulnerabilities found, see above" ;; \
	*) echo "vuln: NOTHING WAS CHECKED, see above; it needs the database at $(VULNDB)" ;; \
	esac; exit $$status

clean:
	rm -rf bin e2e/node_modules static/client/[!.]*
