#!/bin/sh
# Trunk's hook after a build: makes one file of the scripts of a process, gives the programs of the workers names that change
# with what is in them, as Trunk does with the page's, and tells the service worker which files the page is made of, and a version that changes with them.
set -eu
cd "$TRUNK_STAGING_DIR"

# A worker that has its scripts at once starts in half the time of one that finds one import after another. Every process is
# such a worker, and every thread of one.
node_modules=$TRUNK_SOURCE_DIR/tests/e2e/node_modules
"$node_modules/.bin/esbuild" overlap-process.js --bundle --format=esm --minify --log-level=error --outfile=bundled.js
mv bundled.js overlap-process.js
# Nothing else imports these, which Trunk has the page load ahead as well.
rm -r snippets/wasm-bindgen-rayon-*
sed -e 's|<link rel="modulepreload" href="[^"]*/wasm-bindgen-rayon-[^>]*>||g' index.html >index.html.new
mv index.html.new index.html

for program in overlap-process overlap-files; do
  hash=$(cat $program.js ${program}_bg.wasm | cksum | cut -d' ' -f1)
  named=$(printf '%s-%012x' $program "$hash")
  mv $program.js "$named.js"
  mv ${program}_bg.wasm "${named}_bg.wasm"
  # A copy and not `sed -i`, which is not the same everywhere.
  sed -e "s|$program\.js|$named.js|" index.html >index.html.new
  mv index.html.new index.html
done

# speedscope is not a part of the page: whoever opens it fetches it.
files=$(find . -type f ! -name sw.js ! -path './speedscope/*' | sed 's|^\./||' | LC_ALL=C sort)
version=$(for file in $files sw.js; do cksum "$file"; done | cksum | cut -d' ' -f1)
list=$(printf '"%s", ' $files | sed 's/, $//')
# While the page is being worked on, each build is to be seen at once: nothing is kept.
[ "${TRUNK_PROFILE:-debug}" = release ] || list=
sed -e "s|@VERSION@|$version|" -e "s|\"@FILES@\"|$list|" sw.js >sw.js.new
mv sw.js.new sw.js
