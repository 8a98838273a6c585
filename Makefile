# Nightdesk. The two commands are `make demo` and `make test`.
TAGS  := sqlite_omit_load_extension
GO    := go
PKGS  := ./...
DEBS  := mosquitto chromium
FUZZ  := 30s

.PHONY: demo test check bench build deps fuzz

demo:
	$(GO) run -tags $(TAGS) ./cmd/nightdesk-demo

build:
	$(GO) build -tags $(TAGS) -o bin/ ./cmd/nightdesk ./cmd/nightdesk-central ./cmd/nightdesk-demo

# Real Mosquitto, and real Chromium with the fonts that the screen is measured
# with, are part of the tests. As root they are
# installed; otherwise the tests that need a missing one say so and are skipped,
# except under CI=true, where nothing may be skipped.
deps:
	@missing=""; for p in $(DEBS); do command -v $$p >/dev/null 2>&1 || [ -x /usr/sbin/$$p ] || missing="$$missing $$p"; done; \
	[ -d /usr/share/fonts/truetype/noto ] || missing="$$missing fonts-noto-core"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "installing$$missing"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
		echo "not installed:$$missing. The tests that need them are skipped; run as root, or install them, to run all."; \
	fi

test: deps
	$(GO) vet -tags $(TAGS) $(PKGS)
	$(GO) test -tags $(TAGS) -count=1 -timeout 8m $(PKGS)

check: deps
	@unformatted=$$(gofmt -l agent drivers cmd); if [ -n "$$unformatted" ]; then echo "gofmt would change: $$unformatted"; exit 1; fi
	$(GO) vet -tags $(TAGS) $(PKGS)
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags $(TAGS) $(PKGS)
	$(GO) mod tidy -diff
	$(GO) test -race -count=1 -tags $(TAGS) -timeout 20m $(PKGS)
	$(MAKE) fuzz FUZZ=10s

fuzz:
	@for p in $$(grep -rl '^func Fuzz' --include=*_test.go agent drivers cmd | xargs -n1 dirname | sort -u); do \
		for f in $$(grep -ho '^func Fuzz[A-Za-z0-9]*' $$p/*_test.go | sed 's/^func //'); do \
			echo "$$p $$f"; $(GO) test -tags $(TAGS) ./$$p -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZ) || exit 1; \
		done; done

bench:
	$(GO) test -tags $(TAGS) -run '^$$' -bench . -benchtime 1x -timeout 20m ./cmd/internal/bench ./agent/ledger
