// Races and the other experiments on the built page in a real browser: what must be true of each model, read from the tables.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browsers } from "./browsers.mjs";
import { numbers } from "./ledgers.mjs";
import { ended, open, start } from "./plans.mjs";
import { serve } from "./server.mjs";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../../dist");

/** Experiments are many runs: longer than a test of the page waits for one. */
const PATIENCE_MS = 180_000;

/** The rows of a table, by a property of each, with their data. */
const rows = (page, table, by) =>
  page.evaluate(
    ([table, by]) => Object.fromEntries([...document.querySelectorAll(`${table} tbody tr`)].map((row) => [row.dataset[by], { ...row.dataset }])),
    [table, by],
  );

const text = (page, selector) => page.evaluate((selector) => document.querySelector(selector)?.innerText ?? null, selector);

/** Runs an experiment to its end. */
async function run(page) {
  await start(page);
  return settled(page);
}

/** Waits until what runs has ended, and gives what is on the screen. */
async function settled(page) {
  const until = Date.now() + PATIENCE_MS;
  // Each wait is bounded by the driver; an experiment is as many of them as it needs.
  for (;;) {
    try {
      return await ended(page);
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

const MODELS = ["sequential", "threads", "free-threads", "own-locks", "event-loop", "processes", "cores"];

for (const name of ["chromium", "firefox"]) {
  describe(name, () => {
    let server, page;

    before(async () => {
      server = await serve(DIST);
      page = await browsers[name]();
    });

    after(async () => {
      await page?.close();
      await server?.close();
    });

    const check = (title, body) =>
      test(title, async () => {
        page.errors.length = 0;
        await body();
        assert.deepEqual(page.errors, []);
      });

    check("all models race on primes, and what must be true of each is in the table", async () => {
      await open(page, server, "run=primes&as=cores&workers=2&interval=1000&below=2000000&tasks=8&experiment=race&repeats=2");
      const seen = await run(page);
      assert.equal(seen.status, "The race is done");
      const table = await rows(page, "#comparison", "model");
      assert.deepEqual(Object.keys(table), MODELS);
      for (const model of MODELS) {
        assert.equal(table[model].n, "2", `${model}: the warm-up is not counted`);
        assert.ok(Number(table[model].wallMs) > 0, model);
        assert.ok(Number(table[model].memoryBytes) > 1_000_000, `${model}: ${table[model].memoryBytes}`);
      }
      for (const model of ["sequential", "threads", "event-loop"]) assert.equal(table[model].computing, "1", model);
      for (const model of ["free-threads", "own-locks", "processes", "cores"]) assert.equal(table[model].computing, "2", model);
      assert.equal(await page.evaluate(() => document.querySelector("#comparison").dataset.baseline), "sequential");
      // Of processes each has a memory of its own.
      assert.ok(Number(table.processes.memoryBytes) > 2 * Number(table.sequential.memoryBytes));
      // Of each model that is drawn, where its workers' time went; that it adds up is checked where it is read.
      const { ledgers } = await numbers(page);
      assert.equal(ledgers.length, MODELS.length);
      for (const { model, times } of ledgers) assert.ok(times.computing > 0, `${model} computed`);
      // Whoever won is the fastest, and has what it is said to have.
      const { winner = null, said } = await page.evaluate(() => {
        const verdict = document.querySelector("#verdict");
        return { winner: verdict.dataset.winner, said: verdict.innerText };
      });
      if (winner !== null) {
        const least = MODELS.reduce((best, model) => (Number(table[model].wallMs) < Number(table[best].wallMs) ? model : best));
        assert.equal(winner, least, said);
        if (table[winner].computing === "2") assert.match(said, /2 of its tasks computed at the same instant/);
      } else {
        assert.match(said, /Too close to tell/);
      }
    });

    check("all models race on five sites", async () => {
      const sites = "answers=300&answers=150&answers=450&unreachable=40&answers=200";
      await open(page, server, `run=sites&as=event-loop&workers=5&experiment=race&repeats=1&${sites}`);
      // Processes have at most four for each core.
      const cores = await page.evaluate(() => navigator.hardwareConcurrency);
      assert.ok(4 * cores >= 5, "this machine can have five processes");
      await run(page);
      const table = await rows(page, "#comparison", "model");
      assert.deepEqual(Object.keys(table), MODELS);
      assert.deepEqual([table["event-loop"].inFlight, table["event-loop"].computing], ["5", "1"]);
      assert.deepEqual([table.sequential.inFlight, table.sequential.computing], ["1", "1"]);
      assert.equal(table.threads.computing, "1");
      for (const model of ["threads", "free-threads", "processes", "cores"]) assert.equal(table[model].inFlight, "5", model);
      for (const model of MODELS.slice(1)) assert.ok(Number(table[model].wallMs) < Number(table.sequential.wallMs), model);
      assert.match(await text(page, "#verdict"), /One run each tells no spread/);
      const { ledgers } = await numbers(page);
      assert.equal(ledgers.length, MODELS.length);
      for (const { model, times } of ledgers) assert.ok(times.io > times.computing, `${model} waited for the sites`);
    });

    check("a race of two that were chosen, in its link, and stopped at any moment", async () => {
      await open(page, server, "run=sleep&as=event-loop&ms=400&tasks=3&experiment=race&racers=event-loop+threads&repeats=15");
      await start(page);
      await page.until(() => document.querySelector("#comparison tbody tr[data-n]") !== null);
      await page.click("#run");
      const seen = await ended(page);
      assert.match(seen.status, /^The race was stopped after \d+ of 32 trials; what was measured stays$/);
      const table = await rows(page, "#comparison", "model");
      assert.deepEqual(Object.keys(table), ["threads", "event-loop"]);
      assert.ok(Number(table.threads.n) >= 1, "what was measured stays");
    });

    check("a race of all is one click, and sorts", async () => {
      await open(page, server, "run=sleep&as=event-loop&ms=5&tasks=4");
      await page.click("#race-all");
      await page.until(() => document.querySelector("#run").innerText === "Stop");
      assert.equal((await settled(page)).status, "The race is done");
      assert.match(await page.evaluate(() => location.hash), /experiment=race/);
      await page.click("#comparison thead th:nth-child(2) button");
      const walls = await page.evaluate(() => [...document.querySelectorAll("#comparison tbody tr")].map((row) => Number(row.dataset.wallMs)));
      assert.equal(walls.length, MODELS.length);
      assert.deepEqual(walls, [...walls].sort((a, b) => a - b));
    });

    check("a model that dies is told and does not end the others", async () => {
      await open(page, server, "run=primes&as=cores&below=100000&tasks=4&fault=panic&experiment=race&racers=sequential+cores&repeats=1");
      const seen = await run(page);
      assert.equal(seen.status, "The race is done");
      await open(page, server, "run=deadlock&as=threads&experiment=race&racers=sequential+threads&repeats=1");
      const locked = await run(page);
      assert.equal(locked.status, "The race is done; 1 trial did not count");
      assert.match(locked.comparison.find((row) => /^Threads/.test(row[0]))[0], /1 run failed: not every task ended by itself/);
    });

    check("a scaling curve of two workers", async () => {
      await open(page, server, "run=primes&as=processes&below=2000000&tasks=8&experiment=scaling&up-to=2&repeats=2");
      const seen = await run(page);
      assert.equal(seen.status, "The scaling curve is done");
      const curve = await rows(page, "#scaling", "workers");
      assert.deepEqual(Object.keys(curve), ["1", "2"]);
      assert.equal(curve[1].speedup, "1.000");
      const computing = await page.evaluate(() => [...document.querySelectorAll('#scaling tbody [data-label="Computing"]')].map((cell) => cell.innerText));
      assert.deepEqual(computing, ["1", "2"]);
      assert.match(await text(page, "#scaling-words"), /^Measured: /);
      assert.equal(await page.evaluate(() => document.querySelectorAll("#scaling-chart .one .spread").length), 2);
    });

    check("break-even of a pool, by the length of its tasks", async () => {
      await open(page, server, "run=primes&as=processes&workers=2&below=4000000&tasks=8&experiment=break-even&repeats=1");
      const seen = await run(page);
      assert.equal(seen.status, "The break-even sweep is done");
      const sweep = await rows(page, "#break-even", "size");
      assert.deepEqual(Object.keys(sweep), ["3906", "15625", "62500", "250000", "1000000", "4000000"]);
      assert.match(await text(page, "#break-even-words"), /pool of processes pays/);
    });

    check("break-even of large data, by what is copied, transferred and shared", async () => {
      await open(page, server, "run=large&as=processes&workers=2&kib=64&tasks=4&experiment=break-even&repeats=1");
      await run(page);
      const cells = await page.evaluate(() => [...document.querySelectorAll("#break-even tbody tr")].map((row) => `${row.dataset.carrier} ${row.dataset.size}`));
      const sizes = [1, 4, 16, 64];
      assert.deepEqual(cells, ["copy", "transfer", "shared"].flatMap((carrier) => sizes.map((size) => `${carrier} ${size}`)));
    });

    check("cores are measured on demand, beside those that are reported", async () => {
      await open(page, server, "run=sleep&as=event-loop&ms=1&tasks=1");
      await page.click("#calibrate");
      await page.until(() => document.querySelector("#run").innerText === "Stop");
      assert.equal((await settled(page)).status, "Measuring the cores is done");
      const worth = parseFloat(await text(page, "#cores-measured"));
      const cores = await page.evaluate(() => navigator.hardwareConcurrency);
      assert.ok(worth >= 0.8 && worth < 1.5 * cores + 0.5, `${worth} of ${cores}`);
    });
  });
}
