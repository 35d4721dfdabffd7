// Prints the sizes of the built page, and fails where the program is over its budget: `node sizes.mjs DIST`.

import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

/** The most bytes of the program, as it is after wasm-opt. */
const WASM_BUDGET = 400_000;

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

const wasm = files.filter((file) => extname(file.name) === ".wasm");
if (wasm.length !== 1) throw new Error(`the page has ${wasm.length} programs; it has one`);
if (wasm[0].raw > WASM_BUDGET) {
  console.error(`error: the program has ${wasm[0].raw} bytes; its budget is ${WASM_BUDGET}`);
  process.exitCode = 1;
}
