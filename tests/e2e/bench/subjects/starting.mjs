// What starting processes costs, of each kind in turn, beside what the workers of other libraries cost in the same round: the
// machine slows down both.

import { median, ratios, row } from "../figures.mjs";

const [ROUNDS, RUNS] = [6, 5];

export const title = "Starting, from asking for it until it is ready";

const KINDS = [
  { name: "a process with 4 threads", plan: "run=sleep&as=cores&compare=no&workers=4&ms=0&tasks=4", target: "a process with 4 threads is ready" },
  { name: "a pool of 2 processes, with their parent", plan: "run=sleep&as=processes&compare=no&workers=2&ms=0&tasks=2" },
  { name: "a process with its own thread", plan: "run=sleep&as=sequential&ms=0&tasks=1", target: "a process is ready" },
];

export async function measure({ page, browser, peersUrl }) {
  const ours = KINDS.map(() => []);
  const peers = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { plan }] of KINDS.entries()) {
      await page.open(plan);
      // The first ones after a page was loaded find colder caches.
      await page.runs(2);
      ours[index].push((await page.runs(RUNS)).map(([leg]) => leg.starting));
    }
    await browser.goto(`${peersUrl}bench/peers/`);
    await browser.until(() => globalThis.peers !== undefined);
    const seen = await browser.evaluate(async (runs) => {
      const { names, ready } = globalThis.peers;
      const seen = {};
      for (const name of names) {
        for (let run = 0; run < 2; run++) await ready(name);
        seen[name] = [];
        for (let run = 0; run < runs; run++) seen[name].push(await ready(name));
      }
      return seen;
    }, RUNS);
    for (const [name, starts] of Object.entries(seen)) (peers[name] ??= []).push(starts);
  }
  for (const [index, { name, target }] of KINDS.entries()) row(name, ours[index].flat(), " ms", target);
  for (const [name, starts] of Object.entries(peers)) row(`2 workers, by ${name}`, starts.flat(), " ms");
  for (const [index, { name }] of KINDS.entries()) {
    row(`  ${name}, in times of 2 workers by comlink`, ratios(ours[index].map(median), peers.comlink.map(median)));
  }
}
