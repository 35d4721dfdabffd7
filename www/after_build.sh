#!/bin/sh
# Trunk's hook after a build: gives the program of the processes a name that changes with what is in it, as Trunk does
# with the page's, and tells the service worker which files the page is made of, and a version that changes with them.
set -eu
cd "$TRUNK_STAGING_DIR"

process=overlap-process
hash=$(cat $process.js ${process}_bg.wasm | cksum | cut -d' ' -f1)
named=$(printf '%s-%012x' $process "$hash")
mv $process.js "$named.js"
mv ${process}_bg.wasm "${named}_bg.wasm"
# A copy and not `sed -i`, which is not the same everywhere.
sed -e "s|$process\.js|$named.js|" index.html >index.html.new
mv index.html.new index.html

files=$(find . -type f ! -name sw.js | sed 's|^\./||' | LC_ALL=C sort)
version=$(for file in $files sw.js; do cksum "$file"; done | cksum | cut -d' ' -f1)
list=$(printf '"%s", ' $files | sed 's/, $//')
# While the page is being worked on, each build is to be seen at once: nothing is kept.
[ "${TRUNK_PROFILE:-debug}" = release ] || list=
sed -e "s|@VERSION@|$version|" -e "s|\"@FILES@\"|$list|" sw.js >sw.js.new
mv sw.js.new sw.js
