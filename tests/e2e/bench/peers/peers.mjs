// Two warm workers and an empty call, by each library and by hand: how long they take to be ready, a call's round trip,
// and calls a second. The page is isolated, so its clock has the same resolution as ours.

import { wrap } from "/node_modules/comlink/dist/esm/comlink.mjs";

const WORKERS = 2;
const WARM_UP = 200;

const some = (make) => Array.from({ length: WORKERS }, make);

/** Ways to a pool: each gives the empty calls of its workers, and an end to them, once every worker has answered one. */
const pools = {
  async comlink() {
    const workers = some(() => new Worker("comlink-worker.mjs", { type: "module" }));
    const remotes = workers.map((worker) => wrap(worker));
    await Promise.all(remotes.map((remote) => remote.empty()));
    return { calls: remotes.map((remote) => () => remote.empty()), stop: () => workers.forEach((worker) => worker.terminate()) };
  },

  async workerpool() {
    const pool = globalThis.workerpool.pool("workerpool-worker.js", { minWorkers: WORKERS, maxWorkers: WORKERS, workerType: "web" });
    // It gives a worker one call at a time, so two at once are one for each.
    await Promise.all(some(() => pool.exec("empty")));
    if (pool.stats().totalWorkers !== WORKERS) throw new Error(`workerpool has ${pool.stats().totalWorkers} workers`);
    return { calls: some(() => () => pool.exec("empty")), stop: () => pool.terminate(true) };
  },

  async "postMessage by hand"() {
    const workers = some(() => new Worker("bare-worker.js"));
    const calls = workers.map((worker) => {
      // A worker answers in the order in which it was asked.
      const asked = [];
      worker.addEventListener("message", () => asked.shift()());
      return () =>
        new Promise((resolve) => {
          asked.push(resolve);
          worker.postMessage(null);
        });
    });
    await Promise.all(calls.map((call) => call()));
    return { calls, stop: () => workers.forEach((worker) => worker.terminate()) };
  },
};

/** Milliseconds from asking for a pool to the first answer of each of its workers. */
async function ready(name) {
  const start = performance.now();
  const { stop } = await pools[name]();
  const took = performance.now() - start;
  await stop();
  return took;
}

async function withPool(name, use) {
  const { calls, stop } = await pools[name]();
  for (let index = 0; index < WARM_UP; index++) await calls[index % WORKERS]();
  const seen = await use(calls);
  await stop();
  return seen;
}

/** Microseconds of each of so many calls, one after another. */
const trips = (name, times) =>
  withPool(name, async ([call]) => {
    const seen = [];
    for (let index = 0; index < times; index++) {
      const start = performance.now();
      await call();
      seen.push((performance.now() - start) * 1_000);
    }
    return seen;
  });

/** What our page does between two runs, about: it is looked at every 2 ms, and paints each frame. Ends after so long. */
async function pause(ms) {
  const [canvas, words] = [document.querySelector("canvas").getContext("2d"), document.querySelector("p")];
  const end = performance.now() + ms;
  let read = 0;
  const paint = () => {
    for (let row = 0; row < 100; row++) canvas.fillRect(0, row * 4, 100 + ((row * 37) % 500), 3);
    words.textContent = `read ${read} times`;
    if (performance.now() < end) requestAnimationFrame(paint);
  };
  requestAnimationFrame(paint);
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    read += words.innerText.length > 0 ? 1 : 0;
  }
}

/** Microseconds of each of so many calls, each after a pause. */
const rareTrips = (name, times, pauseMs) =>
  withPool(name, async ([call]) => {
    const seen = [];
    for (let index = 0; index < times; index++) {
      await pause(pauseMs);
      const start = performance.now();
      await call();
      seen.push((performance.now() - start) * 1_000);
    }
    return seen;
  });

/** Calls a second through all workers, with so many under way at any time. */
const rate = (name, times, inFlight) =>
  withPool(name, async (calls) => {
    let left = times;
    const start = performance.now();
    await Promise.all(
      Array.from({ length: inFlight }, async (_, index) => {
        while (left-- > 0) await calls[index % WORKERS]();
      }),
    );
    return (times / (performance.now() - start)) * 1_000;
  });

globalThis.peers = { names: Object.keys(pools), ready, trips, rareTrips, rate };
