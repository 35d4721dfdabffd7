// Waiting beside a thread that computes: how late a sleeper wakes that must have the lock to go on (the convoy effect).

import { cpython } from "../commands.mjs";
import { missing, row } from "../figures.mjs";
import { latenessUs, traceOf } from "../trace.mjs";

const ROUNDS = 5;
/** The plan of a thread that sleeps for so long, again and again, beside one that computes; null while no page has it. */
const MIXED = null;
const SLEEP_MS = 1;

export const title = `Sleeps of ${SLEEP_MS} ms beside a thread that computes: how late each wakes`;

export async function measure({ page, browser }) {
  const late = {};
  const ours = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, numbers } of Object.values(cpython("convoy") ?? {})) (late[name] ??= []).push(...numbers);
    if (MIXED === null) continue;
    await page.open(MIXED);
    await page.runs(1);
    const trace = await traceOf(browser);
    if (trace !== null) ours.push(...latenessUs(trace, SLEEP_MS).map((us) => us / 1_000));
  }
  for (const [name, numbers] of Object.entries(late)) row(`CPython, ${name}`, numbers, " ms");
  if (MIXED === null) missing("Overlap, Threads with a GIL", "the page has no such work yet (the plan MIXED is null)");
  else if (ours.length === 0) missing("Overlap, Threads with a GIL", "the page gives no events away (bench/trace.mjs says what it needs)");
  else row("Overlap, Threads with a GIL", ours, " ms");
}
