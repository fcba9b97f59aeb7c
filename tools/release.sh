#!/usr/bin/env bash
# Builds the released site, or another program as that is built.
# Usage: tools/release.sh [ARGUMENTS OF trunk build] | --cargo PROGRAM
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tools/path.sh
. tools/path.sh

# Small rather than fast: what a first visitor waits for is the size (a third less than at level 3). wasm-opt may then
# inline (index.html): that makes the program faster and, once it is compressed, no larger.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=z

# Where this machine keeps the sources of crates is nobody's business, and would be downloaded with every panic message:
# the paths in the program begin at the crate. (Separated by the unit separator, since a path may hold a space.)
cargo fetch --locked --quiet
flags=()
shopt -s nullglob
for sources in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do
  flags+=("--remap-path-prefix=$sources=")
done
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && printf '%s' "${flags[*]}")
export CARGO_ENCODED_RUSTFLAGS

if [ "${1:-}" = --cargo ]; then
  exec cargo build --release --locked --target wasm32-unknown-unknown --bin "$2"
fi
exec trunk build --release "$@"
