#!/bin/sh
# Builds the commands that ship with the page into a folder: `sh src/commands/build.sh FOLDER`. Trunk calls it as a hook,
# then the folder is `commands` in what Trunk builds.
#
# They are built for wasm32-unknown-unknown, whose core the page's set-up builds anyway; a command of WASI preview 1 is one
# by what it imports and exports. RUSTFLAGS takes the place of the page's flags (.cargo/config.toml), which would give them
# a shared memory. No panic has a message, and so no path of the machine is in them: the same source gives the same bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-${TRUNK_STAGING_DIR:?a folder}/commands}
target=$here/../../target/commands

cd "$here"
env -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET -u CARGO_UNSTABLE_BUILD_STD_FEATURES \
  RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=core \
  RUSTFLAGS="-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Clink-arg=--export=_start -Clink-arg=-zstack-size=131072" \
  cargo build --quiet --locked --release --bins --target wasm32-unknown-unknown --target-dir "$target"

mkdir -p "$out"
cp "$target"/wasm32-unknown-unknown/release/*.wasm "$out"
