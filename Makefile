# make run | test | demo | bench | help. Everything else is an ordinary cargo command.
SHELL := /bin/bash
CONFIG ?= config.toml
COMPILING := cargo:rust cc:gcc pkg-config:pkg-config opus.pc:libopus-dev

.PHONY: run build demo bench load load-api test scenarios phones quality talkoff help

run: build                 ## build and start the switch on config.toml (CONFIG=other.toml)
	exec target/release/warmline run $(CONFIG)

build:                     ## the release binary
	@tools/need $(COMPILING)
	cargo build --release --locked

demo: build                ## three built-in phones play a warm transfer over loopback
	target/release/warmline demo

bench:                     ## what parsing, transactions and mixing cost on this machine
	@tools/need $(COMPILING)
	cargo bench --locked

load: build                ## 200 calls a second, 1000 at once, through the switch (needs SIPp)
	@tools/need sipp:sip-tester python3:python3
	sip-scenarios/load 200 6000

load-api: build            ## 500 commands a second beside 200 talking calls (needs SIPp)
	@tools/need sipp:sip-tester python3:python3 curl:curl
	tests/api/load

test:                      ## everything: style, tests, SIPp scenarios, real phones
	@tools/test

scenarios: build           ## only the SIPp scenarios (NAMES="hold cold-transfer")
	@tools/need sipp:sip-tester python3:python3
	sip-scenarios/run $(NAMES)

phones: build              ## only the real phones (root)
	@tools/need baresip:baresip-core sox:sox ip:iproute2 python3:python3
	tests/phones/run $(NAMES)

quality:                   ## what a listener in a room hears, scored by PESQ (which comes from PyPI)
	@tools/quality

talkoff:                   ## whether recorded voices and music are taken for digits (they come from Debian)
	@tools/talkoff

help:                      ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { sub(/:.*/, "", $$1); printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
