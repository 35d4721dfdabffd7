// What a page's own thread was busy with, as Chromium itself recorded it: the browser tells a page how long a task took, but not
// for how much of that its thread had a core.

/** A task of 50 ms is one that a person notices: https://www.w3.org/TR/longtasks-1/ */
const LONG_MS = 50;

/** Does something, and gives the long tasks of the page meanwhile: how long each took, and how long its thread ran, in milliseconds. */
export async function longTasks(page, act) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["toplevel"] } });
  await act();
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  const thread = ({ pid, tid }) => `${pid} ${tid}`;
  const ofPages = new Set(events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(thread));
  const tasks = events.filter((event) => event.ph === "X" && event.name.endsWith("RunTask") && ofPages.has(thread(event)));
  if (tasks.length === 0) throw new Error("Chromium recorded no task of the page: the names of its trace events have changed");
  const round = (us) => Math.round(us / 1e3);
  return tasks.filter(({ dur }) => dur > LONG_MS * 1e3).map(({ dur, tdur }) => [round(dur), round(tdur)]);
}
