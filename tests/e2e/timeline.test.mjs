// The timeline in real browsers: with the pointer, with keys alone, and played once more.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browsers } from "./browsers.mjs";
import { open, run } from "./plans.mjs";
import { serve } from "./server.mjs";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../../dist");
const SITES = "run=sites&as=event-loop&compare=no&answers=150&answers=90&unreachable=40";

/** Rows of the picture, from its top: see src/timeline. */
const [HEAD, TITLE, LANE] = [50, 30, 24];

for (const name of ["chromium", "firefox"]) {
  describe(`the timeline, ${name}`, () => {
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

    const text = (selector) => page.evaluate((selector) => document.querySelector(selector)?.innerText ?? null, selector);
    const shown = (selector) => page.until((selector) => document.querySelector(selector) !== null, selector);
    const gone = (selector) => page.until((selector) => document.querySelector(selector) === null, selector);
    const says = (selector, words) =>
      page.until(([selector, words]) => document.querySelector(selector)?.innerText.includes(words) ?? false, [selector, words]);

    /** A place of the picture in the window: across, as a part of the lanes, and down, as a number of lanes. */
    async function place(across, lane) {
      const { left, top, width } = await page.evaluate(() => {
        document.querySelector("#timeline").scrollIntoView({ block: "start" });
        const { left, top, width } = document.querySelector("#timeline").getBoundingClientRect();
        return { left, top, width };
      });
      return [left + 112 + (width - 126) * across, top + HEAD + TITLE + LANE * (lane + 0.5)];
    }

    /** The lane of the first site: after the process and its thread, if that has one. */
    const FIRST_SITE = 1;

    check("a click tells the life of a task, and Escape lets go", async () => {
      await open(page, server, SITES);
      await run(page);
      await page.page.mouse.click(...(await place(0.7, FIRST_SITE)));
      await shown("#details");
      const details = await text("#details");
      assert.match(details, /^site 1, waiting for the network/);
      assert.match(details, /Task\s+site 1: finished/);
      assert.match(details, /Queued/);
      await page.focus("#timeline");
      await page.press("Escape");
      await gone("#details");
    });

    check("arrow keys walk from bar to bar and read them out", async () => {
      await page.focus("#timeline");
      for (let step = 0; step < 2 + FIRST_SITE; step++) await page.press("ArrowDown");
      await says("#timeline-said", "site 2: computing, site 2");
      await page.press("ArrowRight");
      await says("#timeline-said", "site 2: waiting for the network, site 2");
      await page.press("ArrowLeft");
      await page.press("ArrowUp");
      await says("#timeline-said", "site 1: ");
      await page.press("Escape");
    });

    check("dragging sums up a stretch of time", async () => {
      const [from, to] = [await place(0.5, FIRST_SITE), await place(0.8, FIRST_SITE + 1)];
      await page.page.mouse.move(...from);
      await page.page.mouse.down();
      await page.page.mouse.move((from[0] + to[0]) / 2, from[1]);
      await page.page.mouse.move(...to);
      await page.page.mouse.up();
      await shown("#stretch");
      assert.match(await text("#stretch"), /waiting for the network\s+.* lanes on average/);
      await page.click("#stretch-close");
      await gone("#stretch");
    });

    check("a run is played once more, step by step", async () => {
      await page.click("#replay");
      await shown("#scrub");
      assert.match(await text("#replay-at"), /times slower than it was/);
      await page.click("#step-on");
      const first = await text("#replay-at");
      await page.click("#step-on");
      await page.until((first) => document.querySelector("#replay-at").innerText !== first, first);
      await page.click("#replay-end");
      await gone("#scrub");
    });

    check("lanes are found by their names", async () => {
      const height = () => page.evaluate(() => document.querySelector(".timeline-room").getBoundingClientRect().height);
      const all = await height();
      await page.focus("#lane-filter");
      for (const key of "site 1") await page.press(key);
      await page.until((all) => document.querySelector(".timeline-room").getBoundingClientRect().height < all, all);
      assert.ok((await height()) > HEAD + TITLE);
    });
  });
}
