# make run      build, then run meterd in the foreground with a demo org
# make test     build, then run every test
# make install  copy the programs, the units and the configuration (PREFIX, DESTDIR)
# make deb      a Debian package in dist/, checked by lintian
# make bench    measure the daemon on this machine's disk beside Redis, PostgreSQL and SQLite without a server
# make bench-growth  fill a ledger (RECORDS=50000000) and see whether it stays as fast
# make bench-parts   decode, price and commit, each alone
# make bench-held    full load with restarts, kills, backups, reloads, imports and slow readers at once (HELD=10000000)
# make bench-maintenance  reply times at 15,000/s, quiet and with backup, verification, imports and an export at once (FILLED=3000000)
# make soak     half of full load for long: are memory, descriptors and log flat? (MINUTES=30)
# make test-notify  mail in front of a real mail server (SUITE="mails faults")
# make test-dashboard  the dashboard in a real browser (SUITE="walks money")
# make bench-dashboard  how long its pages take while ten people click (RECORDS=50000000)
# make oracle   price generated records by LiteLLM's own functions too, and compare
# make litellm  a real LiteLLM proxy from PyPI in front of meterd, and every bill compared (REQUESTS=1000 KILLS=4)
# make year     a simulated year of bills for 50 orgs, killed at random, every cent derived again (YEAR="--seed 2")
# make power    cut the power of the disk under the real daemon, fill it, fail its system calls (CUTS=1000 SEED=1)
# make faults   the same under the ledger alone, in memory: 1,000 cuts, and every operation failing
# make simulate  months of usage and bills by seed, with faults, each answer checked (SIMULATED=1-100000)
# make hostile  clients that mean harm, and clocks that jump, against the real daemon (HOSTILE=--quick: a minute)
# make test-sanitize  the whole suite under ThreadSanitizer and AddressSanitizer
# make fuzz     coverage-guided fuzzing of all that reads bytes of others (FUZZ_SECONDS=600)
# make bench-rates  how long rates take: to read a whole table, to find one, to price
# make model    the ledger against its plain reference, by seed (SEEDS=1-1000 STEPS=120)
# make lint     the format check of CI
# make smoke    do what make run tells a new user to do

BUILD_PACKAGES = libcurl4-openssl-dev libpango1.0-dev libsqlite3-dev libsystemd-dev
TEST_PACKAGES = systemd procps hledger curl poppler-utils util-linux rsync python3
BROWSER_PACKAGES = chromium openssl python3-venv
FAULT_PACKAGES = e2fsprogs strace faketime iproute2
DEB_PACKAGES = debhelper dpkg-dev fakeroot lintian
BENCH_PACKAGES = redis-server postgresql
SWIFT_SOURCES = Package.swift Sources Tests Benchmarks
# One flag for every release build, so that they share one build: programs that need no Swift runtime beside them.
RELEASE = -c release --static-swift-stdlib
PREFIX ?= /usr
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
DESTDIR ?=
# Units and examples name the programs and shared files by their paths.
PLACED = sed -e 's|/usr/bin/meter|$(PREFIX)/bin/meter|g' -e 's|/usr/share/meterd|$(PREFIX)/share/meterd|g'

DASHBOARD_PROGRAMS = --meterd .build/release/meterd --meterctl .build/release/meterctl --dashboard .build/release/meterd-dashboard
DASHBOARD_TEST = Tests/dashboard/run $(DASHBOARD_PROGRAMS)
NOTIFY_TEST = Tests/notify/run $(DASHBOARD_PROGRAMS) --notify .build/release/meterd-notify
RECORDS ?= 1000000
MINUTES ?= 30
HELD ?= 10000000
FILLED ?= 3000000
SEEDS ?= 1-1000
STEPS ?= 120
CUTS ?= 1000
FUZZ_SECONDS ?= 600
SEED ?= 1
SIMULATED ?= 1-100000

.PHONY: run test build deps install bench bench-growth bench-parts bench-held bench-maintenance soak bench-rates model year oracle litellm lint smoke deb clean test-dashboard test-notify bench-dashboard power faults simulate hostile fuzz test-sanitize

run: build
	@exec scripts/run

build: deps
	swift build $(RELEASE)

deps:
	@scripts/install-deps $(BUILD_PACKAGES)

test: build deb
	@scripts/install-deps $(TEST_PACKAGES)
	scripts/install-stripe-double
	swift build --build-tests
	# So many tests at once: with more than some 1,300 descriptors open, Foundation's Process.run reads beyond its memory.
	ulimit -S -n 8192; SWIFT_BACKTRACE=threads=crashed,images=none SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=40 \
	    swift test --skip-build
	Tests/year/run --orgs 16 --days 130 --kills 25
	Tests/year/run --orgs 16 --days 130 --kills 25 --gateway manual
	.build/release/simulate 1-1000
	@scripts/install-deps $(FAULT_PACKAGES)
	Tests/power/run cut --cuts 50 --seed 1
	scripts/install-promtool
	Tests/systemd/run
	@scripts/install-deps $(BROWSER_PACKAGES)
	$(DASHBOARD_TEST)
	$(NOTIFY_TEST)

# The dashboard in a real browser: all suites, or SUITE="walks money".
test-dashboard: build
	@scripts/install-deps $(BROWSER_PACKAGES)
	$(DASHBOARD_TEST) $(SUITE:%=--only %)

# Mail, in front of a real mail server.
test-notify: build
	@scripts/install-deps $(BROWSER_PACKAGES)
	$(NOTIFY_TEST) $(SUITE:%=--only %)

# How long its pages take of an org with many records.
bench-dashboard: build
	python3 Tests/dashboard/bench.py $(DASHBOARD_PROGRAMS) --records $(RECORDS)

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

bench-held: build
	mkdir -p var
	.build/release/daemon-benchmark held --records $(HELD) $(BENCH)

bench-maintenance: build
	mkdir -p var
	.build/release/daemon-benchmark maintenance --records $(FILLED) --picture var/maintenance.svg $(BENCH)

soak: build
	mkdir -p var
	.build/release/daemon-benchmark soak --minutes $(MINUTES) $(BENCH)

bench-rates: build
	mkdir -p var
	gzip -dc Tests/oracle/prices.json.gz > var/prices.json
	.build/release/rates-benchmark var/prices.json .build/release/meterctl

model: deps
	swift build --build-tests
	METERD_MODEL_SEEDS=$(SEEDS) METERD_MODEL_STEPS=$(STEPS) swift test --skip-build --filter ModelTests

power: build
	@scripts/install-deps $(FAULT_PACKAGES)
	Tests/power/run cut --cuts $(CUTS) --seed $(SEED)
	Tests/power/run full --seed $(SEED)
	Tests/power/run inject

faults: deps
	swift build --build-tests
	METERD_CUT_SEEDS=1-$(CUTS) METERD_FAULT_STRIDE=1 swift test --skip-build --filter 'PowerCutTests|NthFaultTests'

simulate: build
	.build/release/simulate $(SIMULATED) --log var/simulation.ndjson

test-sanitize: deps
	@scripts/install-deps $(TEST_PACKAGES)
	scripts/install-stripe-double
	Tests/sanitizers/run

fuzz: deps
	Tests/Fuzz/run $(FUZZ_SECONDS)

hostile: build
	@scripts/install-deps $(FAULT_PACKAGES)
	Tests/hostile/run $(HOSTILE)

year: build
	Tests/year/run $(YEAR)
	Tests/year/run --gateway manual $(YEAR)

oracle: build
	@python3 -c 'import venv, ensurepip' 2> /dev/null || scripts/install-deps python3-venv
	test -x var/oracle/bin/python || python3 -m venv var/oracle
	var/oracle/bin/pip install --quiet --disable-pip-version-check -r Tests/oracle/requirements.txt
	var/oracle/bin/python Tests/oracle/oracle.py .build/release/meterctl $(ORACLE)

litellm: build
	@python3 -c 'import venv, ensurepip' 2> /dev/null || scripts/install-deps python3-venv
	test -x var/litellm/bin/python || python3 -m venv var/litellm
	var/litellm/bin/pip install --quiet --disable-pip-version-check -r Tests/litellm/requirements.txt
	Tests/litellm/run

# Pages show money, and compute none.
lint:
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	@! grep -rnwE 'Double|Float' Sources/Dashboard Sources/HTML Sources/CSV Sources/Wording Sources/Notify

install:
	install -D -m 755 .build/release/meterd $(DESTDIR)$(PREFIX)/bin/meterd
	install -D -m 755 .build/release/meterctl $(DESTDIR)$(PREFIX)/bin/meterctl
	install -D -m 755 .build/release/meterd-dashboard $(DESTDIR)$(PREFIX)/bin/meterd-dashboard
	install -D -m 755 .build/release/meterd-notify $(DESTDIR)$(PREFIX)/bin/meterd-notify
	install -D -m 755 .build/release/meterd-invoice-pdf $(DESTDIR)$(PREFIX)/libexec/meterd/meterd-invoice-pdf
	for unit in meterd.service meterd-ingest.socket meterd-control.socket meterd-backup.service meterd-backup.timer \
	    meterd-restore-test.service meterd-restore-test.timer meterd-failure@.service \
	    meterd-invoice-pdf.socket meterd-invoice-pdf@.service meterd-dashboard.socket meterd-dashboard.service \
	    meterd-notify.service; do \
	    $(PLACED) systemd/$$unit | install -D -m 644 /dev/stdin $(DESTDIR)$(UNITDIR)/$$unit || exit 1; done
	# A second instance has the same units, as templates.
	for unit in meterd.service meterd-ingest.socket meterd-control.socket meterd-backup.service meterd-backup.timer \
	    meterd-restore-test.service meterd-restore-test.timer; do \
	    sed -f systemd/instances.sed systemd/$$unit | $(PLACED) | \
	        install -D -m 644 /dev/stdin $(DESTDIR)$(UNITDIR)/$${unit%.*}@.$${unit##*.} || exit 1; done
	install -D -m 644 systemd/meterd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/meterd.conf
	install -D -m 644 systemd/meterd.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/meterd.conf
	install -D -m 644 systemd/meterd.catalog $(DESTDIR)$(PREFIX)/lib/systemd/catalog/meterd.catalog
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/meterd config/grafana-dashboard.json config/alerts.yaml config/plans.yaml \
	    config/tax.yaml config/rates.yaml
	for file in systemd/dropins/*.conf systemd/examples/*.service config/prometheus.yaml config/meterd.yaml config/dashboard.yaml \
	    config/notify.yaml; do \
	    $(PLACED) $$file | install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/meterd/$${file##*/} || exit 1; done
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/share/meterd systemd/examples/on-failure.example
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 man/meterctl.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 man/meterd.yaml.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 man/meterd.8 man/meterd-dashboard.8 man/meterd-notify.8
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/meterd docs/*.md docs/*.svg
	set -e; for program in meterd meterctl meterd-dashboard meterd-notify; do \
	    .build/release/$$program --generate-completion-script bash | sed '1{/^#!/d}' | \
	        install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$program; \
	    .build/release/$$program --generate-completion-script zsh | \
	        install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_$$program; \
	    .build/release/$$program --generate-completion-script fish | \
	        install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$program.fish; done
	test -e $(DESTDIR)$(SYSCONFDIR)/meterd/meterd.yaml || $(PLACED) config/meterd.yaml | \
	    install -D -m 644 /dev/stdin $(DESTDIR)$(SYSCONFDIR)/meterd/meterd.yaml

deb: build
	@scripts/install-deps $(DEB_PACKAGES)
	mkdir -p dist
	rm -f dist/*.deb
	fakeroot debian/rules binary
	lintian --fail-on error,warning dist/meterd_*.deb

clean:
	rm -rf .build var
