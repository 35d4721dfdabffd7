// What a task costs that does nothing, and how well a thousand wait at the same time.

import { median, missing, row } from "../figures.mjs";
import { tasksOf, tiny, workOf } from "../overlap.mjs";

const [ROUNDS, RUNS] = [7, 3];
const [FEW, MANY] = [10, 10_000];
const [WAITERS, WAIT_MS] = [1_000, 100];

export const title = "Tasks";

const waiting = (as, tasks) => `run=sleep&as=${as}&compare=no&ms=${WAIT_MS}&tasks=${tasks}`;

const walls = async (page, plan) => {
  await page.open(plan);
  await page.runs(1);
  return (await page.runs(RUNS)).map(([leg]) => leg.wall);
};

export async function measure({ page }) {
  const plan = {
    coresFew: await page.openFirst(tiny("cores", FEW, "&workers=2")),
    coresMany: await page.openFirst(tiny("cores", MANY, "&workers=2")),
    loop: await page.openFirst(tiny("event-loop", MANY)),
  };
  const waits = waiting("event-loop", WAITERS);
  const refusal = await page.offer(waits);
  const seen = { dispatchUs: [], coroutines: [], waits: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const [few, many] = [await walls(page, plan.coresFew), await walls(page, plan.coresMany)];
    // What a run takes besides its tasks is in both walls, and falls out of their difference.
    const tasks = tasksOf(plan.coresMany) - tasksOf(plan.coresFew);
    seen.dispatchUs.push(((median(many) - median(few)) / tasks) * 1_000);
    seen.coroutines.push(...(await walls(page, plan.loop)).map((wall) => (tasksOf(plan.loop) / wall) * 1_000));
    if (refusal === null) seen.waits.push(...(await walls(page, waits)).map((wall) => wall / WAIT_MS));
  }
  const work = (of) => `run=${workOf(of)}, ${tasksOf(of).toLocaleString("en")} tasks`;
  row(`Cores, a task (${work(plan.coresMany)})`, seen.dispatchUs, " µs", "dispatch to a core");
  row(`Event loop, coroutines a second (${work(plan.loop)})`, seen.coroutines, "", "coroutines a second");
  const name = `Event loop, ${WAITERS.toLocaleString("en")} waits of ${WAIT_MS} ms at a time, in times of one`;
  if (refusal === null) row(name, seen.waits, "", "a thousand waits, in times of one");
  else missing(name, refusal);
}
