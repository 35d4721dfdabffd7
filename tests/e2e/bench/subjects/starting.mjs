// What starting processes costs, of each kind in turn.

import { row } from "../figures.mjs";

const [ROUNDS, RUNS] = [4, 5];

export const title = "Starting, from asking for it until it is ready";

const KINDS = [
  { name: "a process with 4 threads", plan: "run=sleep&as=cores&compare=no&workers=4&ms=0&tasks=4", target: "a process with 4 threads is ready" },
  { name: "a pool of 2 processes, with their parent", plan: "run=sleep&as=processes&compare=no&workers=2&ms=0&tasks=2" },
  { name: "a process with its own thread", plan: "run=sleep&as=sequential&ms=0&tasks=1", target: "a process is ready" },
];

export async function measure({ page }) {
  const seen = KINDS.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { plan }] of KINDS.entries()) {
      await page.open(plan);
      // The first ones after a page was loaded find colder caches.
      await page.runs(2);
      seen[index].push(...(await page.runs(RUNS)).map(([leg]) => leg.starting));
    }
  }
  for (const [index, { name, target }] of KINDS.entries()) row(name, seen[index], " ms", target);
}
