# make run      build, then run meterd in the foreground with a demo org
# make test     build, then run every test
# make install  copy the programs, the unit and the configuration (PREFIX, DESTDIR)
# make bench    measure the daemon on this machine's disk beside Redis, PostgreSQL and SQLite without a server
# make bench-growth  fill a ledger (RECORDS=50000000) and see whether it stays as fast
# make bench-parts   decode, price and commit, each alone
# make oracle   price generated records by LiteLLM's own functions too, and compare
# make bench-rates  how long rates take: to read a whole table, to find one, to price
# make model    the ledger against its plain reference, by seed (SEEDS=1-1000 STEPS=120)
# make lint     the format check of CI
# make smoke    do what make run tells a new user to do

BUILD_PACKAGES = libsqlite3-dev libsystemd-dev
TEST_PACKAGES = procps hledger
BENCH_PACKAGES = redis-server postgresql
SWIFT_SOURCES = Package.swift Sources Tests Benchmarks
# One flag for every release build, so that they share one build: programs that need no Swift runtime beside them.
RELEASE = -c release --static-swift-stdlib
PREFIX ?= /usr
SYSCONFDIR ?= /etc
DESTDIR ?=

RECORDS ?= 1000000
SEEDS ?= 1-1000
STEPS ?= 120

.PHONY: run test build deps install bench bench-growth bench-parts bench-rates model oracle lint smoke clean

run: build
	@exec scripts/run

build: deps
	swift build $(RELEASE)

deps:
	@scripts/install-deps $(BUILD_PACKAGES)

test: build
	@scripts/install-deps $(TEST_PACKAGES)
	swift build --build-tests
	swift test --skip-build
	Tests/systemd/run

smoke: build
	scripts/smoke

bench: build
	@scripts/install-deps $(BENCH_PACKAGES)
	mkdir -p var
	.build/release/daemon-benchmark grid --hot $(BENCH)
	.build/release/daemon-benchmark variants $(BENCH_VARIANTS)

bench-growth: build
	mkdir -p var
	.build/release/daemon-benchmark growth --records $(RECORDS) $(BENCH)

bench-parts: build
	mkdir -p var
	.build/release/daemon-benchmark parts $(BENCH)

bench-rates: build
	mkdir -p var
	gzip -dc Tests/oracle/prices.json.gz > var/prices.json
	.build/release/rates-benchmark var/prices.json .build/release/meterctl

model: deps
	swift build --build-tests
	METERD_MODEL_SEEDS=$(SEEDS) METERD_MODEL_STEPS=$(STEPS) swift test --skip-build --filter ModelTests

oracle: build
	@python3 -c 'import venv, ensurepip' 2> /dev/null || scripts/install-deps python3-venv
	test -x var/oracle/bin/python || python3 -m venv var/oracle
	var/oracle/bin/pip install --quiet --disable-pip-version-check -r Tests/oracle/requirements.txt
	var/oracle/bin/python Tests/oracle/oracle.py .build/release/meterctl $(ORACLE)

lint:
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)

install:
	install -D -m 755 .build/release/meterd $(DESTDIR)$(PREFIX)/bin/meterd
	install -D -m 755 .build/release/meterctl $(DESTDIR)$(PREFIX)/bin/meterctl
	install -D -m 644 systemd/meterd.service $(DESTDIR)$(PREFIX)/lib/systemd/system/meterd.service
	install -D -m 644 systemd/meterd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/meterd.conf
	test -e $(DESTDIR)$(SYSCONFDIR)/meterd/meterd.yaml || \
	    install -D -m 644 config/meterd.yaml $(DESTDIR)$(SYSCONFDIR)/meterd/meterd.yaml
	test -e $(DESTDIR)$(SYSCONFDIR)/meterd/rates.yaml || \
	    install -D -m 644 config/rates.yaml $(DESTDIR)$(SYSCONFDIR)/meterd/rates.yaml

clean:
	rm -rf .build var
