// What a call to a warm pool of two workers costs, and the pool: ours beside comlink's, workerpool's and CPython's. Each
// round measures all of them, one after another, in the same tab.

import { cpython } from "../commands.mjs";
import { mean, median, ratios, row } from "../figures.mjs";
import { tasksOf, tiny, workOf } from "../overlap.mjs";

const ROUNDS = 10;
/** In each round. */
const [STARTS, TRIPS, RARE_TRIPS, CALLS] = [3, 250, 50, 4_000];
/** Calls under way at any time, so that no worker waits to be asked. */
const IN_FLIGHT = 32;

/** As many calls as the page can make, a message each. */
const POOL = tiny("processes", 10_000, "&workers=2&chunksize=1");
/** One process, which is sent a message when it has answered the one before. */
const PAIR = tiny("processes", 2_000, "&workers=1&chunksize=1&prefetch=0");
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
  const [starts, rates, chunked] = [table(), table(), table()];
  // Each call's time, and the mean of many one after another, which leaves out nothing.
  const [trips, tripMeans, rareTrips] = [table(), table(), table()];
  const pauses = [];
  const toPeers = async () => {
    await browser.goto(`${peersUrl}bench/peers/`);
    await browser.until(() => globalThis.peers !== undefined);
    return browser.evaluate(() => globalThis.peers.names);
  };
  let plans = null;
  let names = null;
  for (let round = 0; round < ROUNDS; round++) {
    console.error(`calls: round ${round + 1} of ${ROUNDS}`);
    names = await toPeers();
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
      tripMeans[name].push([mean(seen.trips)]);
      rates[name].push([seen.rate]);
    }

    plans ??= { pool: await page.openFirst(POOL), pair: await page.openFirst(PAIR), cores: await page.openFirst(CORES) };
    const measured = async (plan, times = STARTS) => {
      await page.open(plan);
      await page.runs(1);
      return (await page.runs(times)).map(([leg]) => leg);
    };
    const pool = await measured(plans.pool);
    starts[OURS].push(pool.map(({ starting }) => starting));
    rates[OURS].push(pool.map(({ wall }) => (tasksOf(plans.pool) / wall) * 1_000));
    starts["Overlap, Cores"].push((await measured(plans.cores)).map(({ starting }) => starting));
    chunked[OURS].push((await measured(CHUNKED)).map(({ wall }) => (10_000 / wall) * 1_000));
    const pair = await measured(plans.pair);
    trips[OURS].push(pair.map(({ call }) => call * 1_000));
    tripMeans[OURS].push(pair.map(({ wall }) => (wall / tasksOf(plans.pair)) * 1_000));

    await page.open(CALL);
    await page.runs(5);
    const before = performance.now();
    rareTrips[OURS].push((await page.runs(RARE_TRIPS)).map(([{ call }]) => call * 1_000));
    const pause = (performance.now() - before) / RARE_TRIPS;
    pauses.push(pause);
    await toPeers();
    for (const name of names) {
      const seen = await browser.evaluate(
        ([name, times, pause]) => globalThis.peers.rareTrips(name, times, pause),
        [name, RARE_TRIPS, pause],
      );
      rareTrips[name].push(seen);
    }

    for (const { name, unit, numbers } of Object.values(cpython("calls") ?? {})) {
      (unit === "ms" ? starts : rates)[`CPython, ${name}`].push(unit === "ms" ? numbers : numbers.map((us) => 1e6 / us));
    }
  }

  console.log("Until 2 workers are ready; the libraries', CPython's: until the first answer of both");
  print(starts, " ms");
  for (const name of names) compare(`Overlap's pool to ${name}'s`, starts[OURS], starts[name]);

  const task = `run=${workOf(plans.pair)}, ${tasksOf(plans.pair).toLocaleString("en")} tasks, one process, chunks of 1, prefetch 0`;
  console.log(`\nThe round trip of an empty call to a warm worker, back to back; ours: ${task}`);
  console.log("Each call (ours: the median of a run, as recorded from Sent to Received)");
  print(trips, " µs");
  for (const name of names) compare(`Overlap's round trip to ${name}'s`, trips[OURS], trips[name]);
  console.log("The time of a round over its calls, with all that is between two calls; ours: packing, recording, and the futures");
  print(tripMeans, " µs");
  for (const name of names) compare(`Overlap's round trip to ${name}'s`, tripMeans[OURS], tripMeans[name], name === "comlink" ? "a call to a process, in times of comlink's" : undefined);

  console.log(`\nThe same once every ${Math.round(median(pauses))} ms, as after an idle run, with a page that is looked at and paints between`);
  print(rareTrips, " µs");
  for (const name of names) compare(`Overlap's round trip to ${name}'s`, rareTrips[OURS], rareTrips[name]);

  const target = (name) => (name === "comlink" ? "calls a second through a pool, in times of comlink's" : undefined);
  console.log(`\nCalls a second through 2 workers; ours: run=${workOf(plans.pool)}, ${tasksOf(plans.pool).toLocaleString("en")} tasks, chunks of 1`);
  print(rates, "");
  for (const name of Object.keys(rates)) if (name !== OURS) compare(`Overlap's calls a second to ${name}'s`, rates[OURS], rates[name], target(name));
  console.log("\nThe same with Python's usual chunks, as a user would have it");
  print(chunked, "");
  for (const name of names) compare(`Overlap's calls a second to ${name}'s`, chunked[OURS], rates[name], target(name));
}

function print(lists, unit) {
  for (const [name, rounds] of Object.entries(lists)) row(name, rounds.flat(), unit);
}

/** Ratios of the rounds' medians. */
function compare(name, ours, theirs, target) {
  row(`  ${name}`, ratios(ours.map(median), theirs.map(median)), "", target);
}
