# libimap: `make demo` shows it, `make test` tests it, `make bench` measures it, `make install` installs it.

PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
SONAME := libimap.so.$(basename $(VERSION))
# With OPTIMIZED=1 the library is the one that benches/optimize makes.
RELEASE := $(or $(CARGO_TARGET_DIR),target)/$(if $(OPTIMIZED),optimized,release)
INSTALLED := $(DESTDIR)$(PREFIX)

.PHONY: all demo test bench install clean

# The shared library under the name that programs load it by. Without the one for Rust, which only tests need, the
# compiler sees all of it at once: it is smaller, and a twentieth faster.
all:
	cargo rustc --release --quiet --lib --crate-type cdylib,staticlib
ifdef OPTIMIZED
	@rm -rf $(RELEASE)
	@tests/setup optimize
	@benches/optimize $(SONAME)
endif
	ln -sf libimap.so $(RELEASE)/$(SONAME)

demo:
	@tests/setup demo
	@echo "Building libimap ..."
	@$(MAKE) --no-print-directory all
	@$(CC) -std=c11 -O2 -Iinclude examples-c/inbox.c -o $(RELEASE)/inbox -L$(RELEASE) -limap -Wl,-rpath,$(abspath $(RELEASE))
	@tests/demo $(RELEASE)/inbox $(IMAP_URL)

test:
	@tests/setup test
	@tests/servers/fetch all
	@$(MAKE) --no-print-directory all
	@tests/run

# Beside its peers, about twenty minutes; the results go into benches/README.md.
bench:
	@tests/setup bench
	@$(MAKE) --no-print-directory all OPTIMIZED=1 || $(MAKE) --no-print-directory all
	@benches/build
	@benches/run

install: all
	install -d $(INSTALLED)/lib/pkgconfig $(INSTALLED)/lib/cmake/libimap $(INSTALLED)/include $(INSTALLED)/share/libimap
	install -m 755 $(RELEASE)/libimap.so $(INSTALLED)/lib/libimap.so.$(VERSION)
	ln -sf libimap.so.$(VERSION) $(INSTALLED)/lib/$(SONAME)
	ln -sf $(SONAME) $(INSTALLED)/lib/libimap.so
	install -m 644 $(RELEASE)/libimap.a $(INSTALLED)/lib/libimap.a
	install -m 644 include/imap.h $(INSTALLED)/include/imap.h
	$(CC) -E -P include/imap.h | sed -n '/^typedef enum/,$$p' >$(INSTALLED)/share/libimap/imap.cdef
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' packaging/imap.pc.in >$(INSTALLED)/lib/pkgconfig/imap.pc
	sed 's|@VERSION@|$(VERSION)|' packaging/libimap-config.cmake.in >$(INSTALLED)/lib/cmake/libimap/libimap-config.cmake

clean:
	cargo clean
