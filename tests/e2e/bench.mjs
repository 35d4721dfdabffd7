// Measures the built page in Chromium, in turn with its peers: `./dev bench [SUBJECT ...]`, all subjects if none is named.
// Each is a file of bench/subjects. Ratios are within each round, since machines are shared and noisy.

import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { summary } from "./bench/figures.mjs";
import { overlap } from "./bench/overlap.mjs";
import { browsers } from "./browsers.mjs";
import { serve } from "./server.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const SUBJECTS = ["recorder", "lock", "kernels", "primes", "cpython", "starting", "calls", "tasks", "convoy", "timeline", "soak"];

const named = process.argv.slice(2);
const unknown = named.filter((name) => !SUBJECTS.includes(name));
if (unknown.length > 0) {
  console.error(`error: there is nothing to measure of the name ${unknown.join(", ")}; there are: ${SUBJECTS.join(", ")}`);
  process.exit(1);
}

const server = await serve(join(HERE, "../../dist"));
// An origin of its own, where our page's service worker has no say; its scripts are kept by the browser instead.
const peers = await serve(HERE, { cache: "max-age=3600" });
const browser = await browsers.chromium();
const context = { browser, page: overlap(browser, server.url), pageUrl: server.url, peersUrl: peers.url };

console.log(`${cpus()[0].model}, ${cpus().length} cores, Chromium ${browser.page.context().browser().version()}`);
if (loadavg()[0] > cpus().length / 2) {
  console.log(`Others are at work on this machine (load ${loadavg()[0].toFixed(1)}): what runs in parallel gains less, what waits wakes later.`);
}
for (const name of SUBJECTS) {
  if (named.length > 0 && !named.includes(name)) continue;
  try {
    const { title, measure } = await import(`./bench/subjects/${name}.mjs`);
    console.log(`\n== ${title} (${name}; load ${loadavg()[0].toFixed(1)})`);
    await measure(context);
  } catch (error) {
    // The others are still to be seen.
    console.error(`error: ${name} could not be measured: ${error.stack}`);
    process.exitCode = 1;
  }
}
summary();

if (browser.errors.length > 0) {
  console.error(browser.errors.join("\n"));
  process.exitCode = 1;
}
await browser.close();
await server.close();
await peers.close();
