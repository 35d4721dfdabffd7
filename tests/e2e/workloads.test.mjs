// What each kind of work shows on the built page, in Chromium and Firefox: its result, who ran it at once, and how it fails.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { browsers } from "./browsers.mjs";
import { open, run } from "./plans.mjs";
import { serve } from "./server.mjs";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../../dist");

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

    const PARALLEL = ["free-threads", "own-locks", "processes", "cores"];

    check("every kernel finds the same under every model that computes at once", async () => {
      for (const [plan, answer] of [
        ["run=primes&below=300000&tasks=6&shares=one-long", /25,997 primes below 300,000/],
        ["run=pi&points=2000000&tasks=6", /^π is about 3\.1[34]\d+ by 2,000,000 points/],
        ["run=matrix&size=200&tasks=4", /entries of the product add up to/],
        ["run=matrix&size=200&tasks=4&simd=yes", /entries of the product add up to/],
      ]) {
        const answers = new Set();
        for (const model of PARALLEL) {
          await open(page, server, `${plan}&as=${model}&workers=2&compare=no`);
          const seen = await run(page);
          assert.match(seen.answer, answer, `${plan} ${model}`);
          answers.add(seen.answer);
        }
        assert.equal(answers.size, 1, [...answers].join());
      }
    });

    check("hashes and sorted numbers are the same for all", async () => {
      for (const plan of ["run=sha256&blocks=4&tasks=4", "run=sort&numbers=20000&tasks=4", "run=large&kib=256&tasks=4"]) {
        const results = new Set();
        for (const model of PARALLEL) {
          await open(page, server, `${plan}&as=${model}&workers=2`);
          const seen = await run(page);
          assert.equal(seen.comparison.length, 2);
          results.add(seen.results.map((row) => row[1]).join());
        }
        assert.equal(results.size, 1, [...results].join("\n"));
      }
    });

    check("the picture is filled in whole, by whoever computes it", async () => {
      const pictures = new Set();
      for (const plan of ["as=cores&workers=2", "as=processes&workers=2", "as=sequential", "as=free-threads&workers=2&simd=yes"]) {
        await open(page, server, `run=mandelbrot&iterations=300&tasks=8&compare=no&${plan}`);
        await run(page);
        // Every point is painted, and all who computed it painted the same.
        await page.until(() => {
          const canvas = document.querySelector("#computed-picture");
          const { data } = canvas.getContext("2d").getImageData(0, 0, 256, 160);
          return data.every((value, index) => index % 4 !== 3 || value === 255);
        });
        pictures.add(
          await page.evaluate(() => {
            const { data } = document.querySelector("#computed-picture").getContext("2d").getImageData(0, 0, 256, 160);
            return data.reduce((hash, value) => Math.imul(hash ^ value, 0x01000193), 0x811c9dc5);
          }),
        );
      }
      assert.equal(pictures.size, 1);
    });

    check("requests are spread, follow each other, and are followed by computing", async () => {
      await open(page, server, "run=fan-out&as=event-loop&tasks=30&latency=60&spread=long-tail&in-flight=10");
      const spread = await run(page);
      assert.equal(spread.inFlight, 10, "the semaphore lets ten in");
      assert.match(spread.sentence, /30 requests: 30 done/);
      await open(page, server, "run=pages&as=threads&tasks=3&pages=3&latency=40");
      const pages = await run(page);
      assert.match(pages.results[0][1], /200, 6,144 bytes/);
      await open(page, server, "run=fetch-compute&as=threads&tasks=4&latency=400&below=100000");
      const both = await run(page);
      assert.deepEqual([both.inFlight, both.computing], [4, 1]);
      assert.match(both.results[0][1], /9,592 primes/);
      await open(page, server, "run=sites&as=cores&workers=2&answers=100&answers=100&unreachable=50");
      assert.match((await run(page)).status, /Cores is done; 1 site failed/);
    });

    check("an answer that breaks off is a failure of its own", async () => {
      await open(page, server, "run=sites&as=event-loop&compare=no&breaks-off=20&answers=30");
      const seen = await run(page);
      assert.match(seen.results[0][1], /the answer broke off/);
      assert.match(seen.results[1][1], /200, 2,048 bytes/);
    });

    check("an event loop has wait_for, a group, and threads for what would block it", async () => {
      await open(page, server, "run=sites&as=event-loop&compare=no&each=300&answers=100&answers=20000&answers=50");
      const late = await run(page);
      assert.match(late.results[1][1], /took longer than 300 ms/);
      assert.match(late.sentence, /2 done, 1 failed/);
      await open(page, server, "run=sites&as=event-loop&compare=no&together=group&answers=50&unreachable=200&answers=20000");
      const group = await run(page);
      assert.match(group.results[2][1], /cancelled/);
      assert.match(group.sentence, /1 done, 1 failed, 1 cancelled/);
      await open(page, server, "run=primes&as=event-loop&compare=no&blocking=thread&below=3000000&tasks=4");
      const threads = await run(page);
      assert.match(threads.answer, /216,816 primes/);
      assert.equal(threads.inFlight, 4);
    });

    check("what tasks share: a queue, a counter, a deadlock", async () => {
      for (const model of ["threads", "free-threads", "event-loop"]) {
        await open(page, server, `run=queue&as=${model}&compare=no&items=20&below=2000`);
        assert.match((await run(page)).answer, /20 items went through the queue/, model);
        await open(page, server, `run=counter&as=${model}&compare=no&times=500&locked=yes`);
        assert.match((await run(page)).answer, /The counter is 2,000: with the lock, no update was lost/, model);
        await open(page, server, `run=deadlock&as=${model}&compare=no`);
        const locked = await run(page);
        assert.match(locked.status, /is done; 1 task failed/, model);
        assert.match(locked.results.map((row) => row[1]).join(), /deadlock: (?=.*task 1 has A)(?=.*task 2 has B)/, model);
      }
      await open(page, server, "run=queue&as=sequential");
      assert.match((await run(page)).results[0][1], /waited for ever/);
    });

    check("updates get lost between threads without a lock", async () => {
      await open(page, server, "run=counter&as=free-threads&compare=no&times=50000&workers=4");
      for (let tries = 0; tries < 20; tries++) {
        if (/updates were lost between reading and writing/.test((await run(page)).answer)) return;
      }
      assert.fail("no update was lost in 20 runs");
    });

    check("C code that lets go of the lock overlaps", async () => {
      await open(page, server, "run=sha256&as=threads&workers=2&blocks=64&tasks=4&compare=no");
      assert.equal((await run(page)).computing, 2);
      await open(page, server, "run=sha256&as=threads&workers=2&blocks=24&tasks=4&compare=no&c-call=keeps");
      assert.equal((await run(page)).computing, 1);
    });

    check("many tiny tasks are all done, and seen", async () => {
      for (const model of ["cores", "event-loop", "threads", "processes"]) {
        await open(page, server, `run=tiny&as=${model}&compare=no&tasks=3000`);
        const seen = await run(page);
        assert.match(seen.sentence, /^.*3,000 tasks: 3,000 done/, model);
        assert.ok(!/found no room/.test(seen.sentence), seen.sentence);
      }
    });

    check("a task that takes memory without end takes its process, and the next run works", async () => {
      await open(page, server, "run=sleep&as=free-threads&compare=no&ms=1&tasks=4&workers=2&fault=allocate");
      page.errors.length = 0;
      const seen = await run(page);
      assert.match(seen.status, /failed: the process died, as it had no memory left/);
      // The browser may tell of the trap as well.
      page.errors.length = 0;
      await open(page, server, "run=sleep&as=free-threads&compare=no&ms=1&tasks=4&workers=2");
      assert.match((await run(page)).sentence, /4 tasks: 4 done/);
    });

    check("a task that never ends is ended by a stop", async () => {
      await open(page, server, "run=sleep&as=threads&compare=no&ms=1&tasks=4&workers=2&fault=endless");
      await page.click("#run");
      await page.until(() => /running/.test(document.querySelector("#status")?.innerText));
      await page.click("#run");
      await page.until(() => document.querySelector("#run").innerText === "Run");
      assert.match(await page.evaluate(() => document.querySelector("#status").innerText), /was cancelled/);
    });
  });
}
