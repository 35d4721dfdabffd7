// Measures the built page in Chromium, in turn with the same Rust natively: `./dev bench`. Prints medians with their spread
// and n, and ratios within each round, since machines are shared and noisy.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { browsers } from "./browsers.mjs";
import { serve } from "./server.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "../..");
const [BELOW, TASKS, WORKERS, ROUNDS] = [16_000_000, 16, 2, 9];
const STARTS = 20;
const SOAK = 1_000;

const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
const quantile = (numbers, part) => sorted(numbers)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))];
const row = (name, numbers, digits, unit) =>
  console.log(
    `${name.padEnd(58)} median ${quantile(numbers, 0.5).toFixed(digits)}${unit}, ` +
      `least ${Math.min(...numbers).toFixed(digits)}, most ${Math.max(...numbers).toFixed(digits)} (n = ${numbers.length})`,
  );

/** "1.14 s", "450 ms", "850 µs" in milliseconds. */
function milliseconds(text) {
  const [number, unit] = text.split(" ");
  return Number(number) * { s: 1_000, ms: 1, "µs": 0.001 }[unit];
}

const server = await serve(join(ROOT, "dist"));
const page = await browsers.chromium();

async function open(plan) {
  await page.goto("about:blank");
  await page.goto(`${server.url}#v=1&${plan}&end`);
  await page.until(() => document.querySelector("#run") !== null && document.querySelector("#run").ariaDisabled !== "true");
}

/** Runs what is on the page `times` times, and gives the legs of each: wall and starting time in milliseconds. */
async function runs(times) {
  const all = await page.evaluate(async (times) => {
    const button = document.querySelector("#run");
    const says = (word) =>
      new Promise((resolve) => {
        const look = () => (button.innerText === word ? resolve() : setTimeout(look, 2));
        look();
      });
    const seen = [];
    for (let index = 0; index < times; index++) {
      button.click();
      await new Promise((resolve) => setTimeout(resolve));
      await says("Run");
      const cells = [...document.querySelectorAll("#comparison tbody tr")].map((row) => [...row.children].map((cell) => cell.innerText));
      const wall = document.querySelector("#wall strong").innerText;
      const starting = document.querySelector("#wall .card-note").innerText.replace(/^after | of starting$/g, "");
      seen.push(cells.length > 0 ? cells.map((cell) => [cell[1], cell[5]]) : [[wall, starting]]);
    }
    return seen;
  }, times);
  return all.map((legs) => legs.map(([wall, starting]) => ({ wall: milliseconds(wall), starting: milliseconds(starting) })));
}

console.log(`${cpus()[0].model}, ${cpus().length} cores, Chromium ${page.page.context().browser().version()}\n`);

// --- Primes: wasm against native ---
const MODELS = [["Cores", "cores"], ["Free threads", "free-threads"], ["Process pool", "processes"], ["Threads with a GIL", "threads"]];
const figures = { nativeSequential: [], nativePool: [], nativeGain: [], wasmSequential: [], slower: [] };
const gains = Object.fromEntries(MODELS.map(([name]) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  const printed = execFileSync("cargo", ["bench", "--quiet", "--bench", "native", "--", BELOW, TASKS, WORKERS].map(String), {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [nativeSequential, nativePool] = printed.trim().split(" ").map((ns) => Number(ns) / 1e6);
  figures.nativeSequential.push(nativeSequential);
  figures.nativePool.push(nativePool);
  figures.nativeGain.push(nativeSequential / nativePool);
  for (const [name, model] of MODELS) {
    await open(`run=primes&as=${model}&workers=${WORKERS}&below=${BELOW}&tasks=${TASKS}`);
    const [[sequential, pool]] = await runs(1);
    figures.wasmSequential.push(sequential.wall);
    figures.slower.push(sequential.wall / nativeSequential);
    gains[name].push(sequential.wall / pool.wall);
  }
}
console.log(`Count primes below ${BELOW}, ${TASKS} tasks, ${WORKERS} workers`);
row("  native, sequential", figures.nativeSequential, 0, " ms");
row("  native, rayon", figures.nativePool, 0, " ms");
row("  page, Sequential", figures.wasmSequential, 0, " ms");
row("  page to native, sequential", figures.slower, 2, "");
row("  native speedup", figures.nativeGain, 2, "");
for (const [name] of MODELS) {
  row(`  page speedup, ${name}`, gains[name], 2, "");
  const ratio = quantile(gains[name], 0.5) / quantile(figures.nativeGain, 0.5);
  if (name !== "Threads with a GIL") console.log(`    in native speedups: ${ratio.toFixed(2)} (at least 0.95)`);
}

// --- Five sites ---
const waits = Object.fromEntries([["Threads with a GIL", "threads"], ["Event loop", "event-loop"]].map((model) => [model[0], { model: model[1], gains: [] }]));
for (let round = 0; round < ROUNDS; round++) {
  for (const { model, gains } of Object.values(waits)) {
    await open(`run=sites&as=${model}&answers=300&answers=150&answers=450&unreachable=40&answers=200`);
    const [[sequential, other]] = await runs(1);
    gains.push(sequential.wall / other.wall);
  }
}
console.log("\nFive sites");
for (const [name, { gains }] of Object.entries(waits)) row(`  page speedup, ${name}`, gains, 2, "");
console.log("");

// --- Starting a process ---
await open("run=sleep&as=cores&compare=no&workers=4&ms=0&tasks=4");
await runs(3);
row("a process with 4 threads is ready (at most 150 ms)", (await runs(STARTS)).map(([leg]) => leg.starting), 0, " ms");
await open("run=sleep&as=processes&compare=no&workers=2&ms=0&tasks=2");
await runs(3);
row("a pool of 2 processes is ready, with their parent", (await runs(STARTS)).map(([leg]) => leg.starting), 0, " ms");
await open("run=sleep&as=sequential&ms=0&tasks=1");
await runs(3);
row("a process with its own thread is ready", (await runs(STARTS)).map(([leg]) => leg.starting), 0, " ms");

// --- Starts and stops leave nothing behind ---
const session = await page.page.context().browser().newBrowserCDPSession();
const workers = async () => (await session.send("Target.getTargets")).targetInfos.filter(({ type }) => type === "worker").length;
function rendererMemoryMib() {
  let kib = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (!command.includes("--type=renderer") || !command.includes("chromium")) continue;
      kib += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      // It ended while it was looked at.
    }
  }
  return kib / 1024;
}
await open("run=sleep&as=cores&compare=no&workers=2&ms=0&tasks=2");
await runs(10);
/** How many workers there are once browsers, which take a moment to end one, have ended all that they will. */
async function workersLeft() {
  for (let look = 0; look < 200 && (await workers()) > 0; look++) await new Promise((resolve) => setTimeout(resolve, 50));
  return workers();
}
const before = { workers: await workersLeft(), memory: rendererMemoryMib() };
const soaked = await runs(SOAK);
const collector = await page.page.context().newCDPSession(page.page);
await collector.send("HeapProfiler.collectGarbage");
const afterwards = { workers: await workersLeft(), memory: rendererMemoryMib() };
console.log(`\nafter 10 runs ${before.workers} workers, ${before.memory.toFixed(0)} MiB; after ${SOAK} more ${afterwards.workers} workers, ${afterwards.memory.toFixed(0)} MiB`);
row("  starting, of those runs", soaked.map(([leg]) => leg.starting), 0, " ms");

if (page.errors.length > 0) {
  console.error(page.errors.join("\n"));
  process.exitCode = 1;
}
await page.close();
await server.close();
