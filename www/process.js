// The start script of a process: a worker with its own instance of the program and its own memory.
//
// Only what Rust cannot do stands here: a worker has to exist, and to have loaded the program, before Rust runs in it; and
// a trap ends the Rust code that could report it. The messages are those of src/platform/process.rs.

/** The address of this script, for `new Worker`. */
export function processScriptUrl() {
  return import.meta.url;
}

/**
 * Reports what nothing in Rust can catch, on this thread, into the block of its process: a trap, a stack that ran over.
 * Works while the thread that would have to receive a message is blocked. Indices are in words, `text` and `room` in bytes.
 */
export function watchForCrashes(memory, { crashed, length, text, room }) {
  const report = (event) => {
    // The page is told by the block; the console need not tell it again.
    event.preventDefault();
    const reason = String(event.reason ?? event.error ?? event.message);
    // `encodeInto` refuses shared memory.
    const bytes = new TextEncoder().encode(reason).slice(0, room);
    new Uint8Array(memory.buffer).set(bytes, text);
    const words = new Int32Array(memory.buffer);
    Atomics.store(words, length, bytes.length);
    Atomics.store(words, crashed, 1);
    if (isProcess) postMessage({ kind: "failed", value: reason });
  };
  addEventListener("error", report);
  addEventListener("unhandledrejection", report);
}

// The program imports this script, so it is also loaded by the page and by the threads of a process.
const isProcess =
  typeof DedicatedWorkerGlobalScope !== "undefined" &&
  self instanceof DedicatedWorkerGlobalScope &&
  self.location.href === import.meta.url;

if (isProcess) {
  // How often events are posted where memory cannot be shared, in milliseconds.
  const POST_EVERY_MS = 50;
  let program;

  const postEvents = () => {
    const events = program.processTake();
    if (events.length > 0) postMessage({ kind: "events", value: events });
  };

  const answers = {
    async start({ programUrl, module, memory, threads, rings, originMs, base }) {
      program = await import(programUrl);
      await program.default({ module_or_path: module, memory: memory ?? undefined });
      return program.processStart(threads, rings, originMs, base);
    },
    async run({ job, memoryIsShared }) {
      if (memoryIsShared) return program.processRun(job);
      const timer = setInterval(postEvents, POST_EVERY_MS);
      const report = await program.processRun(job);
      clearInterval(timer);
      postEvents();
      return report;
    },
    stop: () => program?.processStop(),
  };

  self.addEventListener("message", async ({ data }) => {
    const answer = answers[data.kind];
    if (answer === undefined) return;
    try {
      postMessage({ kind: data.kind, value: await answer(data) });
    } catch (error) {
      postMessage({ kind: "failed", value: String(error) });
    }
  });
}
