// Takes the pictures that people look at: docs/overlap.png for the README, and target/shots/ for those who work on it.

import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { browsers } from "./browsers.mjs";
import { serve } from "./server.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const SHOTS = join(ROOT, "target/shots");
mkdirSync(SHOTS, { recursive: true });
mkdirSync(join(ROOT, "docs"), { recursive: true });

const server = await serve(join(ROOT, "dist"));

const BEGUN = () => document.querySelector("#run").innerText !== "Run";
const IDLE = () => document.querySelector("#run").innerText === "Run";
const READY = () => document.querySelector("#run") !== null && document.querySelector("#run").ariaDisabled !== "true";

/** Opens a plan, does something, and takes pictures along the way. */
async function pictures(options, plan, steps) {
  const page = await browsers.chromium(options);
  await page.goto(plan === null ? server.url : `${server.url}#v=1&${plan}&end`);
  await page.until(() => document.querySelector("#run") !== null);
  await steps(page);
  if (page.errors.length > 0) throw new Error(page.errors.join("\n"));
  await page.close();
}

const shot = (name) => join(SHOTS, `${name}.png`);

async function toTheEnd(page) {
  await page.until(READY);
  await page.click("#run");
  await page.until(IDLE);
  // The last picture of a run comes with the next frame.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

const PRIMES = "run=primes&as=cores&below=6000000&tasks=12";

for (const [name, options] of [
  ["wide", { height: 1000 }],
  ["dark", { dark: true, height: 1000 }],
  ["phone", { width: 360, height: 740 }],
]) {
  await pictures(options, null, async (page) => {
    await page.until(READY);
    await page.screenshot(shot(`${name}-first`), true);
    await toTheEnd(page);
    await page.screenshot(shot(`${name}-sites`), true);
    // Pressing Run scrolled to it.
    await page.evaluate(() => scrollTo(0, 0));
    if (name === "wide") await page.screenshot(join(ROOT, "docs/overlap.png"));
  });
  await pictures(options, PRIMES, async (page) => {
    await toTheEnd(page);
    await page.screenshot(shot(`${name}-primes`), true);
  });
}
await pictures({}, "run=sites&as=event-loop&limit=400&answers=600&answers=1500&answers=900&unreachable=40&refuses=200", async (page) => {
  await page.until(READY);
  await page.click("#run");
  await page.until(BEGUN);
  await page.until(() => /Event loop is running/.test(document.querySelector("#status")?.innerText));
  await page.screenshot(shot("running"), true);
  await page.click("#run");
  await page.until(IDLE);
  await page.screenshot(shot("cancelled"), true);
});
for (const [name, plan] of [
  ["threads-primes", "run=primes&as=threads&workers=3&below=3000000&tasks=6"],
  ["processes-primes", "run=primes&as=processes&workers=3&below=3000000&tasks=12"],
  ["threads-sites", "run=sites&as=threads&limit=400&answers=300&answers=150&answers=450&unreachable=40&answers=200"],
]) {
  await pictures({}, plan, async (page) => {
    await toTheEnd(page);
    await page.screenshot(shot(name), true);
  });
}
await pictures({}, `${PRIMES}&fault=trap`, async (page) => {
  await toTheEnd(page);
  await page.screenshot(shot("trap"), true);
});
await pictures({}, `${PRIMES}&workers=8&fault=panic&limit=100`, async (page) => {
  await toTheEnd(page);
  await page.screenshot(shot("oversubscribed"), true);
});
await pictures({ width: 360, height: 740 }, "run=sites&as=event-loop&limit=x&answers=-5&url=nonsense&unreachable=40", async (page) => {
  await page.screenshot(shot("mistakes"), true);
});
await pictures({}, "run=sleep&as=event-loop&ms=1000&tasks=4", async (page) => {
  await toTheEnd(page);
  await page.screenshot(shot("sleep"), true);
});
await server.close();
console.log(`pictures are in ${SHOTS}`);
