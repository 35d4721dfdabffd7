// What can go wrong on the built page, and what may not stay behind of it, in Chromium and Firefox: programs of a person's own,
// commands that fail, pools whose processes cannot begin, sites that never answer. And that a link restores each control.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browsers } from "./browsers.mjs";
import { ended, open, run, start } from "./plans.mjs";
import { serve } from "./server.mjs";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../../dist");

/** The longest that a request may be waited for, with the page's own time around it, in milliseconds. */
const HANGS_MS = 16_000;

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

    const check = (title, body, { expected = /$^/ } = {}) =>
      test(title, async () => {
        page.errors.length = 0;
        await body();
        assert.deepEqual(page.errors.filter((error) => !expected.test(error)), []);
      });

    const text = (selector) => page.evaluate((selector) => document.querySelector(selector)?.innerText ?? null, selector);

    /** Opens a line of commands. */
    const line = (command, rest = {}) =>
      open(page, server, `run=commands&as=subprocess&${new URLSearchParams({ command, ...rest })}`);

    /** Chooses a file in the page's control for programs. */
    async function choose(program, bytes) {
      await page.evaluate(
        ([program, bytes]) => {
          const files = new DataTransfer();
          files.items.add(new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], program));
          const input = document.querySelector("#program");
          input.files = files.files;
          input.dispatchEvent(new Event("change", { bubbles: true }));
        },
        [program, bytes.toString("base64")],
      );
    }

    /** Gives the page a program, and waits until it has it. */
    async function give(program, bytes) {
      await choose(program, bytes);
      await page.until((program) => document.querySelector("#programs")?.innerText.includes(program), program);
    }

    check("a program of a person's own is run by its name", async () => {
      await line("mine.wasm", { stdin: "one two\nthree\n" });
      await give("mine.wasm", readFileSync(join(DIST, "commands/wc.wasm")));
      const seen = await run(page);
      assert.equal(seen.status, "Subprocess is done");
      assert.equal((await text("#stdout")).trim(), "2 3 14");
      // Also between the page's own.
      await page.evaluate(() => {
        const field = document.querySelector("#command");
        field.value = "primes 30 | mine.wasm | upper";
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      });
      assert.equal((await run(page)).status, "Subprocess is done");
      assert.equal((await text("#stdout")).trim(), "10 10 26");
    });

    check("a file that is no program says so, and what to do; given anew, it runs", async () => {
      await line("mine.wasm");
      await choose("mine.wasm", Buffer.from("<!doctype html>"));
      await page.until(() => document.querySelector("[role=alert]") !== null);
      assert.match(await text("[role=alert]"), /“mine.wasm” is no WebAssembly program.*wasm32-wasip1/s);
      // A module, and no command.
      await give("mine.wasm", Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
      const seen = await run(page);
      assert.match(seen.status, /failed$/);
      assert.match(seen.results[0][1], /cannot execute.*wasm32-wasip1/s);
      await give("mine.wasm", readFileSync(join(DIST, "commands/wc.wasm")));
      assert.equal((await run(page)).status, "Subprocess is done");
    });

    check("a command that does not exist is a reason for each of its line, and the next line runs", async () => {
      await line("primes 100 | there-is-no-such-command | wc");
      const seen = await run(page);
      assert.match(seen.status, /3 commands failed$/);
      assert.match(seen.results[1][1], /not found/);
      for (const row of seen.results) assert.match(row[1], /there-is-no-such-command/);
      await line("primes 100 | wc");
      assert.equal((await run(page)).status, "Subprocess is done");
    }, { expected: /404/ });

    check("commands read what they are given, and see their environment", async () => {
      await line("upper", { stdin: "pear, ä\n" });
      assert.equal((await run(page)).status, "Subprocess is done");
      assert.equal((await text("#stdout")).trim(), "PEAR, ä");
      await line("printenv FRUIT", { env: "FRUIT=pear COLOUR=green" });
      assert.equal((await run(page)).status, "Subprocess is done");
      assert.equal((await text("#stdout")).trim(), "pear");
    });

    check("a line that takes longer than its timeout is killed, and says so", async () => {
      await line("primes 4000000000 | wc", { timeout: "400" });
      const seen = await run(page);
      assert.match(seen.status, /2 commands failed$/);
      for (const row of seen.results) assert.match(row[1], /took longer than 400 ms/);
    });

    check("a line of commands is killed by a stop, and the next one runs", async () => {
      await line("primes 4000000000 | upper | wc");
      await start(page);
      await page.until(() => /running/.test(document.querySelector("#status")?.innerText));
      await page.click("#run");
      const seen = await ended(page);
      assert.match(seen.status, /was cancelled/);
      for (const row of seen.results) assert.match(row[1], /cancelled/);
      await line("primes 100 | wc");
      assert.equal((await run(page)).status, "Subprocess is done");
    });

    check("a warm pool has no start in its second run, until it is another pool", async () => {
      const starting = async () => {
        const seen = await run(page);
        assert.equal(seen.status, "Process pool is done");
        assert.match(seen.answer, /2,262 primes/);
        return parseFloat(seen.comparison[1][5]);
      };
      const plan = "run=primes&as=processes&workers=2&below=20000&tasks=8&start=warm";
      await open(page, server, plan);
      assert.ok((await starting()) > 0, "the first starts its processes");
      assert.ok(!((await starting()) > 0), "the second finds them");
      assert.ok(!((await starting()) > 0), "so does the third");
      await page.evaluate(() => {
        const field = document.querySelector("#workers");
        field.value = "3";
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      });
      await page.until(() => location.hash.includes("workers=3"));
      assert.ok((await starting()) > 0, "three are another pool");
    });

    check("a warm pool that is stopped is started anew", async () => {
      await open(page, server, "run=sleep&as=processes&workers=2&compare=no&ms=60000&tasks=4&start=warm");
      await start(page);
      await page.until(() => /running/.test(document.querySelector("#status")?.innerText));
      await page.click("#run");
      assert.match((await ended(page)).status, /was cancelled/);
      await page.evaluate(() => {
        const field = document.querySelector("#ms");
        field.value = "1";
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      });
      await page.until(() => location.hash.includes("ms=1&"));
      assert.match((await run(page)).sentence, /4 tasks: 4 done/);
    });

    check("an initializer that fails breaks the pool with its words, and one that runs does not", async () => {
      const plan = "run=primes&as=processes&workers=2&compare=no&below=20000&tasks=8";
      await open(page, server, `${plan}&initializer=fails`);
      const seen = await run(page);
      assert.match(seen.status, /^Process pool is done; 8 tasks failed$/);
      for (const row of seen.results) assert.match(row[1], /initializer failed.*the plan asked the initializer to fail/);
      await open(page, server, `${plan}&initializer=runs&per-process=2`);
      assert.match((await run(page)).answer, /2,262 primes/);
    });

    check("however data travels, it arrives", async () => {
      const results = new Set();
      for (const carrier of ["copy", "transfer", "shared"]) {
        await open(page, server, `run=large&as=processes&workers=2&compare=no&kib=512&tasks=5&carrier=${carrier}`);
        const seen = await run(page);
        assert.equal(seen.status, "Process pool is done", carrier);
        results.add(seen.results.map((row) => row[1]).join());
      }
      assert.equal(results.size, 1, [...results].join("\n"));
    });

    check("a site that never answers is given up in time, and the others are not kept by it", async () => {
      for (const model of ["event-loop", "threads"]) {
        await open(page, server, `run=sites&as=${model}&compare=no&answers=20&hangs=&answers=30`);
        const begin = performance.now();
        const seen = await run(page);
        const ms = performance.now() - begin;
        assert.match(seen.status, /1 site failed/, model);
        assert.match(seen.results[1][1], /no answer within 15000 ms/, model);
        // Which of the two that answer ends first is the machine's affair: they are 10 ms apart.
        assert.deepEqual(seen.completion.slice(0, 2).sort(), ["site 1", "site 3"], model);
        assert.equal(seen.completion[2], "site 2 (never answers)", model);
        assert.ok(ms < HANGS_MS, `${model}: ${ms} ms`);
      }
    });

    check("a link restores each control", async () => {
      const links = [
        ["sites", "event-loop", { "in-flight": "2", each: "70", together: "group", blocking: "thread", limit: "9" }],
        ["fan-out", "event-loop", { tasks: "7", latency: "11", seed: "5", spread: "long-tail" }],
        ["pages", "threads", { tasks: "3", pages: "2", latency: "8", workers: "3", interval: "77" }],
        ["primes", "processes", {
          below: "1234", tasks: "6", workers: "2", chunksize: "3", "per-process": "4", prefetch: "0", shares: "one-long",
          fault: "panic", start: "warm", carrier: "transfer", initializer: "runs",
        }],
        ["mandelbrot", "cores", { iterations: "99", tasks: "4", simd: "yes", fault: "endless" }],
        ["sha256", "threads", { blocks: "2", tasks: "2", "c-call": "keeps" }],
        ["matrix", "own-locks", { size: "40", tasks: "2", simd: "yes" }],
        ["pi", "free-threads", { points: "400", tasks: "2", seed: "3" }],
        ["sort", "processes", { numbers: "300", tasks: "2", seed: "4", carrier: "shared", initializer: "fails" }],
        ["convoy", "threads", { sleeps: "3", ms: "2", below: "500" }],
        ["large", "processes", { kib: "20", tasks: "2" }],
        ["queue", "event-loop", { items: "5", capacity: "2", consumers: "3", below: "10" }],
        ["counter", "threads", { times: "6", tasks: "2", locked: "yes" }],
        ["deadlock", "threads", { ms: "4", order: "same" }],
        ["commands", "subprocess", { command: "upper | wc", stdin: "a\nb", env: "A=1 B=2", timeout: "900" }],
      ];
      for (const [workload, model, controls] of links) {
        const plan = `run=${workload}&as=${model}&compare=no&${new URLSearchParams(controls)}`;
        await page.goto("about:blank");
        await page.goto(`${server.url}#v=1&${plan}&end`);
        await page.until((id) => document.querySelector(id)?.checked, `#workload-${workload}`);
        const seen = await page.evaluate(
          // The dial has the name of one control.
          ([model, ids]) => [document.querySelector(`#model-${model}`).checked, ids.map((id) => document.getElementById(id.replace("in-flight", "most-in-flight"))?.value)],
          [model, Object.keys(controls)],
        );
        assert.deepEqual(seen, [true, Object.values(controls)], plan);
      }
      // Of sites, each by itself.
      await open(page, server, "run=sites&as=sequential&breaks-off=12&hangs=&refuses=3&url=https%3A%2F%2Fa.example%2F%3Fb%3D1");
      const sites = await page.evaluate(() =>
        [1, 2, 3, 4].map((number) => [`#site-${number}-kind`, `#site-${number}`].map((id) => document.querySelector(id)?.value ?? null)),
      );
      assert.deepEqual(sites, [["breaks-off", "12"], ["hangs", null], ["refuses", "3"], ["url", "https://a.example/?b=1"]]);
    });
  });
}
