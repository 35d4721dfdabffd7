// A process of the tests of pools: a worker with an instance of the test program, and memory, of its own.
//
// It is started as www/process.js starts one, but by the worker that runs the tests, and it does what a test asks for.

/** Starts one, which says "started" or says why not. `host` is what it sees of the machine that starts it. */
export function startProcess(programUrl, module, number, fault, port, host) {
  const worker = new Worker(import.meta.url, { type: "module" });
  worker.postMessage({ programUrl, module, number, fault, port, host }, [port]);
  return worker;
}

const lockOf = (address, number) => `overlap test process ${address} ${number}`;

/** Ends once no such process lives: a browser gives the locks of a worker that has ended to whoever waits for them. */
export const whenGone = (address, number) => navigator.locks.request(lockOf(address, number), () => {});

// The program imports this script as well.
if (self.location.href === import.meta.url) {
  const died = (event) => {
    event.preventDefault();
    postMessage(String(event.reason ?? event.error ?? event.message));
  };
  addEventListener("error", died);
  addEventListener("unhandledrejection", died);
  addEventListener(
    "message",
    async ({ data: { programUrl, module, number, fault, port, host } }) => {
      const program = await import(programUrl);
      // Within what the module allows: its data, and as much as any of these tests needs.
      const memory = new WebAssembly.Memory({ initial: 1_024, maximum: 4_096, shared: true });
      await program.default({ module_or_path: module, memory });
      // Held for as long as this lives.
      await new Promise((held) => {
        navigator.locks.request(lockOf(host[1], number), () => new Promise(() => held()));
      });
      postMessage("started");
      await program.testProcess(number, fault, port, ...host);
    },
    { once: true },
  );
}
