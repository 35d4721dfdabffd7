// The start script of every worker: of a process, with its own instance of the program and its own memory, and of the
// threads that share that memory.
//
// Only what Rust cannot do stands here: a worker has to exist, and to have loaded the program, before Rust runs in it; and
// a trap ends the Rust code that could report it. The messages are those of src/platform/page/process.rs.

/** The address of this script, for `new Worker`, where it is a file by itself, as in the tests. */
export function processScriptUrl() {
  return import.meta.url;
}

/** Calls `tell` once nobody holds a lock of this name: its worker has ended. */
export function whenGone(lock, tell) {
  // A page that is closed breaks the request off, and nobody is left to be told.
  navigator.locks.request(lock, () => tell()).catch(() => {});
}

/**
 * Holds a lock for as long as this worker lives: a browser ends some without an event (one whose memory ran out, or that
 * closed itself), but it always gives their locks to whoever waits for them.
 */
function sayAlive() {
  // Where there are no locks, on plain http, only what has an event is noticed.
  if (!navigator.locks) return;
  const lock = `overlap worker ${crypto.randomUUID()}`;
  navigator.locks.request(lock, () => {
    postMessage({ kind: "alive", value: lock });
    return new Promise(() => {});
  });
}

/** Tells that there is no memory left, of which this process is about to die. */
export function sayNoMemory() {
  postMessage({ kind: "noMemory" });
}

/** Posts recorded events to a page that does not see this worker's memory. */
export function postEvents([lost, words]) {
  if (words.length > 0 || lost > 0) postMessage({ kind: "events", value: [lost, words] });
}

/** Asks the page for a process. */
export function askForProcess(number) {
  postMessage({ kind: "newProcess", value: number });
}

/** Has the page end a process that this one asked for. */
export function endProcess(number) {
  postMessage({ kind: "endProcess", value: number });
}

// The program imports this script, so the page loads it as well. In the built page it is one file with the program of the
// processes, which then imports itself.
const isWorker =
  typeof DedicatedWorkerGlobalScope !== "undefined" &&
  self instanceof DedicatedWorkerGlobalScope &&
  self.location.href === import.meta.url;

if (isWorker) {
  // How often events are posted where memory cannot be shared, in milliseconds.
  const POST_EVERY_MS = 50;
  let program;
  // What stands for the threads of this process while they start, by their number.
  const starting = [];

  const answer = {
    /** Every worker begins so: it loads the program, and reads its clock between two readings of the page's. */
    async load({ programUrl, module, memory, number }) {
      sayAlive();
      program = await import(programUrl);
      await program.default({ module_or_path: module, memory: memory ?? undefined });
      postMessage({ kind: "loaded", value: [number, performance.timeOrigin + performance.now()] });
    },

    async start({ correctionMs, pageMs, number, threads, originMs, base, memoryIsShared }) {
      program.processClock(correctionMs, pageMs);
      const address = await program.processStart(number, threads, originMs, base, memoryIsShared);
      if (!memoryIsShared) setInterval(program.processPublish, POST_EVERY_MS);
      postMessage({ kind: "started", value: address });
    },

    async run({ job, memoryIsShared }) {
      const report = await program.processRun(job);
      if (!memoryIsShared) program.processPublish();
      postMessage({ kind: "ran", value: report });
    },

    /** A process that this one asked for is connected through `port`; or it is not, or no longer, for a reason. */
    child({ number, port, reason }) {
      program.processChild(number, port, reason);
    },

    /** This worker is a process that another asked for, which speaks to it through `port`. */
    async serve({ number, port, memory }) {
      await program.processServe(number, port, memory);
    },

    stop() {
      program?.processStop();
    },

    /** This worker is a thread of another: it works for the pool until the whole process ends. */
    work({ correctionMs, pageMs, receiver }) {
      program.processClock(correctionMs, pageMs);
      program.wbg_rayon_start_worker(receiver);
    },

    threadIsReady({ number }) {
      starting[number].dispatchEvent(new MessageEvent("message", { data: { type: "wasm_bindgen_worker_ready" } }));
    },
  };

  // wasm-bindgen-rayon makes a thread with `new Worker` and one message (its 1.3.0, workerHelpers.no-bundler.js). The page
  // makes the worker instead: Firefox 153 hangs for ever in about one of a hundred `new Worker` calls inside a worker, and
  // the page hears of a thread's death while this worker is blocked.
  self.Worker = class extends EventTarget {
    postMessage({ type, receiver }) {
      if (type !== "wasm_bindgen_worker_init") throw new Error(`this program starts no worker of the kind ${type}`);
      const number = starting.push(this) - 1;
      postMessage({ kind: "newThread", value: [number, receiver] });
    }
  };

  const failed = (event) => {
    // The page is told; the console need not be.
    event.preventDefault();
    postMessage({ kind: "failed", value: String(event.reason ?? event.error ?? event.message) });
  };
  addEventListener("error", failed);
  addEventListener("unhandledrejection", failed);
  addEventListener("messageerror", () => postMessage({ kind: "failed", value: "a message could not be read" }));
  addEventListener("message", ({ data }) => answer[data.kind]?.(data));
}
