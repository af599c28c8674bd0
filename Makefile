# make run     installs what is missing, builds, and opens the window; with no display it runs `samepath demo` instead
# make test    installs what is missing, and checks everything: exactly what CI runs
# make package makes what people install: a .deb on Linux, a .dmg on a Mac (BUNDLES=deb,appimage)
# make bench   measures, see docs/performance.md
# make stress  kills processes 500 times (KILLS=n, SEED=n) while jobs flow, see docs/reliability.md
# make fuzz    looks for what breaks the readers, a minute each (SECONDS=n, TARGET=x), see docs/reliability.md
# make elsewhere  compiles for macOS and Windows, as far as that goes on a computer of another system: for Windows all but the window
# make check   the quick half of `make test`: formatting, lints, no tests
#
# Everything is safe to repeat, and quick the second time.

SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: run test package bench stress fuzz check elsewhere setup page fmt

PROGRAMS := $(or $(CARGO_TARGET_DIR),target)/debug
# Lints grow with every Rust. With the one that the house is kept with, none may be broken; a newer one's are shown.
STRICT = $$(rustc --version | grep -q "^rustc $$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)\." && echo '-D warnings')
BUNDLES ?= $(if $(filter Darwin,$(shell uname)),dmg,deb)
export PATH := $(CURDIR)/.tools/bin:$(HOME)/.cargo/bin:$(PATH)

run: page
	@tests/setup build
	cargo build --workspace --bins
	if [[ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" || "$$(uname)" == Darwin ]]; then
		exec "$(PROGRAMS)/samepath-desktop"
	fi
	echo "There is no display here to open the window on: running \`samepath demo\` in this terminal instead."
	exec "$(PROGRAMS)/samepath" demo

test: page
	@tests/setup test
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- $(STRICT)
	cd ui && npm run --silent check && npm test --silent
	cd "$(CURDIR)"
	cargo build --workspace --bins --examples --quiet
	cargo nextest run --workspace --no-fail-fast
	cargo test --workspace --doc --quiet
	RUSTDOCFLAGS="$(STRICT)" cargo doc --workspace --no-deps --quiet

check: page
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- $(STRICT)
	cd ui && npm run --silent check

# What is linted needs no C: `true` stands in for a compiler of it that is not here.
elsewhere: page
	for target in x86_64-pc-windows-gnu aarch64-apple-darwin; do
		rustup target list --installed | grep -qx "$$target" || rustup target add "$$target"
		[[ "$$(uname)" == Darwin ]] || export CC_aarch64_apple_darwin=true AR_aarch64_apple_darwin=true
		command -v x86_64-w64-mingw32-gcc >/dev/null || export CC_x86_64_pc_windows_gnu=true AR_x86_64_pc_windows_gnu=true
		window=; [[ "$$target" != *darwin ]] || window='-p samepath-desktop'
		cargo clippy --target "$$target" --quiet \
			$(addprefix -p samepath-,wire storage dataset fleet worker app cli) $$window -- $(STRICT)
	done

package:
	@tests/setup build
	tests/package "$(BUNDLES)"
	find target/release/bundle -type f \( -name '*.deb' -o -name '*.AppImage' -o -name '*.dmg' \)

bench: page
	@tests/setup build
	tests/bench

stress:
	@tests/setup build
	cargo build -p samepath-worker --examples --quiet
	SAMEPATH_STRESS_KILLS=$(or $(KILLS),500) SAMEPATH_STRESS_SEED=$(SEED) \
		cargo test -p samepath-worker --test stress -- --nocapture

fuzz:
	@tests/setup build
	tests/fuzz "$(or $(SECONDS),60)" $(TARGET)

page: ui/dist/index.html

# The page is embedded in the program: it has to be there before anything of the desktop is compiled.
ui/dist/index.html: $(shell find ui/src ui/index.html ui/package.json ui/package-lock.json ui/vite.config.ts -type f 2>/dev/null)
	@tests/setup build
	cd ui
	[[ node_modules/.package-lock.json -nt package-lock.json ]] || npm ci --no-audit --no-fund
	npm run --silent build
	touch dist/index.html

fmt:
	cargo fmt --all
