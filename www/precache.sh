#!/bin/sh
# Trunk's hook after a build: tells the service worker which files the page is made of, and a version that changes when
# any of them does.
set -eu
cd "$TRUNK_STAGING_DIR"
files=$(find . -type f ! -name sw.js | sed 's|^\./||' | LC_ALL=C sort)
version=$(for file in $files sw.js; do cksum "$file"; done | cksum | cut -d' ' -f1)
list=$(printf '"%s", ' $files | sed 's/, $//')
# While the page is being worked on, each build is to be seen at once: nothing is kept.
[ "${TRUNK_PROFILE:-debug}" = release ] || list=
sed -e "s|@VERSION@|$version|" -e "s|\"@FILES@\"|$list|" sw.js >sw.js.new
mv sw.js.new sw.js
