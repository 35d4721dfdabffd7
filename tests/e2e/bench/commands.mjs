// Runs the programs that figures of the page are held against, and takes in what they print.

import { execFileSync, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Native code takes the std that came with the compiler. */
function nativeEnvironment() {
  const rest = { ...process.env };
  for (const name of Object.keys(rest)) if (/^CARGO_(UNSTABLE|PROFILE)_/.test(name)) delete rest[name];
  return rest;
}

/** What a native bench of cargo prints. */
export const cargoBench = (name, ...options) => nativeBench({}, name, options);

/** The same without the processor's own instructions for SHA-256, which WebAssembly has no way to; `input` is its stdin. */
export const portableBench = (input, name, ...options) =>
  nativeBench({ input, flags: '--cfg sha2_256_backend="soft"', target: join(ROOT, "target/portable") }, name, options);

function nativeBench({ input, flags, target }, name, options) {
  const own = { ...(flags && { RUSTFLAGS: flags }), ...(target && { CARGO_TARGET_DIR: target }) };
  return execFileSync("cargo", ["bench", "--quiet", "--bench", name, "--", ...options.map(String)], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...nativeEnvironment(), ...own },
    // What cargo says goes into the error, if there is one.
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    input,
  });
}

/** What the benches print that run inside Chromium, built as the page's processes are, without the runner's own words. */
export function browserBench(...names) {
  const tests = names.flatMap((name) => ["--test", name]);
  // Not --quiet, which cargo hands on to the runner, which knows no such option.
  const options = ["--target", "wasm32-unknown-unknown", "--profile", "release-process", "--features", "bench"];
  // Kernels need no more of the crate, and are to be compiled as in a process's image.
  if (names.includes("kernels")) options.push("--no-default-features");
  const { status, stdout, stderr } = spawnSync("cargo", ["test", ...options, ...tests, "--", "--nocapture"], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, WASM_BINDGEN_TEST_ONLY_WEB: "1", WASM_BINDGEN_TEST_TIMEOUT: "300" },
  });
  const printed = `${stdout}${stderr}`;
  if (status !== 0) throw new Error(`the benches ${names.join(", ")} failed:\n${printed}`);
  return printed.split("\n").map((line) => line.trim());
}

/**
 * What one subject of benches/cpython.py measures, once: its figures by name, each `{ name, unit, numbers }`. Null where
 * there is no Python.
 */
export function cpython(subject) {
  const { error, status, stdout, stderr } = spawnSync("python3", [join(ROOT, "benches/cpython.py"), subject, "--json", "--rounds", "1"], {
    encoding: "utf8",
  });
  if (error?.code === "ENOENT") return null;
  if (status !== 0) throw new Error(`benches/cpython.py ${subject} failed:\n${stderr}`);
  const figures = stdout.trim().split("\n").map((text) => JSON.parse(text));
  return Object.fromEntries(figures.map((figure) => [figure.name, figure]));
}
