// The numbers of runs on the built page, in Chromium and Firefox: the ledger adds up under every model, who computes under a
// lock does so alone, and advice is given where it must be.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { browsers } from "./browsers.mjs";
import { numbers } from "./ledgers.mjs";
import { open, run } from "./plans.mjs";
import { serve } from "./server.mjs";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../../dist");

/** Those of the model that was chosen, which is run last. */
const last = ({ ledgers }) => ledgers.at(-1);
const adviceOf = ({ advice }, model) => advice.filter((said) => said.model === model).map((said) => said.name);

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

    const PRIMES = "run=primes&below=3000000&tasks=6";

    check("primes: one computes at a time under the lock, and as many as there are workers without", async () => {
      await open(page, server, `${PRIMES}&as=threads&workers=3`);
      const under = await run(page);
      assert.equal(under.computing, 1);
      const threads = await numbers(page);
      const { workers, total, times } = last(threads);
      assert.equal(workers, 3);
      assert.ok(times.computing <= (total / workers) * 1.01, JSON.stringify(times));
      assert.ok(times.lock > times.computing / 2, "two wait for the one who computes");
      assert.ok(adviceOf(threads, "Threads with a GIL").includes("one-at-a-time"), JSON.stringify(threads.advice));
      assert.ok(adviceOf(threads, "Sequential").includes("one-core"), JSON.stringify(threads.advice));
      for (const { name, known } of threads.advice.filter(({ name }) => name === "one-at-a-time")) {
        assert.deepEqual(known, ["derived", "modelled"], name);
      }
      for (const model of ["free-threads", "own-locks", "processes", "cores"]) {
        await open(page, server, `${PRIMES}&as=${model}&workers=2&compare=no`);
        const seen = await run(page);
        assert.equal(seen.computing, 2, model);
        const { workers, times } = last(await numbers(page));
        assert.equal(workers, 2, model);
        assert.equal(times.lock, 0, model);
        assert.equal(times.deserialise > 0, ["own-locks", "processes"].includes(model), model);
      }
    });

    check("primes on an event loop block it, which is said", async () => {
      await open(page, server, `${PRIMES}&as=event-loop&compare=no`);
      await run(page);
      const seen = await numbers(page);
      assert.equal(last(seen).workers, 1);
      assert.ok(adviceOf(seen, "Event loop").includes("blocked-loop"), JSON.stringify(seen.advice));
    });

    check("five sites wait in sequence, and overlap under all else", async () => {
      for (const [model, workers] of [
        ["event-loop", 1],
        ["threads", 5],
        ["processes", 5],
      ]) {
        await open(page, server, `run=sites&as=${model}&workers=5&answers=300&answers=150&answers=450&unreachable=40&answers=200`);
        const seen = await run(page);
        assert.equal(seen.inFlight, 5, model);
        const all = await numbers(page);
        assert.ok(adviceOf(all, "Sequential").includes("waits-in-sequence"), JSON.stringify(all.advice));
        assert.ok(!all.advice.some((said) => said.model !== "Sequential" && said.name === "waits-in-sequence"));
        assert.equal(last(all).workers, workers, model);
        const [sequential, chosen] = all.ledgers;
        assert.ok(sequential.times.io > 900_000 && chosen.times.io > 400_000, JSON.stringify(all.ledgers));
      }
    });

    check("a thread that pays an interval for each of its waits is in a convoy", async () => {
      await open(page, server, "run=convoy&as=threads&workers=2&compare=no");
      await run(page);
      const seen = await numbers(page);
      assert.ok(adviceOf(seen, "Threads with a GIL").includes("convoy"), JSON.stringify(seen));
    });

    check("tasks that do nothing are too small for a pool of processes", async () => {
      await open(page, server, "run=tiny&as=processes&workers=2&tasks=200&chunksize=1&compare=no");
      await run(page);
      const seen = await numbers(page);
      assert.ok(adviceOf(seen, "Process pool").includes("tasks-too-small"), JSON.stringify(seen));
    });

    check("commands are workers, too", async () => {
      await open(page, server, "run=commands&as=subprocess");
      await run(page);
      assert.ok(last(await numbers(page)).workers >= 2);
    });
  });
}
