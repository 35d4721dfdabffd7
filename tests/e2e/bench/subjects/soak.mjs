// Starts and stops leave nothing behind: many runs in turn over all models and kinds of work, on one page that is never
// loaded anew, and what there is of workers and memory afterwards.

import { readFileSync } from "node:fs";
import { browsers } from "../../browsers.mjs";
import { line, missing, row } from "../figures.mjs";
import { overlap } from "../overlap.mjs";

const [WARM_UP, RUNS, LOOKS] = [10, 1_000, 10];

export const title = `${RUNS.toLocaleString("en")} runs over all models and kinds of work, after ${WARM_UP} others`;

const MODELS = ["sequential", "threads", "free-threads", "own-locks", "event-loop", "processes", "cores"];
const WORKS = ["run=sleep&ms=1&tasks=4", "run=primes&below=20000&tasks=4", "run=sites&answers=5&answers=1&unreachable=1"];

/** A pool that stays for the next run, and then goes; and programs, which no other model runs. */
const OTHERS = [
  "run=sleep&ms=1&tasks=4&as=processes&compare=no&workers=2&start=warm",
  "run=sleep&ms=1&tasks=4&as=processes&compare=no&workers=2&start=warm",
  "run=commands&as=subprocess",
];

/** Every model with every kind of work that it can do; after each few, all models and all kinds were there. */
const TURN = WORKS.flatMap((_, shift) =>
  MODELS.map((model, index) => `${WORKS[(index + shift) % WORKS.length]}&as=${model}&compare=no${/threads|locks|proc|cores/.test(model) ? "&workers=2" : ""}`),
).concat(OTHERS);

/**
 * The memory that a process has of the system in MiB, or 0 where that is not told: what it asked for itself, shared memories too.
 * Its program's pages come in as they are used, are other processes' as well, and say nothing of what was left behind.
 */
function heldMib(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kib = ["RssAnon", "RssShmem"].map((name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0));
    return (kib[0] + kib[1]) / 1024;
  } catch {
    // It has ended since it was listed, or this is no Linux.
    return 0;
  }
}

export async function measure({ pageUrl }) {
  // A browser of its own: the caches of one that has measured other things are full before the first run.
  const browser = await browsers.chromium();
  try {
    await soak(overlap(browser, pageUrl), browser);
    if (browser.errors.length > 0) throw new Error(browser.errors.join("\n"));
  } finally {
    await browser.close();
  }
}

async function soak(page, browser) {
  const chromium = browser.page.context().browser();
  const session = await chromium.newBrowserCDPSession();
  const ofThePage = await browser.page.context().newCDPSession(browser.page);

  const targets = async (of) => (await session.send("Target.getTargets")).targetInfos.filter(({ type }) => type === of);
  const workers = async () => (await targets("worker")).length;
  async function renderers() {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  }
  const held = async () => (await renderers()).map(heldMib).reduce((sum, mib) => sum + mib, 0);

  /**
   * What is in use of it in MiB, by the browser's own account: what its allocators were asked for and not given back, the heaps of
   * scripts and of the page's objects, and shared memory. The rest is room that the allocators keep.
   */
  async function inUse() {
    const events = [];
    const gather = ({ value }) => events.push(...value);
    session.on("Tracing.dataCollected", gather);
    const traceConfig = { includedCategories: ["disabled-by-default-memory-infra"], memoryDumpConfig: { triggers: [] } };
    await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig });
    const { success } = await session.send("Tracing.requestMemoryDump", { levelOfDetail: "detailed" });
    const over = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
    await session.send("Tracing.end");
    await over;
    session.off("Tracing.dataCollected", gather);
    const pids = await renderers();
    const accounts = events.filter(({ pid, args }) => pids.includes(pid) && args?.dumps?.allocators).map(({ args }) => args.dumps.allocators);
    const isWhole = accounts.length === pids.length && accounts.every((account) => account.malloc && account.v8);
    // What is missing would look like memory that is not in use.
    if (!success || !isWhole) throw new Error("the browser gave no whole account of its memory");
    const attributes = { malloc: "allocated_objects_size", "partition_alloc/allocated_objects": "size", v8: "size", shared_memory: "size" };
    let bytes = 0;
    for (const [name, { attrs }] of accounts.flatMap((account) => Object.entries(account))) {
      const attribute = attributes[name] ?? (/^blink_gc\/.*\/allocated_objects$/.test(name) ? "size" : undefined);
      if (attribute) bytes += parseInt(attrs[attribute].value, 16);
    }
    return bytes / 2 ** 20;
  }

  /** Has the service worker let go of its garbage, the requests that it answered: it lives on, and its heap is not the page's. */
  async function collectInServiceWorker() {
    for (const { targetId } of await targets("service_worker")) {
      const { sessionId } = await session.send("Target.attachToTarget", { targetId, flatten: false });
      let listen;
      const answered = new Promise((resolve) => {
        listen = (answer) => answer.sessionId === sessionId && JSON.parse(answer.message).id === 1 && resolve();
        session.on("Target.receivedMessageFromTarget", listen);
      });
      // One that ends meanwhile takes its garbage with it, and answers nothing.
      const isGone = new Promise((resolve) => setTimeout(resolve, 5_000));
      await session.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }) });
      await Promise.race([answered, isGone]);
      session.off("Target.receivedMessageFromTarget", listen);
      await session.send("Target.detachFromTarget", { sessionId }).catch(() => {});
    }
  }
  /** What is there once the browser, which takes a moment to end a worker, has ended all that it will. */
  async function left() {
    for (let look = 0; look < 200 && (await workers()) > 0; look++) await new Promise((resolve) => setTimeout(resolve, 50));
    // What the first collection finds lets go of more, and an allocator keeps what it was given back, until memory is short:
    // the browser is told that it is, until that helps no more.
    let memory = Infinity;
    for (let look = 0, same = 0; look < 20 && same < 3; look++) {
      await ofThePage.send("HeapProfiler.collectGarbage");
      await collectInServiceWorker();
      await ofThePage.send("Memory.simulatePressureNotification", { level: "critical" });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const now = await held();
      same = now > memory - 1 ? same + 1 : 0;
      memory = Math.min(memory, now);
    }
    const { usedSize } = await ofThePage.send("Runtime.getHeapUsage");
    return {
      workers: await workers(),
      held: memory,
      inUse: await inUse(),
      heap: usedSize / 2 ** 20,
    };
  }

  let place = 0;
  const starting = Object.fromEntries([...MODELS, "subprocess"].map((model) => [model, []]));
  async function next() {
    const plan = TURN[place++ % TURN.length];
    await page.change(plan);
    const [[leg]] = await page.runs(1);
    starting[new URLSearchParams(plan).get("as")].push(leg.starting);
  }

  await page.open("run=sites&as=sequential&compare=no&answers=1");
  // The first account has the browser make room for all others.
  await inUse();
  for (let run = 0; run < WARM_UP; run++) await next();
  const before = await left();
  const looks = [];
  for (let run = 1; run <= RUNS; run++) {
    await next();
    if (run % (RUNS / LOOKS) > 0) continue;
    const look = await left();
    looks.push(look);
    console.log(`  after ${run}: ${look.workers} workers, ${look.inUse.toFixed(1)} MiB in use of ${look.held.toFixed(0)}, ${look.heap.toFixed(1)} MiB of the page's objects`);
  }
  const [first, half, afterwards] = [looks[0], looks[LOOKS / 2 - 1], looks[LOOKS - 1]];
  const more = afterwards.workers - before.workers;
  line(`workers: ${before.workers} before, ${afterwards.workers} afterwards`, [["workers after the soak, more than before", more]], " more");
  const times = (of) => afterwards[of] / before[of];
  line(`memory in use: ${before.inUse.toFixed(1)} MiB before, ${afterwards.inUse.toFixed(1)} MiB afterwards, ${times("inUse").toFixed(2)} times`, [
    ["memory in use after the soak, in times of before", times("inUse")],
  ], " times");
  line(`memory in use: grew by ${(((afterwards.inUse - half.inUse) * 1_024) / (RUNS / 2)).toFixed(1)} KiB a run in the second half`);
  // A browser's allocators keep room for the most that there ever was, which a first run of each kind does not show. What leaks
  // goes on growing: memories of processes too, which the account above does not have.
  const held = `memory held: ${before.held.toFixed(0)} MiB before, ${first.held.toFixed(0)} MiB after ${RUNS / LOOKS}, ${afterwards.held.toFixed(0)} MiB afterwards, ${times("held").toFixed(2)} times`;
  const kibARun = ((afterwards.held - half.held) * 1_024) / (RUNS / 2);
  if (before.held === 0) missing("memory held", "this system does not tell", "memory held, growth a run in the second half, KiB");
  else line(`${held}; grew by ${kibARun.toFixed(0)} KiB a run in the second half`, [["memory held, growth a run in the second half, KiB", kibARun]], " KiB");
  line(`the page's objects: ${before.heap.toFixed(1)} MiB before, ${afterwards.heap.toFixed(1)} MiB afterwards`);
  // Programs have no starting of their own.
  delete starting.subprocess;
  for (const [model, numbers] of Object.entries(starting)) row(`starting, ${model}`, numbers, " ms");
}
