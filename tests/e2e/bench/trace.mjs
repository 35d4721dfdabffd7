// Figures from recorded events, for which the page needs a hook: it shows numbers and a picture, and gives no events away.
//
// The hook is to give, after a run, the events of its last leg in the order of their sequence numbers, as JSON:
// `{ "events": [{ "us": 1234.5, "lane": "thread 0", "task": 3 or null, "kind": "sent", "arg": 17 }, …] }`, where `us` is the
// time since the process was asked for, `lane` is a name of its own for each lane, and `kind` is that of
// src/model/event.rs in small letters, or `enter` with the `phase` that begins.

/** The global that holds the hook: a function without arguments that gives the JSON, or a promise of it. */
const HOOK = "overlapTrace";

/** The trace of the run that the page shows, or null where it has no hook. */
export const traceOf = (browser) =>
  browser.evaluate(async (hook) => {
    const trace = await globalThis[hook]?.();
    return trace === undefined ? null : typeof trace === "string" ? JSON.parse(trace) : trace;
  }, HOOK);

/**
 * Microseconds from each message that the parent of a pool sent to its answer. An answer does not say whose it is, so this
 * is for a pool of one process, in which each message is answered before the next is sent. The last one, which tells the
 * process that there is no more, is about no task, and does not count.
 */
export function roundTripsUs({ events }, parent = "thread 0") {
  const trips = [];
  let sent = null;
  for (const { us, lane, task, kind } of events) {
    if (lane !== parent) continue;
    if (kind === "sent") sent = task === null ? null : us;
    if (kind === "received" && sent !== null) {
      trips.push(us - sent);
      sent = null;
    }
  }
  return trips;
}

/**
 * Microseconds by which each sleep of `ms` ended late: from when it was to end until its lane computes again, or its task
 * ends. What lies between is waiting to be woken, and then for the lock.
 */
export function latenessUs({ events }, ms) {
  const late = [];
  const asleep = new Map();
  for (const { us, lane, kind, phase } of events) {
    if (kind === "enter" && phase === "sleeping") {
      asleep.set(lane, us);
    } else if (asleep.has(lane) && (kind === "finished" || (kind === "enter" && phase === "computing"))) {
      late.push(us - asleep.get(lane) - ms * 1_000);
      asleep.delete(lane);
    }
  }
  return late;
}
