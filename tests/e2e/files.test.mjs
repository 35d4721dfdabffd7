// What leaves the built page and comes back: kept runs, exports, imports, and speedscope beside the page.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browsers } from "./browsers.mjs";
import { ended, open, run } from "./plans.mjs";
import { serve } from "./server.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const DIST = join(HERE, "../../dist");
const VIZTRACER = join(HERE, "../viztracer/sample.json");

const PLAN = "run=sleep&as=event-loop&ms=60&tasks=3";
const RACE = "run=sleep&as=event-loop&experiment=race&racers=sequential+event-loop&ms=40&tasks=3&repeats=2";

/** What the panel and the open run show. */
const seen = (page) =>
  page.evaluate(() => {
    const cells = (selector) =>
      [...document.querySelectorAll(`${selector} tbody tr`)].map((row) => [...row.children].map((cell) => cell.innerText.trim()));
    return {
      status: document.querySelector("#status")?.innerText ?? null,
      provenance: document.querySelector("#provenance")?.innerText ?? null,
      notice: document.querySelector(".notice p")?.innerText ?? null,
      legs: [...cells("#opened-numbers"), ...cells("#comparison")],
      cameTo: document.querySelector("#came-to")?.innerText ?? null,
      kept: cells("#kept"),
      sentence: document.querySelector("#sentence")?.innerText ?? null,
    };
  });

const showRuns = (page) =>
  page.evaluate(() => {
    document.querySelector("#runs").open = true;
  });

/** Presses the button of this text in the panel. */
const press = (page, text, row = null) =>
  page.evaluate(
    ([text, row]) => {
      const place = row === null ? document.querySelector("#runs") : document.querySelectorAll("#kept tbody tr")[row];
      [...place.querySelectorAll("button")].find((button) => button.innerText === text).click();
    },
    [text, row],
  );

const opened = (page, legs) =>
  page.until((legs) => {
    const rows = document.querySelectorAll("#opened-numbers tbody tr, #comparison tbody tr").length;
    return document.querySelector("#provenance") !== null && rows === legs;
  }, legs);

const keptRuns = (page, count) =>
  page.until((count) => document.querySelectorAll("#kept tbody tr").length === count, count);

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

    const check = (title, body, { skip = false } = {}) =>
      test(title, { skip }, async () => {
        page.errors.length = 0;
        await body();
        assert.deepEqual(page.errors, []);
      });

    check("nothing of the program for files is loaded before it is needed", async () => {
      await open(page, server, PLAN);
      const requests = await page.evaluate(() => performance.getEntriesByType("resource").map((entry) => entry.name));
      assert.ok(!requests.some((address) => address.includes("overlap-files")), requests.join("\n"));
    });

    check("a run is kept when it ends, gets a name, and opens again after a reload", async () => {
      await open(page, server, PLAN);
      const first = await run(page);
      await showRuns(page);
      await keptRuns(page, 1);
      await page.evaluate(() => {
        const field = document.querySelector("#run-name");
        field.value = "my run";
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      });
      await page.until(() => document.querySelector("#run-name").value === "my run");
      await page.click("#run-save");
      await page.until(() => document.querySelector("#kept th")?.innerText === "my run");
      await open(page, server, "run=primes&as=sequential&below=100000&tasks=2");
      await run(page);
      await showRuns(page);
      await keptRuns(page, 2);
      const names = await page.evaluate(() => [...document.querySelectorAll("#kept th")].map((name) => name.innerText));
      assert.deepEqual(names, ["Primes: Sequential", "my run"]);
      await press(page, "Open", 1);
      await opened(page, 2);
      const again = await seen(page);
      assert.equal(again.status, "my run");
      assert.match(again.provenance, /^Kept in this browser; made 20\d\d-\d\d-\d\d \d\d:\d\d; .*; \d+ cores?\. /);
      assert.deepEqual(again.legs.map((row) => row[0]), ["Sequential", "Event loop"]);
      // It is shown as it was when it was made: its tiles, its table, and what its tasks returned.
      assert.deepEqual(again.legs, first.comparison);
      assert.equal(again.cameTo, "Event loop is done.");
      const tiles = await ended(page);
      assert.deepEqual([tiles.speedup, tiles.inFlight, tiles.computing], [first.speedup, first.inFlight, first.computing]);
      assert.deepEqual([tiles.results, tiles.completion], [first.results, first.completion]);
      // Its plan is in the controls, and the next run takes its place.
      assert.match(await page.evaluate(() => location.hash), /run=sleep&as=event-loop/);
      await run(page);
      assert.equal((await seen(page)).provenance, null);
      await keptRuns(page, 3);
    });

    const compare = async (one, two, legs) => {
      await press(page, "Compare", one);
      await page.until(() => [...document.querySelectorAll("#kept button")].some((button) => button.innerText === "…with this"));
      await press(page, "…with this", two);
      await opened(page, legs);
      return {
        ...(await seen(page)),
        verdict: await page.evaluate(() => document.querySelector("#verdict")?.innerText ?? null),
        refusal: await page.evaluate(() => document.querySelector("#refusal")?.innerText ?? null),
        note: await page.evaluate(() => document.querySelector("#comparison").closest(".scroll").nextElementSibling.innerText),
      };
    };

    check("two kept runs stand one under the other, and are a race where they did the same", async () => {
      const other = await compare(0, 1, 3);
      assert.deepEqual(other.legs.map((row) => row[0]), ["A: Sequential", "A: Event loop", "B: Sequential"]);
      assert.equal(other.verdict, null);
      assert.match(other.refusal, /^They did different work \(Sleep and Primes\)\. .* nobody is ranked\.$/);
      assert.deepEqual(other.legs.map((row) => row[2]), ["–", "–", "–"], "no speedup against other work");
      const same = await compare(0, 2, 4);
      assert.deepEqual(same.legs.map((row) => row[0]), ["A: Sequential", "A: Event loop", "B: Sequential", "B: Event loop"]);
      assert.match(same.verdict, /^[AB]: Event loop \(.*\) (was .*× as fast as [AB]: Event loop \(.*\)\. One run tells no spread|took as long as)/);
      assert.equal(same.refusal, null);
      assert.match(same.legs[3][2], /^[\d.]+×$/);
      assert.match(same.note, /^A was made 20.*They were not run in turns.* Speedup is against Sequential of the same run\./);
      // Their numbers are there as well.
      await page.until(() => document.querySelectorAll("figure.ledger").length === 4);
      await press(page, "Remove", 1);
      await page.until(() => [...document.querySelectorAll("#kept button")].some((button) => button.innerText === "Remove for ever"));
      await press(page, "Remove for ever", 1);
      await keptRuns(page, 2);
    });

    check("a race that was kept has its verdict, its medians and its spreads", async () => {
      await open(page, server, RACE);
      const race = await run(page);
      const verdict = await page.evaluate(() => document.querySelector("#verdict").innerText);
      await open(page, server);
      await showRuns(page);
      await page.until(() => document.querySelector("#kept th") !== null);
      await press(page, "Open", 0);
      await opened(page, 2);
      const again = await seen(page);
      assert.deepEqual(again.legs, race.comparison);
      assert.match(again.legs[0][1], /n = 2/);
      assert.equal(again.cameTo, "The race is done.");
      assert.equal(await page.evaluate(() => document.querySelector("#verdict").innerText), verdict);
      assert.deepEqual((await ended(page)).results, race.results);
    });

    // The drivers for Firefox hand out no downloads.
    const downloads = { skip: name !== "chromium" };

    const download = async (label) => {
      // A true click: a browser takes one file of a page that nobody touched, and no second.
      const [file] = await Promise.all([page.page.waitForEvent("download"), page.page.click(`#runs button:text-is("${label}")`)]);
      await page.until(() => document.querySelector("#runs-said").innerText === "Exported");
      return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
    };

    const choose = (file) => page.page.setInputFiles("#run-file", { mimeType: "application/json", ...file });

    check("what is exported is what was run, and comes back", async () => {
      await open(page, server, PLAN);
      const made = await run(page);
      await showRuns(page);
      const own = await download("JSON");
      assert.equal(own.name, "sleep-sequential-event-loop.overlap.json");
      const file = JSON.parse(own.bytes);
      assert.deepEqual([file.overlap, file.legs.map((leg) => leg.title)], [2, ["Sequential", "Event loop"]]);
      const trace = JSON.parse((await download("Perfetto")).bytes);
      // The page's heartbeat is a process of its own, where it stood still.
      const isProcess = ({ ph, name, args }) => ph === "M" && name === "process_name" && !args.name.endsWith(": page");
      assert.equal(trace.traceEvents.filter(isProcess).length, 2);
      const peak = Math.max(...trace.traceEvents.filter((event) => event.ph === "C" && event.name === "in flight").map((event) => event.args.tasks));
      assert.equal(peak, made.inFlight);
      const rows = (await download("CSV")).bytes.toString().trim().split("\r\n");
      assert.equal(rows.length, 1 + 2 * 3);
      const drawing = (await download("SVG")).bytes.toString();
      const shown = await page.evaluate((text) => {
        const svg = new DOMParser().parseFromString(text, "image/svg+xml");
        return { root: svg.documentElement.localName, bars: svg.querySelectorAll('[fill="url(#pattern--phase-sleep)"]').length };
      }, drawing);
      assert.equal(shown.root, "svg");
      assert.ok(shown.bars >= 2 * 3, `${shown.bars} bars: each task sleeps once under each model`);
      const picture = await download("PNG");
      assert.deepEqual([...picture.bytes.subarray(1, 4)], [...Buffer.from("PNG")]);
      // As its header says, it is all of the drawing, at twice its size.
      const [, width, height] = drawing.match(/<svg [^>]*width="([\d.]+)" height="([\d.]+)"/).map(Number);
      const [wide, tall] = [picture.bytes.readUInt32BE(16), picture.bytes.readUInt32BE(20)];
      assert.equal(wide, 2 * width);
      assert.ok(Math.abs(tall - 2 * height) <= 2, `${tall} of ${height}`);
      await press(page, "Copy Markdown");
      await page.until(() => document.querySelector("#runs-said").innerText === "Copied!");
      const table = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(table, /\| Event loop \| [\d.]+ ms \| [\d.]+× \| 3 \|/);
      await choose({ name: "run.json", buffer: own.bytes });
      await opened(page, 2);
      const again = await seen(page);
      // Its plan tells what it was of, so that its numbers are worked out again.
      await page.until(() => document.querySelectorAll("figure.ledger").length === 2);
      assert.match(again.provenance, /^Imported from a file; made /);
      assert.deepEqual(again.legs.map((row) => row[1]), made.comparison.map((row) => row[1]));
    }, downloads);

    check("a damaged, a foreign and an empty file leave the open run, and say what to do", async () => {
      const before = await seen(page);
      for (const [text, says] of [
        ['{"overlap": 1, "legs": [', /^This file is damaged \(/],
        ['{"overlap": 9}', /^This file was made by a newer Overlap/],
        ['{"nodes": []}', /^This file is neither a run of Overlap nor a Chrome trace/],
        ['{"traceEvents": []}', /^This trace has no slices/],
      ]) {
        await choose({ name: "bad.json", buffer: Buffer.from(text) });
        await page.until((says) => new RegExp(says).test(document.querySelector(".notice p")?.innerText), says.source);
        const now = await seen(page);
        assert.deepEqual([now.status, now.legs], [before.status, before.legs]);
      }
    }, downloads);

    check("an imported run stands beside the last one of this page, and is kept by a name", async () => {
      await open(page, server, PLAN);
      await run(page);
      await showRuns(page);
      await choose({ name: "cpython.json", buffer: await readFile(VIZTRACER) });
      await opened(page, 1);
      const before = await page.evaluate(() => document.querySelectorAll("#kept tbody tr").length);
      await page.click("#keep-opened");
      await keptRuns(page, before + 1);
      await page.page.fill("#run-name", "CPython's");
      await page.click("#run-save");
      await page.until(() => document.querySelector("#kept th")?.innerText === "CPython's");
      await page.click("#beside");
      await opened(page, 3);
      const legs = (await seen(page)).legs.map((row) => row[0]);
      assert.deepEqual(legs, ["A: Sequential", "A: Event loop", "B: CPython"]);
      await page.click("#close-opened");
      assert.equal(await page.evaluate(() => document.querySelector("#opened-numbers")), null);
      await page.click("#runs button:text-is('Open')");
      await opened(page, 1);
      assert.match((await seen(page)).provenance, /^Kept in this browser; CPython/);
      await page.click("#close-opened");
    }, downloads);

    check("a long run is seen before the page has taken it in, and then is there as a whole", async () => {
      const [lanes, spans] = [2, 40_000];
      const rows = (lane) => Array.from({ length: spans }, (_, place) => [place % 2, -1, place * 1_000 + lane, place, 1_000, place + 1]);
      const trace = {
        lanes: Array.from({ length: lanes }, (_, lane) => ({ id: { Thread: lane + 1 }, spans: rows(lane) })),
        tasks: [],
        ended: [],
        latest: spans * 1_000 + lanes,
      };
      const file = { overlap: 1, phases: ["computing", "sleeping"], legs: [{ title: "Long", noun: "task", end: "Done", trace }] };
      await open(page, server, PLAN);
      await showRuns(page);
      await page.evaluate(() => {
        // The page takes it in between other things that it does, which wait here until its picture was looked at.
        const [ask, held] = [globalThis.setTimeout, []];
        globalThis.setTimeout = (act, ms, ...rest) => (ms > 0 ? ask(act, ms, ...rest) : held.push(() => act(...rest)));
        globalThis.first = new Promise((resolve) => {
          const look = () => {
            const isSeen = document.querySelector("#opened-numbers")?.innerText.includes("Long");
            if (!isSeen) return requestAnimationFrame(look);
            // One frame paints it, and the next finds it there.
            requestAnimationFrame(() =>
              requestAnimationFrame(() => {
                const canvas = document.querySelector("#timeline");
                const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
                const colours = new Set();
                for (let place = 0; place < pixels.length; place += 4) colours.add(pixels.subarray(place, place + 3).join());
                const { ariaBusy } = document.querySelector("#runs");
                globalThis.setTimeout = ask;
                held.forEach((act) => act());
                resolve({ ariaBusy, colours: colours.size });
              }),
            );
          };
          look();
        });
      });
      await choose({ name: "long.overlap.json", buffer: Buffer.from(JSON.stringify(file)) });
      const first = await page.evaluate(() => globalThis.first);
      assert.equal(first.ariaBusy, "true");
      assert.ok(first.colours > 3, `${first.colours} colours: lanes with two phases, names and an axis`);
      await page.until(() => document.querySelector("#runs").ariaBusy === "false");
      const again = JSON.parse((await download("JSON")).bytes);
      assert.deepEqual(again.legs[0].trace.lanes.map((lane) => lane.spans.length), [spans, spans]);
      assert.deepEqual(again.legs[0].trace.lanes[1].spans.at(-1).slice(1), rows(1).at(-1).slice(1));
      // It answers as any other.
      await page.evaluate(() => {
        document.querySelector("#timeline").focus();
        document.querySelector("#timeline").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
      });
      await page.until(() => /worker 1/.test(document.querySelector("#timeline-said").innerText));
    }, downloads);

    check("a trace of CPython shows its threads, coroutines and processes", async () => {
      await open(page, server, PLAN);
      await choose({ name: "cpython.json", buffer: await readFile(VIZTRACER) });
      await opened(page, 1);
      const now = await seen(page);
      assert.match(now.provenance, /^Imported from a file; CPython, recorded by VizTracer [\d.]+\. /);
      assert.equal(now.legs[0][0], "CPython");
      assert.match(now.sentence, /^CPython: 1\d tasks: 1\d done, in [\d.]+ m?s; at most \d in flight/);
    }, downloads);

    check("speedscope opens the run from this page's own files", async () => {
      await open(page, server, PLAN);
      await run(page);
      await showRuns(page);
      server.requests.length = 0;
      const [other] = await Promise.all([page.page.context().waitForEvent("page"), page.page.click("#runs button:text-is(\"Open in speedscope\")")]);
      // It names the profile that it shows, by process and thread, and how many there are.
      await other.waitForFunction(() => /\d+\/\d+/.test(document.title + document.body.innerText), null, { timeout: 60_000 });
      assert.match(await other.evaluate(() => document.body.innerText), /Sequential|Event loop/);
      assert.ok(server.requests.every((path) => path.startsWith("/")) && server.requests.some((path) => path.startsWith("/speedscope/")));
      // What it saves holds what it read: every slice of every thread, and no more.
      const trace = JSON.parse((await download("Perfetto")).bytes);
      const slices = trace.traceEvents.filter((event) => event.ph === "X");
      // speedscope leaves out most of what began and ended within one step of the clock.
      const long = slices.filter(({ dur }) => dur > 0);
      const threads = new Set(slices.map(({ pid, tid }) => `${pid} ${tid}`));
      await other.bringToFront();
      const [saved] = await Promise.all([other.waitForEvent("download"), other.keyboard.press("Control+s")]);
      const { profiles } = JSON.parse(await readFile(await saved.path()));
      assert.equal(profiles.length, threads.size);
      const begun = profiles.flatMap(({ events }) => events).filter(({ type }) => type === "O");
      assert.ok(begun.length >= long.length && begun.length <= slices.length, `${begun.length} of ${long.length} to ${slices.length}`);
      await other.close();
    }, downloads);

    check("where the program for files cannot be loaded, the page says so and goes on", async () => {
      // Without a service worker, which would have the file, or fetch it where no driver sees it.
      const bare = await browsers.chromium({ serviceWorkers: "block" });
      try {
        await bare.page.route("**/overlap-files-*", (route) => route.abort());
        await open(bare, server, PLAN);
        await showRuns(bare);
        await bare.until(() => /could not be loaded/.test(document.querySelector(".notice p")?.innerText ?? ""));
        assert.match((await run(bare)).status, /is done$/);
      } finally {
        await bare.close();
      }
    }, downloads);
  });
}
