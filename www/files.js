// The start script of the worker that handles files: it loads its program when the first thing is asked, and answers one thing
// after another. The messages are those of src/platform/page/files.rs.

/** The address of this script, for `new Worker`. */
export function filesScriptUrl() {
  return import.meta.url;
}

// The page imports this script, to know where it is.
const isWorker =
  typeof DedicatedWorkerGlobalScope !== "undefined" &&
  self instanceof DedicatedWorkerGlobalScope &&
  self.location.href === import.meta.url;

if (isWorker) {
  // What was asked, so that what comes after waits for it.
  let last = Promise.resolve();

  const failed = (reason) => postMessage({ kind: "failed", value: String(reason) });

  async function load(programUrl) {
    const program = await import(programUrl);
    // Its name has a hash, which the program itself does not know.
    await program.default({ module_or_path: programUrl.replace(/\.js$/, "_bg.wasm") });
    return program;
  }

  let program;
  addEventListener("message", ({ data }) => {
    if (data.kind === "load") {
      program = load(data.value);
      program.catch((reason) => postMessage({ kind: "absent", value: String(reason?.message ?? reason) }));
    } else {
      const { number, ask, file } = data;
      last = last
        .then(async () => {
          const [answer, written, spans] = await (await program).filesAnswer(ask, file);
          postMessage({ kind: "answer", number, answer, written, spans }, [answer, ...spans].map(({ buffer }) => buffer));
        })
        // A trap: nothing of the program can be relied on any more.
        .catch((reason) => failed(reason?.message ?? reason));
    }
  });
  addEventListener("error", (event) => {
    event.preventDefault();
    failed(event.message);
  });
}
