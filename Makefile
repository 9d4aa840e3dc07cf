# The few commands of a day. Nothing beyond the Swift toolchain is needed, except where said.

PREFIX ?= /usr/local
RELEASE = swift build -c release --static-swift-stdlib
# What `make install` installs besides the binary is made here by the binary itself.
SHARE = .build/share
SOURCES = Package.swift Sources Tests $(wildcard Benchmarks Fuzz FuzzMLS Examples)

.PHONY: build run test soak check format bench fuzz share install

build: ## the program and the tests, debug
	swift build --build-tests

run: ## hosts a room here and joins it
	swift run chatbox

test: ## all tests, the end-to-end ones too
	swift test

soak: ## the long runs whole: storms, cuts and attacks, of which `swift test` runs a tenth
	CHATBOX_SOAK=1 swift test --filter 'EndToEndTests|StormTests'

check: ## what CI checks besides the tests
	swift format lint --strict --recursive --parallel $(SOURCES)
	scripts/check-imports
	scripts/check-mls-validation
	scripts/check-embedded

format: ## rewrites the sources as .swift-format says
	swift format --in-place --recursive --parallel $(SOURCES)

bench: ## figures of the server, against the C floor when its sources and a C compiler are here; of rooms and the screen
	Benchmarks/Chat/run
	Benchmarks/Room/run
	Benchmarks/Screen/run

fuzz: ## a minute for each fuzz target
	Fuzz/run 60

share: ## the release binary, its manual page and completions, beneath .build
	$(RELEASE) --product chatbox
	$(RELEASE) --product generate-manual
	install -d $(SHARE)
	set -e; bin="$$($(RELEASE) --show-bin-path)"; \
	"$$bin/generate-manual" "$$bin/chatbox" --output-directory $(SHARE); \
	for shell in bash zsh fish; do \
		"$$bin/chatbox" --generate-completion-script $$shell > $(SHARE)/chatbox.$$shell; \
	done

install: share ## one release binary, its manual and completions under PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -s -m 755 "$$($(RELEASE) --show-bin-path)/chatbox" $(DESTDIR)$(PREFIX)/bin/chatbox
	install -m 644 $(SHARE)/chatbox.1 $(DESTDIR)$(PREFIX)/share/man/man1/chatbox.1
	install -m 644 $(SHARE)/chatbox.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/chatbox
	install -m 644 $(SHARE)/chatbox.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_chatbox
	install -m 644 $(SHARE)/chatbox.fish \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/chatbox.fish
