// Runs the programs that figures of the page are held against, and takes in what they print.

import { execFileSync, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Native code takes the std that came with the compiler. */
function nativeEnvironment() {
  const { CARGO_UNSTABLE_BUILD_STD: _, ...rest } = process.env;
  return rest;
}

/** What a native bench of cargo prints. */
export const cargoBench = (name, ...options) =>
  execFileSync("cargo", ["bench", "--quiet", "--bench", name, "--", ...options.map(String)], {
    cwd: ROOT,
    encoding: "utf8",
    env: nativeEnvironment(),
    // What cargo says goes into the error, if there is one.
    stdio: ["ignore", "pipe", "pipe"],
  });

/** What the benches print that run inside Chromium by wasm-pack, without the runner's own words. */
export function browserBench(...names) {
  const options = ["--features", "bench", ...names.flatMap((name) => ["--test", name]), "--", "--nocapture"];
  const { status, stdout, stderr } = spawnSync("wasm-pack", ["test", "--release", "--headless", "--chrome", "--", ...options], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, WASM_BINDGEN_TEST_ONLY_WEB: "1" },
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
