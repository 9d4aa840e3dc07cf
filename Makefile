# The few commands of a day. Nothing beyond the Swift toolchain is needed, except where said.

PREFIX ?= /usr/local
RELEASE = swift build -c release --static-swift-stdlib --product chatbox
SOURCES = Package.swift Sources Tests $(wildcard Benchmarks Fuzz Examples)

.PHONY: build run test check format bench fuzz install

build: ## the program and the tests, debug
	swift build --build-tests

run: ## hosts a room here and joins it
	swift run chatbox

test: ## all tests, the end-to-end ones too
	swift test

check: ## what CI checks besides the tests
	swift format lint --strict --recursive --parallel $(SOURCES)
	scripts/check-imports

format: ## rewrites the sources as .swift-format says
	swift format --in-place --recursive --parallel $(SOURCES)

bench: ## figures of the server, against the C floor when its sources and a C compiler are here
	Benchmarks/Chat/run

fuzz: ## a minute for each fuzz target
	Fuzz/run 60

install: ## one release binary, its manual and completions under PREFIX (/usr/local)
	$(RELEASE)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 "$$($(RELEASE) --show-bin-path)/chatbox" $(DESTDIR)$(PREFIX)/bin/chatbox
