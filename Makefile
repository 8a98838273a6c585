# Nightdesk. The two commands are `make demo` and `make test`.
TAGS  := sqlite_omit_load_extension
GO    := go
PKGS  := ./...
FUZZ  := 30s

.PHONY: demo test check bench torture build deps web fuzz shots

demo: web
	$(GO) run -tags $(TAGS) ./cmd/nightdesk-demo

build: web
	$(GO) build -tags $(TAGS) -o bin/ ./cmd/nightdesk ./cmd/nightdesk-central ./cmd/nightdesk-demo

# What the tests use, as command:package. Real Mosquitto, real Chromium with the
# fonts that the screen is measured with, real voices, the page's own checkers.
# As root they are installed; otherwise the tests that need a missing one say so
# and are skipped, except under CI=true, where nothing may be skipped.
DEBS := mosquitto:mosquitto chromium:chromium npm:npm espeak-ng:espeak-ng sox:sox aplay:alsa-utils java:default-jre-headless strace:strace mkfs.ext4:e2fsprogs

deps:
	@missing=""; for p in $(DEBS); do c=$${p%%:*}; command -v $$c >/dev/null 2>&1 || [ -x /usr/sbin/$$c ] || missing="$$missing $${p#*:}"; done; \
	[ -d /usr/share/fonts/truetype/noto ] || missing="$$missing fonts-noto-core"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "installing$$missing"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
		echo "not installed:$$missing. The tests that need them are skipped; run as root, or install them, to run all."; \
	fi

# The typefaces that are built into the program, and the page's checkers, from
# the npm registry by packaging/web/package-lock.json.
web:
	@sh packaging/web/fonts.sh

# First the tests of the parts, then the rigs that do harm, which would take the
# processors from them.
RIGS := nightdesk/cmd/internal/torture
test: deps web
	$(GO) vet -tags $(TAGS) $(PKGS)
	$(GO) test -tags $(TAGS) -count=1 -timeout 8m $$($(GO) list -tags $(TAGS) $(PKGS) | grep -v '^$(RIGS)')
	$(GO) test -tags $(TAGS) -count=1 -timeout 8m $(RIGS)/...

check: deps web
	@unformatted=$$(gofmt -l agent drivers cmd); if [ -n "$$unformatted" ]; then echo "gofmt would change: $$unformatted"; exit 1; fi
	$(GO) vet -tags $(TAGS) $(PKGS)
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags $(TAGS) $(PKGS)
	$(GO) mod tidy -diff
	$(GO) test -race -count=1 -tags $(TAGS) -timeout 20m $(PKGS)
	$(GO) test -count=1 -tags $(TAGS) -timeout 20m ./agent/screen -run 'TestAccess$$' -access-full
	$(MAKE) fuzz FUZZ=10s

fuzz:
	@for p in $$(grep -rl '^func Fuzz' --include=*_test.go agent drivers cmd | xargs -n1 dirname | sort -u); do \
		for f in $$(grep -ho '^func Fuzz[A-Za-z0-9]*' $$p/*_test.go | sed 's/^func //'); do \
			echo "$$p $$f"; $(GO) test -tags $(TAGS) ./$$p -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZ) || exit 1; \
		done; done

bench: web
	$(GO) test -tags $(TAGS) -run '^$$' -bench . -benchtime 1x -timeout 20m ./cmd/internal/bench ./agent/ledger

# The long form of every rig, an afternoon's work, one after the other; what came of it as torture.json
# and in README.
torture: deps web
	@d=$$(mktemp -d) && NIGHTDESK_TORTURE=long NIGHTDESK_RESULTS=$$d $(GO) test -tags $(TAGS) -count=1 -p 1 -timeout 8h $(RIGS)/... ; s=$$?; \
	$(GO) run -tags $(TAGS) $(RIGS)/table -results $$d -json torture.json -readme README.md && rm -r $$d && exit $$s

# The screenshots of README, by the browser test.
SHOT := $(GO) test -tags $(TAGS) ./agent/screen -run TestShots -count=1 -panels 960x600 -shots
shots: deps web
	@d=$$(mktemp -d) && $(SHOT) $$d -only home,borrow-mixed,pin-two,receipt,ease-home && $(SHOT) $$d -only borrow-done -langs ur -sizes large && \
	for p in home borrow-mixed pin-two:pin receipt ease-home:ease; do \
		cp $$d/$${p%%:*}_en-GB_light_normal_960x600.png packaging/shots/$${p#*:}.png || exit 1; done && \
	cp $$d/borrow-done_ur_light_large_960x600.png packaging/shots/borrow-urdu.png && rm -r $$d
