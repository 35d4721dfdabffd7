// Prints the sizes of the built page, and fails where a program is over its budget: `node sizes.mjs DIST`.

import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

/** The most bytes of each program, as it is after wasm-opt. */
const BUDGETS = { "overlap-page": 820_000, "overlap-process": 550_000, "overlap-files": 380_000 };

const dist = process.argv[2];
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => {
    const bytes = readFileSync(join(entry.parentPath ?? entry.path, entry.name));
    return { name: entry.name, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
  })
  .sort((a, b) => b.raw - a.raw);

const row = (name, raw, gzip) => console.log(`${String(raw).padStart(9)} ${String(gzip).padStart(9)}  ${name}`);
row("file", "raw", "gzip");
for (const { name, raw, gzip } of files) row(name, raw, gzip);
const sum = (key) => files.reduce((total, file) => total + file[key], 0);
row("in all", sum("raw"), sum("gzip"));

for (const [program, budget] of Object.entries(BUDGETS)) {
  const found = files.filter(({ name }) => name.startsWith(`${program}-`) && extname(name) === ".wasm");
  if (found.length !== 1) throw new Error(`there are ${found.length} programs of the name ${program}; there is one`);
  if (found[0].raw > budget) {
    console.error(`error: ${program} has ${found[0].raw} bytes; its budget is ${budget}`);
    process.exitCode = 1;
  }
}
