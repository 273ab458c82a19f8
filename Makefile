# hansho - build, demo, tests. `make help` lists the targets.

BUILD    ?= build
CC       ?= cc
VERSION  := $(shell cat VERSION)

WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
HARDEN   := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
OPT      ?= -O2
CPPFLAGS += -D_GNU_SOURCE -DHANSHO_VERSION='"$(VERSION)"' -Iinclude -Isensor
CFLAGS   += -std=c11 -g $(OPT) $(WARN) $(HARDEN) $(SANITIZE)
LDFLAGS  += -pie -Wl,-z,relro,-z,now $(SANITIZE)
LDLIBS   += -lnids -lnet -lgthread-2.0 -lglib-2.0 -lpcap -lmaxminddb -lcurl -lcjson -lcrypto \
            -lcyaml -lyaml -larchive -lpsl -lsqlite3 -levent_core -levent_extra -lseccomp -lcap-ng -lm
ifdef WERROR
CFLAGS   += -Werror
endif

FOLDERS  := base records capture decode flow reassembly proto proto/http proto/tls proto/dns witness \
            indicators beacon alert sinks engine cli
SOURCES  := $(foreach f,$(FOLDERS),$(wildcard sensor/$(f)/*.c))
OBJECTS  := $(SOURCES:%.c=$(BUILD)/%.o)
LIBRARY  := $(BUILD)/libsensor.a
UNITS    := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
FUZZERS  := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.DEFAULT_GOAL := all
.PHONY: all units fuzzers clean layers
.SECONDARY:

all: $(BUILD)/hansho

$(BUILD)/hansho: $(BUILD)/sensor/main.o $(LIBRARY)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIBRARY): $(OBJECTS)
	rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

units: $(UNITS)
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	$(CC) $(LDFLAGS) -o $@ $< $(LIBRARY) -lcmocka $(LDLIBS)

# Each fuzz target with a small main that replays its corpus; `make fuzz` builds them with libFuzzer.
fuzzers: $(FUZZERS)
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/replay_main.o $(LIBRARY)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Helpers of the system tests.
$(BUILD)/tests/system/%: $(BUILD)/tests/system/%.o $(LIBRARY)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

layers:
	tools/layers

clean:
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d) $(BUILD)/sensor/main.d $(UNITS:=.d) $(FUZZERS:=.d)
