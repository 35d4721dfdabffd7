// A million events: how soon they are drawn, how smoothly they are handled, beside speedscope with the same trace; and how many
// events a second are recorded and drawn live without one being lost.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { handle, watchFrames } from "../frames.mjs";
import { digits, line, median, quantile, row } from "../figures.mjs";
import { tasksOf, tiny } from "../overlap.mjs";

export const title = "The timeline";

const [LANES, SPANS, ROUNDS, STEPS] = [16, 1_000_000, 3, 90];

/**
 * Two phases in turn on each lane, of lengths from 1 to 40 µs; the same numbers each time. Whole microseconds, since speedscope
 * adds lengths to times in floating-point numbers, and nests what then ends a little later than the next begins.
 */
function spans() {
  let state = 1;
  const random = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff) / 0x7fffffff;
  return Array.from({ length: LANES }, () => {
    let at = 0;
    return Array.from({ length: SPANS / LANES }, (_, place) => {
      const length = 1_000 * (1 + Math.floor(random() * 40));
      const span = { at, length, computes: place % 2 === 0 };
      at += length;
      return span;
    });
  });
}

/** The two files: Overlap's own format, and trace events for others. */
function write(folder) {
  const lanes = spans();
  const files = { own: join(folder, "million.overlap.json"), chrome: join(folder, "million.trace.json") };
  let sequence = 0;
  const own = lanes.map((list, lane) => {
    const rows = list.map(({ at, length, computes }) => `[${computes ? 0 : 1},-1,${at},${sequence++},${length},${sequence}]`);
    return `{"id":{"Thread":${lane + 1}},"spans":[${rows.join()}]}`;
  });
  const latest = Math.max(...lanes.map((list) => list.at(-1).at + list.at(-1).length));
  writeFileSync(
    files.own,
    `{"overlap":1,"phases":["computing","sleeping"],"legs":[{"title":"A million","noun":"task","end":"Done","trace":` +
      `{"lanes":[${own.join()}],"tasks":[],"ended":[],"latest":${latest}}}]}`,
  );
  const events = lanes.flatMap((list, lane) =>
    list.map(
      ({ at, length, computes }) =>
        `{"ph":"X","pid":1,"tid":${lane + 1},"name":"${computes ? "computing" : "sleeping"}","ts":${at / 1e3},"dur":${length / 1e3}}`,
    ),
  );
  writeFileSync(files.chrome, `[${events.join(",\n")}]`);
  return files;
}

/** A page of its own, whose callbacks are timed. */
async function timedPage(browser, url) {
  const page = await browser.page.context().newPage();
  page.setDefaultTimeout(60_000);
  await page.addInitScript(watchFrames);
  await page.goto(url);
  return page;
}

async function ours({ browser, pageUrl }, file) {
  const page = await timedPage(browser, pageUrl);
  await page.waitForFunction(() => document.querySelector("#run") !== null);
  await page.evaluate(() => (document.querySelector("#runs").open = true));
  const chosen = await page.evaluate(() => performance.now());
  await page.setInputFiles("#run-file", file);
  const drawn = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const look = () => {
          const canvas = document.querySelector("#timeline");
          const isThere = globalThis.seenFrames.answered !== null && document.querySelector("#opened-numbers") !== null && canvas.height > 200;
          // What asked for this frame before has painted by now.
          if (isThere) resolve({ at: globalThis.seenFrames.last, answered: globalThis.seenFrames.answered });
          else globalThis.askUntimed(look);
        };
        look();
      }),
  );
  // It is seen before the page has taken it in.
  await page.waitForFunction(() => document.querySelector("#runs").ariaBusy !== "true", null, { polling: "raf" });
  const ready = await page.evaluate(() => performance.now());
  await page.evaluate(() => document.querySelector("#timeline").scrollIntoView({ block: "center" }));
  const handled = await page.evaluate(handle, { canvas: "#timeline", steps: STEPS });
  await page.close();
  return { first: drawn.at - drawn.answered, ready: ready - drawn.answered, whole: drawn.at - chosen, ...handled };
}

async function speedscopes({ browser, pageUrl }, file) {
  const page = await timedPage(browser, `${pageUrl}speedscope/index.html`);
  await page.waitForSelector("input[type=file]", { state: "attached" });
  const chosen = await page.evaluate(() => performance.now());
  // A million events took it 52 s where this was written.
  page.setDefaultTimeout(180_000);
  await page.setInputFiles("input[type=file]", file);
  // It says in the title what it shows, once it does.
  await page.waitForFunction(() => document.querySelectorAll("canvas").length > 1 && / - speedscope$/.test(document.title));
  const whole = (await page.evaluate(() => globalThis.seenFrames.last)) - chosen;
  // Its canvas lies under what listens.
  await page.evaluate(() => {
    document.elementFromPoint(innerWidth / 2, innerHeight * 0.6).id = "calls";
  });
  const handled = await page.evaluate(handle, { canvas: "#calls", steps: STEPS });
  await page.close();
  return { whole, ...handled };
}

/** What a run left, as it is exported: how many records, and how many found no room. */
async function recorded(page) {
  await page.evaluate(() => (document.querySelector("#runs").open = true));
  const [file] = await Promise.all([page.waitForEvent("download"), page.click('#runs button:text-is("JSON")')]);
  const { legs } = JSON.parse(readFileSync(await file.path()));
  const { trace } = legs.at(-1);
  const ofLane = ({ spans, holds, requests }) => spans.length + 2 * holds.length + requests.length;
  const events = trace.lanes.reduce((sum, lane) => sum + ofLane(lane), 0) + 3 * trace.tasks.length + 2 * trace.posts.length;
  return { events, lost: trace.lost };
}

async function live({ browser, page }) {
  for (const [name, plan] of [
    ["Event loop", await page.openFirst(tiny("event-loop", 10_000))],
    ["Cores", await page.openFirst(tiny("cores", 10_000, "&workers=2"))],
    ["Threads", await page.openFirst(tiny("threads", 10_000, "&workers=2"))],
  ]) {
    await page.open(plan);
    const [rates, lost] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      const [[leg]] = await page.runs(1);
      const left = await recorded(browser.page);
      rates.push((left.events / leg.wall) * 1e3);
      lost.push(left.lost);
    }
    const text = `${name}, ${tasksOf(plan).toLocaleString("en")} tasks, live: ${digits(median(rates))} events a second, ${Math.max(...lost)} lost (n = ${rates.length})`;
    line(text, [["events a second, live", median(rates)], ["events that found no room", Math.max(...lost)]]);
  }
}

export async function measure(context) {
  await live(context);
  const folder = mkdtempSync(join(tmpdir(), "overlap-million-"));
  try {
    const files = write(folder);
    const [mib, theirMib] = [files.own, files.chrome].map((file) => statSync(file).size / 2 ** 20);
    console.log(`${SPANS.toLocaleString("en")} spans on ${LANES} lanes; ${digits(mib)} MiB as a run, ${digits(theirMib)} MiB as trace events`);
    const [own, other] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      own.push(await ours(context, files.own));
      // It may not come to an end with so much; what was measured of ours stays.
      const theirs = await speedscopes(context, files.chrome).catch((error) => console.log(`  speedscope: ${error.message}`));
      if (theirs !== undefined) other.push(theirs);
    }
    row("First drawn, from when the page has the data", own.map(({ first }) => first), " ms", "a million events, first drawn");
    row("Ready to be handled, from then", own.map(({ ready }) => ready), " ms");
    row("First drawn, from when the file was chosen", own.map(({ whole }) => whole), " ms");
    row("  speedscope", other.map(({ whole }) => whole), " ms");
    for (const [name, rounds, judged] of [["Overlap", own, true], ["speedscope", other, false]]) {
      if (rounds.length === 0) continue;
      if (rounds.every(({ own }) => own.every((ms) => ms === 0))) {
        if (judged) throw new Error("the timeline did not answer to the wheel");
        console.log(`  ${name} did not answer to the wheel`);
        continue;
      }
      const [apart, work] = ["apart", "own"].map((part) => rounds.flatMap((round) => round[part]));
      const late = (numbers) => quantile(numbers, 0.95);
      line(
        `Zoom and pan, ${name}: frames ${digits(median(apart))} ms apart, 95th percentile ${digits(late(apart))}; own work ${digits(median(work))} ms, 95th percentile ${digits(late(work))} (n = ${apart.length})`,
        judged ? [["frames apart, 95th percentile", late(apart)], ["own work in a frame, 95th percentile", late(work)]] : [],
        " ms",
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
