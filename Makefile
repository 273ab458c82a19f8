# hansho - build, demo, tests. `make help` lists the targets.

BUILD    ?= build
CC       ?= cc
VERSION  := $(shell cat VERSION)

WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
HARDEN   := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
OPT      ?= -O2
CPPFLAGS += -D_GNU_SOURCE -DHANSHO_VERSION='"$(VERSION)"' -Iinclude -Isensor -I$(BUILD)/made
CFLAGS   += -std=c11 -g $(OPT) $(WARN) $(HARDEN) $(SANITIZE)
LDFLAGS  += -pie -Wl,-z,relro,-z,now $(SANITIZE)
# The dynamic linker asks the libraries in this order: those that most symbols are of come first.
LDLIBS   += -lc -lcrypto -lnids -lnet -lgthread-2.0 -lglib-2.0 -lpcap -lmaxminddb -lcjson -lssl \
            -lcyaml -lyaml -lpsl -lidn2 -lz -lbrotlidec -lsqlite3 -levent_core -levent_extra -lseccomp -lcap-ng -lpthread -lm
ifdef WERROR
CFLAGS   += -Werror
endif
# Neither clang nor a sanitizer's build knows what follows.
ifeq ($(SANITIZE)$(findstring clang,$(shell $(CC) --version)),)
# On amd64 gcc clears and copies structs with `rep stos`, which takes 15 ns to begin: four times what the C library needs.
CALLS    := -mmemset-strategy=libcall:-1:noalign -mmemcpy-strategy=libcall:-1:noalign
CALLS    := $(shell $(CC) $(CALLS) -E -x c /dev/null >/dev/null 2>&1 && echo '$(CALLS)')
CFLAGS   += $(CALLS)
# What each frame passes through is optimised as a whole when the program is linked; tests link the machine code that
# lies beside it in the same objects.
HOT      := base capture decode flow reassembly proto records witness
WHOLE    := -flto=auto
SINGLY   := -fno-lto
$(HOT:%=$(BUILD)/sensor/%/%.o) $(BUILD)/sensor/engine/pipeline.o $(BUILD)/sensor/engine/packet_clock.o: CFLAGS += -flto=auto -ffat-lto-objects
endif

# Every room of the house; main.c stands outside.
SOURCES  := $(sort $(wildcard sensor/*/*.c sensor/*/*/*.c))
OBJECTS  := $(SOURCES:%.c=$(BUILD)/%.o)
LIBRARY  := $(BUILD)/libsensor.a
# Sanitizers and _FORTIFY_SOURCE check the same calls: one of them at a time.
ASAN     := BUILD=build-asan OPT=-O1 HARDEN= \
            SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
FUZZ_CC  := clang
UNITS    := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
# What a sanitizer's runtime excludes is tested in the plain build.
PLAIN    := test_sandbox
SYSTEMS  := $(patsubst tests/system/%.c,$(BUILD)/tests/system/%,$(wildcard tests/system/*.c))
BENCHES  := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/*.c))
FUZZERS  := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.DEFAULT_GOAL := all
.PHONY: bench-beacon golden-update all systems benches help deps demo test test-long soak bench bench-compare fuzz units fuzzers parts layers install deb clean
.SECONDARY:

help:
	@echo 'make            build $(BUILD)/hansho'
	@echo 'make demo       install what is missing, build, replay an infection and show the alerts'
	@echo 'make test       the same set-up, then all tests of up to ten minutes'
	@echo 'make test-long  also those of up to eighty minutes'
	@echo 'make soak       an hour on a live interface of its own (root)'
	@echo 'make golden-update NAME=X  take what replay says now as expected (tests/golden/LIST)'
	@echo 'make bench      speed and memory beside a bare libpcap loop'
	@echo 'make bench-compare BASE=commit  this tree beside another commit, in one run'
	@echo 'make bench-beacon   error rates of the beacon score, calls until an alert, cost of keys'
	@echo 'make fuzz       every fuzz target for FUZZ_SECONDS (default 300) each'
	@echo 'make layers     the include direction'
	@echo 'make install    DESTDIR and PREFIX are honoured'
	@echo 'make deb        a Debian package in $(BUILD)/deb'

deps:
	@tools/deps

demo: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tools/demo $(BUILD)/hansho

# Programs, units and fuzz targets; `make test` builds them plainly and with sanitizers.
parts: all units fuzzers

test: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all systems $(PLAIN:%=$(BUILD)/tests/unit/%)
	@$(MAKE) --no-print-directory -j$$(nproc) $(ASAN) parts
	@tests/run --build $(BUILD) --asan build-asan --plain '$(PLAIN)'

test-long: deps
	@tools/deps --recorded
	@$(MAKE) --no-print-directory -j$$(nproc) all systems benches $(PLAIN:%=$(BUILD)/tests/unit/%)
	@$(MAKE) --no-print-directory -j$$(nproc) $(ASAN) parts
	@tests/run --build $(BUILD) --asan build-asan --plain '$(PLAIN)' --long

# Write what hansho says now as what is expected: make golden-update NAME='one another'. Read the difference before committing it.
golden-update: all
	@[ -n "$(NAME)" ] || { echo 'golden-update: NAME= expected, one of tests/golden/LIST' >&2; exit 2; }
	@HANSHO=$(abspath $(BUILD)/hansho) tests/system/golden.py --update $(NAME)

# Beacons: is the stated error rate the real one, how soon do they ring, what do keys cost? Some minutes.
BEACON_KEYS ?= 200000
bench-beacon: deps
	@$(MAKE) --no-print-directory -j$$(nproc) $(BUILD)/tests/bench/bench_beacon
	@$(BUILD)/tests/bench/bench_beacon $(BEACON_KEYS)

soak: deps all
	tests/soak/run $(BUILD)/hansho

bench: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all benches
	@tests/bench/run $(BUILD) $(BENCH_OPTIONS)

# This tree beside another commit's, run in turn: make bench-compare BASE=commit
bench-compare: deps
	@[ -n "$(BASE)" ] || { echo 'bench-compare: BASE= expected, a commit' >&2; exit 2; }
	@$(MAKE) --no-print-directory -j$$(nproc) all benches
	@rm -rf $(BUILD)/base && mkdir -p $(BUILD)/base && git archive $(BASE) | tar -x -C $(BUILD)/base
	@$(MAKE) --no-print-directory -C $(BUILD)/base -j$$(nproc) BUILD=build all
	@tests/bench/run $(BUILD) --base $(BUILD)/base/build $(BENCH_OPTIONS)

FUZZ_SECONDS ?= 300
fuzz: deps
	@$(MAKE) --no-print-directory -j$$(nproc) BUILD=build-fuzz CC=$(FUZZ_CC) OPT=-O1 HARDEN= FUZZ=1 \
	    SANITIZE='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all' fuzzers
	@tests/fuzz/run build-fuzz $(FUZZ_SECONDS)

all: $(BUILD)/hansho

$(BUILD)/hansho: $(BUILD)/sensor/main.o $(LIBRARY)
	@echo '  link  $@'
	@$(CC) $(LDFLAGS) $(WHOLE) -o $@ $^ $(LDLIBS)

$(LIBRARY): $(OBJECTS)
	@echo '  ar    $@'
	@rm -f $@
	@ar rcs $@ $^

# The shipped list of harmless services as one C string.
$(BUILD)/made/harmless.inc: feeds/harmless.txt Makefile
	@mkdir -p $(@D)
	@sed 's/["\\]/\\&/g; s/.*/"&\\n"/' $< > $@
$(BUILD)/sensor/beacon/known.o: $(BUILD)/made/harmless.inc
# What to do about each malware.
$(BUILD)/made/advice.inc: feeds/advice.yaml Makefile
	@mkdir -p $(@D)
	@sed 's/["\\]/\\&/g; s/.*/"&\\n"/' $< > $@
$(BUILD)/sensor/config/advice.o: $(BUILD)/made/advice.inc
# And what must never be an indicator.
$(BUILD)/made/allow.inc: feeds/allow.txt Makefile
	@mkdir -p $(@D)
	@sed 's/["\\]/\\&/g; s/.*/"&\\n"/' $< > $@
$(BUILD)/sensor/indicators/allow.o: $(BUILD)/made/allow.inc

$(BUILD)/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	@echo '  cc    $<'
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

units: $(UNITS)
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	@echo '  link  $@'
	@$(CC) $(LDFLAGS) $(SINGLY) -o $@ $< $(LIBRARY) -lcmocka -lbrotlienc -larchive $(LDLIBS)

# Each fuzz target with a small main that replays its corpus; `make fuzz` builds them with libFuzzer.
fuzzers: $(FUZZERS)
ifdef FUZZ
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(LIBRARY)
	@echo '  link  $@'
	@$(CC) $(LDFLAGS) $(SINGLY) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)
else
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/replay_main.o $(LIBRARY)
	@echo '  link  $@'
	@$(CC) $(LDFLAGS) $(SINGLY) -o $@ $^ $(LDLIBS)
endif

# Small programs that the system tests and the benches drive.
systems: $(SYSTEMS)
$(BUILD)/tests/system/%: $(BUILD)/tests/system/%.o $(LIBRARY)
	@echo '  link  $@'
	@$(CC) $(LDFLAGS) $(SINGLY) -o $@ $^ $(LDLIBS)
benches: $(BENCHES)
$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(LIBRARY)
	@echo '  link  $@'
	@$(CC) $(LDFLAGS) $(SINGLY) -o $@ $^ $(LDLIBS)

layers:
	tools/layers

PREFIX   ?= /usr/local
SYSCONF  ?= /etc
UNITDIR  ?= $(PREFIX)/lib/systemd/system
SHARE    := $(PREFIX)/share
install: all
	install -D -m 755 $(BUILD)/hansho $(DESTDIR)$(PREFIX)/bin/hansho
	for page in docs/hansho*.[15]; do \
	    install -D -m 644 $$page $(DESTDIR)$(SHARE)/man/man$${page##*.}/$${page##*/} || exit 1; done
	for file in feeds/catalogue.yaml feeds/advice.yaml $(wildcard etc/grafana-*.json etc/templates/*.json); do \
	    to=$${file#feeds/}; install -D -m 644 $$file $(DESTDIR)$(SHARE)/hansho/$${to#etc/} || exit 1; done
	mkdir -p $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SHARE)/bash-completion/completions
	sed 's|/usr/local|$(PREFIX)|' etc/hansho.service > $(DESTDIR)$(UNITDIR)/hansho.service
	tools/completion $(BUILD)/hansho > $(DESTDIR)$(SHARE)/bash-completion/completions/hansho
	chmod 644 $(DESTDIR)$(UNITDIR)/hansho.service $(DESTDIR)$(SHARE)/bash-completion/completions/hansho
	install -D -m 644 etc/logrotate/hansho $(DESTDIR)$(SYSCONF)/logrotate.d/hansho
	install -D -m 644 etc/apparmor/hansho-watch $(DESTDIR)$(SYSCONF)/apparmor.d/hansho-watch
	test -e $(DESTDIR)$(SYSCONF)/hansho.yaml || install -D -m 644 etc/hansho.yaml $(DESTDIR)$(SYSCONF)/hansho.yaml

# A Debian package, built in a copy so that nothing is written outside of $(BUILD): $(BUILD)/deb/*.deb
deb:
	@tools/deb $(BUILD)/deb

clean:
	rm -rf build build-asan build-fuzz

-include $(OBJECTS:.o=.d) $(BUILD)/sensor/main.d $(UNITS:=.d) $(FUZZERS:=.d) $(SYSTEMS:=.d) $(BENCHES:=.d)
