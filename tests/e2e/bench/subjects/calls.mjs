// What a call to a warm pool of two workers costs, and the pool: ours beside comlink's, workerpool's and CPython's. Each
// round measures all of them, one after another, in the same tab.

import { cpython } from "../commands.mjs";
import { median, ratios, row } from "../figures.mjs";
import { tasksOf, tiny, workOf } from "../overlap.mjs";

const ROUNDS = 10;
/** In each round. */
const [STARTS, TRIPS, CALLS] = [3, 250, 4_000];
/** Calls under way at any time, so that no worker waits to be asked. */
const IN_FLIGHT = 32;

/** As many calls as the page can make, a message each. */
const POOL = tiny("processes", 10_000, "&workers=2&chunksize=1");
/** One process, so that one message is answered before the next is sent. */
const PAIR = tiny("processes", 10_000, "&workers=1&chunksize=1");
const CHUNKED = "run=tiny&as=processes&compare=no&tasks=10000&workers=2";
/** A process that stays, and is called once in a run. */
const CALL = "run=tiny&as=processes&compare=no&tasks=1&workers=1&start=warm";
/** Two threads that share memory, for what a pool costs that copies nothing. */
const CORES = tiny("cores", 10, "&workers=2");

export const title = "A pool of 2 workers, and empty calls to it";

const OURS = "Overlap, Process pool";

/** Samples by name: a list for each round. */
const table = () => new Proxy({}, { get: (lists, name) => (lists[name] ??= []) });

export async function measure({ page, browser, peersUrl }) {
  const [starts, trips, tripMeans, rates, chunked, recorded] = [table(), table(), table(), table(), table(), []];
  let plans = null;
  let names = null;
  for (let round = 0; round < ROUNDS; round++) {
    await browser.goto(`${peersUrl}bench/peers/`);
    await browser.until(() => globalThis.peers !== undefined);
    names = await browser.evaluate(() => globalThis.peers.names);
    for (const name of names) {
      const seen = await browser.evaluate(
        async ([name, STARTS, TRIPS, CALLS, IN_FLIGHT]) => {
          const { ready, trips, rate } = globalThis.peers;
          const starts = [];
          // The first one loads what the browser then keeps.
          await ready(name);
          for (let index = 0; index < STARTS; index++) starts.push(await ready(name));
          return { starts, trips: await trips(name, TRIPS), rate: await rate(name, CALLS, IN_FLIGHT) };
        },
        [name, STARTS, TRIPS, CALLS, IN_FLIGHT],
      );
      starts[name].push(seen.starts);
      trips[name].push(seen.trips);
      rates[name].push([seen.rate]);
    }

    plans ??= { pool: await page.openFirst(POOL), pair: await page.openFirst(PAIR), cores: await page.openFirst(CORES) };
    for (const [name, plan] of [[OURS, plans.pool], ["Overlap, one process", plans.pair], ["Overlap, Cores", plans.cores]]) {
      await page.open(plan);
      await page.runs(1);
      const seen = (await page.runs(STARTS)).map(([leg]) => leg);
      if (name !== "Overlap, one process") starts[name].push(seen.map(({ starting }) => starting));
      if (name === OURS) rates[name].push(seen.map(({ wall }) => (tasksOf(plan) / wall) * 1_000));
      if (name === "Overlap, one process") {
        tripMeans[name].push(seen.map(({ wall }) => (wall / tasksOf(plan)) * 1_000));
        await page.open(CHUNKED);
        await page.runs(1);
        chunked[OURS].push((await page.runs(STARTS)).map(([{ wall }]) => (10_000 / wall) * 1_000));
        await page.open(CALL);
        await page.runs(5);
        recorded.push((await page.runs(TRIPS)).map(([{ call }]) => call * 1_000));
      }
    }

    for (const { name, unit, numbers } of Object.values(cpython("calls") ?? {})) {
      (unit === "ms" ? starts : rates)[`CPython, ${name}`].push(unit === "ms" ? numbers : numbers.map((us) => 1e6 / us));
    }
  }

  console.log("Until 2 workers are ready; the libraries', CPython's: until the first answer of both");
  print(starts, " ms");
  for (const name of names) compare(`Overlap's pool to ${name}'s`, starts[OURS], starts[name]);
  console.log(`\nThe round trip of an empty call to a warm worker, one after another`);
  print(trips, " µs");
  const task = `run=${workOf(plans.pair)}, ${tasksOf(plans.pair).toLocaleString("en")} tasks`;
  row(`Overlap, one process, mean of a run (${task})`, tripMeans["Overlap, one process"].flat(), " µs");
  row("Overlap, a call to a warm process and its answer, as recorded", recorded.flat(), " µs");
  for (const name of names) compare(`Overlap's round trip to ${name}'s`, recorded, trips[name], name === "comlink" ? "a call to a process, in times of comlink's" : undefined);
  console.log(`\nCalls a second through 2 workers; ours: run=${workOf(plans.pool)}, ${tasksOf(plans.pool).toLocaleString("en")} tasks, chunks of 1`);
  print(rates, "");
  for (const name of Object.keys(rates)) if (name !== OURS) compare(`Overlap's calls a second to ${name}'s`, rates[OURS], rates[name]);
  console.log("\nThe same with Python's usual chunks, as a user would have it");
  print(chunked, "");
  for (const name of names) compare(`Overlap's calls a second to ${name}'s`, chunked[OURS], rates[name], name === "comlink" ? "calls a second through a pool, in times of comlink's" : undefined);
}

function print(lists, unit) {
  for (const [name, rounds] of Object.entries(lists)) row(name, rounds.flat(), unit);
}

/** Ratios of the rounds' medians. */
function compare(name, ours, theirs, target) {
  row(`  ${name}`, ratios(ours.map(median), theirs.map(median)), "", target);
}
