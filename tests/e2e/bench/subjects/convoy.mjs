// Waiting beside a thread that computes: how late a sleeper wakes that must have the lock to go on (the convoy effect).

import { cpython } from "../commands.mjs";
import { row } from "../figures.mjs";

const ROUNDS = 5;
const [SLEEP_MS, SLEEPS] = [1, 50];
/** A thread that sleeps for so long, again and again, beside one that computes for longer than that takes. */
const MIXED = `run=convoy&as=threads&compare=no&workers=2&sleeps=${SLEEPS}&ms=${SLEEP_MS}&below=12000000`;
const ALONE = `run=convoy&as=threads&compare=no&workers=2&sleeps=${SLEEPS}&ms=${SLEEP_MS}&below=10`;

export const title = `Sleeps of ${SLEEP_MS} ms beside a thread that computes: how late each wakes`;

export async function measure({ page }) {
  const late = {};
  /** How late each sleep of the second task ended, on average over a run. */
  const lateness = async (plan) => {
    await page.open(plan);
    await page.runs(1);
    return (await page.runs(3)).map(([{ ended }]) => ended[1] / SLEEPS - SLEEP_MS);
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, numbers } of Object.values(cpython("convoy") ?? {})) (late[`CPython, ${name}`] ??= []).push(...numbers);
    (late["Overlap, Threads with a GIL, alone, mean of a run"] ??= []).push(...(await lateness(ALONE)));
    (late["Overlap, Threads with a GIL, beside a CPU thread, mean of a run"] ??= []).push(...(await lateness(MIXED)));
  }
  for (const [name, numbers] of Object.entries(late)) row(name, numbers, " ms", name.includes("beside a CPU thread") ? "late beside a CPU thread" : undefined);
}
