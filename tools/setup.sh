#!/usr/bin/env bash
# Installs what is missing, and nothing else. Usage: tools/setup.sh [rust] [site] [browser] [kubectl]
#   rust     checks the Rust toolchain and adds rustfmt and clippy
#   site     the wasm target, Trunk, wasm-bindgen (the version of Cargo.lock), the npm packages (wasm-opt among them)
#   browser  Chromium, for the browser tests
#   kubectl  a kubectl of v1.36 in .tools (Debian's package, unpacked), for its recorded sessions; without one they are skipped
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tools/path.sh
. tools/path.sh

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

rust() {
  has cargo || fail "cargo is missing: install Rust from https://rustup.rs and open a new shell."
  local wanted have
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  have=$(rustc --version | cut -d' ' -f2)
  [ "$(printf '%s\n%s\n' "$wanted" "${have%%-*}" | sort -V | head -1)" = "$wanted" ] ||
    fail "Rust $wanted or newer is needed, this is $have: run 'rustup update stable'."
  has cc || fail "a C linker is missing: install one (Debian: apt-get install build-essential)."
  cargo fmt --version >/dev/null 2>&1 || component rustfmt
  cargo clippy --version >/dev/null 2>&1 || component clippy
}

component() {
  say "adding the Rust component $1"
  rustup component add "$1" || fail "the Rust component $1 could not be added: run 'rustup component add $1'."
}

# The directory of the wasm standard library tells more reliably than `rustup target list` (Rust may not come from rustup).
wasm_target() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] && return
  has rustup || fail "the target wasm32-unknown-unknown is missing and so is rustup: install Rust from https://rustup.rs."
  say "adding the target wasm32-unknown-unknown"
  rustup target add wasm32-unknown-unknown ||
    fail "the target wasm32-unknown-unknown could not be added: run 'rustup target add wasm32-unknown-unknown'."
}

# cargo_tool COMMAND PACKAGE VERSION: keeps another version that is installed, and puts ours into .tools beside it.
cargo_tool() {
  local command=$1 package=$2 version=$3 root=()
  if has "$command"; then
    [ "$("$command" --version | cut -d' ' -f2)" = "$version" ] && return
    root=(--root .tools)
  fi
  say "installing $package $version from source (several minutes, once)"
  cargo install --locked --quiet "$package" --version "$version" "${root[@]}" ||
    fail "$package could not be installed: run 'cargo install --locked $package --version $version' and read its error."
}

node_packages() {
  has node || fail "Node.js is missing: install version 20 or newer (Debian: apt-get install nodejs npm)."
  has npm || fail "npm is missing: install it (Debian: apt-get install npm)."
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] ||
    fail "Node.js 20 or newer is needed, this is $(node --version): install a newer one from https://nodejs.org."
  cmp -s package-lock.json node_modules/.installed-lock && return
  say "installing the npm packages"
  npm ci --no-audit --no-fund --loglevel=error || fail "the npm packages could not be installed: run 'npm ci' and read its error."
  cp package-lock.json node_modules/.installed-lock
}

site() {
  rust
  wasm_target
  node_packages
  cargo_tool trunk trunk 0.21.14
  cargo_tool wasm-bindgen wasm-bindgen-cli "$(grep -A1 '^name = "wasm-bindgen"$' Cargo.lock | sed -n 's/^version = "\(.*\)"/\1/p')"
}

browser() {
  node_packages
  node tools/chromium.mjs >/dev/null 2>&1 && return
  has apt-get || fail "Chromium is missing: install it, or set CHROMIUM to the path of a Chrome or Chromium."
  [ "$(id -u)" = 0 ] || fail "Chromium is missing: run 'sudo apt-get install chromium', or set CHROMIUM to the path of one."
  say "installing Chromium"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -q && apt-get install -y -q --no-install-recommends chromium; } >/dev/null </dev/null ||
    fail "Chromium could not be installed: run 'apt-get install chromium' and read its error."
  node tools/chromium.mjs >/dev/null || exit 1
}

# Debian's package of sid, without touching the machine's own sources. Says why when there is none to be had, and goes on.
kubectl() {
  local found="${BOTTLE_KUBECTL:-.tools/bin/kubectl}" lists
  "$found" version --client 2>/dev/null | grep -q 'v1\.36\.' && return
  has apt-get && has dpkg-deb || { say "no kubectl v1.36: its sessions are skipped (only Debian's package is known here)"; return 0; }
  say "unpacking Debian's kubectl into .tools"
  lists=$(mktemp -d)
  mkdir -p .tools/bin "$lists/lists/partial" "$lists/cache/archives/partial"
  printf 'deb http://deb.debian.org/debian sid main\n' >"$lists/sid.list"
  local options=(-o Dir::Etc::sourcelist="$lists/sid.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::lists="$lists/lists" -o Dir::Cache="$lists/cache")
  if apt-get "${options[@]}" update -q >/dev/null 2>&1 && (cd "$lists" &&
    version=$(apt-cache "${options[@]}" madison kubectl | awk '{print $3}' | grep '^1\.36\.' | head -1) &&
    apt-get "${options[@]}" download -q "kubectl=$version" >/dev/null 2>&1) &&
    dpkg-deb -x "$lists"/kubectl_*.deb "$lists/unpacked" && cp "$lists/unpacked/usr/bin/kubectl" .tools/bin/kubectl &&
    .tools/bin/kubectl version --client >/dev/null; then :; else
    say "Debian's kubectl v1.36 could not be had: its sessions are skipped"
  fi
  rm -rf "$lists"
}

for part in "$@"; do "$part"; done
