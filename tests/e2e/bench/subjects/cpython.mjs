// Speedups over sequential, ours beside CPython's for the same kind of work, in turn.

import { cpython } from "../commands.mjs";
import { missing, ratios, row } from "../figures.mjs";

const ROUNDS = 5;

export const title = "Speedup over sequential, beside CPython's";

const PRIMES = "run=primes&workers=2&below=8000000&tasks=8";
const SITES = "run=sites&answers=300&answers=150&answers=450&unreachable=40&answers=200";

/** Each figure of CPython's by its name there, and the plan that it is held against. */
const PAIRS = [
  ["primes, 2 threads", `${PRIMES}&as=threads`],
  ["primes, warm Pool of 2", `${PRIMES}&as=processes`],
  ["primes, warm ProcessPoolExecutor of 2", `${PRIMES}&as=processes&chunksize=1`],
  ["five sites, ThreadPoolExecutor", `${SITES}&as=threads`],
  ["five sites, asyncio.to_thread", `${SITES}&as=threads`],
  ["five sites, asyncio.gather", `${SITES}&as=event-loop`],
  ["five sites, asyncio.TaskGroup", `${SITES}&as=event-loop`],
];

export async function measure({ page }) {
  const theirs = {};
  const ours = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, numbers } of Object.values(cpython("ratios") ?? {})) (theirs[name] ??= []).push(...numbers);
    for (const plan of new Set(PAIRS.map(([, plan]) => plan))) {
      await page.open(plan);
      const [[sequential, other]] = await page.runs(1);
      (ours[plan] ??= []).push(sequential.wall / other.wall);
    }
  }
  for (const [name, plan] of PAIRS) {
    const { run, as, chunksize } = Object.fromEntries(new URLSearchParams(plan));
    row(`ours: ${run}, ${as}${chunksize ? `, chunks of ${chunksize}` : ""}`, ours[plan]);
    if (theirs[name] === undefined) {
      missing(`CPython: ${name}`, "there is no Python, or its version lacks it");
      continue;
    }
    row(`CPython: ${name}`, theirs[name]);
    row("  ours in CPython's", ratios(ours[plan], theirs[name]), "", "speedup as CPython's");
  }
}
