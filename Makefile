# SPDX-License-Identifier: Apache-2.0
#
# make            builds build/plimsoll; installs nothing
# make run        installs what the build needs where it is missing, builds, starts the agent here
# make check      installs what the tests need where it is missing, runs them
# make check-vm   the same programs on other kernels, in virtual machines
# make check-long what takes longer than a check may: 10,000 containers, 300 of a moment by each of two runtimes, 1,000 kills
# make fuzz       readers of foreign bytes against libFuzzer
# make bench      paired timings, agent off and on
# make demo       a throw-away container goes bad; its alerts
# make image      the agent as a container image: see deploy/
# SANITIZE=1      AddressSanitizer and UBSan, into build/sanitize/; V=1 shows the commands

VERSION := 0.1.0
,       := ,
ARCH    := $(patsubst aarch64,arm64,$(shell uname -m))
B       := build$(if $(SANITIZE),/sanitize)
PREFIX  ?= /usr/local
DESTDIR ?=
UNITDIR ?= $(or $(shell pkg-config --variable=systemdsystemunitdir systemd 2>/dev/null),/lib/systemd/system)
SYSCONFDIR ?= /etc
ENGINE  ?= docker

CC         ?= gcc
CLANG      ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL    ?= $(or $(shell command -v bpftool),/usr/sbin/bpftool)
PKGS       := libbpf libelf zlib jansson yaml-0.1 libcurl libprotobuf-c sqlite3 libcrypto libseccomp liblzma libzstd
WARNINGS   := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla
# What a sanitizer puts in misleads gcc's guesses at values; the ordinary build has them.
SANITIZER  := $(if $(SANITIZE),-fsanitize=address$(,)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
              -Wno-maybe-uninitialized -Wno-stringop-overread)
CFLAGS     ?= -O$(if $(SANITIZE),1,2) -g
ALL_CFLAGS := -std=gnu11 $(CFLAGS) $(WARNINGS) $(SANITIZER) -D_GNU_SOURCE -DPLM_VERSION='"$(VERSION)"' \
              -Iinclude -Isrc -I$B/gen $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
# Debian's libarchive.so brings XML and Unicode along (40 MB), for formats that are not read here: the archive does not.
# libcurl is opened when it is needed (src/runtime/curl.h).
LIBS       := -l:libarchive.a $(shell pkg-config --libs $(filter-out libcurl,$(PKGS)) 2>/dev/null) -lpthread
BPF_CFLAGS := -std=gnu11 -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(patsubst x86_64,x86,$(ARCH)) $(WARNINGS) \
              -Wno-missing-prototypes -Wno-unused-parameter -Wno-unused-function -Iinclude -Ibpf -Ibpf/$(ARCH) -Ivmlinux/$(ARCH) -Ivmlinux
Q := $(if $(V),,@)

# Definitions of maps go before their uses: libbpf's linker wants them so.
BPF_OBJS   := $(patsubst bpf/%.bpf.c,$B/bpf/%.bpf.o,bpf/maps.bpf.c $(filter-out bpf/maps.bpf.c,$(wildcard bpf/*.bpf.c)))
PROTO_OBJS := $(patsubst src/%.proto,$B/gen/%.pb-c.o,$(wildcard src/*/*.proto))
OBJS       := $(patsubst src/%.c,$B/obj/%.o,$(filter-out src/main.c,$(wildcard src/*.c src/*/*.c)))
UNIT_TESTS := $(patsubst tests/unit/%.c,$B/tests/%,$(wildcard tests/unit/test_*.c))
TOOLS      := $(patsubst tools/%.c,$B/tools/%,$(wildcard tools/*.c))

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=$(shell nproc)
endif

all: $B/plimsoll

$B/plimsoll: $B/obj/main.o $B/agent.a
	$(Q)echo "  LINK  $@"; $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$B/agent.a: $(OBJS) $(PROTO_OBJS) $B/obj/kernel/object.o
	$(Q)rm -f $@; $(AR) rcs $@ $^

$B/obj/%.o: src/%.c | needs
	$(Q)mkdir -p $(@D); echo "  CC    $<"; $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(OBJS): $(PROTO_OBJS)

$B/gen/%.pb-c.o: src/%.proto | needs
	$(Q)mkdir -p $(@D); protoc-c --proto_path=src --c_out=$B/gen $< && \
	$(CC) -std=gnu11 $(CFLAGS) $(SANITIZER) -I$B/gen -c -o $@ $(@:.o=.c)

$B/bpf/%.bpf.o: bpf/%.bpf.c | needs
	$(Q)mkdir -p $(@D); echo "  BPF   $<"; $(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

# All programs as one object, which the agent carries inside itself (symbols plm_object, plm_object_end).
$B/bpf/all.o: $(BPF_OBJS)
	$(Q)$(BPFTOOL) gen object $@ $^ && $(LLVM_STRIP) -g $@

$B/obj/kernel/object.o: $B/bpf/all.o
	$(Q)mkdir -p $(@D); printf '.section .rodata\n.balign 8\n.global plm_object, plm_object_end\n%s\n%s\n%s\n' \
		'plm_object: .incbin "$<"' 'plm_object_end:' '.section .note.GNU-stack,"",@progbits' | $(CC) -x assembler -c -o $@ -

$B/tests/%: tests/unit/%.c $B/agent.a
	$(Q)mkdir -p $(@D); echo "  CC    $<"; $(CC) $(ALL_CFLAGS) -Itests/unit -MMD -MP -o $@ $< $B/agent.a $(LIBS) -lcmocka

$B/tools/%: tools/%.c
	$(Q)mkdir -p $(@D); echo "  CC    $<"; $(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< -lpthread

# Says what is missing, all of it, in one line; installs nothing.
needs:
	$(Q)tools/deps --check build

run: ; $(Q)tools/deps build && $(MAKE) --no-print-directory all && exec $B/plimsoll run $(ARGS)

check:
	$(Q)tools/deps build test && $(MAKE) --no-print-directory all unit-tests tools && B=$B tests/run unit integration

unit-tests: $(UNIT_TESTS)
tools: $(TOOLS)

check-short: # what CI runs again under the sanitizers; SUITES for less
	$(Q)tools/deps build test && $(MAKE) --no-print-directory all unit-tests && \
	B=$B tests/run $(or $(SUITES),unit tests/integration/drift.bats)

check-unit: ; $(Q)tools/deps build test && $(MAKE) --no-print-directory unit-tests && B=$B tests/run unit
check-vm:   ; $(Q)tools/deps build test vm && $(MAKE) --no-print-directory all tools && B=$B tests/run vm
check-long: ; $(Q)tools/deps build test && $(MAKE) --no-print-directory all unit-tests tools && B=$B tests/run long && \
	COUNT=300 B=$B tests/run tests/integration/races.bats && B=$B tests/run tests/integration/podman_v2.bats && KILLS=1000 B=$B tests/run $B/tests/test_ledger && \
	$(MAKE) --no-print-directory check-short SANITIZE=1
fuzz: # readers of foreign bytes against libFuzzer, each for SECONDS; ONLY=name for one
	$(Q)tools/deps build fuzz && B=$B CLANG="$(CLANG)" tests/fuzz/run $(or $(SECONDS),60) $(ONLY)

bench:      ; $(Q)tools/deps build test && $(MAKE) --no-print-directory all tools && B=$B tools/bench
demo:       ; $(Q)tools/deps build test && $(MAKE) --no-print-directory all && B=$B tools/demo

# A configuration that is there is somebody's work.
install: all
	install -D -m 0755 $B/plimsoll $(DESTDIR)$(PREFIX)/bin/plimsoll
	for page in docs/man/*.[158]; do \
		install -D -m 0644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|/usr/bin/plimsoll|$(PREFIX)/bin/plimsoll|' deploy/plimsoll.service >$(DESTDIR)$(UNITDIR)/plimsoll.service
	chmod 0644 $(DESTDIR)$(UNITDIR)/plimsoll.service
	[ -e $(DESTDIR)$(SYSCONFDIR)/plimsoll/plimsoll.yaml ] || \
		install -D -m 0644 deploy/plimsoll.example.yaml $(DESTDIR)$(SYSCONFDIR)/plimsoll/plimsoll.yaml

image: # deploy/Containerfile, by ENGINE; its build stage begins with BASE
	$(Q)rm -rf $B/context && mkdir -p $B/context && cp -R Makefile bpf deploy include src tools vmlinux $B/context && \
	$(ENGINE) build $(if $(BASE),--build-arg BASE=$(BASE)) $(ENGINE_ARGS) -t plimsoll:$(VERSION) \
		-f $B/context/deploy/Containerfile $B/context

clean: ; $(Q)rm -rf build

-include $(wildcard $B/obj/*.d $B/obj/*/*.d $B/bpf/*.d $B/tests/*.d $B/tools/*.d)
.PHONY: all needs run check check-short check-long unit-tests tools check-unit check-vm fuzz bench demo install image clean
.SECONDARY:
